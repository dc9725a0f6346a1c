"""The index around the graph: adding, searching with filters and in threads, deleting."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from embedlab.hnsw import graph as hnsw
from embedlab.hnsw.filtered import filtered_search
from embedlab.hnsw.graph import Visits
from embedlab.hnsw.mapped import MappedStorage
from embedlab.hnsw.repair import bypass, gone
from embedlab.hnsw.results import Codes, pick
from embedlab.hnsw.storage import padded
from embedlab.index import Floats, Ints, as_vectors, top_k, whole
from embedlab.machine import StoreError, compiling_is_announced

CHUNK = 500  # vectors inserted between two looks at Ctrl-C, and at those who wait to search


class HNSWIndex(MappedStorage):
    """Approximate search by a walk through a graph.

    Scores are inner products. For vectors of one length, as `Embedder` makes them, the largest inner product
    is the nearest; where lengths differ, recall suffers.

    Threads may search side by side, also while another adds or deletes: each search sees the index between
    two additions. `load` reads a saved index into memory; `open` searches it in its file.

    Parameters
    ----------
    dims : int
    m : int
        Links that a new vector gets on each layer; layer 0 keeps up to twice as many.
    ef_construction : int
        Width of the beam in building: more, a better graph, built more slowly.
    ef_search : int
        Width of the beam in searching: more, better recall, slower. It can be changed at any time.
    codes : {None, "int8"}
        Walk on the vectors, or on codes of one byte a number and rescore what was found with the vectors.
    seed : int
        For the layers that vectors stand on.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16))
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = HNSWIndex(16)
    >>> index.add(vectors)
    >>> index.search(vectors[:3], k=1)[1].ravel()
    array([0, 1, 2])
    """

    def __init__(
        self,
        dims: int,
        *,
        m: int = 16,
        ef_construction: int = 200,
        ef_search: int = 64,
        codes: str | None = None,
        seed: int = 0,
    ):
        super().__init__(dims, m, ef_construction, ef_search, codes, seed)
        self.compared = 0.0  # dot products of the last search, a query on average
        self._visits: deque[Visits] = deque()  # one for each search at the same time
        self._living: tuple[NDArray[np.bool_], int] | None = None  # what is not deleted, and how many

    def __reduce__(self):  # pickle and copy: locks stay behind
        return type(self).from_state, self.state()

    def add(self, vectors: Floats, *, show_progress: bool = True) -> None:
        """Append vectors (n, dims) and link them into the graph.

        Ctrl-C keeps those that are linked: ``len(index)`` says how many.
        """
        self._refuse_in_file()
        vectors = as_vectors(vectors, self.dims)
        quiet = {} if show_progress and len(vectors) > 10 * CHUNK else {"disable": True}
        bar = tqdm(total=len(vectors), desc="linking", unit="vector", leave=False, delay=1, **quiet)
        with compiling_is_announced(), bar, self._adding:
            with self._lock.writing():
                self._reserve(vectors)
                visits, desk = self._new_visits(), self._new_desk()
                end = len(self) + len(vectors)
            while len(self) < end:
                stop = min(len(self) + CHUNK, end)
                bar.update(stop - len(self))
                with self._lock.writing():
                    hnsw.insert(self.graph, self.levels, stop, visits, desk)

    def delete(self, ids: Ints) -> None:
        """Leave vectors out of all results. They stay in the graph, as stepping stones.

        Raises
        ------
        ValueError
            If there is no vector of such a number.
        """
        self._refuse_in_file()
        ids = np.atleast_1d(np.asarray(ids, np.int64))
        with self._lock.writing():
            wrong = ids[(ids < 0) | (ids >= len(self))]
            if len(wrong):
                raise ValueError(f"there is no vector {wrong[0]}: the index holds 0 to {len(self) - 1}")
            self._living = None
            self.deleted[ids] = True

    def repair(self) -> None:
        """Link the vectors around those that are deleted, so that no walk leads over these any more.

        Ids and results stay, the memory of what is deleted as well. Several times faster than building anew,
        and not quite as good (FreshDiskANN does the same, arXiv:2105.09613).
        """
        self._refuse_in_file()
        with self._adding, self._lock.writing():
            dead = gone(self.graph, self.deleted[: len(self)])
            living = np.flatnonzero(~dead)
            if dead.any() and len(living):
                bypass(self.graph, self.levels, dead, np.zeros(len(self), np.int64), self._new_desk())
                entry = living[self.levels[living].argmax()]
                self.graph.at[hnsw.ENTRY], self.graph.at[hnsw.TOP] = entry, self.levels[entry]

    def search(
        self,
        queries: Floats,
        k: int,
        *,
        ef: int | None = None,
        mask: NDArray[np.bool_] | None = None,
        fallback: bool = True,
        threads: int = 1,
    ) -> tuple[Floats, Ints]:
        """Find about the k best vectors of each query.

        Where vectors are deleted or masked, the walk goes on until it has found enough that may be returned.
        Where few may, or the walk would find less than k of them, all of them are compared instead.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int
        ef : int, optional
            Width of the beam, by default ``ef_search``; never less than k.
        mask : bool array (n,), optional
            Only these may be returned.
        fallback : bool
            Without it there is only the walk, however few may be returned.
        threads : int
            Over which the queries are shared out.

        Returns
        -------
        scores : float32 array (q, k), best first
        ids : int64 array (q, k); -1 where less than k may be returned

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, k, ef or threads is less than 1, or the
            mask is no bool array of one entry for each vector.
        """
        queries, k, threads = as_vectors(queries, self.dims), whole("k", k), whole("threads", threads)
        ef = max(whole("ef", self.ef_search if ef is None else ef), k)
        with self._lock.reading():
            n, (allowed, left) = len(self), self._allowed(mask)
            if fallback and left < n and left <= min(ef * n / max(left, 1), n) * self.m:
                return self._compare_all(queries, k, allowed)
            scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
            most = left if fallback else n
            walk = (min(ef, n), allowed, left < n, most)
            compared = self._walk_all(queries, walk, scores, ids, threads) if n else 0
            missed = np.flatnonzero(ids[:, min(k, left) - 1] < 0) if left and fallback else ()
            if len(missed):
                scores[missed], ids[missed] = self._compare_all(queries[missed], k, allowed)
            self.compared = (compared + len(missed) * left) / max(len(queries), 1)
            return scores, ids

    def _allowed(self, mask: NDArray[np.bool_] | None) -> tuple[NDArray[np.bool_], int]:
        """Return which vectors may be returned, bool (n,), and how many they are."""
        living, left = self._living or (self.deleted[:0], 0)
        if len(living) != len(self):  # kept: a pass over all takes longer than a walk
            living = ~self.deleted[: len(self)]
            left = int(living.sum())
            self._living = living, left
        if mask is None:
            return living, left
        mask = np.asarray(mask)
        if mask.shape != living.shape or mask.dtype != bool:
            wanted = f"a bool array of shape {living.shape}"
            raise ValueError(f"mask must be {wanted}, but is {mask.dtype} {mask.shape}")
        allowed = living & mask
        return allowed, int(allowed.sum())

    def _compare_all(self, queries: Floats, k: int, allowed: NDArray) -> tuple[Floats, Ints]:
        """Compare all that are allowed, and return the k best."""
        which = np.flatnonzero(allowed)
        vectors, self.compared = self.vectors_of(which), float(len(which))
        starts = range(0, max(len(queries), 1), self.ROWS)
        parts = [top_k(queries[i : i + self.ROWS] @ vectors.T, k) for i in starts]
        scores, places = (np.concatenate(part) for part in zip(*parts, strict=True))
        return scores, np.where(places >= 0, np.append(which, -1)[places], -1)

    def _walk_all(self, queries, walk, scores, ids, threads) -> int:
        """Share the queries out over threads; return the number of comparisons."""
        step = max(-(-len(queries) // threads), 1)
        spans = [slice(start, start + step) for start in range(0, len(queries), step)]
        work = [(queries[span], *walk, scores[span], ids[span]) for span in spans]
        with compiling_is_announced():
            if len(work) < 2:
                return sum(self._walk(*part) for part in work)
            with ThreadPoolExecutor(len(work)) as pool:
                return sum(pool.map(lambda part: self._walk(*part), work))

    def _walk(self, queries, ef, allowed, filtered, most, scores, ids) -> int:
        """Search with a beam of ``ef``, write the results, return the number of comparisons."""
        try:
            visits = self._visits.pop()
        except IndexError:  # as many searches at the same time as never before
            visits = self._new_visits()
        if len(visits.seen) < len(self):
            visits = self._new_visits()
        floats, found = padded(queries), np.empty((len(queries), ef), np.int64)
        prepared = self._queries(floats)
        try:
            if filtered:
                compared = filtered_search(self.graph, prepared, visits, allowed, most, found)
            else:
                compared = hnsw.search(self.graph, prepared, visits, found)
        except StoreError as error:
            raise StoreError(f"{str(self.file)!r} is damaged: {error}") from error
        self._visits.append(visits)
        if self.codes is None:  # in order already, but for the order among equal ones
            found = found[:, : scores.shape[1]].copy()
        codes = Codes(self.scale, self.longest)
        pick(self._to_score, floats, found, self.graph.twins, allowed, codes, scores, ids)
        return compared
