"""One ranking out of several: by places (reciprocal rank fusion), or by scores (a weighted sum)."""

from collections.abc import Sequence

import numpy as np

from embedlab.index import Floats, Ints, top_k

Ranking = tuple[Floats, Ints]  # scores and ids, each (q, k), best first; id -1 where there is none


def reciprocal_rank(rankings: Sequence[Ranking], k: int, *, constant: float = 60) -> Ranking:
    """Give a document 1 / (60 + place) in each ranking, and add up (Cormack et al. 2009).

    The scores do not matter, so nothing needs to be made comparable; how far ahead the first is, is lost.

    Parameters
    ----------
    rankings : sequence of (scores, ids), each (q, any)
    k : int
        How many to return.
    constant : float
        The larger, the less it matters whether a document is first or tenth.

    Examples
    --------
    >>> one = np.float32([[9, 8, 7]]), np.array([[4, 5, 6]])
    >>> other = np.float32([[0.2, 0.1]]), np.array([[5, 7]])
    >>> reciprocal_rank([one, other], k=2)[1]
    array([[5, 4]])
    """
    parts = [
        (1 / (constant + 1 + np.arange(ids.shape[1], dtype=np.float64))) * (ids >= 0) for _, ids in rankings
    ]
    return _summed(parts, [ids for _, ids in rankings], k)


def convex(
    rankings: Sequence[Ranking], weights: Sequence[float], k: int, *, scale: str = "z-score"
) -> Ranking:
    """Bring the scores of each ranking to one scale, and add them up with weights (Bruch et al. 2023).

    A document gains how far it stands above the last of its list: "min-max" measures that by the distance of
    the best, which so gains 1; "z-score" by the standard deviation of the list. (That is the z-score plus the
    same number for all documents, so that a document which the list does not hold gains 0, like its last,
    and not the mean.) A single match, or equal ones, have no spread to measure by. They gain as much as the
    best of the query's other lists does: 1 by min-max, as in Weaviate and OpenSearch.

    Parameters
    ----------
    rankings : sequence of (scores, ids), each (q, any)
    weights : sequence of float, one for each ranking
    k : int
    scale : {"min-max", "z-score"}

    Raises
    ------
    ValueError
        If there is not one weight for each ranking, or there is no such scale.

    Examples
    --------
    >>> one = np.float32([[9, 8, 5]]), np.array([[4, 5, 6]])
    >>> other = np.float32([[0.2, 0.1]]), np.array([[5, 7]])
    >>> convex([one, other], [0.5, 0.5], k=2, scale="min-max")
    (array([[0.875, 0.5  ]], dtype=float32), array([[5, 4]]))
    >>> alone = np.float32([[7.5, -np.inf]]), np.array([[9, -1]])
    >>> convex([one, alone], [0.5, 0.5], k=3, scale="min-max")
    (array([[0.5  , 0.5  , 0.375]], dtype=float32), array([[4, 9, 5]]))
    """
    if len(weights) != len(rankings):
        raise ValueError(f"{len(rankings)} rankings need as many weights, but got {len(weights)}")
    if not rankings:
        raise ValueError("need at least one ranking to fuse")
    if scale not in ("min-max", "z-score"):
        raise ValueError(f"scale must be 'min-max' or 'z-score', but is {scale!r}")
    gains = [_above_the_last(scores, ids, scale) for scores, ids in rankings]
    best = np.max([gain.max(axis=1, initial=0) for gain in gains], axis=0)  # of each query
    best[best == 0] = 1  # no list of this query has any spread
    parts = []
    for weight, gain, (_, ids) in zip(weights, gains, rankings, strict=True):
        no_spread = gain.max(axis=1, keepdims=True, initial=0) == 0
        parts.append(weight * np.where(no_spread & (ids >= 0), best[:, None], gain))
    return _summed(parts, [ids for _, ids in rankings], k)


def _above_the_last(scores: Floats, ids: Ints, scale: str) -> np.ndarray:
    """Measure how far each score stands above the last of its list; 0 where there is none, or no spread."""
    gain = np.zeros(scores.shape)
    for row, there in enumerate(ids >= 0):
        if there.any():
            held = scores[row, there].astype(np.float64)
            above = held - held.min()
            spread = above.max() if scale == "min-max" else above.std()
            gain[row, there] = above / spread if spread != 0 else 0
    return gain


def _summed(parts: Sequence[np.ndarray], ids: Sequence[Ints], k: int) -> Ranking:
    """Add up what each document got in each ranking; return the k best."""
    if not ids:
        raise ValueError("need at least one ranking to fuse")
    best, found = [], []
    for row in range(len(ids[0])):
        numbers = np.concatenate([part[row] for part in ids])
        points = np.concatenate([part[row] for part in parts])[numbers >= 0]
        documents, places = np.unique(numbers[numbers >= 0], return_inverse=True)
        total = np.bincount(places, points, minlength=len(documents)).astype(np.float32)
        scores, order = top_k(total[None], k)
        best.append(scores)
        found.append(np.where(order >= 0, np.append(documents, -1)[order], -1))
    shape = (0, k)
    return (
        np.concatenate([np.zeros(shape, np.float32), *best]),
        np.concatenate([np.zeros(shape, np.int64), *found]),
    )
