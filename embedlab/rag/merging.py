"""Several searches for one question: one vector of several, or one ranking of several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from embedlab.hybrid import reciprocal_rank
from embedlab.pooling import l2_normalize


def hyde_vector(query_vector: NDArray, passage_vectors: NDArray) -> NDArray[np.float32]:
    """Average the vectors of several made-up passages and of the query, and normalise (Gao et al. 2022).

    A detail that one passage makes up is averaged out; what they share stays.

    Parameters
    ----------
    query_vector : array (d,)
    passage_vectors : array (n, d)

    Returns
    -------
    float32 array (d,), of length 1

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> hyde_vector(np.float32([1, 0]), np.float32([[0, 1], [0, 1]]))
    array([0.4472136, 0.8944272], dtype=float32)
    """
    query, passages = np.asarray(query_vector, np.float32), np.asarray(passage_vectors, np.float32)
    if query.ndim != 1 or passages.ndim != 2 or passages.shape[1] != len(query):
        raise ValueError(f"need (d,) and (n, d), but got shapes {query.shape} and {passages.shape}")
    return l2_normalize(np.vstack([query, passages]).mean(axis=0, keepdims=True))[0]


def fused(rankings: Sequence[Sequence[int]], k: int) -> list[int]:
    """Make one ranking of those of a question's variants, by `embedlab.hybrid.reciprocal_rank`.

    All look for the same passage, so that what several of them find goes up. Parts of a question look for
    different passages: see `in_turn`.

    Parameters
    ----------
    rankings : sequence of sequences of int
        Ids, best first.
    k : int

    Examples
    --------
    >>> fused([[4, 5, 6], [5, 7]], k=3)
    [5, 4, 7]
    """
    parts = [(np.zeros((1, len(ids)), np.float32), np.array([ids], np.int64)) for ids in rankings]
    return [int(one) for one in reciprocal_rank(parts, k)[1][0] if one >= 0]


def in_turn(rankings: Sequence[Sequence[int]], k: int) -> list[int]:
    """Make one ranking of those of a question's parts: the first of each, the second of each, and so on.

    Each part has a passage of its own, and each gets its share of what is read. `fused` would put first what
    the parts have in common, which often answers none of them.

    Parameters
    ----------
    rankings : sequence of sequences of int
        Ids, best first; what comes again is left out.
    k : int

    Raises
    ------
    ValueError
        If there are no rankings.

    Examples
    --------
    >>> in_turn([[4, 5, 6], [7, 5]], k=3)
    [4, 7, 5]
    >>> fused([[4, 5, 6], [7, 5]], k=3)
    [5, 4, 7]
    """
    if not rankings:
        raise ValueError("need at least one ranking to take from in turn")
    nothing = object()
    taken = dict.fromkeys(chain.from_iterable(zip_longest(*rankings, fillvalue=nothing)))
    return [one for one in taken if one is not nothing][:k]
