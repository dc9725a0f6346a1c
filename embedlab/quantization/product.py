"""Product quantization: a vector as a few bytes, each the number of a typical piece (Jégou et al. 2011)."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, State
from embedlab.quantization.codes import LearnedIndex

SAMPLE = 256 * 64  # k-means sees at most so many vectors: 64 for each centroid give the same codebooks


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Squared Euclidean distances (n, m) of rows a (n, d) and b (m, d), as |a|² - 2ab + |b|²."""
    return (a * a).sum(axis=1)[:, None] - 2 * a @ b.T + (b * b).sum(axis=1)


def kmeans(vectors: Floats, k: int, *, iterations: int = 15, seed: int = 0) -> Floats:
    """Find k centroids (Lloyd 1982): assign each vector to its nearest, move that to their mean, repeat.

    A centroid that loses all its vectors takes over one of those that lie farthest from theirs.

    Parameters
    ----------
    vectors : float32 array (n, d)
    k : int
        Where there are fewer vectors than k, there are as many centroids as vectors.

    Returns
    -------
    float32 array (min(k, n), d)

    Raises
    ------
    ValueError
        If there are no vectors, or k is less than 1.

    Examples
    --------
    >>> kmeans(np.float32([[0], [1], [10], [11]]), 2)
    array([[ 0.5],
           [10.5]], dtype=float32)
    """
    if k < 1 or not len(vectors):
        raise ValueError(f"k-means needs vectors and k of at least 1, but got {len(vectors)} and k={k}")
    vectors = np.asarray(vectors, np.float32)
    rng = np.random.default_rng(seed)
    centroids = vectors[np.sort(rng.permutation(len(vectors))[:k])].copy()
    for _ in range(iterations):
        distances = squared_distances(vectors, centroids)
        nearest = distances.argmin(axis=1)
        counts = np.bincount(nearest, minlength=len(centroids))
        order = np.argsort(nearest, kind="stable")  # vectors of one centroid stand together
        filled = np.flatnonzero(counts)
        starts = np.concatenate([[0], np.cumsum(counts[filled])[:-1]])
        sums = np.add.reduceat(vectors[order], starts, axis=0)
        centroids[filled] = sums / counts[filled, None]
        empty = np.flatnonzero(counts == 0)
        if len(empty):
            lonely = np.argsort(-distances.min(axis=1))[: len(empty)]
            centroids[empty] = vectors[lonely]
    return centroids


class ProductQuantizer:
    """Cut a vector into m pieces, and replace each by the nearest of 256 centroids of that piece.

    m bytes then stand for 256^m different vectors, from only 256 * d stored numbers.

    Parameters
    ----------
    centroids : float32 array (m, 256, d/m)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> vectors = rng.normal(size=(1000, 16)).astype(np.float32)
    >>> quantizer = ProductQuantizer.fit(vectors, m=4)
    >>> quantizer.encode(vectors).shape, quantizer.decode(quantizer.encode(vectors)).shape
    ((1000, 4), (1000, 16))
    """

    def __init__(self, centroids: Floats):
        self.centroids = centroids

    @classmethod
    def fit(cls, vectors: Floats, m: int, *, seed: int = 0) -> "ProductQuantizer":
        """Learn the centroids of every piece with `kmeans`.

        Parameters
        ----------
        vectors : float32 array (n, d)
            Like those to be encoded; beyond 16,384 a sample is taken.
        m : int
            Pieces, and bytes of a code; it must divide d.

        Raises
        ------
        ValueError
            If there are no vectors, or m does not divide d.
        """
        n, d = vectors.shape
        if m < 1 or d % m:
            raise ValueError(f"{d} dimensions cannot be cut into {m} equal pieces")
        if n > SAMPLE:
            vectors = vectors[np.random.default_rng(seed).permutation(n)[:SAMPLE]]
        found = [kmeans(piece, 256, seed=seed) for piece in _pieces(vectors, m)]
        return cls(np.stack(found))

    def encode(self, vectors: Floats) -> NDArray[np.uint8]:
        """Find the nearest centroid of each piece: (n, d) -> (n, m)."""
        m = len(self.centroids)
        codes = np.empty((len(vectors), m), np.uint8)
        for j, piece in enumerate(_pieces(np.asarray(vectors, np.float32), m)):
            codes[:, j] = squared_distances(piece, self.centroids[j]).argmin(axis=1)
        return codes

    def decode(self, codes: NDArray[np.uint8]) -> Floats:
        """Put the centroids of a code side by side: (n, m) -> (n, d)."""
        m, _, size = self.centroids.shape
        return self.centroids[np.arange(m), codes].reshape(len(codes), m * size)

    def tables(self, queries: Floats) -> Floats:
        """Score all centroids of every piece for each query, in advance: (q, d) -> (q, m, 256).

        The inner product of a query with a decoded vector is a sum over pieces, so m look-ups replace d
        multiplications ("asymmetric", Jégou et al. 2011, section III.A: the query itself is not rounded).
        """
        pieces = np.stack(_pieces(queries, len(self.centroids)))  # (m, q, d/m)
        return (pieces @ self.centroids.transpose(0, 2, 1)).transpose(1, 0, 2)


