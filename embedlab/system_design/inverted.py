"""An inverted file (IVF): vectors in lists around centroids; a query looks into a few of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, index_class, top_k, whole
from embedlab.quantization import kmeans


class InvertedIndex(Index):
    """Search the lists whose centroids are nearest to the query (Jégou et al. 2011, section IV).

    Filled at once: the first vectors that are added make the centroids, as many as the root of their number.

    Parameters
    ----------
    codes : Index
        Empty; keeps the vectors, and gives those of a list back (``codes.vectors_of``).
    probes : int
        Lists that a query looks into.

    Examples
    --------
    >>> from embedlab.index import FlatIndex
    >>> vectors = np.eye(9, dtype=np.float32)
    >>> index = InvertedIndex(FlatIndex(9), probes=1)
    >>> index.add(vectors)
    >>> len(index.centroids), index.search(vectors[:2], 1)[1].ravel()
    (3, array([0, 1]))
    """

    def __init__(self, codes: Index, probes: int):
        self.codes, self.probes, self.dims = codes, probes, codes.dims
        self.centroids, self.lists = None, []

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its code, its id of 4 bytes, and its share of the centroids."""
        share = 0 if self.centroids is None else self.centroids.nbytes / max(len(self), 1)
        return self.codes.bytes_per_vector + 4 + share

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims)."""
        vectors = as_vectors(vectors, self.dims)
        if not len(vectors):
            return
        if self.centroids is None:
            self.centroids = kmeans(vectors, math.ceil(math.sqrt(len(vectors))))
            self.lists = [np.zeros(0, np.int64)] * len(self.centroids)
        ids = np.arange(len(self), len(self) + len(vectors))
        nearest = self._distances(vectors).argmin(axis=1)
        self.codes.add(vectors)
        self.lists = [np.concatenate([ids_of, ids[nearest == i]]) for i, ids_of in enumerate(self.lists)]

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Find the k best of the lists that are looked into; see `Index.search`."""
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        best, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1, np.int64)
        if self.centroids is None:
            return best, ids
        probed = np.argsort(self._distances(queries), axis=1, kind="stable")[:, : self.probes]
        for i, lists in enumerate(probed):
            rows = np.sort(np.concatenate([self.lists[j] for j in lists]))
            scores = self.codes.vectors_of(rows) @ queries[i]
            found, places = (part[0] for part in top_k(scores[None], k))
            best[i], ids[i, : len(rows)] = found, rows[places[: len(rows)]]
        return best, ids

    def vectors_of(self, ids: Ints) -> Floats:
        """Return what the codes of these ids stand for, (len(ids), dims)."""
        return self.codes.vectors_of(ids)

    def state(self) -> State:
        """Return what `save` writes."""
        arrays, about = self.codes.state()
        arrays = {f"codes.{name}": array for name, array in arrays.items()}
        about = {"codes": {"class": type(self.codes).__name__, **about}, "probes": self.probes}
        if self.centroids is not None:
            sizes = np.array([len(ids) for ids in self.lists])
            arrays |= {"centroids": self.centroids, "ids": np.concatenate(self.lists), "sizes": sizes}
        return arrays, about

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> InvertedIndex:
        """Make the index from its `state`."""
        inner = {name[6:]: array for name, array in arrays.items() if name.startswith("codes.")}
        index = cls(index_class(about["codes"]["class"]).from_state(inner, about["codes"]), about["probes"])
        if len(index):
            index.centroids = as_vectors(arrays["centroids"], index.dims)
            index.lists = np.split(arrays["ids"], np.cumsum(arrays["sizes"])[:-1])
            if len(index.lists) != len(index.centroids) or sorted(arrays["ids"]) != list(range(len(index))):
                raise ValueError("the lists do not hold each vector once")
        return index

    def _distances(self, vectors: Floats) -> Floats:
        """Compare with all centroids: |c|² - 2vc, (n, lists)."""
        return (self.centroids**2).sum(axis=1) - 2 * vectors @ self.centroids.T
