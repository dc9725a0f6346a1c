"""What the indexes around lists share: training, adding, deleting, saving."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import aligned
from embedlab.scale.clusters import assign, imbalance, train_centroids
from embedlab.scale.lists import Lists

BLOCK = 16_384  # vectors assigned and encoded at a time


class ListIndex(Index):
    """What inverted files share; `IVFIndex` keeps vectors in the lists, `IVFPQIndex` codes.

    The centroids come from `train`, or from the first vectors that are added; later ones join the lists as
    they are. Where many more come, or others, look at ``index.imbalance``, and build anew.
    """

    def __init__(self, dims: int, nlist: int, nprobe: int, seed: int):
        self.dims, self.nlist = whole("dims", dims), whole("nlist", nlist)
        self.nprobe, self.seed = whole("nprobe", nprobe), whole("seed", seed, least=0)
        self.centroids: Floats | None = None  # aligned; fewer than nlist where there were fewer vectors
        self.compared = 0.0  # vectors and centroids compared in the last search, a query on average
        self.lists = Lists(1, self._empty())

    def _empty(self) -> NDArray:
        """Return no rows, as the lists keep them."""
        raise NotImplementedError

    def _rows(self, vectors: Floats, numbers: Ints) -> NDArray:
        """Return what the lists keep of vectors (n, dims) that go to the lists of these numbers."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Count the ids given, to deleted vectors as well."""
        return self.lists.given

    @property
    def imbalance(self) -> float:
        """How uneven the lists are, see `imbalance`."""
        return imbalance(self.lists.sizes)

    def train(self, vectors: Floats, centroids: Floats | None = None) -> None:
        """Learn the centroids from vectors (n, dims): as many of them as there are lists, better 128 times.

        With centroids (nlist, dims) that are known already, those of `train_centroids`, the rest is learned:
        indexes that are to be compared have the same lists then.

        Raises
        ------
        ValueError
            If there are vectors in the index already, none to learn from, or they are refused by `add`; if
            there are more or fewer centroids than lists.
        """
        if len(self):
            raise ValueError(f"train before adding: there are {len(self)} vectors in the lists already")
        if centroids is not None and len(centroids) != self.nlist:
            raise ValueError(f"{len(centroids)} centroids for {self.nlist} lists")
        centroids = None if centroids is None else as_vectors(centroids, self.dims)
        self._learn(as_vectors(vectors, self.dims), centroids)

    def _learn(self, vectors: Floats, centroids: Floats | None = None) -> None:
        known = centroids is not None
        self._set_centroids(centroids if known else train_centroids(vectors, self.nlist, seed=self.seed))

    def _set_centroids(self, centroids: Floats) -> None:
        self.centroids = padded(centroids)
        self.lists = Lists(len(centroids), self._empty())

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims); the first portion trains the index where `train` has not.

        Raises
        ------
        ValueError
            If the dimensions differ, or a number is NaN or infinite.
        """
        vectors = as_vectors(vectors, self.dims)
        if not len(vectors):
            return
        if self.centroids is None:
            self._learn(vectors)
        for i in range(0, len(vectors), BLOCK):
            block = vectors[i : i + BLOCK]
            numbers = self._assigned(block)
            self.lists.append(numbers, self._rows(block, numbers))

    def delete(self, ids: Ints) -> None:
        """Take vectors out of the lists: no search meets them any more, and none becomes worse for it.

        The centroids stay where they are; what is kept for rescoring stays as well.

        Raises
        ------
        ValueError
            If there is no vector of such a number.
        """
        self.lists.remove(np.atleast_1d(np.asarray(ids, np.int64)))

    @property
    def _middles(self) -> Floats:
        """The centroids without what fills them up."""
        return self.centroids[:, : self.dims]

    def _assigned(self, vectors: Floats) -> Ints:
        return assign(vectors, self._middles)[0]

    def _probes(self, nprobe: int | None) -> int:
        wanted = whole("nprobe", self.nprobe if nprobe is None else nprobe)
        return min(wanted, len(self.centroids))

    def probed(self, queries: Floats, nprobe: int | None = None) -> Ints:
        """Say which lists queries (q, dims) look into, best first: (q, nprobe)."""
        similar = as_vectors(queries, self.dims) @ self._middles.T
        return np.argsort(-similar, axis=1, kind="stable")[:, : self._probes(nprobe)]

    def _search_lists(self, scan, learned, queries: Floats, nprobe: int | None, scores, ids) -> None:
        """Let a compiled ``scan`` search for queries (q, padded dims), some at a time."""
        compared, nprobe = 0, self._probes(nprobe)
        for i in range(0, len(queries), self.ROWS):
            here = slice(i, i + self.ROWS)
            similar = queries[here] @ self.centroids.T  # (rows, lists): one product reads centroids once
            settings = queries[here], nprobe, scores[here], ids[here]
            compared += scan(similar, *learned, *self.lists.merged, *settings)
        self.compared = compared / max(len(queries), 1)

    def list_of(self, ids: Ints) -> Ints:
        """Say in which list the vectors of these ids stand."""
        places = self.lists.places(ids)
        return np.searchsorted(self.lists.merged[0], places, side="right") - 1

    def state(self) -> State:
        """Return what `save` writes."""
        arrays = self.lists.state() if self.centroids is not None else {}
        if self.centroids is not None:
            arrays["centroids"] = self._middles
        about = {name: getattr(self, name) for name in ("dims", "nlist", "nprobe", "seed")}
        return arrays, about | {"given": self.lists.given}

    def _restore(self, arrays: dict[str, NDArray], given: int, kept: NDArray) -> None:
        """Take over the lists of a `state`; their rows must look like ``kept`` (0, width)."""
        if not arrays:
            return
        centroids, rows = as_vectors(arrays["centroids"], self.dims), arrays["rows"]
        lists = Lists.from_state(arrays, given)
        if len(arrays["sizes"]) != len(centroids) or rows.shape[1:] != kept.shape[1:]:
            raise ValueError(f"{len(arrays['sizes'])} lists of rows {rows.shape}, {len(centroids)} centroids")
        self.centroids, self.lists = padded(centroids), lists


def padded(vectors: Floats) -> Floats:
    """Copy vectors (n, d) to rows that `dot` reads: aligned, with zeros behind."""
    rows = aligned(*vectors.shape, np.float32)
    rows[:, : vectors.shape[1]] = vectors
    return rows
