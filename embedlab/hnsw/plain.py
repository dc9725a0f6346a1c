"""HNSW to read: the algorithms of Malkov & Yashunin (arXiv:1603.09320) with heaps, sets and dicts.

`graph` does the same, compiled. Here a layer is a dict from a vector's number to the list of its neighbours,
and a candidate is a pair (distance, number). The distance is minus the inner product: small is near.
"""

from heapq import heapify, heappop, heappush, heappushpop

import numpy as np
from numpy.typing import NDArray

from embedlab.hnsw.storage import draw_levels
from embedlab.index import Floats, Ints

Layer = dict[int, list[int]]
Candidate = tuple[float, int]  # distance, number


def search_layer(
    query: Floats, entries: list[int], ef: int, vectors: Floats, layer: Layer
) -> tuple[list[Candidate], set[int]]:
    """Find about the ef nearest on one layer (Algorithm 2, SEARCH-LAYER).

    Parameters
    ----------
    query : float32 array (d,)
    entries : list of numbers on this layer, where to start
    ef : int
        How many of the best to keep: the width of the beam.
    vectors : float32 array (n, d)
    layer : {number: numbers of its neighbours}

    Returns
    -------
    list of (distance, number), nearest first, at most ef
    set of the numbers that were compared with the query

    Examples
    --------
    >>> vectors = np.float32([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]])
    >>> chain = {0: [1], 1: [0, 2], 2: [1, 3], 3: [2]}
    >>> found, seen = search_layer(vectors[3], [0], 1, vectors, chain)
    >>> found, sorted(seen)
    ([(-1.0, 3)], [0, 1, 2, 3])
    """
    seen = set(entries)
    # The paper's C: what is still to be expanded, the nearest on top.
    todo = sorted((-float(vectors[i] @ query), i) for i in seen)
    # The paper's W: the best found, as (similarity, number), so that the farthest is on top.
    beam = [(-distance, i) for distance, i in todo[:ef]]
    heapify(beam)
    while todo:
        distance, i = heappop(todo)
        if distance > -beam[0][0]:  # the nearest of them is farther than all of the beam
            break
        fresh = [j for j in layer[i] if j not in seen]
        seen.update(fresh)
        for j, similarity in zip(fresh, (vectors[fresh] @ query).tolist(), strict=True):
            if len(beam) < ef or similarity > beam[0][0]:
                heappush(todo, (-similarity, j))
                (heappush if len(beam) < ef else heappushpop)(beam, (similarity, j))
    return sorted((-similarity, i) for similarity, i in beam), seen


def select_neighbours(
    candidates: list[Candidate], m: int, vectors: Floats, keep_pruned: bool = False
) -> list[int]:
    """Choose up to m neighbours that lie in different directions (Algorithm 4, SELECT-NEIGHBORS-HEURISTIC).

    Nearest first, a candidate is passed over if it is nearer to one already chosen than to the vector whose
    neighbours are chosen: through that one it can be reached. The paper has two options. ``keep_pruned``
    (keepPrunedConnections) fills up with the nearest of those passed over. extendCandidates first adds the
    candidates' own neighbours; the paper means it for extremely clustered data. hnswlib has neither, and
    keeps all candidates where they are fewer than m.

    Parameters
    ----------
    candidates : list of (distance to the vector, number)
    m : int
    vectors : float32 array (n, d)
    keep_pruned : bool

    Examples
    --------
    >>> vectors = np.float32([[1, 0], [0.96, 0.28], [0.936, 0.352], [0.8, -0.6]])
    >>> candidates = [(-float(vectors[0] @ vectors[i]), i) for i in (1, 2, 3)]
    >>> select_neighbours(candidates, 2, vectors), select_neighbours(candidates, 3, vectors, True)
    ([1, 3], [1, 3, 2])
    """
    chosen: list[int] = []
    pruned: list[int] = []
    for distance, i in sorted(candidates):
        if len(chosen) == m:
            break
        reached = any(-float(vectors[i] @ vectors[j]) < distance for j in chosen)
        (pruned if reached else chosen).append(i)
    return (chosen + pruned)[:m] if keep_pruned else chosen