def look_up(tables: Floats, codes: NDArray[np.uint8]) -> Floats:
    """Score codes by adding up one table entry for each piece: (q, m, 256), (n, m) -> (q, n).

    Examples
    --------
    >>> tables = np.float32([[[0, 1, 2], [10, 20, 30]]])  # one query, two pieces of three centroids
    >>> look_up(tables, np.uint8([[0, 0], [2, 1]]))
    array([[10., 22.]], dtype=float32)
    """
    found = np.zeros((len(tables), len(codes)), np.float32)
    for i, table in enumerate(tables):
        for j, entries in enumerate(table):
            found[i] += entries[codes[:, j]]
    return found


def _pieces(vectors: Floats, m: int) -> list[Floats]:
    return np.split(vectors, m, axis=1)


class PQIndex(LearnedIndex):
    """An index of product-quantized vectors; the first 9,984 train the codebooks.

    See `LearnedIndex` for the time before.

    Parameters
    ----------
    dims : int
    m : int
        Bytes a vector; it must divide ``dims``.
    seed : int
    quantizer : ProductQuantizer, optional
        Trained beforehand.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> index = PQIndex(16, m=4)
    >>> index.add(vectors)
    >>> len(index), index.bytes_per_vector  # a code of 4 bytes, and 16 of the codebooks' 16,384
    (1000, 20.384)
    """

    ENOUGH = 39 * 256  # vectors: faiss warns where it has fewer than 39 for each centroid

    def __init__(self, dims: int, m: int, *, seed: int = 0, quantizer: ProductQuantizer | None = None):
        if m < 1 or dims % m:
            raise ValueError(f"{dims} dimensions cannot be cut into {m} equal pieces")
        super().__init__(dims, np.zeros((0, m), np.uint8), quantizer)
        self.m, self.seed = m, seed

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its code, and its share of the codebooks."""
        shared = self.quantizer.centroids.nbytes if len(self) else 0
        return super().bytes_per_vector + shared / max(len(self), 1)

    def _learned_from(self, vectors: Floats) -> ProductQuantizer:
        return ProductQuantizer.fit(vectors, self.m, seed=self.seed)

    def scores(self, queries: Floats) -> Floats:
        """Sum up the tables' entries along the codes: (q, n)."""
        if not len(self):
            return np.zeros((len(queries), 0), np.float32)
        return look_up(self.quantizer.tables(queries), self.codes)

    def _decoded(self, codes: NDArray) -> Floats:
        return self.quantizer.decode(codes)

    def state(self) -> State:
        """Return what `save` writes."""
        arrays = {"codes": self.codes, **self._floats_to_save()}
        if self.quantizer:
            arrays["centroids"] = self.quantizer.centroids
        return arrays, {"dims": self.dims, "m": self.m, "seed": self.seed}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "PQIndex":
        """Make the index from its `state`."""
        quantizer = ProductQuantizer(arrays["centroids"]) if "centroids" in arrays else None
        if quantizer is None and len(arrays["codes"]):
            raise ValueError("there are codes, but no centroids")
        index = cls(about["dims"], about["m"], seed=about["seed"], quantizer=quantizer)
        index._codes, index._floats = arrays["codes"], arrays.get("floats", index._floats)
        return index
