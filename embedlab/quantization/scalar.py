"""Fewer bits a number: 32 to 16, to 8, to 1. Each as an index that searches on the codes.

Half precision keeps the number and rounds it. Int8 divides the range of each dimension into 255 steps.
Binary keeps only the sign. In all three a query stays in float32 (it is one vector, and rounding it would
add a second error) unless you ask for the bits of both.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors

BLOCK = 8192  # codes decoded at a time: 8192 x 384 float32 are 12 MB, which a cache still holds


def encode_int8(vectors: Floats, lo: Floats, step: Floats) -> NDArray[np.int8]:
    """Round vectors (n, d) to codes (n, d): ``round((x - lo) / step) - 128``, clipped to a signed byte.

    Parameters
    ----------
    vectors : float32 array (n, d)
    lo, step : float32 array (d,)
        Lower end of each dimension's range, and the width of one of its 255 steps.

    Examples
    --------
    >>> encode_int8(np.float32([[0, 1.9], [99, -99]]), np.float32([0, 1]), np.float32([1, 0.5]))
    array([[-128, -126],
           [ -29, -128]], dtype=int8)
    """
    steps = np.rint((np.asarray(vectors, np.float32) - lo) / step)
    return (np.clip(steps, 0, 255) - 128).astype(np.int8)


def decode_int8(codes: NDArray[np.int8], lo: Floats, step: Floats) -> Floats:
    """Turn codes (n, d) back into float32 vectors (n, d), off by at most half a step within the range.

    Examples
    --------
    >>> decode_int8(np.int8([[-128, -126]]), np.float32([0, 1]), np.float32([1, 0.5]))
    array([[0., 2.]], dtype=float32)
    """
    return lo + (codes.astype(np.float32) + 128) * step


class Int8Quantizer:
    """Map each dimension's range to the 256 values of a signed byte.

    With lower and upper end ``lo`` and ``hi`` of a dimension and ``step = (hi - lo) / 255``, a number x gets
    the code ``round((x - lo) / step) - 128``. A number within the range is off by at most half a step after
    decoding; one outside is clipped to the nearest end.

    Parameters
    ----------
    lo, hi : float32 array (d,)

    Examples
    --------
    >>> quantizer = Int8Quantizer.fit([[0, -1], [1, 1], [0.4, 0.5]])
    >>> quantizer.encode([[0, 1], [0.5, 5]])
    array([[-128,  127],
           [  -1,  127]], dtype=int8)
    >>> quantizer.decode(quantizer.encode([[0.5, 0]])).round(3)
    array([[ 0.498, -0.004]], dtype=float32)
    """

    def __init__(self, lo: Floats, hi: Floats):
        self.lo = np.asarray(lo, np.float32)
        # A dimension that never changes has no range; any step will do, since its code is always the lowest.
        span = np.asarray(hi, np.float32) - self.lo
        self.step = np.where(span > 0, span / np.float32(255), np.float32(1)).astype(np.float32)

    @classmethod
    def fit(cls, vectors: Floats, *, percentile: float = 100.0) -> "Int8Quantizer":
        """Measure the range of each dimension.

        Parameters
        ----------
        vectors : float32 array (n, d)
        percentile : float
            100 takes the minimum and the maximum, so nothing is clipped. 99 leaves out the most extreme half
            per cent on either side: they are clipped, and all others get finer steps. Worth it where a few
            outliers stretch the range.

        Raises
        ------
        ValueError
            If there are no vectors, or ``percentile`` is not above 50 and at most 100.
        """
        vectors = np.asarray(vectors, np.float32)
        if vectors.ndim != 2 or not len(vectors):
            raise ValueError(
                f"cannot measure a range from vectors of shape {vectors.shape}: give (n, d), n > 0"
            )
        if not 50 < percentile <= 100:
            raise ValueError(f"percentile must be above 50 and at most 100, but is {percentile}")
        tail = (100 - percentile) / 2
        lo, hi = np.percentile(vectors, [tail, 100 - tail], axis=0)
        return cls(lo, hi)

    def encode(self, vectors: Floats) -> NDArray[np.int8]:
        """Round vectors (n, d) to int8 codes (n, d)."""
        return encode_int8(vectors, self.lo, self.step)

    def decode(self, codes: NDArray[np.int8]) -> Floats:
        """Turn codes back into float32 vectors (n, d)."""
        return decode_int8(codes, self.lo, self.step)


def binarize(vectors: Floats) -> NDArray[np.uint8]:
    """Keep one bit a number, whether it is positive: (n, d) -> (n, d/8), d a multiple of 8.

    Examples
    --------
    >>> binarize(np.float32([[0.5, -1, 2, 3, -1, -1, -1, 0.1]]))
    array([[177]], dtype=uint8)
    >>> f"{177:08b}"
    '10110001'
    """
    vectors = np.asarray(vectors)
    if vectors.shape[1] % 8:
        raise ValueError(f"{vectors.shape[1]} dimensions do not fill bytes: cut to a multiple of 8 first")
    return np.packbits(vectors > 0, axis=1)


def hamming(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the bits in which each row of a (n, b) differs from each row of b (m, b): (n, m).

    One XOR and one population count handle 64 dimensions at once, against 64 multiplications.

    Examples
    --------
    >>> hamming(np.uint8([[0b1100]]), np.uint8([[0b1010], [0b1100]]))
    array([[2, 0]])
    """
    a, b = (_as_words(np.atleast_2d(codes)) for codes in (a, b))
    counts = [np.bitwise_count(row ^ b).sum(axis=1, dtype=np.int64) for row in a]
    return np.array(counts, np.int64).reshape(len(a), len(b))


