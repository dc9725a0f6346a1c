"""From a text to chunks of at most so many tokens: the usual ways to cut, in order of what they know.

`fixed` knows nothing of the text, `sentences` its sentences, `recursive` its paragraphs and lines, `sections`
its headings, `docstrings` its statements; `semantic` asks a model where the subject changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.chunking import cuts
from embedlab.chunking.words import Chunk, Span, Words
from embedlab.tokenizer import WordPieceTokenizer, checked_text

Splitter = Callable[[Words, int], list[Span]]
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def fixed(words: Words, size: int, span: Span | None = None) -> list[Span]:
    """Cut after every so many tokens, wherever that is; never inside a word."""
    first, last = span or (0, len(words))
    spans = []
    while first < last:
        spans.append((first, min(words.reach(first, size), last)))
        first = spans[-1][1]
    return spans


def sentences(words: Words, size: int) -> list[Span]:
    """Fill each chunk with whole sentences."""
    return _split(words, (0, len(words)), size, [cuts.levels(words)[-1]])


def recursive(words: Words, size: int) -> list[Span]:
    """Cut at headings, what is too large at paragraphs, lines, sentences, words; join what is small."""
    return _split(words, (0, len(words)), size, cuts.levels(words))


def sections(words: Words, size: int) -> list[Span]:
    """As `recursive`, but no chunk holds text of two sections."""
    first, *finer = cuts.levels(words)
    pieces = cuts.between((0, len(words)), first) if len(words) else []
    return [span for piece in pieces for span in _split(words, piece, size, finer)]


def docstrings(words: Words, size: int) -> list[Span]:
    """As `sections`, but a parameter stays with its description, and an example with what it prints."""
    first, paragraphs, _, sentence = cuts.levels(words)
    finer = [paragraphs, cuts.at_statements(words), cuts.at_lines(words), sentence]
    pieces = cuts.between((0, len(words)), first) if len(words) else []
    return [span for piece in pieces for span in _split(words, piece, size, finer)]


def semantic(words: Words, size: int, embed: Embed) -> list[Span]:
    """Cut where neighbouring sentences are least alike; as many cuts as `size` asks for on average.

    Each sentence is embedded together with the one before and the one after it (as in Kamradt's "semantic
    chunking", 2024), so that a short one does not stand alone. What is still larger than `size` is cut by
    `recursive`'s rules.
    """
    edges = cuts.between((0, len(words)), cuts.levels(words)[-1]) if len(words) else []
    wanted = -(-words.before[-1] // size) - 1  # cuts
    if not 0 < wanted < len(edges):
        return _split(words, (0, len(words)), size, cuts.levels(words))
    last = len(edges) - 1
    texts = [_text(words, (edges[max(i - 1, 0)][0], edges[min(i + 1, last)][1])) for i in range(len(edges))]
    vectors = embed(texts)
    apart = 1 - np.einsum("nd,nd->n", vectors[:-1], vectors[1:])
    strongest = np.sort(np.argsort(-apart, kind="stable")[:wanted])
    places = [edges[i + 1][0] for i in strongest]
    pieces = cuts.between((0, len(words)), places)
    return [span for piece in pieces for span in _split(words, piece, size, cuts.levels(words))]


SPLITTERS: dict[str, Splitter] = {
    "fixed": fixed,
    "sentences": sentences,
    "recursive": recursive,
    "sections": sections,
    "docstrings": docstrings,
}


def chunk(
    text: str | Words,
    how: str | Splitter = "sections",
    *,
    size: int = 128,
    overlap: int = 0,
    parent: int | None = None,
    tokenizer: WordPieceTokenizer | None = None,
) -> list[Chunk]:
    """Cut a text into chunks.

    Parameters
    ----------
    text : str or Words
        Who cuts the same text often makes its words once.
    how : {"fixed", "sentences", "recursive", "sections", "docstrings"} or function
        A function gets (words, size) and returns spans of words.
    size : int
        Tokens of a chunk, at most, overlap included; at least 4.
    overlap : int
        Tokens of the chunk before that each chunk repeats, at most, in whole words.
    parent : int, optional
        Cut into pieces of so many tokens first, and these into chunks, which say what piece they are of.
    tokenizer : WordPieceTokenizer, optional
        By default that of the packaged model.

    Returns
    -------
    list of Chunk
        In the order of the text. Every word is in at least one; a text without words has none.

    Raises
    ------
    ValueError
        If there is no splitter of that name, or the sizes do not fit together.
    TypeError
        If the text is none.

    Examples
    --------
    >>> text = "# Cats\\n\\nA cat sleeps. It is warm.\\n\\n# Tax\\n\\nTax law changes."
    >>> for one in chunk(text, size=8):
    ...     print(one.headings, repr(text[one.start : one.end]))
    ('Cats',) '# Cats\\n\\nA cat sleeps.'
    ('Cats',) 'It is warm.'
    ('Tax',) '# Tax\\n\\nTax law changes.'
    """
    if not isinstance(text, Words):
        text = Words(checked_text(text, "text"), tokenizer or WordPieceTokenizer.load())
    if isinstance(how, str) and how not in SPLITTERS:
        raise ValueError(f"there is no splitter {how!r}; choose from {', '.join(SPLITTERS)}")
    if not 0 <= overlap <= size - 4:
        raise ValueError(f"overlap must be between 0 and size - 4 ({size - 4}), but is {overlap}")
    if parent is not None and parent < size:
        raise ValueError(f"a parent of {parent} tokens cannot hold chunks of {size}")
    split = SPLITTERS[how] if isinstance(how, str) else how
    words = text.within(size - overlap)
    if parent is None:
        spans = split(words, size - overlap)
        parents = [None] * len(spans)
    else:
        pairs = [
            (s, p) for p in split(words, parent) for s in _split(words, p, size - overlap, cuts.levels(words))
        ]
        spans, parents = [span for span, _ in pairs], [words.characters(outer) for _, outer in pairs]
    spans = [(words.back(first, overlap) if overlap else first, last) for first, last in spans]
    begins = cuts.content(words.text, [words.starts[first] for first, _ in spans])
    above = cuts.paths(words.text, begins)
    return [
        Chunk(*words.characters((i, j)), words.before[i], words.before[j], over, outer)
        for (i, j), over, outer in zip(spans, above, parents, strict=True)
    ]


def _split(words: Words, span: Span, size: int, levels: list[list[int]]) -> list[Span]:
    """Cut a span at the first level; what is too large at the next; join neighbours that fit together."""
    if span[0] == span[1]:
        return []
    if words.tokens(span) <= size:
        return [span]
    if not levels:
        return fixed(words, size, span)
    found: list[Span] = []
    for piece in cuts.between(span, levels[0]):
        for part in _split(words, piece, size, levels[1:]):
            if found and words.tokens((found[-1][0], part[1])) <= size:
                found[-1] = (found[-1][0], part[1])
            else:
                found.append(part)
    return found


def _text(words: Words, span: Span) -> str:
    start, end = words.characters(span)
    return words.text[start:end]
