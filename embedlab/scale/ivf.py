"""An inverted file of float vectors (IVF-Flat): exact scores, of a few lists only."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints, as_vectors, whole
from embedlab.machine import compiling_is_announced
from embedlab.scale.list_index import ListIndex, padded
from embedlab.scale.scan import scan_vectors


class IVFIndex(ListIndex):
    """Search the lists whose centroids are most similar to the query (Jégou et al. 2011, section IV.A).

    A query costs about nlist + nprobe * n / nlist comparisons instead of n, see `cheapest_nlist`. What
    it returns is exact for the lists that it looked into; with nprobe = nlist it is exact search.

    Parameters
    ----------
    dims : int
    nlist : int
        Lists; FAISS's guidelines advise 4 to 16 times the root of n below a million vectors.
    nprobe : int
        Lists that a query looks into. It can be changed at any time; `choose_nprobe` finds it.
    seed : int

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = IVFIndex(16, nlist=20, nprobe=4)
    >>> index.add(vectors)
    >>> index.search(vectors[:3], k=1)[1].ravel(), index.compared < 500
    (array([0, 1, 2]), True)
    """

    def __init__(self, dims: int, nlist: int = 128, *, nprobe: int = 8, seed: int = 0):
        super().__init__(dims, nlist, nprobe, seed)

    def _empty(self) -> NDArray:
        return np.zeros((0, self.dims), np.float32)

    def _rows(self, vectors: Floats, numbers: Ints) -> Floats:
        return vectors.copy()  # they may wait, and belong to somebody else

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its numbers, its id of 4 bytes, and its share of centroids and list ends."""
        if not len(self.lists):
            return 4.0 * self.dims + 4
        return (self.lists.bytes_used + self.centroids.nbytes) / len(self.lists)

    def search(self, queries: Floats, k: int, *, nprobe: int | None = None) -> tuple[Floats, Ints]:
        """Find the k best vectors of the lists that are looked into.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int
        nprobe : int, optional
            By default ``index.nprobe``; all lists where there are not so many.

        Returns
        -------
        scores : float32 array (q, k), best first
        ids : int64 array (q, k); -1, with score -inf, where the lists hold less than k

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, or k or nprobe is less than 1.
        """
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
        if not len(self):
            return scores, ids
        with compiling_is_announced():
            self._search_lists(scan_vectors, (), padded(queries), nprobe, scores, ids)
        return scores, ids

    def vectors_of(self, ids: Ints) -> Floats:
        """Return the vectors of these ids, (len(ids), dims)."""
        return self.lists.merged[1][self.lists.places(ids), : self.dims]

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "IVFIndex":
        """Make the index from its `state`."""
        index = cls(about["dims"], about["nlist"], nprobe=about["nprobe"], seed=about["seed"])
        index._restore(arrays, about["given"], index._empty())
        return index
