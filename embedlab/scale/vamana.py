"""Vamana compiled: greedy search, robust prune, and the passes that make a graph (see `vamana_plain`).

A candidate is a similarity and a number in one int64 (`scan.candidate`), so a beam is a sorted array of
integers; the lowest bit says that its neighbours have been looked at. Searches compare inner products. Where
links are chosen, the similarity is minus the squared distance.
"""

from collections import namedtuple

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import compiled, dot, place_in_beam, prefetch
from embedlab.scale.scan import candidate, number, similarity, write_out

# rows (n, d): made by `aligned`     squares (n,): the squared lengths of the rows
# links (n, 1 + room): [count, neighbours...], -1 of those taken out     entry: where every search begins
Graph = namedtuple("Graph", "rows squares links entry")

# seen (n,), stamp (1,): i was compared in this search if seen[i] == stamp[0]     todo (room,): to be compared
# beam (width,)     pool (p,): candidates to link to     chosen (degree,): those of them that were chosen
Desk = namedtuple("Desk", "seen stamp todo beam pool chosen")

AHEAD = 5  # rows that are asked for before they are needed
POOL = 8  # times the width of the beam: more are never visited


def new_desk(n: int, room: int, degree: int, width: int) -> Desk:
    """Make room for building."""
    stamps, beam = (np.zeros(n, np.int32), np.zeros(1, np.int32)), np.empty(width, np.int64)
    pool = np.empty(POOL * width + room * room, np.int64)
    return Desk(*stamps, np.empty(room, np.int32), beam, pool, np.empty(degree, np.int32))


@compiled()
def greedy_search(graph, query, beam, seen, stamp, todo, pool):
    """Fill the beam with the nearest that a walk finds (Algorithm 1); return its size and two counts.

    Those whose neighbours were looked at are written to ``pool``, as far as it has room: returned are how
    many they are, and how many were compared.
    """
    beam[0] = candidate(dot(graph.rows, graph.entry, query), graph.entry)
    seen[graph.entry] = stamp
    size, at, visited, compared = 1, 0, 0, 1
    while at < size:
        if beam[at] & 1:
            at += 1
            continue
        if visited < len(pool):
            pool[visited] = beam[at]
        visited += 1
        block = graph.links[number(beam[at])]
        beam[at] |= 1
        fresh = 0
        for j in range(1, block[0] + 1):
            if seen[block[j]] != stamp:
                seen[block[j]] = stamp
                if fresh < AHEAD:
                    prefetch(graph.rows, block[j])
                todo[fresh] = block[j]
                fresh += 1
        for j in range(fresh):
            if j + AHEAD < fresh:
                prefetch(graph.rows, todo[j + AHEAD])
            size, there = place_in_beam(beam, size, candidate(dot(graph.rows, todo[j], query), todo[j]))
            at = min(at, there)
        compared += fresh
    return size, visited, compared


@compiled()
def search(graph, queries, width, seen, scores, found):
    """Search for queries (q, d): ``scores`` and ``found`` (q, width) get the beams; return comparisons.

    ``seen`` (n,) has to be zeros.
    """
    beam, todo = np.empty(width, np.int64), np.empty(graph.links.shape[1], np.int32)
    nothing, compared = np.empty(0, np.int64), 0
    for q in range(len(queries)):
        size, _, more = greedy_search(graph, queries[q], beam, seen, np.int32(q + 1), todo, nothing)
        write_out(beam, size, scores[q], found[q])
        compared += more
    return compared


@compiled()
def distance(graph, i, j):
    """Return the squared distance of two vectors."""
    product = dot(graph.rows, i, graph.rows[j])
    return max(graph.squares[i] + graph.squares[j] - np.float32(2) * product, np.float32(0))


@compiled()
def robust_prune(graph, pool, size, alpha, chosen):
    """Choose neighbours among the first candidates of ``pool``, which are sorted; return how many.

    One that is there twice counts once. The lowest bit of a candidate says that it was chosen.
    """
    count = 0
    for factor in (1.0, alpha):
        for k in range(size):
            if count == len(chosen):
                return count
            if pool[k] & 1 or (k and pool[k] >> 1 == pool[k - 1] >> 1):
                continue
            i, direct, useful = number(pool[k]), -similarity(pool[k]), True
            for j in range(count):
                if factor * distance(graph, chosen[j], i) <= direct:
                    useful = False
                    break
            if useful:
                chosen[count] = i
                count += 1
                pool[k] |= 1
        if alpha == 1:
            break
    return count


