"""HNSW: a graph in which each step brings a search nearer (Malkov & Yashunin 2018, arXiv:1603.09320).

Every vector is linked to near ones; a search walks from neighbour to neighbour towards the query. Few
vectors also stand on upper layers, where the links are long: a search starts there, and comes down.

The functions below are the paper's algorithms, compiled by numba. A candidate is a similarity and a number
in one int64 (`kernels.pack`), so a list of candidates is a sorted array of integers. The lowest bit of a
candidate says whether its neighbours have been looked at.
"""

from collections import namedtuple

import numpy as np

from embedlab.machine import as_query, compiled, dot, number_of, pack, prefetch

AHEAD = 8192  # bytes to ask the memory for before they are needed: some of the first cache, not all

# rows (n, d): what is compared, float32 or int8 codes    links (n, 1 + 2M): layer 0, [count, neighbours...]
# upper (u, 1 + M): the links of the other layers         place (n,): where in upper a vector's layer 1 is
# at (3,): the entry vector (-1 for none), its layer, how many vectors are linked
Graph = namedtuple("Graph", "rows links upper place at")
ENTRY, TOP, COUNT = range(3)


@compiled(inline="always")
def neighbours(graph, i, layer):
    """Return the links of vector i on a layer: how many, then their numbers."""
    return graph.links[i] if layer == 0 else graph.upper[graph.place[i] + layer - 1]


@compiled()
def next_stamp(seen, stamp):
    """Return a stamp that is nowhere in ``seen``: all is forgotten, without touching n numbers each time."""
    if stamp == 0xFFFF:
        seen[:] = 0
        stamp = 0
    return stamp + 1


@compiled()
def place_in_beam(beam, size, candidate):
    """Put a candidate into the sorted beam if it is good enough; return the beam's size, and where."""
    if size == len(beam):
        if candidate > beam[size - 1]:
            return size, size
        size -= 1  # the worst falls out
    at = size
    while at > 0 and beam[at - 1] > candidate:
        beam[at] = beam[at - 1]
        at -= 1
    beam[at] = candidate
    return size + 1, at


