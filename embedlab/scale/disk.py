"""An index on disk: codes in memory say where to go, sectors of the file hold vectors and links (DiskANN)."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints, as_vectors, whole
from embedlab.machine import StoreError, aligned, compiling_is_announced
from embedlab.scale import disk_walk
from embedlab.scale.disk_storage import DiskStorage
from embedlab.scale.equals import living, with_equals
from embedlab.scale.scan import write_out


class DiskIndex(DiskStorage):
    """Search a graph whose vectors and links stay in a file (Subramanya et al., NeurIPS 2019, section 3).

    In memory are product-quantized codes, m bytes a vector, and the nodes around the entry. A walk compares
    codes, reads the ``at_a_time`` best nodes of its beam that it has not read, and scores these exactly: a
    query costs about as many reads as its beam is wide.

    Made by `add`, which builds the graph in memory and writes the file anew; by `from_graph`; or by `load`,
    which opens a file in milliseconds and leaves it where it is.

    Parameters
    ----------
    dims : int
    m : int, optional
        Bytes of a code; it must divide ``dims``. By default one for 8 numbers.
    degree, width, alpha, beam, seed
        Of the graph, see `VamanaIndex`.
    at_a_time : int
        Nodes read in one round, the paper's beam width W.
    cache : int
        Nodes near the entry that are kept in memory.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = DiskIndex(16, m=8)
    >>> index.add(vectors)
    >>> index.search(vectors[:3], k=1)[1].ravel(), index.reads < 100
    (array([0, 1, 2]), True)
    """

    reads = 0.0  # nodes read from the file in the last search, a query on average
    rounds = 0.0  # in so many portions

    def search(
        self, queries: Floats, k: int, *, beam: int | None = None, at_a_time: int | None = None
    ) -> tuple[Floats, Ints]:
        """Find about the k best vectors of each query; ``reads`` and ``rounds`` then say what it took.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int
        beam, at_a_time : int, optional
            By default those of the index; a beam is never narrower than k.

        Returns
        -------
        scores : float32 array (q, k), exact, best first
        ids : int64 array (q, k); -1, with score -inf, where there are less than k

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, or k, beam or at_a_time is less than 1.
        StoreError
            If the file turns out to be damaged.
        """
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        width = max(whole("beam", self.beam if beam is None else beam), k)
        at_a_time = whole("at_a_time", self.at_a_time if at_a_time is None else at_a_time)
        scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
        self.reads = self.rounds = 0.0
        if not len(self) or not len(queries):
            return scores, ids
        walk = disk_walk.new_walk(len(self), width, k, at_a_time, self.codebooks)
        rows = aligned(at_a_time, self.words, np.float32)
        padded = aligned(len(queries), self.words, np.float32)
        padded[:, : self.dims] = queries
        with compiling_is_announced():
            for q, query in enumerate(padded):
                self._walk(walk, rows, query)
                write_out(walk.best, walk.sizes[disk_walk.BEST], scores[q], ids[q])
        self.reads, self.rounds = self.reads / len(queries), self.rounds / len(queries)
        return living(*with_equals(scores, ids, self.equals), np.zeros(len(self), bool), k)

    def _walk(self, walk: disk_walk.Walk, rows: Floats, query: Floats) -> None:
        """Search for one query (DiskANN's BeamSearch): what it finds is in ``walk.best``."""
        links = rows.view(np.int32)
        places = [memoryview(row[: self.words]).cast("B") for row in rows]
        disk_walk.begin(walk, self.entry, self.codes, self.codebooks, query)
        while count := disk_walk.choose_next(walk):
            self._fetch(walk.next[:count].tolist(), links, places)
            sizes = self.dims, self.degree
            if not disk_walk.absorb(walk, count, rows, links, *sizes, query, self.codes):
                raise StoreError(f"{str(self.path)!r} is damaged: a link leads nowhere")
            self.rounds += 1

    def _fetch(self, numbers: list[int], links: NDArray[np.int32], places: list[memoryview]) -> None:
        """Bring nodes into memory, from what is kept or from the file; all are asked for at once."""
        wanted = [i for i in numbers if i not in self.kept]
        for i in wanted[1:]:
            self._nodes.announce(i)
        for w, i in enumerate(numbers):
            if i in self.kept:
                links[w, : self.words] = self.kept[i]
            else:
                self._nodes.read(i, places[w])
        self.reads += len(wanted)
