"""The second stage of a cascade, as arithmetic on scores; and the best that any second stage could do."""

import numpy as np
from numpy.typing import NDArray

from embedlab.hybrid import Ranking, convex
from embedlab.index import Floats, Ints


def rerank(first: Ranking, read: Floats, *, depth: int, weight: float = 0.5) -> Ranking:
    """Reorder the first ``depth`` results of each query by a weighted sum of two scores.

    Both scores are brought to one scale over these few (z-scores above the last, see `embedlab.hybrid`). What
    stands behind has not been read, and keeps its order.

    Parameters
    ----------
    first : (scores, ids), each (q, k), best first
        The first stage's ranking; -1 is no document.
    read : float32 array (q, at least depth)
        What the second stage says of them, in the order of the first; -inf where there is no document.
    depth : int
        How many are reordered.
    weight : float, 0 to 1
        Of the second stage: at 0 nothing changes, at 1 the first stage's score is thrown away.

    Returns
    -------
    (scores, ids), each (q, k), best first
        Of the scores only the order matters.

    Raises
    ------
    ValueError
        If depth is below 1, the weight not between 0 and 1, or fewer documents were read than depth.

    Examples
    --------
    >>> first = np.float32([[9, 8, 1]]), np.array([[4, 5, 6]])
    >>> read = np.float32([[0.2, 0.7, 0.9]])
    >>> rerank(first, read, depth=2, weight=1)[1]
    array([[5, 4, 6]])
    """
    if depth < 1 or not 0 <= weight <= 1:
        raise ValueError(f"depth must be at least 1, weight 0 to 1, but they are {depth} and {weight}")
    scores, ids = first
    top = ids[:, :depth]
    if read.shape[1] < top.shape[1]:
        raise ValueError(f"depth is {depth}, but only {read.shape[1]} documents of each query were read")
    read = read[:, :depth]
    order = np.argsort(-read, axis=1, kind="stable")
    by_model = tuple(np.take_along_axis(array, order, axis=1) for array in (read, top))
    new, found = convex([by_model, (scores[:, :depth], top)], [weight, 1 - weight], top.shape[1])
    # Those behind come after all that were looked at, in their old order.
    behind = 1 / np.arange(2, 2 + ids.shape[1] - top.shape[1], dtype=np.float32)
    rest = np.where(ids[:, depth:] >= 0, behind, -np.inf)
    scores = np.concatenate([new + 1, rest], axis=1).astype(np.float32)
    return scores, np.concatenate([found, ids[:, depth:]], axis=1)


def oracle(first: Ranking, right: NDArray[np.bool_], *, depth: int) -> Ranking:
    """Reorder as the best of all second stages would: what is relevant among the first ``depth``, on top.

    No reranker of that depth can do better, whatever it reads: what the first stage has missed stays missed.

    Parameters
    ----------
    first : (scores, ids), each (q, k)
    right : bool array (q, k)
        Which of them are relevant.
    depth : int

    Examples
    --------
    >>> first = np.float32([[9, 8, 1]]), np.array([[4, 5, 6]])
    >>> oracle(first, np.array([[False, True, True]]), depth=2)[1]
    array([[5, 4, 6]])
    """
    ids: Ints = first[1]
    return rerank(first, np.where(ids >= 0, right, -np.inf).astype(np.float32), depth=depth, weight=1)
