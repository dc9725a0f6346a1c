"""The inner loop of BM25, compiled for many queries; a file of its own, as importing numba takes a while."""

from embedlab.machine import compiled


@compiled()
def add_up(terms, starts, documents, weights, found):
    """Add the weight of each posting of each term to the score of its document."""
    for t in terms:
        for p in range(starts[t], starts[t + 1]):
            found[documents[p]] += weights[p]