@compiled()
def choose(graph, i, size, alpha, desk):
    """Make those of the first numbers in the pool that `robust_prune` chooses the neighbours of i."""
    pool, kept = desk.pool, 0
    for k in range(size):
        other = pool[k]
        if other != i:
            pool[kept] = candidate(-distance(graph, i, other), other)
            kept += 1
    pool[:kept].sort()
    count = robust_prune(graph, pool, kept, alpha, desk.chosen)
    graph.links[i, 0] = count
    graph.links[i, 1 : count + 1] = desk.chosen[:count]


@compiled()
def link_back(graph, i, new, alpha, desk):
    """Add ``new`` to the neighbours of i, if it is not among them; choose anew where they are too many."""
    block = graph.links[i]
    for j in range(1, block[0] + 1):
        if block[j] == new:
            return
    if block[0] < len(block) - 1:
        block[0] += 1
        block[block[0]] = new
        return
    for j in range(1, block[0] + 1):
        prefetch(graph.rows, block[j])
        desk.pool[j - 1] = block[j]
    desk.pool[block[0]] = new
    choose(graph, i, block[0] + 1, alpha, desk)


@compiled()
def improve(graph, order, alpha, desk):
    """Choose the neighbours of each vector anew: one pass of Algorithm 3. Returns how many were compared.

    ``links`` may have room for more than ``chosen``: a vector then is pruned once for several links that
    come back to it, as DiskANN does ("slack"); `trim` ends it.
    """
    compared = 0
    for i in order:
        desk.stamp[0] += 1
        pool, block = desk.pool, graph.links[i]
        walked = pool[: len(pool) - len(block)]
        marks = desk.seen, desk.stamp[0]
        _, visited, more = greedy_search(graph, graph.rows[i], desk.beam, *marks, desk.todo, walked)
        size = min(visited, len(walked))
        for k in range(size):
            pool[k] = number(pool[k])
        for j in range(1, block[0] + 1):
            pool[size] = block[j]
            size += 1
        choose(graph, i, size, alpha, desk)
        for j in range(1, block[0] + 1):
            link_back(graph, np.int64(block[j]), i, alpha, desk)
        compared += more
    return compared


@compiled()
def trim(graph, alpha, desk):
    """Choose anew where a vector has more neighbours than it may keep."""
    for i in range(len(graph.links)):
        block = graph.links[i]
        if block[0] > len(desk.chosen):
            desk.pool[: block[0]] = block[1 : block[0] + 1]
            choose(graph, i, block[0], alpha, desk)


@compiled()
def reached(graph):
    """Say which vectors a walk from the entry can reach at all, bool (n,)."""
    found, todo = np.zeros(len(graph.links), np.bool_), np.empty(len(graph.links), np.int32)
    found[graph.entry], todo[0], at, end = True, graph.entry, 0, 1
    while at < end:
        block = graph.links[todo[at]]
        at += 1
        for j in range(1, block[0] + 1):
            if not found[block[j]]:
                found[block[j]], todo[end] = True, block[j]
                end += 1
    return found


@compiled()
def connect(graph, lost, desk):
    """Link each of these vectors from the nearest that a walk finds: one with room, else for its last link.

    Not in the paper: pruning may leave a vector to which no link leads, and then no query finds it.
    """
    for i in lost:
        desk.stamp[0] += 1
        marks = desk.seen, desk.stamp[0]
        size, _, _ = greedy_search(graph, graph.rows[i], desk.beam, *marks, desk.todo, desk.pool[:0])
        best = number(desk.beam[0])
        for k in range(size):
            if graph.links[number(desk.beam[k]), 0] < len(desk.chosen):
                best = number(desk.beam[k])
                break
        block = graph.links[best]
        block[0] = min(block[0] + 1, len(desk.chosen))
        block[block[0]] = i


def check_links(links: NDArray, n: int, degree: int, entry: int) -> None:
    """Raise ValueError unless links (n, 1 + degree) lead to vectors, and the entry is one."""
    if links.shape != (n, 1 + degree):
        raise ValueError(f"{n} vectors of {degree} links, but links of shape {links.shape}")
    if not (entry == -1 if n == 0 else 0 <= entry < n):
        raise ValueError(f"there is no vector {entry} to begin at")
    used = np.arange(1, links.shape[1]) <= links[:, :1]
    ends = np.where(used, links[:, 1:], 0)
    if ((links[:, 0] < -1) | (links[:, 0] > degree)).any() or ((ends < 0) | (ends >= max(n, 1))).any():
        raise ValueError("a link leads to a vector that does not exist")
