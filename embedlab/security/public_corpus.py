"""What an attacker trains on: pieces of public prose that share no phrase with what is attacked."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from embedlab.benchmark import docsearch, held_out_documents, parts_of, seeded_sample, wikipedia

LENGTHS = (4, 8, 16, 32)  # words: of the texts that are attacked by length
SHORTEST, LONGEST = 3, 32  # words: of the texts that are trained on
SHARED = 6  # words: a piece that shares so long a phrase with an attacked text is left out
HELD_OUT = 12  # articles
NO_PROSE = re.compile(r"^\s*([#|>*-]|\.\. |\d+[.)])|>>>|---|::|\|")
WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case: runs of letters and digits, as the uncased model reads them.

    Examples
    --------
    >>> words_of("Ana's e-mail: ANA@example.org")
    ['ana', 's', 'e', 'mail', 'ana', 'example', 'org']
    """
    return WORD.findall(text.lower())


def prose(text: str) -> list[str]:
    """Return the paragraphs of a text that read as sentences: no headings, lists, tables or code.

    Examples
    --------
    >>> prose("# Title\\n\\nOnce upon a time there was\\na cat.\\n\\n- an item of a list that is long enough")
    ['Once upon a time there was a cat.']
    """
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text) if not NO_PROSE.search(block)]
    return [block for block in blocks if len(block.split()) >= 6]


def pieces(paragraphs: Iterable[str], draw: random.Random, lengths: Sequence[int]) -> list[str]:
    """Cut paragraphs into pieces one after the other, each of a length drawn from ``lengths`` (words).

    Examples
    --------
    >>> pieces(["one two three four five six"], random.Random(0), [3])
    ['one two three', 'four five six']
    """
    made = []
    for paragraph in paragraphs:
        words, place = paragraph.split(), 0
        while place < len(words):
            length = draw.choice(lengths)
            if place + length <= len(words):
                made.append(" ".join(words[place : place + length]))
            place += length
    return made


def phrases(text: str, n: int = SHARED) -> set[tuple[str, ...]]:
    """Return all runs of n words of a text; of a shorter one, the whole.

    Examples
    --------
    >>> phrases("A b c.", 2) == {("a", "b"), ("b", "c")}, phrases("A b", 6)
    (True, {('a', 'b')})
    """
    words = words_of(text)
    return {tuple(words[i : i + n]) for i in range(max(1, len(words) - n + 1))}


@cache
def articles() -> tuple[list[str], list[str]]:
    """Return the texts of the Wikipedia articles: what may be trained on, and the `HELD_OUT` that may not."""
    texts = [article.text for article in wikipedia()]
    away = set(seeded_sample(range(len(texts)), HELD_OUT, seed=21))
    return [t for i, t in enumerate(texts) if i not in away], [texts[i] for i in sorted(away)]


@cache
def attacked_by_length(n: int = 150) -> dict[int, list[str]]:
    """Return n pieces of held-out articles for each of `LENGTHS` (words): {length: texts}.

    Examples
    --------
    >>> {length: len(texts[0].split()) for length, texts in attacked_by_length().items()}
    {4: 4, 8: 8, 16: 16, 32: 32}
    """
    paragraphs = [one for text in articles()[1] for one in prose(text)]
    return {
        length: seeded_sample(pieces(paragraphs, random.Random(length), [length]), n, seed=length)
        for length in LENGTHS
    }


def news() -> list[str]:
    """Return 350 short news texts (Lee, Pincombe and Welsh 2005), which come inside gensim."""
    import gensim

    folder = Path(gensim.__file__).parent / "test" / "test_data"
    files = [folder / name for name in ("lee_background.cor", "lee.cor")]
    return [line for file in files for line in file.read_text(encoding="latin-1").splitlines()]


def docstrings() -> list[str]:
    """Return what is public of DocSearch's field: the documents that no dev or test query asks for."""
    benchmark = docsearch()
    held_out = held_out_documents(benchmark)
    pairs = zip(benchmark.doc_ids, benchmark.documents, strict=True)
    return [document for doc_id, document in pairs if doc_id not in held_out]


@cache
def public_texts(passes: int = 2, docs: int = 20_000) -> tuple[str, ...]:
    """Return the attacker's training texts, pieces of 3 to 32 words, in a seeded order.

    Wikipedia and news, cut ``passes`` times at other places; and ``docs`` pieces of public docstrings, from
    which an attacker learns the field's words. Left out is what shares `SHARED` words in a row with a text
    that is attacked: a piece of a held-out article, a dev or test query or the summary line of its document.
    """
    benchmark, draw = docsearch(), random.Random(0)
    lengths = range(SHORTEST, LONGEST + 1)
    general = [one for text in (*articles()[0], *news()) for one in prose(text)]
    made = [piece for _ in range(passes) for piece in pieces(general, draw, lengths)]
    lines = [parts_of(document)[1:] for document in docstrings()]
    field = [one for line, rest in lines for one in (line, *prose(rest)) if one]
    made += draw.sample(found := pieces(field, draw, lengths), min(docs, len(found)))
    held_out = held_out_documents(benchmark)
    pairs = zip(benchmark.doc_ids, benchmark.documents, strict=True)
    secret = [parts_of(document)[1] for doc_id, document in pairs if doc_id in held_out]
    secret += [query for name in ("dev", "test") for query in benchmark.split(name)[1]]
    secret += [text for texts in attacked_by_length().values() for text in texts]
    forbidden = set().union(*(phrases(text) for text in secret))
    kept = [text for text in dict.fromkeys(made) if forbidden.isdisjoint(phrases(text))]
    return tuple(draw.sample(kept, len(kept)))
