"""The index around the graph of `hnsw`: storage that grows, deletes, filters, threads, files."""

import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from embedlab.hnsw import graph as hnsw
from embedlab.hnsw.graph import Graph
from embedlab.index import Floats, Index, Ints, State, as_vectors, top_k
from embedlab.machine import aligned, compiled, compiling_is_announced, dot, number_of, pack, prefetch

CHUNK = 500  # vectors inserted between two looks at Ctrl-C


class HNSWIndex(Index):
    """Approximate search by a walk through a graph.

    Scores are inner products. For vectors of one length, as `Embedder` makes them, the largest inner product
    is the nearest; where lengths differ, recall suffers.

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
        for name, value, least in [("dims", dims, 1), ("m", m, 2), ("ef_construction", ef_construction, 1)]:
            if value < least:
                raise ValueError(f"{name} must be at least {least}, but is {value}")
        if codes not in (None, "int8"):
            raise ValueError(f"codes must be None or 'int8', but is {codes!r}")
        self.dims, self.m, self.ef_construction, self.ef_search = dims, m, ef_construction, ef_search
        self.codes, self.seed = codes, seed
        self.scale = 0.0  # of the codes; set by the first vectors added
        self.compared = 0  # dot products of the last search, a query on average
        self.levels = np.zeros(0, np.int32)
        self.deleted = np.zeros(0, bool)
        self.vectors = aligned(0, dims, np.float32)
        rows = self.vectors if codes is None else aligned(0, dims, np.uint8)
        nothing = (np.zeros(shape, np.int32) for shape in ((0, 1 + 2 * m), (0, 1 + m), 0))
        self.graph = Graph(rows, *nothing, at=np.array([-1, 0, 0]))
        self._seen: deque = deque()  # marks of visited vectors: one array for each search at the same time

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
        """Memory for one vector: its numbers, its codes, its links on all layers (on average)."""
        links = 4 * (1 + 2 * self.m) + 4 * (1 + self.m) * self.levels[: len(self)].sum() / max(len(self), 1)
        return (4.0 + (self.codes is not None)) * self.dims + links

    def add(self, vectors: Floats, *, show_progress: bool = True) -> None:
        """Append vectors (n, dims) and link them into the graph.

        Ctrl-C keeps those that are linked: ``len(index)`` says how many.
        """
        vectors = as_vectors(vectors, self.dims)
        self._reserve(vectors)
        quiet = {} if show_progress and len(vectors) > 10 * CHUNK else {"disable": True}
        bar = tqdm(total=len(vectors), desc="linking", unit="vector", leave=False, delay=1, **quiet)
        seen, stamp = np.zeros(len(self.levels), np.uint16), 0
        beam = np.empty(max(self.ef_construction, self.m), np.int64)
        query = self._queries(vectors[:1])[0][0] if len(vectors) else None
        end = len(self) + len(vectors)
        with compiling_is_announced(), bar:
            while len(self) < end:
                stop = min(len(self) + CHUNK, end)
                bar.update(stop - len(self))
                stamp = hnsw.insert(self.graph, self.levels, stop, self.m, beam, seen, stamp, query)

    def delete(self, ids: Ints) -> None:
        """Leave vectors out of all results. They stay in the graph, as stepping stones.

        Raises
        ------
        ValueError
            If there is no vector of such a number.
        """
        ids = np.atleast_1d(np.asarray(ids, np.int64))
        wrong = ids[(ids < 0) | (ids >= len(self))]
        if len(wrong):
            raise ValueError(f"there is no vector {wrong[0]}: the index holds 0 to {len(self) - 1}")
        self.deleted[ids] = True

    def search(
        self,
        queries: Floats,
        k: int,
        *,
        ef: int | None = None,
        mask: NDArray[np.bool_] | None = None,
        threads: int = 1,
    ) -> tuple[Floats, Ints]:
        """Find about the k best vectors of each query.

        Where vectors are deleted or masked, the beam is widened in proportion, so that enough of what it
        finds may be returned; where few are left, all of them are compared instead.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int
        ef : int, optional
            Width of the beam, by default ``ef_search``; never less than k.
        mask : bool array (n,), optional
            Only these may be returned.
        threads : int
            Over which the queries are shared out.

        Returns
        -------
        scores : float32 array (q, k), best first
        ids : int64 array (q, k); -1 where less than k were found

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, k, ef or threads is less than 1, or the
            mask is no bool array of one entry for each vector.
        """
        queries = as_vectors(queries, self.dims)
        ef = self.ef_search if ef is None else ef
        for name, value in [("k", k), ("ef", ef), ("threads", threads)]:
            if value < 1:
                raise ValueError(f"{name} must be at least 1, but is {value}")
        allowed = ~self.deleted[: len(self)]
        if mask is not None:
            mask = np.asarray(mask)
            if mask.shape != (len(self),) or mask.dtype != bool:
                raise ValueError(
                    f"mask must be a bool array of shape ({len(self)},), but is {mask.dtype} {mask.shape}"
                )
            allowed &= mask
        left = int(allowed.sum())
        width = min(math.ceil(max(ef, k) * len(self) / max(left, 1)), len(self))
        if left < len(self) and left <= width * self.m:
            return self._compare_all(queries, k, np.flatnonzero(allowed))
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        if len(self) and len(queries):
            parts = np.array_split(np.arange(len(queries)), min(threads, len(queries)))
            spans = [slice(part[0], part[-1] + 1) for part in parts]
            with compiling_is_announced():
                work = [(queries[s], width, allowed, scores[s], ids[s]) for s in spans]
                if len(work) == 1:
                    counts = [self._walk(*work[0])]
                else:
                    with ThreadPoolExecutor(len(work)) as pool:
                        counts = list(pool.map(lambda arguments: self._walk(*arguments), work))
            self.compared = sum(counts) / len(queries)
        return scores, ids

    def _walk(self, queries: Floats, width: int, allowed: NDArray, scores: Floats, ids: Ints) -> int:
        """Search with a beam of ``width``, write the results, return the number of comparisons."""
        try:
            seen, stamp = self._seen.pop()
        except IndexError:
            seen = ()
        if len(seen) < len(self):
            seen, stamp = np.zeros(len(self.levels), np.uint16), 0
        found = np.empty((len(queries), width), np.int64)
        prepared, offsets = self._queries(queries)
        stamp, compared = hnsw.search(self.graph, prepared, offsets, seen, stamp, found)
        self._seen.append((seen, stamp))
        floats = prepared if self.codes is None else _padded(queries)
        pick(self.vectors, floats, found, allowed, self.codes is None, scores, ids)
        return compared

    def _compare_all(self, queries: Floats, k: int, which: Ints) -> tuple[Floats, Ints]:
        scores, places = top_k(queries @ self.vectors[which, : self.dims].T, k)
        return scores, np.where(places >= 0, np.append(which, -1)[places], -1)

    def vectors_of(self, ids: Ints) -> Floats:
        """Return the vectors of these ids, (len(ids), dims)."""
        return self.vectors[ids, : self.dims]

    def links_of(self, i: int, layer: int = 0) -> Ints:
        """Return the numbers of the vectors that i is linked to on a layer."""
        if not 0 <= i < len(self) or not 0 <= layer <= self.levels[i]:
            raise ValueError(f"there is no vector {i} on layer {layer}")
        block = self.graph.links[i] if layer == 0 else self.graph.upper[self.graph.place[i] + layer - 1]
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
        """Return what `save` writes."""
        n = len(self)
        tall = int(self.levels[:n].sum())
        arrays = {
            "vectors": self.vectors[:n, : self.dims],
            "links": self.graph.links[:n],
            "upper": self.graph.upper[:tall],
            "levels": self.levels[:n],
            "deleted": self.deleted[:n],
        }
        names = ("dims", "m", "ef_construction", "ef_search", "codes", "seed", "scale", "entry", "top")
        return arrays, {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "HNSWIndex":
        """Make the index from its `state`."""
        made = {name: about[name] for name in ("m", "ef_construction", "ef_search", "codes", "seed")}
        index = cls(about["dims"], **made)
        index.scale = about["scale"]
        index._reserve(arrays["vectors"], levels=arrays["levels"])
        n = len(arrays["vectors"])
        index.graph.links[:n] = arrays["links"]
        index.graph.upper[: len(arrays["upper"])] = arrays["upper"]
        index.deleted[:n] = arrays["deleted"]
        index.graph.at[:] = about["entry"], about["top"], n
        return index

    def _reserve(self, vectors: Floats, levels: NDArray | None = None) -> None:
        """Make room for more vectors, put them there, and draw the layers they stand on."""
        n, end = len(self), len(self) + len(vectors)
        if self.codes and not self.scale and len(vectors):
            self.scale = float(np.abs(vectors).max()) / 127 or 1.0
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
            self.graph = self.graph._replace(rows=rows, links=links)
            self.deleted = np.concatenate([self.deleted[:n], np.zeros(room - n, bool)])
        tall = int(self.levels.sum())
        upper = np.zeros((tall, 1 + self.m), np.int32)
        kept = int(self.levels[:n].sum())
        upper[:kept] = self.graph.upper[:kept]
        place = (np.cumsum(self.levels) - self.levels).astype(np.int32)
        self.graph = self.graph._replace(upper=upper, place=place)
        self.graph.links[n:end] = 0
        self.deleted[n:end] = False
        self.vectors[n:end, : self.dims] = vectors
        if self.codes:
            self.graph.rows[n:end] = 128
            self.graph.rows[n:end, : self.dims] = _to_codes(vectors, self.scale) + 128

    def _queries(self, queries: Floats) -> tuple[NDArray, NDArray]:
        """Bring queries into the form that `kernels.dot` wants, with what to take from their products."""
        if self.codes is None:
            return _padded(queries), np.zeros(len(queries), np.float32)
        out = aligned(len(queries), self.dims, np.int8)
        # A scale for each query: it changes none of its orders, and uses the whole range.
        scales = np.abs(queries).max(axis=1, keepdims=True) / 127
        out[:, : self.dims] = _to_codes(queries, np.where(scales > 0, scales, 1))
        return out, (128 * out.sum(axis=1, dtype=np.int32)).astype(np.int32)


def draw_levels(chances: NDArray[np.float64], m: int) -> NDArray[np.int32]:
    """Turn uniform random numbers from [0, 1) into top layers: each layer holds one in m of that below.

    ``floor(-ln(1 - u) / ln m)``, as in section 4.1 of the paper, with its choice of m_L = 1 / ln M.

    Examples
    --------
    >>> draw_levels(np.array([0, 0.5, 0.91, 0.95, 0.9995]), m=10)
    array([0, 0, 1, 1, 3], dtype=int32)
    """
    return (-np.log(1 - chances) / math.log(m)).astype(np.int32)


def _to_codes(vectors: Floats, scale: NDArray | float) -> NDArray[np.int16]:
    return np.clip(np.rint(vectors / scale), -127, 127).astype(np.int16)


def _padded(vectors: Floats) -> Floats:
    out = aligned(*vectors.shape, np.float32)
    out[:, : vectors.shape[1]] = vectors
    return out


def _grown(rows: NDArray, room: int) -> NDArray:
    out = aligned(room, rows.shape[1], rows.dtype)
    out[: len(rows)] = rows
    return out


@compiled()
def pick(vectors, queries, found, allowed, in_order, scores, ids):
    """Keep the k best that are allowed of what was found, scored with the float vectors.

    ``found`` is in the order of the walk: exact if that was on these vectors, else nearly so. Codes of 8
    bits move a neighbour by a few places: the best 3k of the walk hold the best k.
    """
    k = scores.shape[1]
    enough = k if in_order else 3 * k
    best = np.empty(k, np.int64)
    for q in range(len(queries)):
        size = count = 0
        for j in range(found.shape[1]):
            if found[q, j] == -1 or count == enough:
                break
            if j + 2 < found.shape[1] and found[q, j + 2] != -1:
                prefetch(vectors, number_of(found[q, j + 2]))
            i = number_of(found[q, j])
            if allowed[i]:
                count += 1
                scored = pack(dot(vectors, i, queries[q]), i)
                size, _ = hnsw.place_in_beam(best, size, scored)
        for j in range(size):
            ids[q, j] = number_of(best[j])
            scores[q, j] = dot(vectors, ids[q, j], queries[q])
