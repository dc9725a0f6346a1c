"""The lists of an inverted file, and what its indexes share: training, adding, saving."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import aligned
from embedlab.scale.clusters import assign, imbalance, train_centroids

BLOCK = 16_384  # vectors assigned and encoded at a time
WAITING = 1 / 8  # of the rows: as many may wait before the lists are made anew without a search


class Lists:
    """Rows in the order of their lists, so that a list is read from front to back, as memory likes it.

    Rows of list j stand from ``starts[j]`` to ``starts[j + 1]``, in the order in which they came. What is
    appended waits until it is asked for: a few rows at a time would move all of them each time.

    Parameters
    ----------
    nlist : int
    empty : array (0, width)
        Says how rows look; float32 rows are aligned for `dot`.
    """

    def __init__(self, nlist: int, empty: NDArray):
        self._width = empty.shape[1]
        self._starts, self._ids = np.zeros(nlist + 1, np.int64), np.zeros(0, np.int32)
        self._rows = self._room(0, empty.dtype)
        self._waiting: list[tuple[Ints, NDArray]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, numbers: Ints, rows: NDArray) -> None:
        """Put each row (n, width) at the end of the list of its number (n,)."""
        self._waiting.append((numbers, rows))
        self._count += len(rows)
        if self._count - len(self._ids) > WAITING * len(self._ids):
            self._merge()

    @property
    def merged(self) -> tuple[Ints, NDArray, NDArray[np.int32]]:
        """All of it: starts (nlist + 1,), rows (n, width), ids (n,)."""
        self._merge()
        return self._starts, self._rows, self._ids

    @property
    def sizes(self) -> Ints:
        """Rows in each list."""
        return np.diff(self.merged[0])

    @property
    def bytes_used(self) -> int:
        """Memory for rows, ids and starts."""
        return sum(part.nbytes for part in self.merged)

    def places(self) -> Ints:
        """Say at which row each id stands, (n,)."""
        found = np.empty(len(self), np.int64)
        found[self.merged[2]] = np.arange(len(self))
        return found

    def _room(self, n: int, dtype) -> NDArray:
        return aligned(n, self._width, dtype) if dtype == np.float32 else np.zeros((n, self._width), dtype)

    def _merge(self) -> None:
        if not self._waiting:
            return
        numbers = np.concatenate([numbers for numbers, _ in self._waiting])
        before, added = np.diff(self._starts), np.bincount(numbers, minlength=len(self._starts) - 1)
        starts = np.concatenate([[0], np.cumsum(before + added)])
        old = np.arange(len(self._ids)) + np.repeat(starts[:-1] - self._starts[:-1], before)
        order, new = np.argsort(numbers, kind="stable"), np.empty(len(numbers), np.int64)
        nth = np.arange(len(numbers)) - np.repeat(np.cumsum(added) - added, added)  # within its list
        new[order] = (starts[:-1] + before)[numbers[order]] + nth
        rows, ids = self._room(self._count, self._rows.dtype), np.empty(self._count, np.int32)
        rows[old], ids[old] = self._rows, self._ids
        at = len(self._ids)
        ids[new] = np.arange(at, self._count)
        for _, waiting in self._waiting:
            here = new[at - len(self._ids) :][: len(waiting)]
            rows[here, : self._width] = waiting
            at += len(waiting)
        self._starts, self._rows, self._ids, self._waiting = starts, rows, ids, []

    def state(self) -> dict[str, NDArray]:
        """Return what is saved."""
        _, rows, ids = self.merged
        return {"rows": rows[:, : self._width], "ids": ids, "sizes": self.sizes}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray]) -> "Lists":
        """Make the lists from their `state`; ValueError where they do not hold each id once."""
        rows, ids, sizes = arrays["rows"], arrays["ids"], arrays["sizes"]
        once = len(rows) == len(ids) == sizes.sum() and (np.sort(ids) == np.arange(len(ids))).all()
        if not once or (sizes < 0).any():
            raise ValueError("the lists do not hold each vector once")
        lists = cls(len(sizes), rows[:0])
        lists._starts, lists._ids = np.concatenate([[0], np.cumsum(sizes)]), ids.astype(np.int32)
        lists._rows, lists._count = lists._room(len(rows), rows.dtype), len(rows)
        lists._rows[:, : rows.shape[1]] = rows
        return lists


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
        return len(self.lists)

    @property
    def imbalance(self) -> float:
        """How uneven the lists are, see `imbalance`."""
        return imbalance(self.lists.sizes)

    def train(self, vectors: Floats) -> None:
        """Learn the centroids from vectors (n, dims): as many of them as there are lists, better 128 times.

        Raises
        ------
        ValueError
            If there are vectors in the index already, none to learn from, or they are refused by `add`.
        """
        if len(self):
            raise ValueError(f"train before adding: there are {len(self)} vectors in the lists already")
        self._learn(as_vectors(vectors, self.dims))

    def _learn(self, vectors: Floats) -> None:
        self._set_centroids(train_centroids(vectors, self.nlist, seed=self.seed))

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

    def _assigned(self, vectors: Floats) -> Ints:
        return assign(vectors, self.centroids[:, : self.dims])[0]

    def _probes(self, nprobe: int | None) -> int:
        wanted = whole("nprobe", self.nprobe if nprobe is None else nprobe)
        return min(wanted, len(self.centroids))

    def probed(self, queries: Floats, nprobe: int | None = None) -> Ints:
        """Say which lists queries (q, dims) look into, best first: (q, nprobe)."""
        similar = as_vectors(queries, self.dims) @ self.centroids[:, : self.dims].T
        return np.argsort(-similar, axis=1, kind="stable")[:, : self._probes(nprobe)]

    def list_of(self, ids: Ints) -> Ints:
        """Say in which list the vectors of these ids stand."""
        places = self.lists.places()[ids]
        return np.searchsorted(self.lists.merged[0], places, side="right") - 1

    def state(self) -> State:
        """Return what `save` writes."""
        arrays = self.lists.state() if self.centroids is not None else {}
        if self.centroids is not None:
            arrays["centroids"] = self.centroids[:, : self.dims]
        about = {name: getattr(self, name) for name in ("dims", "nlist", "nprobe", "seed")}
        return arrays, about

    def _restore(self, arrays: dict[str, NDArray], kept: NDArray) -> None:
        """Take over the lists of a `state`; their rows must look like ``kept`` (0, width)."""
        if not arrays:
            return
        centroids, rows = as_vectors(arrays["centroids"], self.dims), arrays["rows"]
        lists = Lists.from_state(arrays)
        if len(arrays["sizes"]) != len(centroids) or rows.shape[1:] != kept.shape[1:]:
            raise ValueError(f"{len(arrays['sizes'])} lists of rows {rows.shape}, {len(centroids)} centroids")
        self.centroids, self.lists = padded(centroids), lists


def padded(vectors: Floats) -> Floats:
    """Copy vectors (n, d) to rows that `dot` reads: aligned, with zeros behind."""
    rows = aligned(*vectors.shape, np.float32)
    rows[:, : vectors.shape[1]] = vectors
    return rows
