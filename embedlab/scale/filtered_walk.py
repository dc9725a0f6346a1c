"""Walks through a flat graph for those that pass a filter: over everybody, or over them alone. Compiled."""

from heapq import heappop, heappush

import numpy as np

from embedlab.machine import compiled, dot, place_in_beam, prefetch
from embedlab.scale.scan import candidate, number, write_out
from embedlab.scale.vamana import AHEAD


@compiled()
def over_everybody(graph, i, seen, stamp, todo):
    """Write the neighbours of i that are new to ``todo``, and mark them; return how many."""
    block, count = graph.links[i], 0
    for j in range(1, block[0] + 1):
        if seen[block[j]] != stamp:
            seen[block[j]] = stamp
            todo[count] = block[j]
            count += 1
    return count


@compiled()
def over_two_hops(graph, i, passing, seen, stamp, todo):
    """Write who passes and is new to ``todo``: neighbours of i, then neighbours of those that do not pass.

    At most as many as a vector has links. A neighbour whose links have all been looked at is marked.
    """
    block, count, most = graph.links[i], 0, graph.links.shape[1] - 1
    for j in range(1, block[0] + 1):
        if passing[block[j]] and seen[block[j]] != stamp:
            seen[block[j]] = stamp
            todo[count] = block[j]
            count += 1
    for j in range(1, block[0] + 1):
        if passing[block[j]] or seen[block[j]] == stamp:
            continue
        beyond = graph.links[block[j]]
        for other in range(1, beyond[0] + 1):
            if count == most:
                return count
            if passing[beyond[other]] and seen[beyond[other]] != stamp:
                seen[beyond[other]] = stamp
                todo[count] = beyond[other]
                count += 1
        seen[block[j]] = stamp
    return count


@compiled()
def walk(graph, query, passing, two_hops, starts, beam, seen, stamp, todo):
    """Fill the beam with the nearest that pass; return its size, and how many were compared.

    What is to be expanded stands in a heap, the beam holds who passes. It ends when the beam is full and
    nothing nearer is left, or when nothing is left. The starts, of which none has to pass, come first.
    """
    heap, size, compared = [np.int64(0) for _ in range(0)], 0, 0
    for i in starts:
        if seen[i] != stamp:
            seen[i] = stamp
            packed = candidate(dot(graph.rows, i, query), i)
            compared += 1
            heappush(heap, packed)
            if passing[i]:
                size, _ = place_in_beam(beam, size, packed)
    while heap:
        nearest = heappop(heap)
        if size == len(beam) and nearest > beam[size - 1]:
            break
        i = number(nearest)
        if two_hops:
            fresh = over_two_hops(graph, i, passing, seen, stamp, todo)
        else:
            fresh = over_everybody(graph, i, seen, stamp, todo)
        for j in range(min(AHEAD, fresh)):
            prefetch(graph.rows, todo[j])
        for j in range(fresh):
            if j + AHEAD < fresh:
                prefetch(graph.rows, todo[j + AHEAD])
            packed = candidate(dot(graph.rows, todo[j], query), todo[j])
            if size < len(beam) or packed < beam[size - 1]:
                heappush(heap, packed)
                if passing[todo[j]]:
                    size, _ = place_in_beam(beam, size, packed)
        compared += fresh
    return size, compared


@compiled()
def search(graph, queries, passing, two_hops, starts, width, seen, scores, found):
    """Walk for queries (q, d): ``scores`` and ``found`` (q, width) get the beams; return comparisons.

    passing: bool (q, n), or (1, n) for all queries; starts: int64 (q, s) or (1, s); ``seen`` (n,) are zeros.
    """
    beam, todo, compared = np.empty(width, np.int64), np.empty(graph.links.shape[1], np.int32), 0
    for q in range(len(queries)):
        mask, begin = passing[q % len(passing)], starts[q % len(starts)]
        size, more = walk(graph, queries[q], mask, two_hops, begin, beam, seen, np.int32(q + 1), todo)
        write_out(beam, size, scores[q], found[q])
        compared += more
    return compared
