"""RaBitQ compiled: estimates by population counts, and exact scores where the bound asks for them.

Codes come as columns, (D/64 + 2, n): word 0 of all vectors, then word 1. LLVM then counts the ones of as many
vectors at a time as a register has room for; of a vector's own few words it makes nothing as good.
"""

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from embedlab.index import Floats, whole
from embedlab.machine import compiled, compiling_is_announced, dot, prefetch
from embedlab.scale.rescoring import AHEAD, rescore
from embedlab.scale.scan import candidate, choose, keep, keep_all, number, reached, write_out

SCALE, OFFSET, ERROR, ONES = range(4)  # the float32 numbers behind the signs of a code
LOW, STEP, WHOLE, SHARED, LENGTH = range(5)  # what belongs to a query, beside its bits
BLOCK = 512  # vectors at a time: what belongs to them stays in the first cache


@intrinsic
def popcount(typing_context, word):
    """Count the ones of a word of 64 bits: one instruction."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@compiled(inline="always")
def number_of_code(numbers, which, i):
    """Return one of the four numbers of vector i; ``numbers`` is the memory of the columns as float32."""
    return numbers[len(numbers) - 2 + which // 2, 2 * i + which % 2]


@compiled()
def add_levels(columns, start, planes, levels):
    """Add up the query's levels where codes have ones: of ``len(levels)`` vectors from ``start``."""
    levels[:] = 0
    for w in range(planes.shape[0]):
        words = columns[w, start : start + len(levels)]
        for b in range(0, planes.shape[1], 4):
            p, q, r, s = planes[w, b], planes[w, b + 1], planes[w, b + 2], planes[w, b + 3]
            for i in range(len(levels)):
                low = popcount(words[i] & p) + (popcount(words[i] & q) << np.uint64(1))
                high = popcount(words[i] & r) + (popcount(words[i] & s) << np.uint64(1))
                levels[i] += np.int64((low + (high << np.uint64(2))) << np.uint64(b))


@compiled()
def estimate_some(columns, numbers, start, planes, about, out):
    """Estimate one query's inner product with as many vectors from ``start`` as ``out`` has room for.

    The query is nearly low + step * level, and a sign is 2 * bit - 1: signs * query is
    2 * (step * bits*levels + low * ones) - the sum of the query, ``about[WHOLE]``.
    """
    levels = np.empty(min(BLOCK, len(out)), np.int64)
    for first in range(0, len(out), BLOCK):
        here = out[first : first + BLOCK]
        add_levels(columns, start + first, planes, levels[: len(here)])
        for j in range(len(here)):
            i = start + first + j
            product = about[STEP] * np.float32(levels[j]) + about[LOW] * number_of_code(numbers, ONES, i)
            centred = number_of_code(numbers, SCALE, i) * (np.float32(2) * product - about[WHOLE])
            here[j] = about[SHARED] + number_of_code(numbers, OFFSET, i) + centred


@compiled()
def estimate_all(columns, numbers, planes, about, out):
    """Write the estimates of all queries for all vectors to ``out`` (q, n).

    columns (D/64 + 2, n) uint64, and the same memory as float32 numbers; planes (q, D/64, bits) uint64, bits
    filled up to 4 or 8; about (q, 5) float32.
    """
    for q in range(len(planes)):
        estimate_some(columns, numbers, 0, planes[q], about[q], out[q])


@compiled()
def scan_estimates(similar, nprobe, starts, ids, columns, numbers, planes, about, scores, found):
    """Search lists by estimates: ``scores`` and ``found`` (q, w) get the best.

    similar (q, lists): what the queries' products with the vectors of a list have in common; list j from
    starts[j] to starts[j + 1]; ids (n,): of the vectors; the rest as in `estimate_all`. Returns how many
    centroids and codes were compared.
    """
    best, probed = np.empty(scores.shape[1], np.int64), np.empty(nprobe, np.int64)
    estimates, compared = np.empty(np.diff(starts).max(), np.float32), similar.size
    for q in range(len(planes)):
        size = 0
        choose(similar[q], probed)
        for packed in probed:
            at = number(packed)
            some = estimates[: starts[at + 1] - starts[at]]
            estimate_some(columns, numbers, starts[at], planes[q], about[q], some)
            some += similar[q, at]
            size = keep_all(best, size, some, ids[starts[at] : starts[at + 1]])
            compared += len(some)
        write_out(best, size, scores[q], found[q])
    return compared


