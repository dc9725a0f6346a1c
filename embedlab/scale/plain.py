"""Inverted files to read: lists in a dict, one query at a time. `ivf` and `ivf_pq` do the same, compiled.

To **add**, a vector goes to the list of its nearest centroid. To **search**, the query is compared with all
centroids, and then with the vectors of the nprobe best lists only. With codes, a list keeps of a vector
what is left of it without the centroid, the residual, in m bytes.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats
from embedlab.quantization import encode_pq, score_tables

ListsOfIds = dict[int, list[int]]


def fill_lists(vectors: Floats, centroids: Floats) -> ListsOfIds:
    """Put the number of each vector (n, d) into the list of its most similar centroid (lists, d).

    Examples
    --------
    >>> fill_lists(np.float32([[1, 0], [0, 1], [0.8, 0.6]]), np.eye(2, dtype=np.float32))
    {0: [0, 2], 1: [1]}
    """
    lists: ListsOfIds = {number: [] for number in range(len(centroids))}
    for i, vector in enumerate(vectors):
        lists[int(np.argmax(centroids @ vector))].append(i)
    return lists


def probe(query: Floats, centroids: Floats, nprobe: int) -> list[int]:
    """Return the numbers of the nprobe centroids (lists, d) most similar to the query (d,), best first.

    Examples
    --------
    >>> probe(np.float32([1, 2]), np.eye(2, dtype=np.float32), 1)
    [1]
    """
    return np.argsort(-(centroids @ query), kind="stable")[:nprobe].tolist()


def scores_by_parts(query: Floats, centroid: Floats, residual: Floats) -> tuple[float, float]:
    """Split query * (centroid + residual) into what a whole list shares, and what each vector adds.

    The second does not depend on the centroid: one set of tables scores the residuals of all lists. With
    squared distances it does, |q - c - r|² = |q - c|² - 2 q*r + (|r|² + 2 c*r): the tables have to be made
    for each list that is probed, or the last bracket be stored for each list and entry, as FAISS does
    ("precomputed tables").

    Examples
    --------
    >>> scores_by_parts(np.float32([1, 2]), np.float32([3, 0]), np.float32([0, 0.5]))
    (3.0, 1.0)
    """
    return float(query @ centroid), float(query @ residual)


def score_codes(codes: NDArray[np.uint8], tables: Floats) -> Floats:
    """Add up one entry of each table for each code: (n, m), (m, 256) -> (n,).

    Examples
    --------
    >>> score_codes(np.uint8([[0, 2], [1, 0]]), np.float32([[0, 1, 2], [10, 20, 30]]))
    array([30., 11.], dtype=float32)
    """
    found = np.zeros(len(codes), np.float32)
    for j, table in enumerate(tables):
        found += table[codes[:, j]]
    return found


class PlainIVF:
    """An inverted file of vectors: `fill_lists`, `probe`, and exact scores in what was probed.

    Parameters
    ----------
    centroids : float32 array (lists, d)
        See `train_centroids`.

    Examples
    --------
    >>> vectors = np.float32([[1, 0], [0, 1], [0.8, 0.6]])
    >>> index = PlainIVF(np.eye(2, dtype=np.float32))
    >>> index.add(vectors)
    >>> index.search(vectors[2], k=2, nprobe=1)
    [(1.0, 2), (0.8, 0)]
    """

    def __init__(self, centroids: Floats):
        self.centroids, self.vectors = centroids, np.zeros((0, centroids.shape[1]), np.float32)
        self.lists, self.count = {number: [] for number in range(len(centroids))}, 0

    def add(self, vectors: Floats) -> None:
        """Put vectors (n, d) into lists; their ids go on from those that are there."""
        lists = fill_lists(vectors, self.centroids)
        for number, ids in lists.items():
            self.lists[number] += [self.count + i for i in ids]
        self.count += len(vectors)
        self.store(vectors, lists)

    def store(self, vectors: Floats, lists: ListsOfIds) -> None:
        """Keep new vectors (n, d), which went to these lists."""
        self.vectors = np.concatenate([self.vectors, vectors])

    def scores_of(self, query: Floats, number: int) -> Floats:
        """Score the vectors of one list."""
        return self.vectors[self.lists[number]] @ query

    def search(self, query: Floats, k: int, nprobe: int) -> list[tuple[float, int]]:
        """Find the k best of the nprobe best lists: (score, id), best first, of equal ones the smaller id."""
        found = []
        for number in probe(query, self.centroids, nprobe):
            found += zip(self.scores_of(query, number).tolist(), self.lists[number], strict=True)
        best = sorted(found, key=lambda one: (-one[0], one[1]))[:k]
        return [(round(score, 6), i) for score, i in best]


class PlainIVFPQ(PlainIVF):
    """An inverted file of codes of residuals, scored by tables (IVFADC, Jégou et al. 2011, section IV.B).

    Parameters
    ----------
    centroids : float32 array (lists, d)
        Where residuals are taken from.
    codebooks : float32 array (m, 256, d/m)
        Of residuals.
    probes : float32 array (lists, d), optional
        What queries and vectors choose lists by, where it is not the centroids themselves.
    factors : float32 array (lists,), optional
        What the scores of each list are multiplied by.

    Examples
    --------
    >>> codebooks = np.float32([[[0], [-0.2]], [[0], [0.6]]])
    >>> index = PlainIVFPQ(np.eye(2, dtype=np.float32), codebooks)
    >>> index.add(np.float32([[1, 0], [0.1, 0.9], [0.8, 0.6]]))
    >>> index.codes.tolist(), index.search(np.float32([0.8, 0.6]), k=1, nprobe=1)
    ([[0, 0], [0, 0], [1, 1]], [(1.0, 2)])
    """

    def __init__(
        self,
        centroids: Floats,
        codebooks: Floats,
        probes: Floats | None = None,
        factors: Floats | None = None,
    ):
        super().__init__(centroids if probes is None else probes)
        self.taken_from, self.codebooks = centroids, codebooks
        self.factors = np.ones(len(centroids), np.float32) if factors is None else factors
        self.codes = np.zeros((0, len(codebooks)), np.uint8)

    def store(self, vectors: Floats, lists: ListsOfIds) -> None:
        """Keep the codes of the residuals of new vectors (n, d)."""
        residuals = np.empty_like(vectors)
        for number, ids in lists.items():
            residuals[ids] = vectors[ids] - self.taken_from[number]
        self.codes = np.concatenate([self.codes, encode_pq(residuals, self.codebooks)])

    def scores_of(self, query: Floats, number: int) -> Floats:
        """Score the codes of one list: what it shares, and what the tables say of each residual."""
        shared = self.taken_from[number] @ query
        added = score_codes(self.codes[self.lists[number]], score_tables(query, self.codebooks))
        return self.factors[number] * (shared + added)
