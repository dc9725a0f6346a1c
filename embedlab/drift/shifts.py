"""Real shifts made of our own queries, each by a rule that is stated: language, length, typos, topic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import yaml

from embedlab.benchmark import Benchmark
from embedlab.machine import data_path

WORD = re.compile(r"[A-Za-z_]{3,}")
# The letters beside each letter, on a keyboard with QWERTY.
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
BESIDE = {letter: row[max(i - 1, 0) : i] + row[i + 1 : i + 2] for row in ROWS for i, letter in enumerate(row)}
HELLO = (
    "Hi all, I am quite new to this and hope that this is the right place to ask: ",
    "Good morning, sorry if this was answered before, but I have been searching for an hour. What I need: ",
    "Hello, my colleague told me that there is something for this, but she is on leave this week. ",
)
BYE = (
    " Any help would be very much appreciated, thanks a lot in advance!",
    " I am on version 3.11 on a Windows laptop, if that matters. Many thanks and have a nice day!",
    " It does not have to be fast, it only has to work until Friday. Thank you so much!",
)


def german() -> dict[str, str]:
    """Return 125 dev queries of DocSearch in German, by query id; translated by hand.

    Examples
    --------
    >>> german()["q1260"]
    'Das kleinste gemeinsame Vielfache'
    """
    return yaml.safe_load((data_path("drift") / "german.yaml").read_text(encoding="utf-8"))


def wikipedia_questions() -> list[str]:
    """Return questions about Wikipedia's articles: users of whom DocSearch knows nothing.

    Examples
    --------
    >>> wikipedia_questions()[0]
    'Does merely looking at an A make people do better on tests?'
    """
    written = yaml.safe_load(data_path("wikipedia_questions.yaml").read_text(encoding="utf-8"))
    return [one["question"] for one in written]


def two_words(texts: Sequence[str], documents: Sequence[str]) -> list[str]:
    """Cut each text to its two rarest words, in their order: as somebody types who is used to a search box.

    Rare is what few documents hold; what none holds is not taken. A text without such words stays.

    Examples
    --------
    >>> two_words(["Return the mean of each row."], ["the mean of it", "a row of the mean", "return of each"])
    ['Return each']
    """
    known = Counter(word for text in documents for word in {w.lower() for w in WORD.findall(text)})
    found = []
    for text in texts:
        words = list(dict.fromkeys(word for word in WORD.findall(text) if word.lower() in known))
        rarest = sorted(words, key=lambda word: (known[word.lower()], text.index(word)))[:2]
        found.append(" ".join(word for word in words if word in rarest) or text)
    return found


def chatty(texts: Sequence[str], seed: int = 0) -> list[str]:
    """Put a greeting before each text and thanks behind it, drawn of three each.

    Examples
    --------
    >>> chatty(["Read a file."])[0].endswith(BYE)
    True
    """
    rng = np.random.default_rng(seed)
    return [HELLO[rng.integers(len(HELLO))] + text + BYE[rng.integers(len(BYE))] for text in texts]


def typos(texts: Sequence[str], every: int = 10, seed: int = 0) -> list[str]:
    """Make one typing error in ``every`` letters, at least one a text.

    Of equal chance: a letter left out, two swapped, one doubled, a neighbour on the keyboard struck instead.

    Examples
    --------
    >>> typos(["Compute the exponential of a matrix."], seed=1)
    ['Compute the expiential od a matrix.']
    """
    if every < 1:
        raise ValueError(f"every must be at least 1 letter, but is {every}")
    rng = np.random.default_rng(seed)
    return [_mistyped(text, every, rng) for text in texts]


def _mistyped(text: str, every: int, rng: np.random.Generator) -> str:
    places = [i for i, letter in enumerate(text) if letter.lower() in BESIDE]
    count = min(len(places), max(1, len(places) // every))
    chosen = rng.choice(places, count, replace=False) if places else []
    for i in sorted(chosen, reverse=True):  # from the end, so that places stay valid
        before, letter, after = text[:i], text[i], text[i + 1 :]
        near = BESIDE[letter.lower()]
        struck = near[rng.integers(len(near))]
        edits = (after, after[:1] + letter + after[1:], letter * 2 + after, struck + after)
        text = before + edits[rng.integers(len(edits))]
    return text


def package_of(benchmark: Benchmark, query_id: str) -> str:
    """Return the package that a query asks about: of the first relevant document.

    Examples
    --------
    >>> from embedlab.benchmark import docsearch
    >>> package_of(docsearch(), "q1260")
    'numpy'
    """
    return next(iter(benchmark.qrels[query_id])).partition(".")[0]