@compiled()
def rescore_some(best, size, most, ids, rows, query, todo):
    """Score exactly those of a list (n,) whose most reaches the worst of the best; return size and count."""
    count, done = 0, 0
    for j in range(len(most)):
        if most[j] >= reached(best, size):
            todo[count] = j
            count += 1
    for t in range(count):
        if t + AHEAD < count:
            prefetch(rows, ids[todo[t + AHEAD]])
        if most[todo[t]] >= reached(best, size):  # which is higher meanwhile
            i = ids[todo[t]]
            size = keep(best, size, candidate(dot(rows, i, query), i))
            done += 1
    return size, done


@compiled()
def scan_bounded(similar, nprobe, starts, ids, columns, numbers, planes, about, kept, bounds, scores, found):
    """Search with rescoring: exact scores of the k that look best, then of all that may still be better.

    kept: rows (all ids, d) and queries (q, d) for `dot`; bounds: epsilon, and the squared lengths of the
    lists' centroids (lists,), 0 where ``about`` tells of query - centroid; the rest as in `scan_estimates`.
    Lists are read one after the other. Returns how many codes were compared, and how many rescored.
    """
    (rows, queries), (epsilon, squares) = kept, bounds
    longest, compared, rescored = np.diff(starts).max(), similar.size, 0
    best, probed = np.empty(min(scores.shape[1], len(ids)), np.int64), np.empty(nprobe, np.int64)
    estimates, places = np.empty(longest, np.float32), np.arange(longest)
    first, todo = np.empty(len(best), np.int64), np.empty(longest, np.int64)
    for q in range(len(queries)):
        size = 0
        choose(similar[q], probed)
        for packed in probed:
            at = number(packed)
            far = about[q, LENGTH] ** 2 + squares[at] - 2 * similar[q, at]  # |query - centroid|²
            reach = epsilon * np.float32(np.sqrt(max(far, 0)))
            start, some = starts[at], estimates[: starts[at + 1] - starts[at]]
            estimate_some(columns, numbers, start, planes[q], about[q], some)
            some += similar[q, at]
            missing = first[: len(best) - size]
            for j in range(keep_all(missing, 0, some, places) if len(missing) else 0):
                i = ids[start + number(missing[j])]
                size = keep(best, size, candidate(dot(rows, i, queries[q]), i))
                some[number(missing[j])] = -np.inf
                rescored += 1
            for j in range(len(some)):  # the most that each may have
                some[j] += reach * number_of_code(numbers, ERROR, start + j)
            if size == len(best):
                own = ids[start : start + len(some)]
                size, more = rescore_some(best, size, some, own, rows, queries[q], todo)
                rescored += more
            compared += len(some)
        write_out(best, size, scores[q], found[q])
    return compared, rescored


def columns_of(codes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Floats]:
    """Return codes (n, D/64 + 2) as they are read here, by columns: as words, and as float32 numbers."""
    columns = np.ascontiguousarray(codes.T)  # without copying where they lie so
    return columns, columns.view(np.float32)


def search_codes(scanned: tuple, kept: tuple | None, bounds: tuple, shortlist: int | None, scores, ids):
    """Write the best (q, k) of what is scanned to ``scores`` and ``ids``.

    ``scanned``: what `scan_estimates` reads; ``kept`` and ``bounds`` as in `scan_bounded`. Without ``kept``,
    estimates are all there is. Returns how many codes were compared, and how many rescored.
    """
    length = None if shortlist is None else max(whole("shortlist", shortlist), scores.shape[1])
    with compiling_is_announced():
        if kept is None:
            return scan_estimates(*scanned, scores, ids), 0
        if length is None:
            return scan_bounded(*scanned, kept, bounds, scores, ids)
        listed = np.full((len(ids), length), -1)
        compared = scan_estimates(*scanned, np.empty(listed.shape, np.float32), listed)
        rescore(*kept, listed, scores, ids)
        return compared, int((listed >= 0).sum())