def _as_words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """See rows of bytes as rows of 8-byte words, filled up with zeros; ^ and popcount do not mind."""
    missing = -codes.shape[1] % 8
    return np.ascontiguousarray(np.pad(codes, ((0, 0), (0, missing)))).view(np.uint64)


class CodeIndex(Index):
    """An index that keeps codes, one row a vector."""

    codes: NDArray

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for the code of one vector."""
        return float(self.codes.shape[1] * self.codes.itemsize)

    def _append(self, codes: NDArray) -> None:
        self.codes = np.concatenate([self.codes, codes])

    def _decoded(self, codes: NDArray) -> Floats:
        raise NotImplementedError

    def vectors_of(self, ids: Ints) -> Floats:
        """Return what the codes of these ids stand for, (len(ids), dims)."""
        return self._decoded(self.codes[ids])

    def scores(self, queries: Floats) -> Floats:
        """Inner products of float queries with decoded vectors, (q, n); decoded block by block."""
        found = np.empty((len(queries), len(self)), np.float32)
        for i in range(0, len(self), BLOCK):
            found[:, i : i + BLOCK] = queries @ self._decoded(self.codes[i : i + BLOCK]).T
        return found


class Float16Index(CodeIndex):
    """Half precision: 11 significant bits instead of 24, half the memory.

    Examples
    --------
    >>> index = Float16Index(2)
    >>> index.add([[1, 0], [0.6, 0.8]])
    >>> index.search([[1, 0]], k=1)[1], index.bytes_per_vector
    (array([[0]]), 4.0)
    """

    def __init__(self, dims: int):
        self.dims = dims
        self.codes = np.zeros((0, dims), np.float16)

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims); ValueError if a number exceeds 65,504, the largest of half precision."""
        vectors = as_vectors(vectors, self.dims)
        if (np.abs(vectors) > np.finfo(np.float16).max).any():
            raise ValueError(f"{np.abs(vectors).max():g} is too large for float16, which ends at 65,504")
        self._append(vectors.astype(np.float16))

    def _decoded(self, codes: NDArray) -> Floats:
        return codes.astype(np.float32)

    def state(self) -> State:
        """Return what `save` writes."""
        return {"codes": self.codes}, {"dims": self.dims}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "Float16Index":
        """Make the index from its `state`."""
        index = cls(about["dims"])
        index.codes = arrays["codes"]
        return index


