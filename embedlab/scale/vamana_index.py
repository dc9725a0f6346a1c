"""The index around the graph of Vamana: building, inserting, searching, deleting."""

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import compiling_is_announced
from embedlab.scale import vamana
from embedlab.scale.equals import equal_pairs, equals_among, first_ones, living, with_equals
from embedlab.scale.fresh import consolidate
from embedlab.scale.list_index import padded
from embedlab.scale.vamana_plain import medoid, random_links

CHUNK = 500  # vectors linked between two looks at Ctrl-C
SLACK = 1.3  # room for links while building, as in DiskANN: one pruning serves several links
SETTINGS = ("dims", "degree", "width", "alpha", "beam", "seed")


class VamanaIndex(Index):
    """Approximate search in one flat graph with long links (Subramanya et al., NeurIPS 2019).

    The first portion that is added is built in two passes, see `vamana_plain.build`; where its middle is,
    all searches start. Later ones are inserted one by one (FreshDiskANN, arXiv:2105.09613).

    Parameters
    ----------
    dims : int
    degree : int
        Most links of a vector, the paper's R; HNSW's lowest layer has 2 m.
    width : int
        Of the beam in building, the paper's L.
    alpha : float
        Of `robust_prune`, on squared distances; more than 1 keeps more and longer links.
    beam : int
        Width of the beam in searching; it can be changed.
    seed : int
        Of the first links, and of the order.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = VamanaIndex(16)
    >>> index.add(vectors)
    >>> index.search(vectors[:3], k=1)[1].ravel(), index.compared < 1000
    (array([0, 1, 2]), True)
    """

    def __init__(
        self,
        dims: int,
        degree: int = 32,
        *,
        width: int = 100,
        alpha: float = 1.2,
        beam: int = 64,
        seed: int = 0,
    ):
        self.dims, self.degree = whole("dims", dims), whole("degree", degree, least=2)
        self.width, self.beam = whole("width", width), whole("beam", beam)
        if not 1 <= alpha < np.inf:
            raise ValueError(f"alpha must be a number of at least 1, but is {alpha}")
        self.alpha, self.seed = float(alpha), whole("seed", seed, least=0)
        rows, links = np.zeros((0, dims), np.float32), np.zeros((0, 1 + degree), np.int32)
        self.graph = vamana.Graph(padded(rows), _squares(rows), links, -1)
        self.equals, self.deleted = np.zeros((0, 2), np.int64), np.zeros(0, bool)
        self.compared = 0.0  # dot products of the last search, a query on average

    def __len__(self) -> int:
        return len(self.graph.rows)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its numbers, its links, and its share of the list of equal ones."""
        return 4.0 * (self.dims + 1 + self.degree) + self.equals.nbytes / max(len(self), 1)

    def vectors_of(self, ids: Ints) -> Floats:
        """Return the vectors of these ids, (len(ids), dims)."""
        return self.graph.rows[ids, : self.dims]

    def links_of(self, i: int) -> Ints:
        """Return the numbers of the vectors that i is linked to."""
        block = self.graph.links[i]
        return block[1 : block[0] + 1].astype(np.int64)

    def add(self, vectors: Floats, *, show_progress: bool = True) -> None:
        """Append vectors (n, dims) and link them into the graph.

        Raises
        ------
        ValueError
            If the dimensions differ, or a number is NaN or infinite.
        """
        vectors = as_vectors(vectors, self.dims)
        with compiling_is_announced():
            if len(self):
                self._insert(vectors)
            elif len(vectors):
                self._build(vectors, show_progress)

    def _build(self, vectors: Floats, show_progress: bool) -> None:
        """Make the graph of the first vectors (Algorithm 3)."""
        self.equals = equal_pairs(vectors)
        # Of equal vectors only the first is linked: one that is chosen excludes the others anyway.
        linked = first_ones(self.equals, len(vectors))
        room = int(SLACK * self.degree)
        links = np.zeros((len(vectors), 1 + room), np.int32)
        rng = np.random.default_rng(self.seed)
        start = linked[random_links(len(linked), self.degree, rng)]
        links[linked, 0], links[linked[:, None], 1 + np.arange(start.shape[1])] = start.shape[1], start
        order, desk = linked[rng.permutation(len(linked))], self._desk(len(vectors), room)
        squares, entry = _squares(vectors), int(linked[medoid(vectors[linked])])
        graph = vamana.Graph(padded(vectors), squares, links, entry)
        quiet = {} if show_progress and len(vectors) > 10 * CHUNK else {"disable": True}
        with tqdm(total=2 * len(order), desc="linking", unit="vector", leave=False, **quiet) as bar:
            for alpha in (1.0, self.alpha):
                for i in range(0, len(order), CHUNK):
                    vamana.improve(graph, order[i : i + CHUNK], alpha, desk)
                    bar.update(len(order[i : i + CHUNK]))
        vamana.trim(graph, self.alpha, desk)
        self.graph = graph._replace(links=graph.links[:, : 1 + self.degree].copy())
        self.deleted = np.zeros(len(vectors), bool)
        self._connect(linked)

    def _connect(self, linked: Ints) -> None:
        """Link to those of these vectors that no walk reaches; a link that made room may be missed then."""
        for _ in range(5):
            lost = linked[~vamana.reached(self.graph)[linked]]
            if not len(lost):
                break
            vamana.connect(self.graph, lost, self._desk(len(self), self.degree))

    def _insert(self, vectors: Floats) -> None:
        """Insert vectors one by one: one pass over the new ones."""
        first, end, old = len(self), len(self) + len(vectors), self.graph
        links = np.concatenate([old.links, np.zeros((len(vectors), 1 + self.degree), np.int32)])
        together = np.concatenate([old.rows[:, : self.dims], vectors])
        squares = np.concatenate([old.squares, _squares(vectors)])
        self.graph = vamana.Graph(padded(together), squares, links, old.entry)
        self.deleted = np.concatenate([self.deleted, np.zeros(len(vectors), bool)])
        self.equals = equals_among(together, links)
        new = first_ones(self.equals, end)
        vamana.improve(self.graph, new[new >= first], self.alpha, self._desk(end, self.degree))

    def _desk(self, n: int, room: int) -> vamana.Desk:
        return vamana.new_desk(n, room, self.degree, max(self.width, self.degree))

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

    def consolidate(self) -> None:
        """Link round what is deleted, so that no walk leads over it any more, see `fresh.consolidate`.

        Ids stay, and so does the memory of what is deleted.
        """
        dead = self.deleted.copy()
        dead[self.equals[~self.deleted[self.equals[:, 1]], 0]] = False  # an equal one is left
        left = np.setdiff1d(np.flatnonzero(~dead), self.equals[:, 1])
        if not dead.any() or not len(left):
            return
        with compiling_is_announced():
            consolidate(self.graph, dead, self.alpha, self._desk(len(self), self.degree))
            if dead[self.graph.entry]:
                self.graph = self.graph._replace(entry=int(left[medoid(self.vectors_of(left))]))
            self._connect(left)

    def search(self, queries: Floats, k: int, *, beam: int | None = None) -> tuple[Floats, Ints]:
        """Find about the k best vectors of each query.

        Where so many of those found are deleted that less than k are left, the beam is doubled.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int
        beam : int, optional
            Width of the beam, by default ``index.beam``; never less than k.

        Returns
        -------
        scores : float32 array (q, k), best first
        ids : int64 array (q, k); -1, with score -inf, where less than k are left

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, or k or beam is less than 1.
        """
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        width, n = max(whole("beam", self.beam if beam is None else beam), k), len(self)
        scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
        todo, left, compared = np.arange(len(queries)) if n else (), n - int(self.deleted.sum()), 0
        while len(todo):
            found, more = self._walk(queries[todo], min(width, n))
            scores[todo], ids[todo] = living(*with_equals(*found, self.equals), self.deleted, k)
            todo, compared = todo[(ids[todo] >= 0).sum(axis=1) < min(k, left)], compared + more
            if width >= n:
                break
            width *= 2
        self.compared = compared / max(len(queries), 1)
        return scores, ids

    def _walk(self, queries: Floats, width: int) -> tuple[tuple[Floats, Ints], int]:
        """Search with a beam: all that it holds, (q, width), and how many were compared."""
        scores = np.full((len(queries), width), -np.inf, np.float32)
        found, seen = np.full(scores.shape, -1), np.zeros(len(self), np.int32)
        with compiling_is_announced():
            compared = vamana.search(self.graph, padded(queries), width, seen, scores, found)
        return (scores, found), compared

    def state(self) -> State:
        """Return what `save` writes."""
        vectors, about = self.vectors_of(slice(None)), {name: getattr(self, name) for name in SETTINGS}
        arrays = {"vectors": vectors, "links": self.graph.links, "deleted": self.deleted}
        return arrays, {**about, "entry": self.graph.entry}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "VamanaIndex":
        """Make the index from its `state`.

        Raises
        ------
        ValueError
            If a link leads nowhere: compiled code would follow it.
        """
        index = cls(**{name: about[name] for name in SETTINGS})
        vectors, links = as_vectors(arrays["vectors"], index.dims), arrays["links"].astype(np.int32)
        vamana.check_links(links, len(vectors), index.degree, about["entry"])
        if (shape := arrays["deleted"].shape) != (len(vectors),):
            raise ValueError(f"{len(vectors)} vectors, but {shape} say whether deleted")
        index.graph = vamana.Graph(padded(vectors), _squares(vectors), links, about["entry"])
        index.deleted, index.equals = arrays["deleted"].astype(bool), equals_among(vectors, links)
        return index


def _squares(vectors: Floats) -> Floats:
    return np.einsum("nd,nd->n", vectors, vectors)
