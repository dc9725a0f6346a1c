"""Exercise of chapter 05: rescoring a shortlist."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _shortlists(rng: np.random.Generator) -> list[tuple]:
    """List (query, candidates, vectors, k): lists in a wrong order, with -1 in them, shorter than k."""
    cases = [([1], [0], [[5]], 1), ([1], [1, 0], [[5], [3]], 1), ([1], [0, 1], [[2], [3], [9]], 2)]
    cases += [([1, 0], [2, -1], [[1, 0], [9, 0], [3, 0]], 2), ([1, 0], [2, 0], [[3, 0], [1, 1], [3, 5]], 2)]
    cases += [([1, 1], [1, 2], [[9, 9], [-4, 0], [-1, 0]], 5)]
    for n, c, d, k in [(5, 3, 2, 2), (6, 4, 2, 2), (8, 5, 3, 3), (10, 6, 4, 3), (12, 8, 4, 5), (9, 4, 3, 1)]:
        candidates = rng.permutation(n)[:c]
        candidates[rng.integers(0, c)] = -1
        cases.append((rng.integers(1, 10, d), candidates, rng.integers(-9, 10, (n, d)), k))
    return [
        (np.array(q, dtype=np.float32), np.array(c, dtype=np.int64), np.array(v, dtype=np.float32), k)
        for q, c, v, k in cases
    ]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _kept_order(query, candidates, vectors, k):
    return candidates[candidates >= 0][:k]


def _whole_collection(query, candidates, vectors, k):
    return np.argsort(-(vectors @ query), kind="stable")[:k]


def _places(query, candidates, vectors, k):
    rows = np.sort(candidates[candidates >= 0])
    return np.argsort(-(vectors[rows] @ query), kind="stable")[:k]


def _last_row(query, candidates, vectors, k):
    rows = np.sort(candidates)
    return rows[np.argsort(-(vectors[rows] @ query), kind="stable")[:k]]


def _worst_first(query, candidates, vectors, k):
    rows = np.sort(candidates[candidates >= 0])
    return rows[np.argsort(vectors[rows] @ query, kind="stable")[:k]]


EXERCISES = (
    Exercise(
        name="rescore",
        chapter="05_quantization",
        task="Put candidates, int64 (c,) with -1 for none, in order by the inner product of query, float32 "
        "(d,), with their vectors, float32 (n, d): the k best rows, the smaller row where two are equal.",
        reference="embedlab.quantization:rescore",
        cases=_shortlists,
        hints=(
            "Throw the -1 out first: vectors[-1] is the last row, and nobody warns you.",
            "Score only vectors[rows] @ query; argsort of the negative scores gives places in that list.",
            "rows[order[:k]] are rows of the collection again. Sorted rows and a stable sort settle ties.",
        ),
        mistakes=(
            Mistake(
                "order of the short code kept",
                "The short code only finds the list; its order is what has to be repaired.",
                _kept_order,
            ),
            Mistake(
                "whole collection scored",
                "Only the shortlist is read: what is not on it cannot come back.",
                _whole_collection,
            ),
            Mistake("places instead of rows", "argsort counts within the shortlist: rows[order].", _places),
            Mistake("-1 taken for a row", "vectors[-1] is the last vector. -1 means: nothing.", _last_row),
            Mistake("worst first", "argsort sorts upwards: sort the negative scores.", _worst_first),
        ),
        follow_up="Where do the better vectors lie, and what does it cost to read a hundred of them?",
    ),
)
