"""Sixteen look-ups in one instruction: the byte shuffle (PSHUFB), which takes a register for a table.

numba writes no shuffle by itself, so the intermediate code (LLVM IR) is written here by hand. In C, with
Intel's names for the instructions, a block of 32 codes would read::

    for (j = 0; j < m; j++) {                            // 16 bytes a piece: two codes of 4 bits in each
        both = _mm_load_si128(packed + 16 * j);
        table = _mm_load_si128(tables + 16 * j);
        low = _mm_shuffle_epi8(table, both & 15);        // 16 entries, of vectors 0 to 15
        high = _mm_shuffle_epi8(table, both >> 4);       // and of vectors 16 to 31
        sums_low += _mm256_cvtepu8_epi16(low);           // bytes to 16 bits, so that sums have room
        sums_high += _mm256_cvtepu8_epi16(high);
    }
"""

import os

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from embedlab.machine import compiled
from embedlab.scale.scan import candidate, keep, number, similarity

SHUFFLES = llvm.get_host_cpu_features().get("ssse3", False) and not os.environ.get("EMBEDLAB_PORTABLE")
LANES = 16
BYTES, SHORTS = ir.VectorType(ir.IntType(8), LANES), ir.VectorType(ir.IntType(16), LANES)


@compiled()
def portable_add_up(packed, block, tables, sums):
    """Add up the table entries of the 32 codes of a block: plain loops.

    packed (blocks, m, 16) uint8: code i in the lower half of byte i, code 16 + i in the upper; tables (m, 16)
    uint8; sums (32,) uint16 gets the result.
    """
    sums[:] = 0
    for j in range(tables.shape[0]):
        for i in range(16):
            both = packed[block, j, i]
            sums[i] += tables[j, both & 15]
            sums[16 + i] += tables[j, both >> 4]


@intrinsic
def shuffling_add_up(typing_context, packed, block, tables, sums):
    """Do what `portable_add_up` does, sixteen look-ups at a time."""
    return types.void(packed, types.intp, tables, sums), _generate


def _generate(context, builder, signature, arguments):
    packed, tables, sums = (
        context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 2, 3)
    )
    m, _ = cgutils.unpack_tuple(builder, tables.shape)
    size = builder.mul(m, m.type(LANES))
    codes = builder.gep(_bytes(builder, packed.data), [builder.mul(arguments[1], size)])
    entries, out = _bytes(builder, tables.data), _bytes(builder, sums.data)
    kind = ir.FunctionType(BYTES, [BYTES, BYTES])
    shuffle = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.ssse3.pshuf.b.128")
    totals = [cgutils.alloca_once_value(builder, ir.Constant(SHORTS, None)) for _ in range(2)]
    with cgutils.for_range_slice(builder, m.type(0), size, m.type(LANES), inc=True) as (offset, _):
        both, table = _load(builder, codes, offset), _load(builder, entries, offset)
        halves = (
            builder.and_(both, ir.Constant(BYTES, [15] * LANES)),
            builder.lshr(both, ir.Constant(BYTES, [4] * LANES)),
        )
        for half, total in zip(halves, totals, strict=True):
            found = builder.zext(builder.call(shuffle, [table, half]), SHORTS)
            builder.store(builder.add(builder.load(total), found), total)
    for k, total in enumerate(totals):
        place = builder.gep(out, [m.type(2 * LANES * k)])
        builder.store(builder.load(total), builder.bitcast(place, ir.PointerType(SHORTS)), align=1)
    return context.get_dummy_value()


def _bytes(builder, pointer):
    return builder.bitcast(pointer, ir.PointerType(ir.IntType(8)))


def _load(builder, pointer, offset):
    loaded = builder.load(builder.bitcast(builder.gep(pointer, [offset]), ir.PointerType(BYTES)))
    loaded.align = 1  # numpy aligns to 16 bytes mostly, not always
    return loaded


add_up_block = shuffling_add_up if SHUFFLES else portable_add_up


@compiled()
def sums_of_blocks(packed, tables):
    """Add up the entries of all codes of all blocks, (blocks, 32) uint16, as `scan_blocks` has them."""
    found = np.empty((len(packed), 32), np.uint16)
    for block in range(len(packed)):
        add_up_block(packed, block, tables, found[block])
    return found


@compiled()
def largest(sums):
    """Return the largest of 32 sums: a loop of known length, of which LLVM makes vector instructions."""
    found = np.uint16(0)
    for i in range(32):
        found = max(found, sums[i])
    return np.int64(found)


@compiled()
def scan_blocks(packed, n, tables, lows, steps, scores, found):
    """Search n vectors in blocks: ``scores`` and ``found`` (q, k) get results.

    packed (blocks, m, 16) uint8; tables (q, m, 16) uint8; lows, steps (q,). Sums are compared as they are.
    """
    best, sums = np.empty(scores.shape[1], np.int64), np.empty(32, np.uint16)
    for q in range(len(tables)):
        size, worst = 0, -1
        for block in range(len(packed)):
            add_up_block(packed, block, tables[q], sums)
            if largest(sums) <= worst:
                continue  # most blocks hold nothing new: one look at all of them
            for i in range(min(32, n - 32 * block)):
                if np.int64(sums[i]) > worst:
                    size = keep(best, size, candidate(np.float32(sums[i]), 32 * block + i))
                    if size == len(best):
                        worst = np.int64(similarity(best[size - 1]))
        for j in range(size):
            scores[q, j] = lows[q] + steps[q] * similarity(best[j])
            found[q, j] = number(best[j])
