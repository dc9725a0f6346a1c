"""RaBitQ compiled: estimates by population counts, and exact scores where the bound asks for them."""

import numpy as np
from numba import types
from numba.extending import intrinsic

from embedlab.machine import compiled, dot
from embedlab.scale.scan import candidate, keep, similarity, write_out

SCALE, OFFSET, ERROR, ONES = range(4)  # the float32 numbers behind the signs of a code
LOW, STEP, WHOLE, SHARED, LENGTH = range(5)  # what belongs to a query, beside its bits


@intrinsic
def popcount(typing_context, word):
    """Count the ones of a word of 64 bits: one instruction."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@compiled(inline="always")
def estimate_one(codes, numbers, i, planes, about):
    """Estimate one query's inner product with one vector.

    The query is nearly low + step * level, and a sign is 2 * bit - 1: signs * query is
    2 * (step * bits*levels + low * ones) - the sum of the query, ``about[WHOLE]``.
    """
    total = np.uint64(0)
    for w in range(planes.shape[0]):
        word = codes[i, w]
        for b in range(planes.shape[1]):
            total += popcount(word & planes[w, b]) << np.uint64(b)
    end = numbers.shape[1] - 4
    product = 2 * (about[STEP] * np.float32(np.int64(total)) + about[LOW] * numbers[i, end + ONES])
    centred = numbers[i, end + SCALE] * (product - about[WHOLE])
    return about[SHARED] + numbers[i, end + OFFSET] + centred


@compiled()
def estimate_all(codes, numbers, planes, about, out):
    """Write the estimates of all queries for all vectors to ``out`` (q, n).

    codes (n, D/64 + 2) uint64, and the same memory as float32 numbers, of which the last four are used;
    planes (q, D/64, bits) uint64; about (q, 5) float32.
    """
    for q in range(len(planes)):
        for i in range(len(codes)):
            out[q, i] = estimate_one(codes, numbers, i, planes[q], about[q])


@compiled()
def scan_bounded(codes, numbers, planes, about, rows, queries, epsilon, scores, found):
    """Search with rescoring: exact scores of the k that look best, then of all that may still be better.

    rows (n, d) and queries (q, d): float vectors made by `aligned`; ``scores`` and ``found`` (q, k) get
    results; the rest as in `estimate_all`. Returns how many were rescored.
    """
    n, end, rescored = len(codes), numbers.shape[1] - 4, 0
    k = min(scores.shape[1], n)
    best, first = np.empty(k, np.int64), np.empty(k, np.int64)
    estimates, done = np.empty(n, np.float32), np.zeros(n, np.bool_)
    for q in range(len(queries)):
        size = 0
        for i in range(n):
            estimates[i] = estimate_one(codes, numbers, i, planes[q], about[q])
            size = keep(first, size, candidate(estimates[i], i))
        write_out(first, size, scores[q], found[q])
        size = 0
        for j in range(k):
            i = found[q, j]
            done[i] = True
            size = keep(best, size, candidate(dot(rows, i, queries[q]), i))
        rescored += k
        reach = epsilon * about[q, LENGTH]
        for i in range(n):
            if done[i]:
                done[i] = False
            elif estimates[i] + reach * numbers[i, end + ERROR] >= similarity(best[k - 1]):
                size = keep(best, size, candidate(dot(rows, i, queries[q]), i))
                rescored += 1
        write_out(best, size, scores[q], found[q])
    return rescored
