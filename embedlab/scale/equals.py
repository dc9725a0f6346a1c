"""Equal vectors in a graph: the first is linked, the others are found with it.

A vector has few links. Were its equals among its neighbours, nothing else would be: they lie nearest. So
graphs link the first of them only, and a list of pairs (first, later) says who else is meant.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints


def equal_pairs(vectors: Floats) -> Ints:
    """Find vectors (n, d) that are equal to an earlier one: pairs (first, later), (p, 2), in order.

    Examples
    --------
    >>> equal_pairs(np.float32([[1, 0], [0, 1], [1, 0], [1, 0]]))
    array([[0, 2],
           [0, 3]])
    """
    if not len(vectors):
        return np.zeros((0, 2), np.int64)
    bits = (vectors + np.float32(0)).view(np.uint32)  # the sum makes 0.0 of -0.0
    weights = np.random.default_rng(0).integers(1, 2**31, vectors.shape[1], np.uint64)
    sums = np.concatenate([part @ weights for part in np.array_split(bits, len(bits) // 4096 + 1)])
    _, first, groups = np.unique(sums, return_index=True, return_inverse=True)
    pairs = np.stack([first[groups], np.arange(len(vectors))], axis=1)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    return pairs[(vectors[pairs[:, 0]] == vectors[pairs[:, 1]]).all(axis=1)]  # other sums may be equal, too


def equals_among(vectors: Floats, links: NDArray[np.int32]) -> Ints:
    """Pair equal vectors, but for those that were taken out of the graph: no walk comes to them.

    links (n, 1 + degree), whose first column is -1 of those.
    """
    there = np.flatnonzero(links[:, 0] >= 0)
    return there[equal_pairs(vectors[there])]


def first_ones(pairs: Ints, n: int) -> Ints:
    """Return the numbers below n that are equal to no earlier one.

    Examples
    --------
    >>> first_ones(np.array([[0, 2], [0, 3]]), 4)
    array([0, 1])
    """
    return np.delete(np.arange(n), pairs[:, 1])


def with_equals(scores: Floats, ids: Ints, pairs: Ints) -> tuple[Floats, Ints]:
    """Add to what was found, (q, w), those that are equal to it; best first, of equal scores the smaller id.

    Examples
    --------
    >>> with_equals(np.float32([[0.9, 0.8]]), np.array([[0, 1]]), np.array([[0, 2]]))
    (array([[0.9, 0.9, 0.8]], dtype=float32), array([[0, 2, 1]]))
    """
    rows = np.flatnonzero(np.isin(ids, pairs[:, 0]).any(axis=1)) if len(pairs) else ()
    if not len(rows):
        return scores, ids
    merged = [_merged(scores[row], ids[row], pairs) for row in rows]  # few: the others stay as they are
    more = ((0, 0), (0, max(*map(len, merged), ids.shape[1]) - ids.shape[1]))
    scores, ids = np.pad(scores, more, constant_values=-np.inf), np.pad(ids, more, constant_values=-1)
    for row, found in zip(rows, merged, strict=True):
        scores[row], ids[row] = -np.inf, -1
        ids[row, : len(found)], scores[row, : len(found)] = zip(*found, strict=True)
    return scores, ids


def _merged(scores: Floats, ids: Ints, pairs: Ints) -> list[tuple[int, float]]:
    """Pair the ids of one query, and those equal to them, with their scores, in order."""
    score = dict(zip(ids.tolist(), scores.tolist(), strict=True))
    later = pairs[np.isin(pairs[:, 0], ids)]
    score |= {int(b): score[int(a)] for a, b in later}
    score.pop(-1, None)
    return sorted(score.items(), key=lambda one: (-one[1], one[0]))


def living(scores: Floats, ids: Ints, deleted: NDArray[np.bool_], k: int) -> tuple[Floats, Ints]:
    """Keep the first k of each row (q, w) that are not deleted, bool (n,): (q, k), filled up with -1.

    Examples
    --------
    >>> living(np.float32([[3, 2, 1]]), np.array([[0, 1, 2]]), np.array([True, False, False]), 1)
    (array([[2.]], dtype=float32), array([[1]]))
    """
    gone = (ids < 0) | deleted[ids]
    order = np.argsort(gone, axis=1, kind="stable")[:, :k]
    gone = np.take_along_axis(gone, order, 1)
    room = ((0, 0), (0, max(k - ids.shape[1], 0)))
    kept = np.where(gone, -np.inf, np.take_along_axis(scores, order, 1)).astype(np.float32)
    numbers = np.where(gone, -1, np.take_along_axis(ids, order, 1))
    return np.pad(kept, room, constant_values=-np.inf), np.pad(numbers, room, constant_values=-1)
