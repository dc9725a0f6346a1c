"""Search among those that are allowed only: the walk leads through all, what it may return is filtered."""

from heapq import heappop, heappush

from embedlab.hnsw.graph import (
    Query,
    compare,
    descend,
    rows_ahead,
    start_from,
    unseen_neighbours,
)
from embedlab.machine import compiled, number_of, place_in_beam, prefetch


@compiled()
def some_allowed(graph, allowed, i):
    """Tell whether i or a vector that is equal to it is allowed."""
    j = i
    while not allowed[j]:
        j = graph.twins[j]
        if j == i:
            return False
    return True


@compiled()
def search_allowed(graph, query, allowed, beam, visits, most):
    """Find the best that are allowed, on layer 0: Algorithm 2 with a filter, as hnswlib has it.

    What is to be expanded stands in a heap, allowed or not; the beam gets the allowed ones. It ends when the
    beam is full and nothing better is left, or gives up when ``most`` have been compared: where all that is
    allowed lies far from the query, the way there leads through all the rest.

    Returns
    -------
    size, compared : int
    """
    nearest = beam[0]
    size, compared, ahead = int(some_allowed(graph, allowed, number_of(nearest))), 0, rows_ahead(graph)
    heap = [nearest]
    while heap and compared < most:
        nearest = heappop(heap)
        if size == len(beam) and nearest > beam[size - 1]:
            break
        fresh = unseen_neighbours(graph, number_of(nearest), 0, visits, ahead)
        for j in range(fresh):
            if j + ahead < fresh:
                prefetch(graph.rows, visits.todo[j + ahead])
            candidate = compare(graph, query, visits.todo[j])
            if size < len(beam) or candidate < beam[size - 1]:
                heappush(heap, candidate)
                if some_allowed(graph, allowed, visits.todo[j]):
                    size, _ = place_in_beam(beam, size, candidate)
        compared += fresh
    return size, compared


@compiled()
def filtered_search(graph, queries, visits, allowed, most, found):
    """Do as `graph.search` does, among those that are allowed; a walk that gave up has found nothing.

    With ``most`` the number of those that are allowed it gives up where comparing just these costs no more.
    """
    compared = 0
    for q in range(len(found)):
        query, beam = Query(queries.numbers[q], queries.offset[q]), found[q]
        compared += descend(graph, query, 0, beam, visits)
        start_from(beam, 1, visits)
        size, more = search_allowed(graph, query, allowed, beam, visits, most)
        beam[size if more < most else 0 :] = -1
        compared += more
    return compared
