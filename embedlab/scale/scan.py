"""What an inverted file does at every query, compiled: choose lists, go through them, keep the best.

A candidate is a similarity and a number in one int64 (`pack`), so the best of many are a sorted array of
integers. They are kept by insertion: most candidates are worse than the last of those kept, and cost one
comparison.
"""

import numpy as np

from embedlab.machine import LAST, compiled, dot, number_of, pack


@compiled(inline="always")
def candidate(similarity, i):
    """Pack a candidate that, of equal ones, comes before those with a larger number."""
    return pack(similarity, LAST - i)


@compiled(inline="always")
def number(packed):
    """Get the number back out of `candidate`."""
    return LAST - number_of(packed)


@compiled(inline="always")
def similarity(packed):
    """Get the similarity, a float32, back out of `candidate`."""
    bits = np.int32(packed >> 32)
    return np.float32(0) - np.int32(bits if bits >= 0 else bits ^ np.int32(0x7FFFFFFF)).view(np.float32)


@compiled()
def keep(best, size, packed):
    """Put a candidate into the sorted array if it is good enough; return how many it holds."""
    if size == len(best):
        if packed >= best[size - 1]:
            return size
        size -= 1  # the worst falls out
    at = size
    while at > 0 and best[at - 1] > packed:
        best[at] = best[at - 1]
        at -= 1
    best[at] = packed
    return size + 1


@compiled(inline="always")
def reached(best, size):
    """Return the similarity that a candidate needs at least."""
    return similarity(best[size - 1]) if size == len(best) else np.float32(-np.inf)


@compiled()
def keep_all(best, size, scores, ids):
    """Put candidates of these scores (n,) and numbers into the sorted array, as `keep` does one."""
    least = reached(best, size)
    for i in range(len(scores)):
        if scores[i] >= least:  # most are not, and need no number
            size = keep(best, size, candidate(scores[i], ids[i]))
            least = reached(best, size)
    return size


@compiled()
def choose(similar, probed):
    """Write the best of the lists (lists,) to ``probed`` (nprobe,), best first, as candidates."""
    size = 0
    for i in range(len(similar)):
        size = keep(probed, size, candidate(similar[i], i))


@compiled()
def write_out(best, size, scores, found):
    """Unpack the best of one query."""
    for j in range(size):
        scores[j], found[j] = similarity(best[j]), number(best[j])


@compiled()
def scan_vectors(similar, starts, rows, ids, queries, nprobe, scores, found):
    """Search lists of float vectors: ``scores`` and ``found`` (q, k) get results; return dot products.

    similar (q, lists): of queries to centroids; rows (n, d), queries (q, d): made by `aligned`; rows of list
    j: from starts[j] to starts[j + 1]; ids (n,): of the rows.
    """
    best, probed = np.empty(scores.shape[1], np.int64), np.empty(nprobe, np.int64)
    compared = similar.size
    for q in range(len(queries)):
        size = 0
        choose(similar[q], probed)
        for packed in probed:
            at = number(packed)
            for i in range(starts[at], starts[at + 1]):
                size = keep(best, size, candidate(dot(rows, i, queries[q]), ids[i]))
            compared += starts[at + 1] - starts[at]
        write_out(best, size, scores[q], found[q])
    return compared


@compiled(fastmath=True)
def fill_tables(codebooks, query, tables):
    """Write the query's inner products with all centroids of all pieces: ``tables`` (m, 256).

    codebooks (m, d/m, 256): a component of all centroids stands together, so that one step serves many.
    """
    m, size, entries = codebooks.shape
    tables[:] = 0
    for j in range(m):
        for s in range(size):
            component = query[j * size + s]
            for c in range(entries):
                tables[j, c] += component * codebooks[j, s, c]


@compiled()
def add_up(codes, i, tables):
    """Add up one entry of each table, (m, 256): the query's inner product with what a code stands for.

    In this order: free to choose another (fastmath), LLVM gathers entries into registers, which takes longer.
    """
    total = np.float32(0)
    for j in range(codes.shape[1]):
        total += tables[j, codes[i, j]]
    return total


@compiled()
def add_up_all(codes, start, tables, sums):
    """Write what `add_up` returns for as many codes from ``start`` as ``sums`` has room for: four at a time.

    Each addition waits for the one before; four sums do not wait for each other.
    """
    whole = len(sums) // 4 * 4
    for at in range(0, whole, 4):
        i = start + at
        a = b = c = d = np.float32(0)
        for j in range(codes.shape[1]):
            a += tables[j, codes[i, j]]
            b += tables[j, codes[i + 1, j]]
            c += tables[j, codes[i + 2, j]]
            d += tables[j, codes[i + 3, j]]
        sums[at], sums[at + 1], sums[at + 2], sums[at + 3] = a, b, c, d
    for at in range(whole, len(sums)):
        sums[at] = add_up(codes, start + at, tables)


@compiled()
def scan_codes(similar, lengths, factors, codebooks, starts, codes, ids, queries, nprobe, scores, found):
    """Search lists of codes (n, m) of residuals by tables; return how many were compared.

    lengths (lists,): of the centroids; factors (lists,): of the scores; codebooks (m, d/m, 256); all else as
    in `scan_vectors`. The query's inner product with the centroid is the same for a whole list.
    """
    best, probed = np.empty(scores.shape[1], np.int64), np.empty(nprobe, np.int64)
    tables = np.empty((codebooks.shape[0], codebooks.shape[2]), np.float32)
    sums, compared = np.empty(np.diff(starts).max(), np.float32), similar.size
    for q in range(len(queries)):
        size = 0
        fill_tables(codebooks, queries[q], tables)
        choose(similar[q], probed)
        for packed in probed:
            at = number(packed)
            start, end = starts[at], starts[at + 1]
            some = sums[: end - start]
            add_up_all(codes, start, tables, some)
            for i in range(len(some)):
                some[i] = factors[at] * (lengths[at] * similar[q, at] + some[i])
            size = keep_all(best, size, some, ids[start:end])
            compared += end - start
        write_out(best, size, scores[q], found[q])
    return compared
