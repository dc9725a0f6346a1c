"""What the indexes of this room share: they keep codes, one row a vector, and some learn how to encode."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, as_vectors

BLOCK = 8192  # codes decoded at a time: 8192 x 384 float32 are 12 MB, which a cache still holds


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


class LearnedIndex(CodeIndex):
    """A `CodeIndex` whose quantizer is learned from the vectors that are added.

    A few vectors teach little: a range measured on one of them is a point. So the first are also kept as
    floats, and the quantizer is learned from all of them whenever a search asks for codes; with the vector
    that makes them `ENOUGH` it is learned for good, and the floats go. An index that is filled bit by bit is
    therefore, up to `ENOUGH` vectors, the same as one that is filled at once.
    """

    ENOUGH: int

    def __init__(self, dims: int, codes: NDArray, quantizer=None):
        self.dims, self._codes, self._quantizer = dims, codes, quantizer
        self._floats = np.zeros((0, dims), np.float32) if quantizer is None else None

    def _learned_from(self, vectors: Floats):
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._codes if self._floats is None else self._floats)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for the code of one vector."""
        return float(self._codes.shape[1] * self._codes.itemsize)

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims)."""
        vectors = as_vectors(vectors, self.dims)
        if self._floats is None:
            self._codes = np.concatenate([self._codes, self._quantizer.encode(vectors)])
            return
        self._floats = np.concatenate([self._floats, vectors])
        if len(self) >= self.ENOUGH:
            self._learn()
            self._floats = None

    def _learn(self) -> None:
        """Bring quantizer and codes up to the vectors that are kept as floats."""
        if self._floats is not None and len(self._codes) < len(self._floats):
            self._quantizer = self._learned_from(self._floats)
            self._codes = self._quantizer.encode(self._floats)

    @property
    def codes(self) -> NDArray:
        """The codes of all vectors."""
        self._learn()
        return self._codes

    @property
    def quantizer(self):
        """What encodes and decodes; None before the first vector, unless it was given."""
        self._learn()
        return self._quantizer

    def _floats_to_save(self) -> dict[str, NDArray]:
        return {} if self._floats is None else {"floats": self._floats}
