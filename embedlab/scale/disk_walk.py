"""The steps of a search on disk that are not reading: which nodes next, and what they say. Compiled."""

from collections import namedtuple

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import compiled, dot, place_in_beam
from embedlab.scale.scan import add_up, candidate, fill_tables, keep, number

# beam (width,): candidates with the similarities of their codes; the lowest bit says that it was read
# best (k,): candidates with exact similarities     sizes (2,): how many are in the two
# seen (n / 8,): a bit for each vector that is or was in the beam     next (w,): nodes to be read
# tables (m, 256): the query's inner products with all centroids
Walk = namedtuple("Walk", "beam best sizes seen next tables")
BEAM, BEST = range(2)


def new_walk(n: int, width: int, k: int, at_a_time: int, codebooks: NDArray[np.float32]) -> Walk:
    """Make room for one search; codebooks (m, d/m, 256), as `scan.fill_tables` wants them."""
    arrays = np.empty(width, np.int64), np.empty(k, np.int64), np.zeros(2, np.int64)
    marks, tables = np.zeros(n // 8 + 1, np.uint8), np.empty(codebooks[:, 0].shape, np.float32)
    return Walk(*arrays, marks, np.zeros(at_a_time, np.int64), tables)


@compiled(inline="always")
def unseen(seen, i):
    """Mark i, and return whether it was not marked before."""
    bit = np.uint8(1 << (i & 7))
    new = (seen[i >> 3] & bit) == 0
    seen[i >> 3] |= bit
    return new


@compiled()
def begin(walk, entry, codes, codebooks, query):
    """Forget the search before; begin at the entry."""
    fill_tables(codebooks, query, walk.tables)
    walk.seen[:] = 0
    unseen(walk.seen, entry)
    walk.beam[0] = candidate(add_up(codes, entry, walk.tables), entry)
    walk.sizes[BEAM], walk.sizes[BEST] = 1, 0


@compiled()
def choose_next(walk):
    """Write the best that were not read to ``next``, and mark them; return how many. 0: the search ends."""
    count = 0
    for j in range(walk.sizes[BEAM]):
        if count == len(walk.next):
            break
        if walk.beam[j] & 1 == 0:
            walk.next[count] = number(walk.beam[j])
            walk.beam[j] |= 1
            count += 1
    return count


@compiled()
def absorb(walk, count, rows, links, dims, degree, query, codes):
    """Score the nodes that were read exactly, and put their neighbours into the beam by their codes.

    rows (w, d), float32, and links (w, d), int32, are the same memory: a vector, how many links, the links.
    Returns False where a link leads nowhere: the file is damaged, and the memory behind is not ours.
    """
    n, room = len(codes), 0
    for w in range(count):
        block = links[w, dims : dims + 1 + degree]
        room = block[0]
        if room < 0 or room >= len(block):
            return False
        for j in range(1, room + 1):
            i = block[j]
            if i < 0 or i >= n:
                return False
            if unseen(walk.seen, i):
                packed = candidate(add_up(codes, i, walk.tables), i)
                walk.sizes[BEAM], _ = place_in_beam(walk.beam, walk.sizes[BEAM], packed)
        rows[w, dims:] = 0  # `dot` multiplies to the end of the row
        walk.sizes[BEST] = keep(walk.best, walk.sizes[BEST], candidate(dot(rows, w, query), walk.next[w]))
    return True
