"""What compiled code may ask of this machine: fast dot products, and memory fetched ahead.

The functions here are called from code that numba compiles. Where the CPU has AVX-512 (and its byte products,
VNNI), they are written in its instructions; elsewhere, or with ``EMBEDLAB_PORTABLE=1`` in the environment, as
plain loops that compute the same.
"""

import builtins
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, config, event
from numba.extending import intrinsic, overload

from embedlab.machine.cache import cache_file, content_key

FEATURES = {name for name, there in llvm.get_host_cpu_features().items() if there}
FAST = {"avx512f", "avx512bw", "avx512vnni"} <= FEATURES and not os.environ.get("EMBEDLAB_PORTABLE")
WIDTH = 64  # bytes of a cache line, and of an AVX-512 register
FLOAT_LANES = 64  # numbers of one step of the float product: four registers of 16


# numba looks only at a function's own file to see whether what it compiled is still valid. The functions of a
# room are compiled into each other, and those of this file into all: a change of one makes all of them new.
def _compiled_for(file: Path) -> Path:
    sources = [Path(__file__), *sorted(file.parent.glob("*.py"))]
    return cache_file("compiled", content_key(*(source.read_bytes() for source in sources), str(FAST)))


def compiled(**options) -> Callable[[Callable], Callable]:
    """Decorate a function to be compiled at its first call, kept on disk, and run beside other threads."""

    def decorate(function: Callable) -> Callable:
        before, config.CACHE_DIR = config.CACHE_DIR, str(_compiled_for(Path(function.__code__.co_filename)))
        try:
            return njit(nogil=True, cache=True, **options)(function)
        finally:
            config.CACHE_DIR = before

    return decorate


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


_said: list[bool] = []


@contextmanager
def compiling_is_announced() -> Iterator[None]:
    """Say so, once, if code must be compiled within: that takes seconds. Later runs read it from the disk."""

    class Listener(event.Listener):
        def on_start(self, _event: event.Event) -> None:
            if not _said:
                # Not among the results of a command, but plainly readable in a notebook.
                where = sys.stdout if hasattr(builtins, "__IPYTHON__") else sys.stderr
                print("compiling for this machine; once, later runs find it on the disk ...", file=where)
            _said.append(True)

        def on_end(self, _event: event.Event) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


# Plain loops. LLVM turns them into whatever vector instructions there are.


@compiled(fastmath=True)
def portable_dot(rows, i, query):
    """Multiply row i with the query: float32 rows with float32, or uint8 rows with int8 as an integer."""
    total = rows[i, 0] * query[0]
    for j in range(1, rows.shape[1]):
        total += rows[i, j] * query[j]
    return total


@compiled()
def portable_prefetch(rows, i):
    """Do nothing: the processor fetches what it reads."""


# The same in AVX-512.


def _row(context, builder, array_type, array, i):
    """Return a pointer to the first byte of row i of a C-contiguous array, and the bytes of a row."""
    value = context.make_array(array_type)(context, builder, array)
    _, d = cgutils.unpack_tuple(builder, value.shape)
    stride = builder.mul(d, value.itemsize)
    first = builder.bitcast(value.data, ir.PointerType(ir.IntType(8)))
    return builder.gep(first, [builder.mul(i, stride)]), stride


def _vector_at(builder, pointer, offset, vector):
    """Load an aligned vector, ``offset`` bytes behind the pointer."""
    place = builder.bitcast(builder.gep(pointer, [offset]), ir.PointerType(vector))
    loaded = builder.load(place)
    loaded.align = WIDTH
    return loaded


