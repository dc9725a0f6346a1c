"""From ranked chunks to what a reader gets, and whether the answer is in it.

Chunks of different sizes cannot be compared by rank: ten of 512 tokens hold sixteen times the text of ten of
32. So a ranking is read until a budget of tokens is spent, text that was read already costs nothing, and what
counts is how much of the answer's span has been read.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.chunking.words import Chunk

Place = tuple[int, int, int]  # document, first character, behind the last


@dataclass(frozen=True)
class Reading:
    """What was read of a ranking: the stretches in the order of reading, and their tokens.

    Attributes
    ----------
    places : list of (document, start, end)
        Characters, in the order of reading; text that was read before is not there again.
    tokens : list of int
        What had been read in all behind each place.
    """

    places: list[Place]
    tokens: list[int]


def fresh(start: int, end: int, read: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what of a stretch has not been read yet.

    Examples
    --------
    >>> fresh(0, 10, [(2, 4), (8, 20)])
    [(0, 2), (4, 8)]
    """
    left, place = [], start
    for a, b in sorted(read):
        if b <= place or a >= end:
            continue
        if a > place:
            left.append((place, a))
        place = max(place, b)
    return left + ([(place, end)] if place < end else [])


def read(
    ranked: Sequence[tuple[int, Chunk]], budget: int, *, parents: bool = False, overhead: int = 0
) -> Reading:
    """Read chunks in their order until the budget is spent; what repeats costs once.

    Parameters
    ----------
    ranked : sequence of (document, Chunk)
        Best first.
    budget : int
        Tokens. A chunk that does not fit any more is read up to there, as a context window would cut it.
    parents : bool
        Read each chunk's parent in its place.
    overhead : int
        Tokens that each chunk costs beside its text: headings and separators that a prompt adds.

    Examples
    --------
    >>> one, two = Chunk(0, 40, 0, 10), Chunk(20, 60, 5, 15)
    >>> read([(0, one), (0, two)], budget=100)
    Reading(places=[(0, 0, 40), (0, 40, 60)], tokens=[10, 15])
    >>> read([(0, one), (0, two)], budget=12)
    Reading(places=[(0, 0, 40), (0, 40, 48)], tokens=[10, 12])
    """
    places, tokens, spent = [], [], 0
    done: dict[int, list[tuple[int, int]]] = {}
    for document, chunk in ranked:
        start, end = (chunk.parent if parents and chunk.parent else None) or (chunk.start, chunk.end)
        new = fresh(start, end, done.get(document, []))
        if new and spent + overhead >= budget:
            break
        spent += overhead if new else 0
        per_token = (chunk.end - chunk.start) / max(chunk.tokens, 1)  # characters; a parent's are alike
        for a, b in new:
            cost = round((b - a) / per_token)
            if spent + cost > budget:
                b, cost = a + int((budget - spent) * per_token), budget - spent
            if b > a:
                spent += cost
                places.append((document, a, b))
                tokens.append(spent)
                done.setdefault(document, []).append((a, b))
        if spent >= budget:
            break
    return Reading(places, tokens)


def found(reading: Reading, answer: Place, budget: int | None = None) -> float:
    """Return which part of the answer's characters was read, 0 to 1: span recall.

    Examples
    --------
    >>> found(Reading([(0, 0, 40), (0, 40, 60)], [10, 15]), (0, 30, 50), budget=10)
    0.5
    """
    document, start, end = answer
    seen = 0
    for (where, a, b), spent in zip(reading.places, reading.tokens, strict=True):
        if where == document and (budget is None or spent <= budget):
            seen += max(0, min(b, end) - max(a, start))
    return seen / (end - start)


def lifted(
    ranked: Sequence[tuple[int, Chunk]], larger: Sequence[tuple[int, Chunk]]
) -> list[tuple[int, Chunk]]:
    """Put in the place of each chunk the larger one that holds its middle: search small, read large.

    Parameters
    ----------
    ranked : sequence of (document, Chunk)
    larger : sequence of (document, Chunk)
        All large chunks, in the order of the documents and texts.

    Examples
    --------
    >>> lifted([(0, Chunk(12, 18, 3, 5))], [(0, Chunk(0, 9, 0, 2)), (0, Chunk(10, 40, 2, 9))])
    [(0, Chunk(start=10, end=40, first=2, last=9, headings=(), parent=None))]
    """
    begins = [(document, one.start) for document, one in larger]
    found = {}
    for document, one in ranked:
        place = max(bisect_right(begins, (document, (one.start + one.end) // 2)) - 1, 0)
        found.setdefault(place, larger[place])
    return list(found.values())


def gains(ranked: Sequence[tuple[int, Chunk]], answer: Place) -> NDArray[np.float64]:
    """Return for each chunk which part of the answer it shows for the first time.

    Two chunks that overlap on the answer do not both find it: counting them twice is how overlap comes to
    look better than it is.

    Examples
    --------
    >>> gains([(0, Chunk(0, 40, 0, 10)), (0, Chunk(20, 60, 5, 15))], (0, 30, 50)).tolist()
    [0.5, 0.5]
    """
    document, start, end = answer
    seen: list[tuple[int, int]] = []
    gained = np.zeros(len(ranked))
    for row, (where, chunk) in enumerate(ranked):
        if where == document:
            new = fresh(max(chunk.start, start), min(chunk.end, end), seen)
            gained[row] = sum(b - a for a, b in new) / (end - start)
            seen += new
    return gained


def span_ndcg(ranked: Sequence[tuple[int, Chunk]], answer: Place, k: int = 10) -> float:
    """Return nDCG@k where a chunk's gain is the part of the answer that it shows first.

    The best ranking has the whole answer in its first chunk. It compares rankings of the same chunks; not of
    chunks of different sizes.

    Examples
    --------
    >>> span_ndcg([(1, Chunk(0, 9, 0, 3)), (0, Chunk(0, 40, 0, 10))], (0, 30, 40))
    0.6309297535714575
    """
    gained = gains(ranked[:k], answer)
    return float((gained / np.log2(np.arange(len(gained)) + 2)).sum())


def chunk_id(document: str, text: str, repeat: int = 0) -> str:
    """Name a chunk by what it says, not by its number: the same after the document was ingested again.

    Parameters
    ----------
    document : str
        Its id.
    text : str
        The chunk's.
    repeat : int
        How often the same text stood in the document before.

    Examples
    --------
    >>> chunk_id("Albedo", "Fresh snow") == chunk_id("Albedo", "Fresh snow")
    True
    >>> chunk_id("Albedo", "Fresh snow", repeat=1) == chunk_id("Albedo", "Fresh snow")
    False
    """
    named = "\0".join([document, text, str(repeat)])
    return hashlib.sha256(named.encode(errors="surrogatepass")).hexdigest()[:16]