class PlainHNSW:
    """The index made of the two: `add` is Algorithm 1 (INSERT), `search` Algorithm 5 (K-NN-SEARCH).

    Parameters
    ----------
    dims, m, ef_construction, ef_search, seed
        As in `HNSWIndex`.
    search_layer, select_neighbours : functions
        The two that the index is made of; by default those above.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = PlainHNSW(8, m=4, ef_construction=20)
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
        seed: int = 0,
        search_layer=search_layer,
        select_neighbours=select_neighbours,
    ):
        self.dims, self.m, self.seed = dims, m, seed
        self.ef_construction, self.ef_search = ef_construction, ef_search
        self.search_layer, self.select_neighbours = search_layer, select_neighbours
        self.vectors = np.zeros((0, dims), np.float32)
        self.layers: list[Layer] = []
        self.entry = -1  # where every search begins
        self.compared = 0.0  # dot products of the last search, a query on average

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def bytes_per_vector(self) -> float:
        """What numbers and links would take as float32 and int32; Python's own lists take far more."""
        links = sum(len(links) for layer in self.layers for links in layer.values())
        return 4.0 * self.dims + 4.0 * links / max(len(self), 1)

    def add(self, vectors: Floats, levels: NDArray[np.int32] | None = None) -> None:
        """Append vectors (n, dims), each with the top layer it stands on, by default drawn by lot."""
        first = len(self)
        self.vectors = np.concatenate([self.vectors, np.asarray(vectors, np.float32)])
        if levels is None:
            chances = np.random.default_rng(self.seed).random(len(self))[first:]
            levels = draw_levels(chances, self.m)
        for i, level in enumerate(levels.tolist(), first):
            self._insert(i, level)

    def _insert(self, i: int, level: int) -> None:
        """Insert vector i, whose top layer is ``level`` (Algorithm 1)."""
        query, top, entries = self.vectors[i], len(self.layers) - 1, [self.entry]
        for height in range(top, level, -1):  # above its own layers: greedily, with a beam of one
            found, _ = self.search_layer(query, entries, 1, self.vectors, self.layers[height])
            entries = [j for _, j in found]
        for height in range(min(level, top), -1, -1):
            layer = self.layers[height]
            most = self.m if height else 2 * self.m  # Mmax, and Mmax0 on the ground
            found, _ = self.search_layer(query, entries, self.ef_construction, self.vectors, layer)
            entries = [j for _, j in found]
            layer[i] = self.select_neighbours(found, self.m, self.vectors)
            for j in layer[i]:
                layer[j].append(i)  # links go both ways, until one side has too many
                if len(layer[j]) > most:
                    distances = (-self.vectors[layer[j]] @ self.vectors[j]).tolist()
                    candidates = list(zip(distances, layer[j], strict=True))
                    layer[j] = self.select_neighbours(candidates, most, self.vectors)
        if level > top:
            self.layers += [{i: []} for _ in range(level - top)]
            self.entry = i

    def search(self, queries: Floats, k: int, *, ef: int | None = None) -> tuple[Floats, Ints]:
        """Find about the k nearest of each query, (q, dims): scores and ids (q, k), best first (Algorithm 5).

        ef is not widened to k: where it is less, the rest has score -inf and id -1.
        """
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids, compared = np.full((len(queries), k), -1), 0
        for q, query in enumerate(queries):
            entries = [self.entry]
            for height in range(len(self.layers) - 1, -1, -1):
                width = 1 if height else ef or self.ef_search
                found, seen = self.search_layer(query, entries, width, self.vectors, self.layers[height])
                entries, compared = [j for _, j in found], compared + len(seen) - 1
            for place, (distance, i) in enumerate(found[:k]):
                scores[q, place], ids[q, place] = -distance, i
        self.compared = compared / max(len(queries), 1) + 1
        return scores, ids
