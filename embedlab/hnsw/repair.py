"""Links around what is deleted, so that no walk leads over it any more."""

import numpy as np

from embedlab.hnsw.filtered import some_allowed
from embedlab.hnsw.graph import Query, compare, neighbours, select_neighbours
from embedlab.machine import as_query, compiled, place_in_beam


@compiled()
def gone(graph, deleted):
    """Return which vectors no result needs any more, bool (n,): those equal to them are deleted, too."""
    dead, allowed = np.zeros(len(deleted), np.bool_), ~deleted
    for i in range(len(deleted)):
        dead[i] = not some_allowed(graph, allowed, i)
    return dead


@compiled()
def consider(graph, query, i, mark, seen, beam, size):
    """Put vector i into the beam, if it is not among its candidates already; return the beam's size."""
    if seen[i] == mark:
        return size
    seen[i] = mark
    return place_in_beam(beam, size, compare(graph, query, i))[0]


@compiled()
def bypass(graph, levels, dead, seen, desk):
    """Choose new neighbours for each living vector that is linked to a dead one.

    Its candidates are its living neighbours, and the living neighbours of the dead ones; Algorithm 4 selects.
    ``seen`` (n,) has to be zeros.
    """
    mark = 0
    for i in range(len(dead)):
        for layer in range(levels[i] + 1):
            block = neighbours(graph, i, layer)
            touched = False
            for j in range(1, block[0] + 1):
                touched |= dead[block[j]]
            if dead[i] or not touched:
                continue
            mark, size = mark + 1, 0
            seen[i] = mark
            query = Query(desk.query, as_query(graph.rows, i, desk.query))
            for j in range(1, block[0] + 1):
                if not dead[block[j]]:
                    size = consider(graph, query, block[j], mark, seen, desk.beam, size)
                    continue
                beyond = neighbours(graph, block[j], layer)
                for other in range(1, beyond[0] + 1):
                    if not dead[beyond[other]]:
                        size = consider(graph, query, beyond[other], mark, seen, desk.beam, size)
            block[0] = select_neighbours(graph.rows, desk.beam, size, len(block) - 1, desk.chosen, desk.row)
            block[1 : block[0] + 1] = desk.chosen[: block[0]]
