"""One bit a number with an error bound, which says itself which vectors have to be looked at again."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import aligned, compiling_is_announced
from embedlab.quantization import LearnedIndex
from embedlab.scale.list_index import padded
from embedlab.scale.rabitq_plain import as_words, bit_planes, quantize_query, sign_codes
from embedlab.scale.rabitq_scan import columns_of, estimate_all, search_codes
from embedlab.scale.rotation import random_rotation

OPTIONS = ("bits_of_query", "keep", "epsilon", "seed")
EXTRA = 16  # bytes of a code beside the signs: four numbers


class RaBitQuantizer:
    """Encode vectors (n, d) as signs of what is left of them without a centroid, rotated to D dimensions.

    D is the next multiple of 64: the rotation also spreads the zeros that fill up. A code is a row of 64-bit
    words: D/64 of signs, then four float32 numbers: scale and error of `sign_codes`, what the vector's
    residual says to the centroid, and the number of ones.

    Parameters
    ----------
    centroid : float32 array (d,)
    matrix : float32 array (D, d)
        The first d columns of a rotation.
    """

    def __init__(self, centroid: Floats, matrix: Floats):
        self.centroid, self.matrix = centroid, matrix

    @classmethod
    def fit(cls, vectors: Floats, *, seed: int = 0) -> "RaBitQuantizer":
        """Take the mean of vectors (n, d), and draw a rotation."""
        matrix = random_rotation(_filled_up(vectors.shape[1]), seed=seed)
        return cls(vectors.mean(axis=0), np.ascontiguousarray(matrix[:, : vectors.shape[1]]))

    def encode(self, vectors: Floats, centroids: Floats | None = None) -> NDArray[np.uint64]:
        """Encode vectors (n, d): (n, D/64 + 2), each column in one piece, as it is scanned.

        With ``centroids`` (n, d), one for each vector, the query will be rounded as it is. The third number
        then holds what a code misses along its centroid: signs have to tell apart only query - centroid.
        """
        # Vectors may come to lists one by one: float64 keeps their codes from depending on how many come.
        own = self.centroid if centroids is None else centroids.astype(float)
        residuals = vectors - own
        rotated = residuals @ self.matrix.T
        signs, scales, errors = sign_codes(rotated)
        if centroids is None:
            shared = residuals @ own
        else:
            missed = rotated - scales[:, None] * np.where(signs, 1, -1)
            shared = (missed * (own @ self.matrix.T)).sum(axis=1)
        numbers = np.stack([scales, shared, errors, signs.sum(axis=1)], axis=1)
        return np.asfortranarray(np.hstack([as_words(signs), numbers.astype(np.float32).view(np.uint64)]))

    def encode_queries(self, queries: Floats, bits: int) -> tuple[NDArray[np.uint64], Floats]:
        """Make bits of queries (q, d), (q, D/64, 4 or 8), and tell the five numbers of each, (q, 5).

        These are the least number of the rotated residual, its step, its sum, the inner product with the
        centroid, and the length.
        """
        residuals = queries - self.centroid
        levels, lows, steps = quantize_query(residuals @ self.matrix.T, bits)
        sums = levels.sum(axis=1, dtype=np.float32) * steps + levels.shape[1] * lows
        lengths = np.linalg.norm(residuals, axis=1)
        about = np.stack([lows, steps, sums, queries @ self.centroid, lengths], axis=1)
        planes = bit_planes(levels, 4 if bits <= 4 else 8)
        return np.ascontiguousarray(planes.transpose(0, 2, 1)), about.astype(np.float32)


class _Codes(LearnedIndex):
    """The codes of an index, and what they are made by."""

    ENOUGH = 1000  # vectors: their mean is nearly that of all

    def __init__(self, dims: int, seed: int, quantizer: RaBitQuantizer | None = None):
        super().__init__(dims, np.zeros((0, words_of(dims)), np.uint64), quantizer)
        self.seed = seed

    def _learned_from(self, vectors: Floats) -> RaBitQuantizer:
        return RaBitQuantizer.fit(vectors, seed=self.seed)


def check_options(dims: int, bits_of_query: int, epsilon: float) -> None:
    """Raise ValueError or TypeError where RaBitQ cannot work with these."""
    whole("dims", dims, least=2)
    if whole("bits_of_query", bits_of_query) > 8:
        raise ValueError(f"bits_of_query must be at most 8, but is {bits_of_query}")
    if not 0 <= epsilon < np.inf:
        raise ValueError(f"epsilon must be at least 0 and finite, but is {epsilon}")


class RaBitQIndex(Index):
    """Signs that know how wrong they are (RaBitQ, Gao & Long 2024): D/8 + 16 bytes a vector.

    The query is rounded to a few bits, and compared with the signs by AND and population count. Where
    vectors are kept as well, the k that look best are scored exactly, and then each whose estimate plus error
    bound reaches the k-th best so far: nobody has to choose the length of a shortlist.

    Parameters
    ----------
    dims : int
        At least 2; filled up to D, a multiple of 64.
    bits_of_query : int
        1 to 8; the paper's 4 lose next to nothing.
    keep : bool
        Keep the vectors, and rescore.
    epsilon : float
        What the error bound is multiplied by. With the paper's 1.9, and a query of 4 bits, about 1 in 33 of
        all vectors is better than its bound says; few of these belong to the result. It can be changed at
        any time.
    seed : int
        Of the rotation.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 64)).astype(np.float32)
    >>> index = RaBitQIndex(64, keep=True)
    >>> index.add(vectors)
    >>> index.search(vectors[:3], k=1)[1].ravel()
    array([0, 1, 2])
    """

    def __init__(
        self,
        dims: int,
        *,
        bits_of_query: int = 4,
        keep: bool = False,
        epsilon: float = 1.9,
        seed: int = 0,
    ):
        check_options(dims, bits_of_query, epsilon)
        self.dims, self.bits_of_query = dims, bits_of_query
        self.keep, self.epsilon, self.seed = keep, epsilon, seed
        self._coded, self._kept = _Codes(dims, seed), padded(np.zeros((0, dims), np.float32))
        self.rescored = 0.0  # vectors that the last search scored exactly, for each query

    def __len__(self) -> int:
        return len(self._coded)

    @property
    def codes(self) -> NDArray[np.uint64]:
        """The codes of all vectors, (n, D/64 + 2)."""
        return self._coded.codes

    @property
    def quantizer(self) -> RaBitQuantizer | None:
        """What encodes; None before the first vector."""
        return self._coded.quantizer

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: code, what is kept for rescoring, its share of centroid and rotation."""
        own = self.codes.shape[1] * 8 + self._kept.shape[1] * 4 * self.keep
        learned = [self.quantizer.centroid, self.quantizer.matrix] if len(self) else []
        return float(own + sum(part.nbytes for part in learned) / max(len(self), 1))

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims); the first 1,000, or more that come at once, say where their centre is."""
        vectors = as_vectors(vectors, self.dims)
        self._coded.add(vectors)
        if self.keep:
            old, self._kept = self._kept, aligned(len(self), self.dims, np.float32)
            self._kept[: len(old)], self._kept[len(old) :, : self.dims] = old, vectors

    def estimates(self, queries: Floats) -> Floats:
        """Estimate inner products of queries (q, dims) with all vectors: (q, n)."""
        found = np.empty((len(queries), len(self)), np.float32)
        if len(self):
            with compiling_is_announced():
                estimate_all(*columns_of(self.codes), *self._asked(queries), found)
        return found

    def _asked(self, queries: Floats) -> tuple[NDArray, Floats]:
        return self.quantizer.encode_queries(as_vectors(queries, self.dims), self.bits_of_query)

    def error_bounds(self, queries: Floats) -> Floats:
        """Say how far off the `estimates` of queries (q, dims) may be: (q, n)."""
        if not len(self):
            return np.empty((len(queries), 0), np.float32)
        lengths = self._asked(queries)[1][:, 4]
        return np.float32(self.epsilon) * lengths[:, None] * columns_of(self.codes)[1][-1, ::2]

    def search(self, queries: Floats, k: int, *, shortlist: int | None = None) -> tuple[Floats, Ints]:
        """Find the k best of each query: as `Index.search`, by estimates, or exact scores of kept vectors.

        With a ``shortlist``, so many of the best estimates are scored exactly, whatever the bound says.
        """
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
        if not len(self):
            return scores, ids
        one_list = np.array([0, len(self)]), np.arange(len(self), dtype=np.int32)
        similar = np.zeros((len(queries), 1), np.float32)
        scanned = similar, 1, *one_list, *columns_of(self.codes), *self._asked(queries)
        kept = (self._kept, padded(queries)) if self.keep else None
        bounds = np.float32(self.epsilon), np.zeros(1, np.float32)
        _, again = search_codes(scanned, kept, bounds, shortlist, scores, ids)
        self.rescored = again / max(len(queries), 1)
        return scores, ids

    def state(self) -> State:
        """Return what `save` writes."""
        arrays = {"codes": np.ascontiguousarray(self.codes), **self._coded._floats_to_save()}
        if self.quantizer:
            arrays |= {"centroid": self.quantizer.centroid, "matrix": self.quantizer.matrix}
        arrays |= {"kept": self._kept[:, : self.dims]} if self.keep else {}
        return arrays, {name: getattr(self, name) for name in ("dims", *OPTIONS)}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "RaBitQIndex":
        """Make the index from its `state`."""
        index = cls(about["dims"], **{name: about[name] for name in OPTIONS})
        if "centroid" in arrays:
            quantizer = RaBitQuantizer(arrays["centroid"], arrays["matrix"])
            index._coded = _Codes(index.dims, index.seed, quantizer)
        if len(arrays["codes"]) and "centroid" not in arrays:
            raise ValueError("there are codes, but no centroid")
        index._coded._codes = np.asfortranarray(arrays["codes"])
        index._coded._floats = arrays.get("floats", index._coded._floats)
        if index.keep:
            index._kept = padded(as_vectors(arrays["kept"], index.dims))
        if index.keep and len(index._kept) != len(index):
            raise ValueError(f"{len(index._kept)} vectors are kept for {len(index)} codes")
        return index


def words_of(dims: int) -> int:
    """Return how many words of 8 bytes a code has."""
    return _filled_up(dims) // 64 + EXTRA // 8


def _filled_up(dims: int) -> int:
    return -(-dims // 64) * 64
