"""HNSW: a graph in which each step brings a search nearer (Malkov & Yashunin 2018, arXiv:1603.09320).

Every vector is linked to near ones; a search walks from neighbour to neighbour towards the query. Few
vectors also stand on upper layers, where the links are long: a search starts there, and comes down.

The functions below are the paper's algorithms, compiled by numba. A candidate is a similarity and a number
in one int64 (`kernels.pack`), so a list of candidates is a sorted array of integers. The lowest bit of a
candidate says whether its neighbours have been looked at.
"""

from collections import namedtuple

import numpy as np

from embedlab.machine import (
    StoreError,
    as_query,
    compiled,
    dot,
    number_of,
    order_key,
    pack,
    place_in_beam,
    prefetch,
)

# rows (n, d): what is compared, float32 or int8 codes    links (n, 1 + 2M): layer 0, [count, neighbours...]
# upper (u, 1 + M): the links of the other layers         place (n,): where in upper a vector's layer 1 is
# twins (n,): the next in a circle of equal vectors       at (3,): entry (-1 for none), its layer, the count
Graph = namedtuple("Graph", "rows links upper place twins at")
ENTRY, TOP, COUNT = range(3)

# numbers (d,): aligned, of the kind that `dot` multiplies with the rows
# offset: to be taken from every product, see `kernels.as_query`      (many queries: (q, d) and (q,))
Query = namedtuple("Query", "numbers offset")

# seen (n,), stamp (1,): i has been compared in this search if seen[i] == stamp[0]
# todo (2M,): room for the neighbours that are to be compared
Visits = namedtuple("Visits", "seen stamp todo")

# Room to link a vector: itself (query), the beam (ef,), those chosen for it on each layer (mine, counts);
# to link another to it: that one (row), its candidates (2M + 1,), those chosen anew (2M,)
Desk = namedtuple("Desk", "query beam mine counts row candidates chosen")


@compiled(inline="always")
def neighbours(graph, i, layer):
    """Return the links of vector i on a layer: how many, then their numbers."""
    return graph.links[i] if layer == 0 else graph.upper[graph.place[i] + layer - 1]


