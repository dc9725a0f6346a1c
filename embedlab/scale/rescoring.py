"""A shortlist scored again with the vectors themselves. Compiled: rows lie apart, and are fetched ahead."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints
from embedlab.machine import compiled, compiling_is_announced, dot, prefetch
from embedlab.scale.scan import candidate, keep, write_out

AHEAD = 5  # rows that are asked for before they are needed
KEPT = {None: None, "float16": np.float16, "float32": np.float32}


class Kept:
    """Vectors kept for rescoring, one row an id; portions are joined when somebody asks for them.

    Parameters
    ----------
    dims : int
    kind : {None, "float16", "float32"}
        None keeps nothing.

    Examples
    --------
    >>> kept = Kept(2, "float16")
    >>> kept.append(np.float32([[1, 0.1]]))
    >>> kept.rows
    array([[1. , 0.1]], dtype=float16)
    """

    def __init__(self, dims: int, kind: str | None):
        if kind not in KEPT:
            raise ValueError(f"keep must be one of {', '.join(map(repr, KEPT))}, but is {kind!r}")
        self._parts = [np.zeros((0, dims), KEPT[kind])] if kind else []

    def append(self, vectors: Floats) -> None:
        """Append vectors (n, dims); ValueError where half precision ends."""
        if not self._parts:
            return
        dtype = self._parts[0].dtype
        if (np.abs(vectors) > np.finfo(dtype).max).any():
            raise ValueError(f"{np.abs(vectors).max():g} is too large for float16, which ends at 65,504")
        self._parts.append(vectors.astype(dtype))

    @property
    def rows(self) -> NDArray:
        """All of them, (n, dims)."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]

    @property
    def for_compiled(self) -> NDArray:
        """The same as `dot` takes them: float16 as their bits."""
        return as_bits(self.rows)


def as_bits(rows: NDArray) -> NDArray:
    """Return float16 rows as their bits, uint16: compiled code knows no float16. Others stay."""
    return rows.view(np.uint16) if rows.dtype == np.float16 else rows


@compiled()
def rescore(rows, queries, listed, scores, found):
    """Score the rows (n, d) listed for each query (q, w): ``scores`` and ``found`` (q, k) get the best."""
    best, last = np.empty(scores.shape[1], np.int64), listed.shape[1] - 1
    for q in range(len(queries)):
        size = 0
        for j in range(-AHEAD, last + 1):
            if listed[q, min(j + AHEAD, last)] >= 0:
                prefetch(rows, listed[q, min(j + AHEAD, last)])
            if j >= 0 and listed[q, j] >= 0:
                i = listed[q, j]
                size = keep(best, size, candidate(dot(rows, i, queries[q]), i))
        write_out(best, size, scores[q], found[q])


def rescored(rows: NDArray, queries: Floats, listed: Ints, k: int) -> tuple[Floats, Ints]:
    """Put a shortlist in order: the k best of what is listed for each query, by exact scores.

    Parameters
    ----------
    rows : float32 or float16 array (n, d), C-contiguous
    queries : float32 array (q, d)
    listed : int64 array (q, w)
        Rows in any order, each once; -1 is nobody.
    k : int

    Returns
    -------
    scores : float32 array (q, k), best first; of equal ones the smaller id
    ids : int64 array (q, k); -1, with score -inf, where less than k are listed

    Examples
    --------
    >>> rows = np.float16([[1, 0], [0, 1], [0.5, 0.5]])
    >>> rescored(rows, np.float32([[0, 1]]), np.array([[2, 1, -1]]), 3)
    (array([[ 1. ,  0.5, -inf]], dtype=float32), array([[ 1,  2, -1]]))
    """
    scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
    with compiling_is_announced():
        rescore(as_bits(rows), queries, listed, scores, ids)
    return scores, ids
