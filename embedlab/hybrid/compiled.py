"""The search of BM25, compiled for many queries; a file of its own, as importing numba takes a while.

Numbers of places are unsigned here: for a signed one, numba would see at each step whether it counts from the
end, which took as long as all else.
"""

import numpy as np

from embedlab.machine import compiled

BLOCK = 64  # scores looked at together: four steps of the widest vector instructions
ID = 0xFFFFFFFF  # 32 bits
ONE = np.uint64(1)


@compiled()
def find_best(terms, starts, documents, weights, n, scores, ids):
    """Do what `embedlab.hybrid.bm25.find_best` does, to the last bit."""
    found = np.zeros(n, np.float32)
    for t in terms:
        holders, added = documents[starts[t] : starts[t + 1]], weights[starts[t] : starts[t + 1]]
        for p in range(len(holders)):
            found[np.uint32(holders[p])] += added[p]
    write_top_k(found, scores, ids)


@compiled()
def write_top_k(found, scores, ids):
    """Write the largest positive scores, best first, of equal ones the smaller id first: both (k,).

    The k best so far stand in a heap, the worst at its root. One integer is a candidate: the bits of its
    score, which rise with it, then its id, inverted. A later one has to be better than the root, which most
    are not: of most blocks only the largest score is looked at, many at a time.
    """
    k, least, bits = min(len(ids), len(found)), np.int32(0), found.view(np.int32)
    heap = np.zeros(k, np.int64)
    for start in range(0, len(found), BLOCK):
        block, largest = bits[start : start + BLOCK], least
        for i in range(len(block)):
            largest = max(largest, block[i])
        for i in range(len(block) if largest > least else 0):
            if block[i] > least:
                replace_root(heap, k, np.int64(block[i]) << 32 | (ID - (start + i)))
                least = np.int32(heap[0] >> 32)
    for j in range(k - 1, -1, -1):  # the worst first, to the end
        worst = heap[0]
        replace_root(heap, j, heap[j])
        if worst > 0:
            scores[j], ids[j] = np.int32(worst >> 32).view(np.float32), ID - (worst & ID)


@compiled()
def replace_root(heap, size, value):
    """Take the root off a heap of so many, and let the value sink to its place (Williams 1964, Heapsort)."""
    at, child, size = np.uint64(0), ONE, np.uint64(size)
    while child < size:
        if child + ONE < size:
            child += np.uint64(heap[child + ONE] < heap[child])  # of two children, the worse
        if heap[child] >= value:
            break
        heap[at], at, child = heap[child], child, child + child + ONE
    heap[at] = value
