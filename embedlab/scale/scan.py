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


@compiled()
def probe(centroids, query, probed):
    """Write the best lists to ``probed`` (nprobe,), best first, as candidates; return how many."""
    size = 0
    for i in range(len(centroids)):
        size = keep(probed, size, candidate(dot(centroids, i, query), i))
    return size


@compiled()
def write_out(best, size, scores, found):
    """Unpack the best of one query."""
    for j in range(size):
        scores[j], found[j] = similarity(best[j]), number(best[j])


@compiled()
def scan_vectors(centroids, starts, rows, ids, queries, nprobe, scores, found):
    """Search lists of float vectors: ``scores`` and ``found`` (q, k) get results; return dot products.

    centroids (lists, d) and rows (n, d), queries (q, d): made by `aligned`; rows of list j: from starts[j] to
    starts[j + 1]; ids (n,): of the rows.
    """
    best, probed = np.empty(scores.shape[1], np.int64), np.empty(nprobe, np.int64)
    compared = len(queries) * len(centroids)
    for q in range(len(queries)):
        size = 0
        for p in range(probe(centroids, queries[q], probed)):
            at = number(probed[p])
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


@compiled(fastmath=True)
def add_up(codes, i, tables):
    """Add up one entry of each table, (m, 256): the query's inner product with what a code stands for."""
    total = np.float32(0)
    for j in range(codes.shape[1]):
        total += tables[j, codes[i, j]]
    return total


@compiled()
def scan_codes(centroids, lengths, factors, codebooks, starts, codes, ids, queries, nprobe, scores, found):
    """Search lists of codes (n, m) of residuals by tables; return how many were compared.

    lengths (lists,): of the centroids; factors (lists,): of the scores; codebooks (m, d/m, 256); all else as
    in `scan_vectors`. The query's inner product with the centroid is the same for a whole list.
    """
    best, probed = np.empty(scores.shape[1], np.int64), np.empty(nprobe, np.int64)
    tables = np.empty((codebooks.shape[0], codebooks.shape[2]), np.float32)
    compared = len(queries) * len(centroids)
    for q in range(len(queries)):
        size = 0
        fill_tables(codebooks, queries[q], tables)
        for p in range(probe(centroids, queries[q], probed)):
            at = number(probed[p])
            shared = lengths[at] * dot(centroids, at, queries[q])
            for i in range(starts[at], starts[at + 1]):
                score = factors[at] * (shared + add_up(codes, i, tables))
                size = keep(best, size, candidate(score, ids[i]))
            compared += starts[at + 1] - starts[at]
        write_out(best, size, scores[q], found[q])
    return compared
