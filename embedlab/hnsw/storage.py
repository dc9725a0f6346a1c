"""What an HNSW index holds: vectors, codes, links, deletes. How they grow, and how they are saved."""

import math
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from embedlab.hnsw import graph as hnsw
from embedlab.hnsw.checks import check_links
from embedlab.hnsw.graph import Desk, Graph, Query, Visits
from embedlab.hnsw.lock import ReadWriteLock
from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import EXCESS, aligned, compiled

LAYERS = 64  # more than draw_levels can give: a float64 below 1 is at most 1 - 2 ** -53
SETTINGS = ("dims", "m", "ef_construction", "ef_search", "codes", "seed")


class Storage(Index):
    """The arrays of an `HNSWIndex`, which also says what its settings are.

    There is room for more vectors than are held; the n-th row of each array belongs to the n-th vector.
    """

    def __init__(self, dims: int, m: int, ef_construction: int, ef_search: int, codes: str | None, seed: int):
        self.dims, self.m = whole("dims", dims), whole("m", m, least=2)
        self.ef_construction = whole("ef_construction", ef_construction)
        self.ef_search = whole("ef_search", ef_search)
        if codes not in (None, "int8"):
            raise ValueError(f"codes must be None or 'int8', but is {codes!r}")
        self.codes, self.seed = codes, whole("seed", seed, least=0)
        self._lock = ReadWriteLock()
        self._adding = Lock()  # one addition after the other: each writes behind the one before
        self.scale = 0.0  # of the codes: what one step of them stands for
        self.longest = 0.0  # of the vectors that have codes: the greatest length
        self.levels = np.zeros(0, np.int32)
        self.deleted = np.zeros(0, bool)
        self.vectors = aligned(0, self.dims, np.float32)
        rows = self.vectors if codes is None else aligned(0, self.dims, np.uint8)
        nothing = (np.zeros(shape, np.int32) for shape in ((0, 1 + 2 * self.m), (0, 1 + self.m), 0, 0))
        self.graph = Graph(rows, *nothing, at=np.array([-1, 0, 0]))

    def __len__(self) -> int:
        return int(self.graph.at[hnsw.COUNT])

    @property
    def entry(self) -> int:
        """Where every search begins; -1 for none."""
        return int(self.graph.at[hnsw.ENTRY])

    @property
    def top(self) -> int:
        """The highest layer."""
        return int(self.graph.at[hnsw.TOP])

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its numbers, its codes, its links on all layers (on average), its twin."""
        links = 4 * (2 + 2 * self.m) + 4 * (1 + self.m) * self.levels[: len(self)].sum() / max(len(self), 1)
        return (self.vectors.itemsize + (self.codes is not None)) * self.dims + links

    def vectors_of(self, ids: Ints) -> Floats:
        """Return the vectors of these ids, (len(ids), dims)."""
        return self.vectors[ids, : self.dims].astype(np.float32, copy=False)

    def links_of(self, i: int, layer: int = 0) -> Ints:
        """Return the numbers of the vectors that i is linked to on a layer."""
        if not 0 <= i < len(self) or not 0 <= layer <= self.levels[i]:
            raise ValueError(f"there is no vector {i} on layer {layer}")
        links, upper, place = self.graph.links, self.graph.upper, self.graph.place
        block = links[i] if layer == 0 else upper[place[i] + layer - 1]
        return block[1 : block[0] + 1].astype(np.int64)

    def path(self, query: Floats) -> list[tuple[int, int]]:
        """Retrace a greedy search, a beam of one: the (layer, number) of each vector that it stood on."""
        query = as_vectors(np.atleast_2d(query), self.dims)[0]
        here, steps = self.entry, []
        for layer in range(self.top, -1, -1) if len(self) else []:
            nearer = here
            while nearer >= 0:
                here = nearer
                steps.append((layer, here))
                around = self.links_of(here, layer)
                scores = self.vectors_of(around) @ query
                better = len(around) and scores.max() > self.vectors_of([here])[0] @ query
                nearer = int(around[scores.argmax()]) if better else -1
        return steps

    def state(self) -> State:
        """Return what makes the same index, by `from_state`."""
        with self._lock.reading():
            return self._state()

    def _state(self) -> State:
        n = len(self)
        tall = int(self.levels[:n].sum())
        arrays = {
            "vectors": self.vectors[:n, : self.dims],
            "links": self.graph.links[:n],
            "upper": self.graph.upper[:tall],
            "twins": self.graph.twins[:n],
            "levels": self.levels[:n],
            "deleted": self.deleted[:n].copy(),  # more may be deleted while this is written
        }
        if self.codes:  # of more exact vectors, where these are float16
            arrays["codes"] = self.graph.rows[:n]
        return arrays, {name: getattr(self, name) for name in (*SETTINGS, "scale", "longest", "entry", "top")}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "Storage":
        """Make the index from its `state`.

        Raises
        ------
        ValueError
            If a link leads nowhere: compiled code would follow it.
        """
        index = cls(**{name: about[name] for name in SETTINGS})
        check_links(arrays, about)
        index.scale, vectors = float(about["scale"]), arrays["vectors"]
        if not vectors[:, index.dims :].any():  # what `aligned` adds
            vectors = vectors[:, : index.dims]
        index._reserve(as_vectors(vectors, index.dims), levels=arrays["levels"])
        n = len(vectors)
        if "codes" in arrays:
            index.graph.rows[:n] = arrays["codes"]
            index.scale, index.longest = float(about["scale"]), float(about["longest"])
        index.graph.links[:n] = arrays["links"]
        index.graph.upper[:] = arrays["upper"]
        index.graph.twins[:n] = arrays.get("twins", index.graph.twins[:n])  # earlier versions linked them all
        index.deleted[:n] = arrays["deleted"]
        index.graph.at[:] = about["entry"], about["top"], n
        return index

    def without_codes(self) -> "Storage":
        """Return an index that walks on the vectors, through links that were chosen by codes.

        Codes are compared faster, and choose links as good: so an index of floats is built sooner.

        Examples
        --------
        >>> from embedlab.hnsw import HNSWIndex
        >>> HNSWIndex(4, codes="int8").without_codes().codes is None
        True
        """
        arrays, about = self.state()
        arrays.pop("codes", None)
        return self.from_state(arrays, {**about, "codes": None, "scale": 0.0})

    def _reserve(self, vectors: Floats, levels: NDArray | None = None) -> None:
        """Make room for more vectors, put them there, and draw the layers they stand on."""
        n, end = len(self), len(self) + len(vectors)
        if levels is None:
            # The n-th vector gets the n-th random number, however many are added at once.
            rng = np.random.Generator(np.random.PCG64(self.seed).advance(n))
            levels = draw_levels(rng.random(len(vectors)), self.m)
        self.levels = np.concatenate([self.levels[:n], levels]).astype(np.int32)
        if end > len(self.vectors):
            room = max(end, 3 * n // 2)  # grows by half, so that adding one by one copies little
            self.vectors = _grown(self.vectors[:n], room)
            rows = self.vectors if self.codes is None else _grown(self.graph.rows[:n], room)
            links = np.zeros((room, 1 + 2 * self.m), np.int32)
            links[:n] = self.graph.links[:n]
            twins = np.arange(room, dtype=np.int32)
            twins[:n] = self.graph.twins[:n]
            self.graph = self.graph._replace(rows=rows, links=links, twins=twins)
            self.deleted = np.concatenate([self.deleted[:n], np.zeros(room - n, bool)])
        kept = int(self.levels[:n].sum())
        upper = np.zeros((int(self.levels.sum()), 1 + self.m), np.int32)
        upper[:kept] = self.graph.upper[:kept]
        place = (np.cumsum(self.levels) - self.levels).astype(np.int32)
        self.graph = self.graph._replace(upper=upper, place=place)
        self.graph.links[n:end], self.graph.twins[n:end] = 0, np.arange(n, end)
        self.deleted[n:end] = False
        self.vectors[n:end, : self.dims] = vectors
        if self.codes:
            self._encode(n, end)

    def _encode(self, n: int, end: int) -> None:
        """Write the codes of the vectors n to end; of all, where the new ones need a larger scale."""
        self.longest = max(self.longest, float(np.linalg.norm(self.vectors[n:end], axis=1).max(initial=0)))
        needed = float(np.abs(self.vectors[n:end]).max(initial=0)) / 127
        if needed > self.scale:
            self.scale, n = needed, 0
        self.graph.rows[n:end] = 128
        self.graph.rows[n:end, : self.dims] = to_codes(self.vectors[n:end, : self.dims], self.scale) + 128

    def _queries(self, queries: Floats) -> Query:
        """Bring `padded` queries into the form that `kernels.dot` wants, with what to take from products."""
        if self.codes is None:
            return Query(queries, np.zeros(len(queries), np.float32))
        out, offset = aligned(len(queries), self.dims, np.int8), np.empty(len(queries), np.int32)
        codes_of_queries(queries, out, offset)
        return Query(out, offset)

    def _new_visits(self) -> Visits:
        seen, stamp = np.zeros(len(self.levels), np.uint16), np.zeros(1, np.int64)
        return Visits(seen, stamp, todo=np.empty(2 * self.m, np.int32))

    def _new_desk(self) -> Desk:
        query, row = self._queries(aligned(2, self.dims, np.float32)).numbers
        beam = np.empty(max(self.ef_construction, self.m), np.int64)
        mine, counts = np.empty((LAYERS, self.m), np.int32), np.empty(LAYERS, np.int32)
        candidates, chosen = np.empty(2 * self.m + 1, np.int64), np.empty(2 * self.m, np.int32)
        return Desk(query, beam, mine, counts, row, candidates, chosen)


def draw_levels(chances: NDArray[np.float64], m: int) -> NDArray[np.int32]:
    """Turn uniform random numbers from [0, 1) into top layers: each layer holds one in m of that below.

    ``floor(-ln(1 - u) / ln m)``, as in section 4.1 of the paper, with its choice of m_L = 1 / ln M.

    Examples
    --------
    >>> draw_levels(np.array([0, 0.5, 0.91, 0.95, 0.9995]), m=10)
    array([0, 0, 1, 1, 3], dtype=int32)
    """
    return (-np.log(1 - chances) / math.log(m)).astype(np.int32)


def to_codes(vectors: Floats, scale: NDArray | float) -> NDArray[np.int16]:
    """Round to whole steps of ``scale``, from -127 to 127; a scale of 0 is that of zeros."""
    return np.clip(np.rint(vectors / np.where(scale > 0, scale, 1)), -127, 127).astype(np.int16)


@compiled(error_model="numpy")
def codes_of_queries(queries, codes, offset):
    """Write `to_codes` of each query, with a scale of its own: it changes none of its orders."""
    for q in range(len(queries)):
        largest, total = np.float32(0), np.int32(0)
        for x in queries[q]:
            largest = max(largest, abs(x))
        scale = largest / np.float32(127)
        for j in range(queries.shape[1]):
            steps = np.rint(queries[q, j] / (scale if scale > 0 else np.float32(1)))
            codes[q, j] = min(max(steps, np.float32(-127)), np.float32(127))
            total += codes[q, j]
        offset[q] = EXCESS * total


def padded(vectors: Floats) -> Floats:
    """Copy vectors to rows made by `aligned`."""
    return _grown(vectors, len(vectors))


def _grown(rows: NDArray, room: int) -> NDArray:
    out = aligned(room, rows.shape[1], rows.dtype)
    out[: len(rows), : rows.shape[1]] = rows
    return out
