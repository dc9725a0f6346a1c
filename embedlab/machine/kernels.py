"""What compiled code may ask of this machine: fast dot products, and memory fetched ahead.

The functions here are called from code that numba compiles. Floats are multiplied by a plain loop, of which
LLVM makes the vector instructions there are; codes of one byte by what `kernel_choice` has chosen.
"""

import numpy as np
from numba import types
from numba.extending import overload

from embedlab.machine.compiling import compiled
from embedlab.machine.intrinsics import LINE, byte_product
from embedlab.machine.kernel_choice import KERNEL

WHOLE = 64  # floats in a step of the compiled loop, at most: four registers of 16


def aligned(n: int, d: int, dtype: type) -> np.ndarray:
    """Make a zeroed array (n, d or a little more) whose rows begin on cache lines and fill whole steps.

    Examples
    --------
    >>> rows = aligned(3, 100, np.float32)
    >>> rows.shape, rows.ctypes.data % 64
    ((3, 128), 0)
    """
    step = WHOLE if dtype == np.float32 else LINE // np.dtype(dtype).itemsize
    d = -(-d // step) * step
    size = n * d * np.dtype(dtype).itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(n, d)


@compiled(fastmath=True)
def float_dot(rows, i, query):
    """Multiply row i with the query, both float32; in any order, so that several sums can run at once."""
    total = np.float32(0)
    for j in range(rows.shape[1]):
        total += rows[i, j] * query[j]
    return total


@compiled(fastmath=True)
def half_dot(rows, i, query):
    """Multiply row i, the bits of float16, with the query, float32.

    The exponent of a float16 has 5 bits and an excess of 15, that of a float32 8 and 127: with its bits moved
    to their places a number is 2 ** 112 times too small.
    """
    total = np.float32(0)
    for j in range(rows.shape[1]):
        bits = np.uint32(rows[i, j])
        moved = np.uint32(
            (bits & np.uint32(0x8000)) << np.uint32(16) | (bits & np.uint32(0x7FFF)) << np.uint32(13)
        )
        total += moved.view(np.float32) * np.float32(2.0**112) * query[j]
    return total


@compiled()
def plain_code_dot(rows, i, query):
    """Multiply the codes of row i, uint8 with 128 added, with the query, int8; exactly.

    numba widens every int32 to int64 in arithmetic; without the conversions back it takes twice as long.
    """
    total = np.int32(0)
    for j in range(rows.shape[1]):
        code = np.int32(np.int8(rows[i, j] ^ np.uint8(128)))
        total = np.int32(total + np.int32(code * np.int32(query[j])))
    return total


code_dot = plain_code_dot if KERNEL == "plain" else byte_product(KERNEL)
EXCESS = 128 if KERNEL.endswith("vnni") else 0  # of a product, for each 1 in the sum of the query


def dot(rows, i, query):
    """Multiply row i with the query, both made by `aligned`; codes: see `as_query`, uint16: `half_dot`."""
    raise NotImplementedError("only in compiled code")


@overload(dot)
def _dot(rows, i, query):
    if isinstance(rows.dtype, types.Float):
        return lambda rows, i, query: float_dot(rows, i, query)
    if rows.dtype == types.uint16:
        return lambda rows, i, query: half_dot(rows, i, query)
    return lambda rows, i, query: code_dot(rows, i, query)


def as_query(rows, i, out):
    """Copy row i to ``out`` as a query for `dot`; return the offset, what to take from each product.

    Float rows are copied; nothing is to be taken. Codes stand in uint8 rows with 128 added, since VNNI
    multiplies unsigned with signed bytes, and in int8 queries as they are: its products are 128 times the sum
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
            return np.int32(EXCESS * total)

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


@compiled()
def place_in_beam(beam, size, candidate):
    """Put a candidate into the sorted beam if it is good enough; return the beam's size, and where."""
    if size == len(beam):
        if candidate > beam[size - 1]:
            return size, size
        size -= 1  # the worst falls out
    at = size
    while at > 0 and beam[at - 1] > candidate:
        beam[at] = beam[at - 1]
        at -= 1
    beam[at] = candidate
    return size + 1, at
