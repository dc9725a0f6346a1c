"""The innermost part of MaxSim: six tokens of a document times sixteen of the query, and their maxima.

The matrix of similarities is never written: its numbers live in registers until the largest are taken. No
loop in Python compiles to that, so it stands here in LLVM's intermediate code (LLVM IR), and LLVM makes of it
what the CPU has: a register holds 16 numbers with AVX-512, 8 with AVX2, 4 with NEON. In C, with Intel's names
for the instructions of AVX-512, and for the first of the six tokens, it would read::

    sum = _mm512_setzero_ps();
    for (j = 0; j < d; j++) {  // one number of the token times that of 16 query tokens
        _mm_prefetch(&tokens[soon][6 * j], _MM_HINT_T0);
        sum = _mm512_fmadd_ps(_mm512_set1_ps(tokens[i][j]), _mm512_loadu_ps(&query[j][lane]), sum);
    }
    best[lane] = _mm512_max_ps(sum, best[lane]);

Several tokens, since each addition waits for the one before; six, since AVX2 has 16 registers, and the sums
take 12 of them. The products of two tokens are always added in one order, wherever the tokens lie: equal
documents get equal scores.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from embedlab.machine import compiled

ROWS, LANES = 6, 16  # tokens of a document, tokens of the query

FLOATS = ir.VectorType(ir.FloatType(), LANES)
I8, I32 = ir.IntType(8), ir.IntType(32)


@compiled()
def document_maxima(tokens, start, end, following, query, best):
    """Raise ``best`` (t,) to the largest similarities of the query's tokens to those of one document.

    ``query`` is (d, t), with t a multiple of `LANES`. Memory is slow: what is compared soon, in the end the
    tokens from row ``following`` on, is asked for meanwhile.
    """
    for i in range(start, end, ROWS):
        soon = i + 2 * ROWS
        soon = soon if soon < end else soon - end + following
        for lane in range(0, len(best), LANES):
            block_maxima(tokens, i, end - 1, soon, query, lane, best)


@intrinsic
def block_maxima(typing_context, tokens, i, last, soon, query, lane, best):
    """Compare the tokens from row i on; behind the last it takes the last again, which changes no maximum."""

    def generate(context, builder, signature, arguments):
        _, i, last, soon, _, lane, _ = arguments
        tokens, query, best = (_place_in(context, builder, signature, arguments, k) for k in (0, 4, 6))
        zero, d = i.type(0), _rows_of(context, builder, signature, arguments, 4)
        rows = [builder.add(i, i.type(k)) for k in range(ROWS)]
        rows = [builder.select(builder.icmp_signed("<", row, last), row, last) for row in rows]
        rows, soon = [tokens(row, zero) for row in rows], tokens(soon, zero)
        sums = [cgutils.alloca_once(builder, FLOATS) for _ in rows]  # LLVM makes registers of them
        for total in sums:
            builder.store(ir.Constant(FLOATS, None), total)
        with cgutils.for_range(builder, d) as loop:
            _prefetch(builder, builder.gep(soon, [builder.mul(loop.index, i.type(ROWS))]))
            numbers = _load(builder, query(loop.index, lane))
            for row, total in zip(rows, sums, strict=True):
                number = _spread(builder, builder.load(builder.gep(row, [loop.index])))
                builder.store(_multiply_add(builder, number, numbers, builder.load(total)), total)
        most = _load(builder, best(lane))
        for total in map(builder.load, sums):
            most = builder.select(builder.fcmp_ordered(">", total, most), total, most)
        builder.store(most, _vector(builder, best(lane))).align = 4
        return context.get_dummy_value()

    return types.void(tokens, types.intp, types.intp, types.intp, query, types.intp, best), generate


def _place_in(context, builder, signature, arguments, k):
    """Return a function from the indices of a number in the array that is argument k to a pointer to it."""
    kind = signature.args[k]
    array = context.make_array(kind)(context, builder, arguments[k])
    return lambda *indices: cgutils.get_item_pointer(context, builder, kind, array, indices)


def _rows_of(context, builder, signature, arguments, k):
    """Return the number of rows of the array that is argument k."""
    return builder.extract_value(
        context.make_array(signature.args[k])(context, builder, arguments[k]).shape, 0
    )


def _vector(builder, place):
    return builder.bitcast(place, ir.PointerType(FLOATS))


def _load(builder, place):
    """Load a vector that is aligned as its floats are."""
    loaded = builder.load(_vector(builder, place))
    loaded.align = 4
    return loaded


def _spread(builder, number):
    """Make a vector of one number."""
    nothing, everywhere = ir.Constant(FLOATS, ir.Undefined), ir.Constant(ir.VectorType(I32, LANES), None)
    return builder.shuffle_vector(builder.insert_element(nothing, number, I32(0)), nothing, everywhere)


def _multiply_add(builder, a, b, total):
    """Return a * b + total, in one instruction where the CPU has it."""
    return _call(builder, f"llvm.fmuladd.v{LANES}f32", FLOATS, a, b, total)


def _prefetch(builder, place):
    """Ask for what is there: for reading, to stay, as data. It may lie behind the end of the array."""
    place = builder.bitcast(place, ir.PointerType(I8))
    _call(builder, "llvm.prefetch.p0", ir.VoidType(), place, I32(0), I32(3), I32(1))


def _call(builder, name, result, *arguments):
    """Use an instruction under LLVM's name for it."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)
