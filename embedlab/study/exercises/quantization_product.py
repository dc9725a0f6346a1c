"""Exercises of chapter 05: the look-up of product quantization."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _tables(rng: np.random.Generator) -> list[tuple]:
    """List (tables, codes): q queries, m subspaces, k centroids each, n codes."""
    cases = []
    for q, m, k, n in [(1, 1, 2, 1), (1, 1, 3, 2), (1, 2, 2, 1), (1, 2, 3, 2), (2, 1, 2, 1), (2, 2, 2, 1)]:
        cases.append((rng.integers(1, 10, (q, m, k)), rng.integers(0, k, (n, m))))
    for q, m, k, n in [(1, 3, 4, 2), (2, 2, 3, 3), (3, 4, 4, 2), (2, 4, 8, 6), (1, 2, 256, 9), (3, 6, 16, 5)]:
        cases.append((rng.integers(-9, 10, (q, m, k)), rng.integers(0, k, (n, m))))
    return [(np.array(t, dtype=np.float32), np.array(c, dtype=np.uint8)) for t, c in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _entries(tables, codes):
    pieces = [tables[:, j, codes[:, j]] for j in range(codes.shape[1])]
    return np.stack(pieces)  # (m, q, n)


def _first_table(tables, codes):
    return tables[:, 0, codes].sum(axis=2)


def _mean_of_entries(tables, codes):
    return _entries(tables, codes).mean(axis=0)


def _best_entry(tables, codes):
    return _entries(tables, codes).max(axis=0)


def _documents_by_queries(tables, codes):
    return _entries(tables, codes).sum(axis=0).T


def _first_query(tables, codes):
    return _entries(tables[:1], codes).sum(axis=0)


EXERCISES = (
    Exercise(
        name="look_up",
        chapter="05_quantization",
        task="Score product-quantized documents: tables, float32 (q, m, k), hold each query's score with "
        "each centroid of each subspace; codes, uint8 (n, m), name one in each. Sum up: float32 (q, n).",
        reference="embedlab.quantization:look_up",
        cases=_tables,
        hints=(
            "One document, one query: entry codes[0] of the first subspace, codes[1] of the next, and so on.",
            "table[j, codes[:, j]] takes the entries of subspace j for all documents at once, shape (n,).",
            "Add these up over the m subspaces, for each query: the result has shape (q, n).",
        ),
        mistakes=(
            Mistake(
                "first table for all subspaces",
                "Each subspace has a table of its own: subspace j of the code goes with tables[:, j].",
                _first_table,
            ),
            Mistake(
                "mean instead of sum",
                "An inner product is the sum of the inner products of its subspaces, not their mean.",
                _mean_of_entries,
            ),
            Mistake(
                "maximum instead of sum",
                "Every subspace adds to the score; the best subspace alone is not the inner product.",
                _best_entry,
            ),
            Mistake(
                "documents in rows",
                "The result has a row for each query and a column for each document.",
                _documents_by_queries,
            ),
            Mistake(
                "only the first query",
                "Each query has tables of its own: the result is (q, n).",
                _first_query,
            ),
        ),
        follow_up="With 256 centroids a table takes 1 kB. Why would 16 centroids be so much faster?",
    ),
)
