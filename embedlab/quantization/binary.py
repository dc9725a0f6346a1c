"""One bit a number: its sign. Bits are compared with bits, or with a query that stays in float32."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, State, as_vectors
from embedlab.quantization.codes import CodeIndex


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