@compiled(inline="always")
def rows_ahead(graph):
    """Return how many rows to ask the memory for before they are needed: some of the first cache, not all."""
    return max(3, 8192 // (graph.rows.shape[1] * graph.rows.itemsize))


@compiled(inline="always")
def compare(graph, query, i):
    """Return vector i as a candidate, with its similarity to the query."""
    return pack(dot(graph.rows, i, query.numbers) - query.offset, i)


@compiled()
def start_from(beam, size, visits):
    """Forget all but the beam, from which the next layer starts; a new stamp does so without touching n."""
    if visits.stamp[0] == 0xFFFF:
        visits.seen[:] = 0
        visits.stamp[0] = 0
    visits.stamp[0] += 1
    for j in range(size):
        beam[j] &= ~1
        visits.seen[number_of(beam[j])] = visits.stamp[0]


@compiled()
def unseen_neighbours(graph, i, layer, visits, ahead):
    """Write to ``todo`` which neighbours of i have not been compared, and mark them; return how many.

    Links are looked at here, too, since a file that is searched where it lies is not read before.
    """
    block, stamp = neighbours(graph, i, layer), visits.stamp[0]
    fresh = 0
    for j in range(1, min(block[0] + 1, len(block))):
        i = block[j]
        if np.uint32(i) >= len(visits.seen):  # also where it is negative
            raise StoreError("a link leads to a vector that does not exist")
        if visits.seen[i] != stamp:
            visits.seen[i] = stamp
            if fresh < ahead:
                prefetch(graph.rows, i)  # memory is slower than arithmetic: ask before it is needed
            visits.todo[fresh] = i
            fresh += 1
    return fresh


@compiled()
def search_layer(graph, query, layer, beam, size, visits):
    """Widen the beam until nothing better borders on it (Algorithm 2).

    The beam holds the best candidates found, as many as it has room for (the paper's ef). The best that has
    not been expanded is; its neighbours join the beam where they are good enough. It ends when all are.

    Parameters
    ----------
    graph : Graph
    query : Query
    layer : int
    beam : int64 array (ef,)
        Its first ``size`` entries are where to start, see `start_from`.
    visits : Visits

    Returns
    -------
    size, compared : int
    """
    compared, at, ahead = 0, 0, rows_ahead(graph)
    while at < size:
        if beam[at] & 1:
            at += 1
            continue
        fresh = unseen_neighbours(graph, number_of(beam[at]), layer, visits, ahead)
        beam[at] |= 1
        for j in range(fresh):
            if j + ahead < fresh:
                prefetch(graph.rows, visits.todo[j + ahead])
            size, there = place_in_beam(beam, size, compare(graph, query, visits.todo[j]))
            if there < size and layer == 0:
                prefetch(graph.links, visits.todo[j])  # its links are wanted soon
            at = min(at, there)
        compared += fresh
    return size, compared


@compiled()
def descend(graph, query, bottom, beam, visits):
    """Go down greedily, with a beam of one, to the layer above ``bottom``; return comparisons."""
    beam[0] = compare(graph, query, graph.at[ENTRY])
    compared = 1
    for layer in range(graph.at[TOP], bottom, -1):
        start_from(beam, 1, visits)
        compared += search_layer(graph, query, layer, beam[:1], 1, visits)[1]
    return compared


@compiled()
def select_neighbours(rows, candidates, size, m, chosen, row):
    """Choose up to m of the candidates, nearest first, that lie in different directions (Algorithm 4).

    One is passed over if it is nearer to an already chosen one than to the vector itself: through that one it
    can be reached. This keeps links between clusters, where the m nearest would all be in one.
    """
    count = 0
    for k in range(size):
        i = number_of(candidates[k])
        offset = as_query(rows, i, row)
        useful = True
        for j in range(count):
            if order_key(dot(rows, chosen[j], row) - offset) < candidates[k] >> 32:
                useful = False
                break
        if useful:
            chosen[count] = i
            count += 1
            if count == m:
                break
    return count


@compiled()
def link(graph, i, new, layer, desk):
    """Add ``new`` to the neighbours of i; if they are too many, select among them anew."""
    block = neighbours(graph, i, layer)
    m = len(block) - 1
    if block[0] < m:
        block[0] += 1
        block[block[0]] = new
        return
    query = Query(desk.row, as_query(graph.rows, i, desk.row))
    for j in range(1, m + 1):
        prefetch(graph.rows, block[j])
    size = 0
    for j in range(m + 1):
        other = new if j == m else block[j + 1]
        size, _ = place_in_beam(desk.candidates[: m + 1], size, compare(graph, query, other))
    block[0] = select_neighbours(graph.rows, desk.candidates, size, m, desk.chosen, desk.row)
    block[1 : block[0] + 1] = desk.chosen[: block[0]]


@compiled()
def twin_of(graph, i, similarity, beam, size):
    """Return which vector in the beam is equal to i, or -1; one that is has i's similarity to itself."""
    for k in range(size):
        other = number_of(beam[k])
        if beam[k] >> 32 == similarity >> 32 and np.array_equal(graph.rows[i], graph.rows[other]):
            return other
    return -1


@compiled()
def insert(graph, levels, end, visits, desk):
    """Insert the vectors up to ``end``, one after the other (Algorithm 1).

    Of equal vectors only the first is linked, the others stand in a circle with it: more of them than there
    are links would have none left for anything else, and what lies behind them could not be reached.

    What is in is written down with each vector: an interrupt that arrives when this returns finds it so.
    """
    m, beam = graph.upper.shape[1] - 1, desk.beam
    for i in range(graph.at[COUNT], end):
        level, top = levels[i], graph.at[TOP]
        if graph.at[ENTRY] < 0:
            graph.at[ENTRY], graph.at[TOP], graph.at[COUNT] = i, level, i + 1
            continue
        query = Query(desk.query, as_query(graph.rows, i, desk.query))
        descend(graph, query, level, beam, visits)
        size = 1
        for layer in range(min(level, top), -1, -1):
            start_from(beam, size, visits)
            size, _ = search_layer(graph, query, layer, beam, size, visits)
            desk.counts[layer] = select_neighbours(graph.rows, beam, size, m, desk.mine[layer], desk.row)
        twin = twin_of(graph, i, compare(graph, query, i), beam, size)
        if twin >= 0:
            graph.twins[i], graph.twins[twin] = graph.twins[twin], i
        else:
            for layer in range(min(level, top) + 1):
                block, count = neighbours(graph, i, layer), desk.counts[layer]
                block[0] = count
                block[1 : count + 1] = desk.mine[layer, :count]
                for j in range(count):
                    link(graph, desk.mine[layer, j], i, layer, desk)
            if level > top:
                graph.at[ENTRY], graph.at[TOP] = i, level
        graph.at[COUNT] = i + 1


@compiled()
def search(graph, queries, visits, found):
    """Find the nearest of each query (Algorithm 5): ``found`` (q, ef) gets candidates; return comparisons."""
    compared = 0
    for q in range(len(found)):
        query, beam = Query(queries.numbers[q], queries.offset[q]), found[q]
        compared += descend(graph, query, 0, beam, visits)
        start_from(beam, 1, visits)
        size, more = search_layer(graph, query, 0, beam, 1, visits)
        beam[size:] = -1
        compared += more
    return compared
