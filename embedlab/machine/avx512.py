"""Dot products in AVX-512, whose registers hold 64 bytes: 16 floats, or 64 codes of one byte.

numba writes no such loop by itself, so the intermediate code (LLVM IR) is written here by hand. In C, with
Intel's names for the instructions, the two loops would read::

    for (j = 0; j < d; j += 64)                          // floats: four sums, since one addition
        for (k = 0; k < 4; k++)                          // waits for the one before
            sum[k] = _mm512_fmadd_ps(row + j + 16 * k, query + j + 16 * k, sum[k]);

    for (j = 0; j < d; j += 64)                          // codes: unsigned times signed, added by fours
        sum = _mm512_dpbusd_epi32(sum, row + j, query + j);
"""

import os
from contextlib import contextmanager

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

FEATURES = {name for name, there in llvm.get_host_cpu_features().items() if there}
FAST = {"avx512f", "avx512bw", "avx512vnni"} <= FEATURES and not os.environ.get("EMBEDLAB_PORTABLE")
WIDTH = 64  # bytes of a register, and of a cache line
FLOAT_LANES = 64  # numbers of one step of the float product: four registers of 16

I8, I32, FLOAT = ir.IntType(8), ir.IntType(32), ir.FloatType()
CODES, INTS, FLOATS = ir.VectorType(I8, 64), ir.VectorType(I32, 16), ir.VectorType(FLOAT, 16)


@intrinsic
def fast_dot(typing_context, rows, i, query):
    """Multiply row i with the query as `portable_dot` does; both made by `aligned`."""
    if rows.dtype == types.float32:
        return types.float32(rows, types.intp, query), _dot_of_floats
    return types.int32(rows, types.intp, query), _dot_of_codes


def _dot_of_floats(context, builder, signature, arguments):
    row, other, stride = _row_and_query(context, builder, signature, arguments)
    multiply = _instruction(builder, "llvm.fma.v16f32", FLOATS, [FLOATS, FLOATS, FLOATS])
    fold = _instruction(builder, "llvm.vector.reduce.fadd.v16f32", FLOAT, [FLOAT, FLOATS])
    sums = [cgutils.alloca_once_value(builder, ir.Constant(FLOATS, None)) for _ in range(4)]
    with _steps(builder, stride, 4 * WIDTH) as offset:
        for k, total in enumerate(sums):
            place = builder.add(offset, stride.type(k * WIDTH))
            a, b = (_load(builder, pointer, place, FLOATS) for pointer in (row, other))
            builder.store(builder.call(multiply, [a, b, builder.load(total)]), total)
    first, second, third, fourth = (builder.load(total) for total in sums)
    total = builder.fadd(builder.fadd(first, second), builder.fadd(third, fourth))
    return builder.call(fold, [ir.Constant(FLOAT, 0.0), total], fastmath=("reassoc",))


def _dot_of_codes(context, builder, signature, arguments):
    row, other, stride = _row_and_query(context, builder, signature, arguments)
    multiply = _instruction(builder, "llvm.x86.avx512.vpdpbusd.512", INTS, [INTS, CODES, CODES])
    fold = _instruction(builder, "llvm.vector.reduce.add.v16i32", I32, [INTS])
    total = cgutils.alloca_once_value(builder, ir.Constant(INTS, None))
    with _steps(builder, stride, WIDTH) as offset:
        a, b = (_load(builder, pointer, offset, CODES) for pointer in (row, other))
        builder.store(builder.call(multiply, [builder.load(total), a, b]), total)
    return builder.call(fold, [builder.load(total)])


@intrinsic
def fast_prefetch(typing_context, rows, i):
    """Ask for row i, so that it is in the cache when it is wanted."""

    def generate(context, builder, signature, arguments):
        row, stride = _row(context, builder, signature.args[0], arguments[0], arguments[1])
        fetch = _instruction(builder, "llvm.prefetch.p0", ir.VoidType(), [row.type, I32, I32, I32])
        with _steps(builder, stride, WIDTH) as offset:
            place = builder.gep(row, [offset])
            builder.call(fetch, [place, I32(0), I32(3), I32(1)])  # for reading, to stay, as data
        return context.get_dummy_value()

    return types.void(rows, types.intp), generate


def _row(context, builder, array_type, array, i):
    """Return a pointer to the first byte of row i of a C-contiguous array, and the bytes of a row."""
    value = context.make_array(array_type)(context, builder, array)
    _, d = cgutils.unpack_tuple(builder, value.shape)
    stride = builder.mul(d, value.itemsize)
    first = builder.bitcast(value.data, ir.PointerType(I8))
    return builder.gep(first, [builder.mul(i, stride)]), stride


def _row_and_query(context, builder, signature, arguments):
    """Return pointers to the first bytes of both, and how many bytes to read."""
    rows, i, query = arguments
    row, stride = _row(context, builder, signature.args[0], rows, i)
    other = context.make_array(signature.args[2])(context, builder, query).data
    return row, builder.bitcast(other, ir.PointerType(I8)), stride


def _instruction(builder, name, result, arguments):
    """Declare an instruction under LLVM's name for it."""
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)


@contextmanager
def _steps(builder, stop, step):
    """Open a loop over the offsets 0, step, 2 * step ... below stop."""
    zero, step = stop.type(0), stop.type(step)
    with cgutils.for_range_slice(builder, zero, stop, step, inc=True) as (offset, _):
        yield offset


def _load(builder, pointer, offset, kind):
    """Load an aligned vector, ``offset`` bytes behind the pointer."""
    loaded = builder.load(builder.bitcast(builder.gep(pointer, [offset]), ir.PointerType(kind)))
    loaded.align = WIDTH
    return loaded