@compiled()
def search_layer(graph, query, offset, layer, beam, size, seen, stamp, todo):
    """Widen the beam until nothing better borders on it (Algorithm 2).

    The beam holds the best candidates found, as many as it has room for (the paper's ef). The best that has
    not been expanded is; its neighbours join the beam where they are good enough. It ends when all are.

    Parameters
    ----------
    graph : Graph
    query : array (d,), aligned, of the kind that `dot` multiplies with the rows
    offset : number
        To be taken from every dot product, see `kernels.as_query`.
    layer : int
    beam : int64 array (ef,)
        Its first ``size`` entries are where to start.
    seen : uint16 array (n,)
        ``seen[i] == stamp`` if i has been compared in this search, see `next_stamp`.
    todo : int32 array, room for the neighbours of one vector

    Returns
    -------
    size, compared : int
    """
    compared, at = 0, 0
    ahead = max(3, AHEAD // (graph.rows.shape[1] * graph.rows.itemsize))
    while at < size:
        if beam[at] & 1:
            at += 1
            continue
        block = neighbours(graph, number_of(beam[at]), layer)
        beam[at] |= 1
        fresh = 0
        for j in range(1, block[0] + 1):
            i = block[j]
            if seen[i] != stamp:
                seen[i] = stamp
                if fresh < ahead:
                    prefetch(graph.rows, i)  # memory is slower than arithmetic: ask before it is needed
                todo[fresh] = i
                fresh += 1
        for j in range(fresh):
            if j + ahead < fresh:
                prefetch(graph.rows, todo[j + ahead])
            candidate = pack(dot(graph.rows, todo[j], query) - offset, todo[j])
            size, there = place_in_beam(beam, size, candidate)
            if there <= at:
                at = there
                if layer == 0:
                    prefetch(graph.links, todo[j])  # its links are wanted next
        compared += fresh
    return size, compared


@compiled()
def descend(graph, query, offset, entry, top, bottom, beam, seen, stamp, todo):
    """Go down greedily, with a beam of one, from layer ``top`` to the one above ``bottom``."""
    beam[0] = pack(dot(graph.rows, entry, query) - offset, entry)
    compared = 1
    for layer in range(top, bottom, -1):
        beam[0] &= ~1
        stamp = next_stamp(seen, stamp)
        compared += search_layer(graph, query, offset, layer, beam[:1], 1, seen, stamp, todo)[1]
    beam[0] &= ~1
    return stamp, compared


@compiled()
def select_neighbours(rows, candidates, size, m, chosen, scratch):
    """Choose up to m of the candidates, nearest first, that lie in different directions (Algorithm 4).

    One is passed over if it is nearer to an already chosen one than to the vector itself: through that one it
    can be reached. This keeps links between clusters, where the m nearest would all be in one.
    """
    count = 0
    for k in range(size):
        i = number_of(candidates[k])
        offset = as_query(rows, i, scratch)
        useful = True
        for j in range(count):
            between = pack(dot(rows, chosen[j], scratch) - offset, 0)
            if between >> 32 < candidates[k] >> 32:
                useful = False
                break
        if useful:
            chosen[count] = i
            count += 1
            if count == m:
                break
    return count


@compiled()
def link(graph, i, new, layer, m, scratch, buffer, chosen):
    """Add ``new`` to the neighbours of i; if they are too many, select among them anew."""
    block = neighbours(graph, i, layer)
    if block[0] < m:
        block[0] += 1
        block[block[0]] = new
        return
    offset = as_query(graph.rows, i, scratch)
    for j in range(1, m + 1):
        prefetch(graph.rows, block[j])
    size = 0
    for j in range(m + 1):
        other = new if j == m else block[j + 1]
        size, _ = place_in_beam(buffer[: m + 1], size, pack(dot(graph.rows, other, scratch) - offset, other))
    block[0] = select_neighbours(graph.rows, buffer, size, m, chosen, scratch)
    block[1 : block[0] + 1] = chosen[: block[0]]


@compiled()
def insert(graph, levels, end, m, beam, seen, stamp, query):
    """Insert the vectors up to ``end``, one after the other (Algorithm 1); return the stamp.

    What is linked is written down with each vector: an interrupt that arrives when this returns finds it so.
    """
    todo = np.empty(2 * m + 1, np.int32)
    chosen = np.empty(2 * m + 1, np.int32)
    mine = np.empty(2 * m + 1, np.int32)
    buffer = np.empty(2 * m + 1, np.int64)
    scratch = np.empty_like(query)
    for i in range(graph.at[COUNT], end):
        level, entry, top = levels[i], graph.at[ENTRY], graph.at[TOP]
        if entry < 0:
            graph.at[ENTRY], graph.at[TOP], graph.at[COUNT] = i, level, i + 1
            continue
        offset = as_query(graph.rows, i, query)
        stamp, _ = descend(graph, query, offset, entry, top, level, beam, seen, stamp, todo)
        size = 1
        for layer in range(min(level, top), -1, -1):
            stamp = next_stamp(seen, stamp)
            for j in range(size):  # what was found above is where to start
                beam[j] &= ~1
                seen[number_of(beam[j])] = stamp
            size, _ = search_layer(graph, query, offset, layer, beam, size, seen, stamp, todo)
            count = select_neighbours(graph.rows, beam, size, m, mine, scratch)
            block = neighbours(graph, i, layer)
            block[0] = count
            block[1 : count + 1] = mine[:count]
            for j in range(count):
                link(graph, mine[j], i, layer, m if layer else 2 * m, scratch, buffer, chosen)
        graph.at[COUNT] = i + 1
        if level > top:
            graph.at[ENTRY], graph.at[TOP] = i, level
    return stamp


@compiled()
def search(graph, queries, offsets, seen, stamp, found):
    """Find the nearest of each query (Algorithm 5): ``found`` (q, ef) gets candidates; return comparisons."""
    todo = np.empty(graph.links.shape[1], np.int32)
    entry, top = graph.at[ENTRY], graph.at[TOP]
    compared = 0
    for q in range(len(queries)):
        beam = found[q]
        stamp, steps = descend(graph, queries[q], offsets[q], entry, top, 0, beam, seen, stamp, todo)
        stamp = next_stamp(seen, stamp)
        seen[number_of(beam[0])] = stamp
        size, more = search_layer(graph, queries[q], offsets[q], 0, beam, 1, seen, stamp, todo)
        beam[size:] = -1
        compared += steps + more
    return stamp, compared
