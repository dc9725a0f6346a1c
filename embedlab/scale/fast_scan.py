"""Product quantization with tables that fit a register (André et al. 2015 and 2017; FAISS's "fast scan").

With 4 bits a piece a table has 16 entries, and rounded to a byte each it is one register: the processor looks
up 16 codes in one instruction (see `shuffle`), where a table of 256 floats is read from the cache entry by
entry. Twice as many pieces make up for the smaller tables: the bytes of a code are the same.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import compiling_is_announced
from embedlab.quantization import ProductQuantizer
from embedlab.scale.anisotropic import encode_anisotropic, fit_anisotropic
from embedlab.scale.shuffle import scan_blocks

ENTRIES, BLOCK = 16, 32
MOST = 65535 // 255  # pieces whose bytes add up to 16 bits
ENOUGH = 39 * 256  # vectors that codebooks are learned from, as `PQIndex` does
SAMPLE = 16_384


def pack_blocks(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay codes (n, m), each less than 16, out by blocks of 32 vectors: (blocks, m, 16); zeros fill up.

    Byte i of a piece holds vector i of the block in its lower half, and vector 16 + i in its upper.

    Examples
    --------
    >>> packed = pack_blocks(np.uint8([[1, 2]] * 16 + [[3, 4]]))
    >>> packed.shape, [hex(byte) for byte in packed[0, :, 0]]
    ((1, 2, 16), ['0x31', '0x42'])
    """
    n, m = codes.shape
    filled = np.zeros((-(-n // BLOCK) * BLOCK, m), np.uint8)
    filled[:n] = codes
    halves = filled.reshape(-1, 2, BLOCK // 2, m)
    return np.ascontiguousarray((halves[:, 0] | halves[:, 1] << 4).transpose(0, 2, 1))


def unpack_blocks(packed: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """Undo `pack_blocks` for the first n vectors: (n, m).

    Examples
    --------
    >>> unpack_blocks(pack_blocks(np.uint8([[1, 2], [3, 4]])), 2)
    array([[1, 2],
           [3, 4]], dtype=uint8)
    """
    halves = np.stack([packed & 15, packed >> 4], axis=1)  # (blocks, 2, m, 16)
    return halves.transpose(0, 1, 3, 2).reshape(-1, packed.shape[1])[:n].copy()


def round_tables(tables: Floats) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """Round tables (q, m, 16) to bytes: a score is nearly ``low + step * sum of bytes``.

    Each piece counts from its own least entry; the step is one for all, or bytes could not be added up. It is
    the widest range / 255, an entry is off by half of it at most, a score by m / 2 steps, and typically by
    √(m / 12).

    Returns
    -------
    rounded : uint8 array (q, m, 16)
    lows, steps : float32 arrays (q,)

    Examples
    --------
    >>> rounded, lows, steps = round_tables(np.float32([[np.arange(16), np.arange(16) / 2 - 5]]))
    >>> rounded[0, :, [0, 1, 15]].tolist(), lows.tolist()
    ([[0, 0], [17, 8], [255, 128]], [-5.0])
    """
    tables = np.ascontiguousarray(tables)
    least = tables.min(axis=2, keepdims=True)
    ranges = (tables - least).max(axis=(1, 2), initial=0)
    steps = np.where(ranges > 0, ranges / np.float32(255), np.float32(1))
    rounded = np.rint((tables - least) / steps[:, None, None])
    return rounded.astype(np.uint8), least.sum(axis=(1, 2)), steps


class PQFastScanIndex(Index):
    """Product quantization in 4 bits a piece, scanned by blocks of 32: m / 2 bytes a vector.

    Scores are those of `PQIndex` with 16 entries a table, but for the rounding of `round_tables`.

    Parameters
    ----------
    dims : int
    m : int
        Pieces, even and at most 256; it must divide ``dims``.
    weight : float
        1 for the nearest entries; more for codes whose errors point across, see `parallel_weight`.
    seed : int

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> index = PQFastScanIndex(16, m=8)
    >>> index.add(vectors)
    >>> index.packed.shape, index.packed.nbytes  # 1,024 codes of 4 bytes: the last block is filled up
    ((32, 8, 16), 4096)
    """

    def __init__(self, dims: int, m: int, *, weight: float = 1.0, seed: int = 0):
        whole("dims", dims)
        if m < 1 or dims % m or m % 2 or m > MOST:
            raise ValueError(f"m must be even, divide {dims} dimensions and be at most 256, but is {m}")
        if not weight >= 1:
            raise ValueError(f"weight must be at least 1, but is {weight}")
        self.dims, self.m, self.weight, self.seed = dims, m, weight, seed
        self._packed, self._count = np.zeros((0, m, BLOCK // 2), np.uint8), 0
        self._quantizer: ProductQuantizer | None = None
        self._floats: Floats | None = np.zeros((0, dims), np.float32)  # until there are `ENOUGH`

    def __len__(self) -> int:
        return self._count if self._floats is None else len(self._floats)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: code, and its share of the codebooks."""
        shared = self.quantizer.centroids.nbytes if self.quantizer else 0
        return (self.packed.nbytes + shared) / len(self) if len(self) else self.m / 2

    @property
    def packed(self) -> NDArray[np.uint8]:
        """The codes as they are scanned, see `pack_blocks`."""
        self._learn()
        return self._packed

    @property
    def quantizer(self) -> ProductQuantizer | None:
        """What encodes: 16 entries a piece; None before the first vector."""
        self._learn()
        return self._quantizer

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The codes of all vectors, (n, m)."""
        return unpack_blocks(self.packed, len(self))

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims); what comes first trains codebooks, as in `LearnedIndex`."""
        vectors = as_vectors(vectors, self.dims)
        if self._floats is None:
            self._append(vectors)
            return
        self._floats = np.concatenate([self._floats, vectors])
        if len(self) >= ENOUGH:
            self._learn()
            self._floats = None

    def _learn(self) -> None:
        """Bring codebooks and codes up to the vectors that are kept as floats."""
        if self._floats is None or self._count == len(self._floats):
            return
        chosen = np.random.default_rng(self.seed).permutation(len(self._floats))[:SAMPLE]
        books = fit_anisotropic(
            self._floats[np.sort(chosen)],
            self.m,
            self.weight,
            entries=ENTRIES,
            iterations=3 if self.weight > 1 else 0,
            seed=self.seed,
        )
        missing = ENTRIES - books.shape[1]  # where there are fewer than 16 vectors
        self._quantizer = ProductQuantizer(np.pad(books, ((0, 0), (0, missing), (0, 0)), mode="edge"))
        self._packed, self._count = self._packed[:0], 0
        self._append(self._floats)

    def _append(self, vectors: Floats) -> None:
        codes = encode_anisotropic(vectors, self._quantizer.centroids, self.weight)
        full = self._count // BLOCK
        tail = unpack_blocks(self._packed[full:], self._count - full * BLOCK)
        self._packed = np.concatenate([self._packed[:full], pack_blocks(np.concatenate([tail, codes]))])
        self._count += len(vectors)

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Find the k best of each query by sums of bytes; see `Index.search`."""
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1)
        self._learn()
        if len(self):
            for i in range(0, len(queries), self.ROWS):
                here = slice(i, i + self.ROWS)
                rounded = round_tables(self._quantizer.tables(queries[here]))
                with compiling_is_announced():
                    scan_blocks(self._packed, len(self), *rounded, scores[here], ids[here])
        return scores, ids

    def state(self) -> State:
        """Return what `save` writes."""
        self._learn()
        arrays = {"packed": self._packed} | ({} if self._floats is None else {"floats": self._floats})
        arrays |= {"centroids": self._quantizer.centroids} if self._quantizer else {}
        about = {name: getattr(self, name) for name in ("dims", "m", "weight", "seed")}
        return arrays, about | {"count": self._count}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "PQFastScanIndex":
        """Make the index from its `state`."""
        index = cls(about["dims"], about["m"], weight=about["weight"], seed=about["seed"])
        index._packed, index._count, index._floats = arrays["packed"], about["count"], arrays.get("floats")
        if index._count:
            index._quantizer = ProductQuantizer(arrays["centroids"])
        if len(index._packed) != -(-index._count // BLOCK) or index._packed.shape[1:] != (
            index.m,
            BLOCK // 2,
        ):
            raise ValueError(f"{index._packed.shape} is no layout of {index._count} codes")
        return index