class Int8Index(CodeIndex):
    """One byte a number, scaled per dimension; the first vectors added set the scale.

    Parameters
    ----------
    dims : int
    percentile : float
        See `Int8Quantizer.fit`.
    quantizer : Int8Quantizer, optional
        A scale measured beforehand, say on a large sample.

    Examples
    --------
    >>> index = Int8Index(2)
    >>> index.add([[1, 0], [0.6, 0.8]])
    >>> index.search([[1, 0]], k=1)[1], index.bytes_per_vector
    (array([[0]]), 2.0)
    """

    def __init__(self, dims: int, *, percentile: float = 100.0, quantizer: Int8Quantizer | None = None):
        self.dims, self.percentile, self.quantizer = dims, percentile, quantizer
        self.codes = np.zeros((0, dims), np.int8)

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims). Later ones beyond the range of the first are clipped."""
        vectors = as_vectors(vectors, self.dims)
        if self.quantizer is None and len(vectors):
            self.quantizer = Int8Quantizer.fit(vectors, percentile=self.percentile)
        if len(vectors):
            self._append(self.quantizer.encode(vectors))

    def _decoded(self, codes: NDArray) -> Floats:
        return self.quantizer.decode(codes) if self.quantizer else codes.astype(np.float32)

    def state(self) -> State:
        """Return what `save` writes."""
        arrays, scale = {"codes": self.codes}, self.quantizer
        if scale:
            arrays |= {"lo": scale.lo, "step": scale.step}
        return arrays, {"dims": self.dims, "percentile": self.percentile}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "Int8Index":
        """Make the index from its `state`."""
        index = cls(about["dims"], percentile=about["percentile"])
        index.codes = arrays["codes"]
        if "lo" in arrays:
            index.quantizer = Int8Quantizer(arrays["lo"], arrays["lo"])
            index.quantizer.step = arrays["step"]
        return index


class BinaryIndex(CodeIndex):
    """One bit a number.

    Parameters
    ----------
    dims : int
        A multiple of 8.
    bits_of_query : bool
        True compares bits with bits: the score is ``dims - 2 * hamming``, the inner product of the signs.
        False keeps the query in float32, and only the documents are signs: better, slower, no more memory.

    Examples
    --------
    >>> index = BinaryIndex(8)
    >>> index.add([[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, -1, -1, -1, -1]])
    >>> index.search([[1, 1, 1, 1, -1, -1, -1, 1]], k=2)
    (array([[6., 2.]], dtype=float32), array([[1, 0]]))
    """

    def __init__(self, dims: int, *, bits_of_query: bool = True):
        if dims < 1 or dims % 8:
            raise ValueError(f"dims must be a multiple of 8, but is {dims}")
        self.dims, self.bits_of_query = dims, bits_of_query
        self.codes = np.zeros((0, dims // 8), np.uint8)

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims)."""
        self._append(binarize(as_vectors(vectors, self.dims)))

    def scores(self, queries: Floats) -> Floats:
        """Inner products with the signs, of the queries' signs or of the queries: (q, n)."""
        if not self.bits_of_query:
            return super().scores(queries)
        return (self.dims - 2 * hamming(binarize(queries), self.codes)).astype(np.float32)

    def _decoded(self, codes: NDArray) -> Floats:
        return np.unpackbits(codes, axis=1).astype(np.float32) * 2 - 1

    def state(self) -> State:
        """Return what `save` writes."""
        return {"codes": self.codes}, {"dims": self.dims, "bits_of_query": self.bits_of_query}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "BinaryIndex":
        """Make the index from its `state`."""
        index = cls(about["dims"], bits_of_query=about["bits_of_query"])
        index.codes = arrays["codes"]
        return index
