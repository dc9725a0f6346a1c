"""Instructions that no Python code compiles to: products of bytes, and memory fetched ahead.

LLVM makes good float products out of a plain loop, but of bytes it first makes integers of 32 bits. So their
products are written here by hand in its intermediate code (LLVM IR). A register holds 32 bytes (AVX2) or 64
(AVX-512). In C, with Intel's names for the instructions, a step of either kind would read::

    sum = _mm512_dpbusd_epi32(sum, row, query);         // VNNI: unsigned times signed, added by fours

    code = _mm256_xor_si256(row, 128);                  // signed again
    pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(code), _mm256_sign_epi8(query, code));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, 1));

``maddubs`` multiplies unsigned with signed bytes and adds two products in 16 bits, where 255 * 127 * 2 would
not fit. The magnitude of a code does: 128 * 127 * 2 is less than 2 ** 15. Its sign goes over to the query.
"""

from collections.abc import Callable
from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LINE = 64  # bytes of a cache line: rows begin on one and fill whole ones

BIT, I8, I16, I32 = (ir.IntType(bits) for bits in (1, 8, 16, 32))


def byte_product(name: str) -> Callable:
    """Make one of the products of `NEEDS`, but "plain": a function (rows, i, query) for compiled code.

    Row i is uint8, codes with 128 added; the query int8, from -127. With VNNI the result is that of the
    row as it is, with the others that of the codes.
    """
    width, step = STEPS[name]
    ints = ir.VectorType(I32, width // 4)

    def generate(context, builder, signature, arguments):
        rows, i, query = arguments
        row, stride = _row(context, builder, signature.args[0], rows, i)
        other = context.make_array(signature.args[2])(context, builder, query).data
        other = builder.bitcast(other, ir.PointerType(I8))
        sums = [cgutils.alloca_once_value(builder, ir.Constant(ints, None)) for _ in range(LINE // width)]
        with _lines(builder, stride) as offset:
            for k, total in enumerate(sums):  # several, since one addition waits for the one before
                place = builder.add(offset, stride.type(k * width))
                a, b = (_load(builder, pointer, place, width) for pointer in (row, other))
                builder.store(step(builder, builder.load(total), a, b), total)
        total = builder.load(sums[0])
        for more in sums[1:]:
            total = builder.add(total, builder.load(more))
        return _call(builder, f"llvm.vector.reduce.add.v{width // 4}i32", I32, total)

    @intrinsic
    def product(typing_context, rows, i, query):
        return types.int32(rows, types.intp, query), generate

    return product


def _unsigned_times_signed(builder, total, row, query):
    """Multiply 4 bytes by 4 bytes, and add all to an integer: VNNI's only instruction for it."""
    words = [builder.bitcast(codes, total.type) for codes in (row, query)]
    return _call(builder, f"llvm.x86.avx512.vpdpbusd.{32 * total.type.count}", total.type, total, *words)


def _magnitude_times_signed(builder, total, row, query):
    """Do the same by the magnitudes of the codes."""
    codes, width = row.type, row.type.count
    pairs, madd, maddubs = ir.VectorType(I16, width // 2), *MADD[width]
    code = builder.xor(row, ir.Constant(codes, [128] * width))
    magnitude = _call(builder, f"llvm.abs.v{width}i8", codes, code, BIT(0))
    if width == 32:
        signed = _call(builder, "llvm.x86.avx2.psign.b", codes, query, code)
    else:  # AVX-512 has no such instruction, but masks
        zeros = ir.Constant(codes, None)
        signed = builder.select(builder.icmp_signed("<", code, zeros), builder.sub(zeros, query), query)
    products = _call(builder, maddubs, pairs, magnitude, signed)
    ones = ir.Constant(pairs, [1] * (width // 2))
    return builder.add(total, _call(builder, madd, total.type, products, ones))


STEPS = {
    "avx512vnni": (64, _unsigned_times_signed),
    "avxvnni": (32, _unsigned_times_signed),
    "avx512": (64, _magnitude_times_signed),
    "avx2": (32, _magnitude_times_signed),
}
MADD = {
    64: ("llvm.x86.avx512.pmaddw.d.512", "llvm.x86.avx512.pmaddubs.w.512"),
    32: ("llvm.x86.avx2.pmadd.wd", "llvm.x86.avx2.pmadd.ub.sw"),
}


@intrinsic
def prefetch(typing_context, rows, i):
    """Ask for row i, so that it is in the cache when it is wanted."""

    def generate(context, builder, signature, arguments):
        row, stride = _row(context, builder, signature.args[0], *arguments)
        with _lines(builder, stride) as offset:
            place = builder.gep(row, [offset])  # for reading, to stay, as data:
            _call(builder, "llvm.prefetch.p0", ir.VoidType(), place, I32(0), I32(3), I32(1))
        return context.get_dummy_value()

    return types.void(rows, types.intp), generate


def _row(context, builder, array_type, array, i):
    """Return a pointer to the first byte of row i of a C-contiguous array, and the bytes of a row."""
    value = context.make_array(array_type)(context, builder, array)
    _, d = cgutils.unpack_tuple(builder, value.shape)
    stride = builder.mul(d, value.itemsize)
    first = builder.bitcast(value.data, ir.PointerType(I8))
    return builder.gep(first, [builder.mul(i, stride)]), stride


@contextmanager
def _lines(builder, stop):
    """Open a loop over the offsets of the cache lines below stop."""
    zero, step = stop.type(0), stop.type(LINE)
    with cgutils.for_range_slice(builder, zero, stop, step, inc=True) as (offset, _):
        yield offset


def _load(builder, pointer, offset, width):
    """Load ``width`` bytes, ``offset`` bytes behind the pointer; aligned, which is faster."""
    kind = ir.PointerType(ir.VectorType(I8, width))
    loaded = builder.load(builder.bitcast(builder.gep(pointer, [offset]), kind))
    loaded.align = width
    return loaded


def _call(builder, name, result, *arguments):
    """Use an instruction under LLVM's name for it."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)
