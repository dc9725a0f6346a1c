"""Reading a text from its vector, with the encoder at hand: guess, embed, keep what comes nearer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.security.public_corpus import words_of

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]


def nearest_texts(vectors: Floats, public: Floats, texts: Sequence[str]) -> list[str]:
    """Return for each vector (n, d) the public text whose vector is nearest: the attack that trains nothing.

    Examples
    --------
    >>> nearest_texts(np.float32([[0.8, 0.6]]), np.eye(2, dtype=np.float32), ["a cat", "tax law"])
    ['a cat']
    """
    return [texts[int(i)] for i in (np.asarray(vectors) @ public.T).argmax(1)]


def closest(vector: Floats, texts: Sequence[str], embed: Embed) -> tuple[str, float]:
    """Embed guesses, and return the one nearest to the vector (d,), with its cosine.

    Raises
    ------
    ValueError
        If there is no guess.
    """
    if not texts:
        raise ValueError("there is no text to choose from")
    cosines = embed(list(texts)) @ vector
    best = int(cosines.argmax())
    return texts[best], float(cosines[best])


def edits(words: Sequence[str], proposals: Sequence[str]) -> list[list[str]]:
    """Return all texts that are one edit away: a word replaced, inserted, left out, or swapped with the next.

    Examples
    --------
    >>> [" ".join(one) for one in edits(["a", "b"], ["c"])]
    ['c b', 'a c', 'c a b', 'a c b', 'a b c', 'b', 'a', 'b a']
    """
    words = list(words)
    n = len(words)
    made = [[*words[:i], new, *words[i + 1 :]] for new in proposals for i in range(n)]
    made += [[*words[:i], new, *words[i:]] for new in proposals for i in range(n + 1)]
    made += [[*words[:i], *words[i + 1 :]] for i in range(n) if n > 1]
    made += [[*words[:i], words[i + 1], words[i], *words[i + 2 :]] for i in range(n - 1)]
    unique = dict.fromkeys(map(tuple, made))
    return [list(one) for one in unique if list(one) != words]


@dataclass(frozen=True)
class Corrected:
    """What `corrected` found: the text, its cosine after each round, and how many texts were embedded."""

    text: str
    cosines: tuple[float, ...]
    embedded: int


def corrected(
    vector: Floats, start: str, proposals: Sequence[str], embed: Embed, *, rounds: int = 8
) -> Corrected:
    """Improve a guess while its vector comes nearer to the vector (d,): all single edits, the best is kept.

    The principle of vec2text (Morris et al. 2023, section 3): guess, embed, correct. There a trained model
    corrects, and proposes what a text may be; here plain search does, with words that another attack
    proposes. So it needs no training, thousands of calls of the encoder, and finds no word that was not
    proposed.

    Parameters
    ----------
    vector : float32 array (d,)
        Of length 1.
    start : str
    proposals : sequence of str
        Words that may enter the text.
    embed : callable
        ``embed(texts) -> (n, d)``, vectors of length 1: the attacked encoder.
    rounds : int
        At most; ends when no edit comes nearer.
    """
    text = " ".join(words_of(start)) or proposals[0]
    cosine = float(embed([text])[0] @ vector)
    course, embedded = [cosine], 1
    for _ in range(rounds):
        tried = [" ".join(one) for one in edits(text.split(), proposals)]
        best, reached = closest(vector, tried, embed)
        embedded += len(tried)
        if reached <= cosine + 1e-6:
            break
        text, cosine = best, reached
        course.append(cosine)
    return Corrected(text, tuple(round(one, 4) for one in course), embedded)


def vector_from_scores(queries: Floats, scores: Floats, cut: float = 1e-5) -> Floats:
    """Return the vector (d,) that gives these scores (q,) as inner products with queries (q, d).

    A search that returns the score of a document to any query gives its vector away: as many queries as
    dimensions make a linear system. With fewer, it is the shortest vector that fits.

    Parameters
    ----------
    queries : float array (q, d)
    scores : float array (q,)
    cut : float
        Directions in which queries hardly differ are left out: singular values below this part of the
        largest. Larger where scores are rounded, since there rounding is all that is seen.

    Raises
    ------
    ValueError
        If there are not as many scores as queries.

    Examples
    --------
    >>> vector_from_scores(np.float32([[1, 0], [0.6, 0.8]]), np.float32([0.6, 1.0])).round(2)
    array([0.6, 0.8], dtype=float32)
    """
    queries, scores = np.asarray(queries, np.float64), np.asarray(scores, np.float64)
    if len(queries) != len(scores):
        raise ValueError(f"{len(queries)} queries need as many scores, but got {len(scores)}")
    return np.linalg.lstsq(queries, scores, rcond=cut)[0].astype(np.float32)