@intrinsic
def fast_dot(typing_context, rows, i, query):
    """Multiply row i with the query as `portable_dot` does; both made by `aligned`."""
    is_float = rows.dtype == types.float32
    result = types.float32 if is_float else types.int32
    lane = ir.FloatType() if is_float else ir.IntType(32)
    wide = ir.VectorType(lane, 16)
    read = wide if is_float else ir.VectorType(ir.IntType(8), 64)
    at_once = 4 if is_float else 1  # independent sums, since one addition waits for the one before

    def generate(context, builder, signature, arguments):
        row, stride = _row(context, builder, signature.args[0], arguments[0], arguments[1])
        other = context.make_array(signature.args[2])(context, builder, arguments[2]).data
        other = builder.bitcast(other, ir.PointerType(ir.IntType(8)))
        name = "llvm.fma.v16f32" if is_float else "llvm.x86.avx512.vpdpbusd.512"
        order = [read, read, wide] if is_float else [wide, read, read]
        multiply = cgutils.get_or_insert_function(builder.module, ir.FunctionType(wide, order), name)
        sums = [cgutils.alloca_once_value(builder, ir.Constant(wide, None)) for _ in range(at_once)]
        step = stride.type(WIDTH * at_once)
        with cgutils.for_range_slice(builder, stride.type(0), stride, step, inc=True) as (offset, _):
            for k, total in enumerate(sums):
                place = builder.add(offset, stride.type(WIDTH * k))
                a, b = (_vector_at(builder, pointer, place, read) for pointer in (row, other))
                so_far = builder.load(total)
                terms = [a, b, so_far] if is_float else [so_far, a, b]
                builder.store(builder.call(multiply, terms), total)
        vectors = [builder.load(total) for total in sums]
        while len(vectors) > 1:
            add = builder.fadd if is_float else builder.add
            vectors = [add(a, b) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
        if is_float:
            kind = ir.FunctionType(lane, [lane, wide])
            fold = cgutils.get_or_insert_function(builder.module, kind, "llvm.vector.reduce.fadd.v16f32")
            return builder.call(fold, [ir.Constant(lane, 0.0), vectors[0]], fastmath=("reassoc",))
        kind = ir.FunctionType(lane, [wide])
        fold = cgutils.get_or_insert_function(builder.module, kind, "llvm.vector.reduce.add.v16i32")
        return builder.call(fold, [vectors[0]])

    return result(rows, types.intp, query), generate


@intrinsic
def fast_prefetch(typing_context, rows, i):
    """Ask for row i, so that it is in the cache when it is wanted."""

    def generate(context, builder, signature, arguments):
        row, stride = _row(context, builder, signature.args[0], arguments[0], arguments[1])
        i32 = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [row.type, i32, i32, i32])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        step = stride.type(WIDTH)
        with cgutils.for_range_slice(builder, stride.type(0), stride, step, inc=True) as (offset, _):
            place = builder.gep(row, [offset])
            builder.call(fetch, [place, i32(0), i32(3), i32(1)])  # for reading, to stay, as data
        return context.get_dummy_value()

    return types.void(rows, types.intp), generate


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


def order_key(similarity):
    """Turn a similarity into an int32 that is small where the similarity is large."""
    raise NotImplementedError("only in compiled code")


@overload(order_key)
def _order_key(similarity):
    if isinstance(similarity, types.Float):

        def from_float(similarity):
            # The bits of positive floats rise with their value; those of negative ones fall, and are turned.
            distance = np.float32(0) - similarity  # not -similarity: the bits of -0.0 are not those of 0.0
            bits = np.float32(distance).view(np.int32)
            return bits if bits >= 0 else bits ^ np.int32(0x7FFFFFFF)

        return from_float
    return lambda similarity: np.int32(-similarity)


@compiled()
def pack(similarity, i):
    """Put similarity and number into one int64 that sorts by falling similarity, then by number.

    Examples
    --------
    >>> order = sorted([pack(np.float32(0.5), 3), pack(np.float32(-0.5), 1), pack(np.float32(0.5), 2)])
    >>> [number_of(packed) for packed in order]
    [2, 3, 1]
    """
    return (np.int64(order_key(similarity)) << 32) | (np.int64(i) << 1)


@compiled()
def number_of(packed):
    """Get the number back out of `pack`."""
    return (packed >> 1) & 0x7FFFFFFF
