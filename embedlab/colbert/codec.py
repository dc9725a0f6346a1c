"""A token vector as the number of its nearest centroid and a residual of one, two or four bits a number.

Tokens cluster: "array" in one docstring is much like "array" in another. So what is left of a vector without
its nearest centroid is small, and its numbers may be rounded (Santhanam et al. 2022, ColBERTv2, section 3.3).
That paper's other half is training: hard negatives, and a cross-encoder's scores as targets, which nothing
here does.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints, as_vectors
from embedlab.machine import compiled, compiling_is_announced
from embedlab.quantization import kmeans, squared_distances

SAMPLE = 64  # vectors a centroid to learn from


class ResidualCodec:
    """Centroids, and the few values that the numbers of a residual are rounded to.

    Parameters
    ----------
    centroids : float32 array (c, d)
    cuts : float32 array (2^bits - 1,)
        Between them lie the classes of numbers.
    values : float32 array (2^bits,)
        What stands for each class.
    """

    def __init__(self, centroids: Floats, cuts: Floats, values: Floats):
        arrays = (np.ascontiguousarray(array, np.float32) for array in (centroids, cuts, values))
        self.centroids, self.cuts, self.values = arrays  # `unpack` moves bytes
        places = np.arange(0, 8, self.bits)
        self.table = self.values[(np.arange(256)[:, None] >> places) & (2**self.bits - 1)]  # (256, 8 / bits)

    @property
    def bits(self) -> int:
        """Bits for each number."""
        return len(self.values).bit_length() - 1

    @classmethod
    def fit(cls, vectors: Floats, *, centroids: int = 1024, bits: int = 2, seed: int = 0) -> "ResidualCodec":
        """Learn centroids with `kmeans`, and classes that each hold equally many of the residuals' numbers.

        Parameters
        ----------
        vectors : float32 array (n, d)
            Like those to be encoded.
        centroids : int
            At most 65,536. Fewer vectors, fewer centroids.
        bits : {1, 2, 4}

        Raises
        ------
        ValueError
            If there are no vectors, or one of the numbers cannot be.
        """
        if bits not in (1, 2, 4):
            raise ValueError(f"bits must be 1, 2 or 4, but is {bits}")
        if not 1 <= centroids <= 65_536:
            raise ValueError(f"centroids must be between 1 and 65,536, but is {centroids}")
        vectors = as_vectors(vectors, np.shape(vectors)[-1])
        rng = np.random.default_rng(seed)
        sample = vectors[np.sort(rng.permutation(len(vectors))[: SAMPLE * centroids])]
        found = kmeans(sample, centroids, iterations=6, seed=seed)
        residuals = (sample - found[nearest(sample, found)]).ravel()
        steps = 2**bits
        cuts = np.quantile(residuals, np.arange(1, steps) / steps)
        values = np.quantile(residuals, (np.arange(steps) + 0.5) / steps)
        return cls(found, cuts.astype(np.float32), values.astype(np.float32))

    def encode(self, vectors: Floats) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Turn vectors (n, d) into the numbers of centroids (n,) and packed residuals (n, d * bits / 8)."""
        which = nearest(vectors, self.centroids)
        classes = np.searchsorted(self.cuts, vectors - self.centroids[which]).astype(np.uint8)
        spread = (
            classes[:, :, None] >> np.arange(self.bits, dtype=np.uint8)
        ) & 1  # (n, d, bits), low bit first
        return which.astype(np.uint16), np.packbits(
            spread.reshape(len(vectors), self.bits * vectors.shape[1]), axis=1, bitorder="little"
        )

    def decode(self, which: NDArray[np.uint16], packed: NDArray[np.uint8]) -> Floats:
        """Put centroid and residual together, and bring the vectors to length 1: (n, d)."""
        d, out = self.centroids.shape[1], self.room(len(which))
        with compiling_is_announced():
            unpack(self.centroids, self.table, which, packed, 0, len(which), out)
        return np.ascontiguousarray(out[:, :d])

    def room(self, n: int) -> Floats:
        """Return an array that n vectors can be unpacked into: rows as long as whole bytes stand for."""
        return np.empty((n, -(-self.centroids.shape[1] * self.bits // 8) * self.table.shape[1]), np.float32)


@compiled(fastmath=True)
def unpack(centroids, table, which, packed, start, end, out):
    """Fill ``out`` with centroid plus residual of the vectors from start to end, each of length 1.

    Row b of ``table`` holds the numbers that byte b stands for, evenly many: two are moved at once.
    """
    pairs, from_byte, d = out.view(np.int64), table.view(np.int64), centroids.shape[1]
    pairs_of_byte = from_byte.shape[1]
    for i in range(end - start):
        codes, centroid, row, total = packed[start + i], centroids[which[start + i]], out[i], np.float32(0)
        for k in range(pairs_of_byte):
            for place in range(len(codes)):
                pairs[i, place * pairs_of_byte + k] = from_byte[codes[place], k]
        for j in range(d):
            row[j] += centroid[j]
            total += row[j] * row[j]
        scale = np.float32(1) / max(np.sqrt(total), np.float32(1e-12))
        for j in range(d):
            row[j] *= scale


def nearest(vectors: Floats, centroids: Floats, rows: int = 8192) -> Ints:
    """Return the number of the centroid nearest to each vector, (n,).

    Examples
    --------
    >>> nearest(np.float32([[0, 1], [5, 5]]), np.float32([[4, 4], [0, 0]]))
    array([1, 0])
    """
    parts = [vectors[i : i + rows] for i in range(0, len(vectors), rows)]
    found = [squared_distances(part, centroids).argmin(axis=1) for part in parts]
    return np.concatenate([np.zeros(0, np.int64), *found])
