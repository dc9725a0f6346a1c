"""What compiled code may ask of this machine: fast dot products, and memory fetched ahead.

The functions here are called from code that numba compiles. Where the CPU has AVX-512 (and its byte products,
VNNI), `dot` and `prefetch` are those of `avx512`; elsewhere, or with ``EMBEDLAB_PORTABLE=1`` in the
environment, plain loops that compute the same.
"""

import numpy as np
from numba import types
from numba.extending import overload

from embedlab.machine.avx512 import FAST, FLOAT_LANES, WIDTH, fast_dot, fast_prefetch
from embedlab.machine.compiling import compiled


def aligned(n: int, d: int, dtype: type) -> np.ndarray:
    """Make a zeroed array (n, d or a little more) whose rows begin on cache lines and fill whole steps.

    Examples
    --------
    >>> rows = aligned(3, 100, np.float32)
    >>> rows.shape, rows.ctypes.data % 64
    ((3, 128), 0)
    """
    step = FLOAT_LANES if dtype == np.float32 else WIDTH // np.dtype(dtype).itemsize
    d = -(-d // step) * step
    size = n * d * np.dtype(dtype).itemsize
    raw = np.zeros(size + WIDTH, np.uint8)
    start = -raw.ctypes.data % WIDTH
    return raw[start : start + size].view(dtype).reshape(n, d)


@compiled(fastmath=True)
def portable_dot(rows, i, query):
    """Multiply row i with the query: float32 rows with float32, or uint8 rows with int8 as an integer.

    A plain loop: LLVM makes of it whatever vector instructions there are.
    """
    total = rows[i, 0] * query[0]
    for j in range(1, rows.shape[1]):
        total += rows[i, j] * query[j]
    return total


@compiled()
def portable_prefetch(rows, i):
    """Do nothing: the processor fetches what it reads."""


dot = fast_dot if FAST else portable_dot
prefetch = fast_prefetch if FAST else portable_prefetch


def as_query(rows, i, out):
    """Copy row i to ``out`` as a query for `dot`; return what to take from each product.

    Float rows are copied; nothing is to be taken. Codes stand in uint8 rows with 128 added, since VNNI
    multiplies unsigned with signed bytes, and in int8 queries as they are: each product is 128 times the sum
    of the query too large.
    """
    raise NotImplementedError("only in compiled code")


@overload(as_query)
def _as_query(rows, i, out):
    if rows.dtype == types.uint8:

        def copy_code(rows, i, out):
            total = np.int32(0)
            for j in range(len(out)):
                out[j] = np.int16(rows[i, j]) - 128
                total += out[j]
            return np.int32(128 * total)

        return copy_code

    def copy_floats(rows, i, out):
        out[:] = rows[i]
        return np.float32(0)

    return copy_floats


# A similarity and a number in one integer, so that comparing two integers compares two candidates.

LAST = 2**31 - 1  # the largest number


def order_key(similarity):
    """Map a similarity to an int32 that is small where the similarity is large."""
    raise NotImplementedError("only in compiled code")


@overload(order_key)
def _order_key(similarity):
    if isinstance(similarity, types.Float):

        def from_float(similarity):
            # The bits of positive floats rise with their value; those of negative ones fall, and are flipped.
            distance = np.float32(0) - similarity  # not -similarity: the bits of -0.0 are not those of 0.0
            bits = np.float32(distance).view(np.int32)
            return bits if bits >= 0 else bits ^ np.int32(0x7FFFFFFF)

        return from_float
    return lambda similarity: np.int32(-similarity)


@compiled()
def pack(similarity, i):
    """Put similarity and number into one int64 that sorts by falling similarity, then by falling number.

    Of equal ones the newest comes first: among more equal vectors than one can be linked to, HNSW then links
    each to those that came just before it, and so all to each other, as hnswlib does.

    Examples
    --------
    >>> order = sorted([pack(np.float32(0.5), 2), pack(np.float32(-0.5), 1), pack(np.float32(0.5), 3)])
    >>> [number_of(packed) for packed in order]
    [3, 2, 1]
    """
    return (np.int64(order_key(similarity)) << 32) | ((LAST - np.int64(i)) << 1)


@compiled()
def number_of(packed):
    """Get the number back out of `pack`."""
    return LAST - ((packed >> 1) & LAST)
