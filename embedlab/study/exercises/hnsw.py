"""The exercises of chapter 06: layers, and recall."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _chances(rng: np.random.Generator) -> list[tuple]:
    """List (chances, m): single numbers at the borders of layers, then many."""
    cases = [([0.0], 2), ([0.4], 2), ([0.6], 2), ([0.8], 2), ([0.9], 8), ([0.1, 0.97], 16), ([0.9985], 10)]
    cases += [(rng.random(n), m) for n, m in [(3, 2), (5, 3), (10, 4), (50, 16), (200, 8)]]
    return [(np.array(chances, dtype=np.float64), m) for chances, m in cases]


def _results(rng: np.random.Generator) -> list[tuple]:
    """List (found, exact): one query first; the same in another order; fewer found than wanted."""
    cases = [
        ([[1]], [[1]]),
        ([[1]], [[2]]),
        ([[1, 2]], [[2, 1]]),
        ([[1, -1]], [[1, 2]]),
        ([[3, 1]], [[1, 2]]),
    ]
    cases += [([[-1, -1]], [[1, 2]]), ([[1, 2], [3, 4]], [[1, 2], [4, 5]])]
    for q, k in [(1, 3), (2, 3), (3, 5), (4, 10), (10, 4)]:
        draw = [np.array([rng.permutation(2 * k)[:k] for _ in range(q)]) for _ in range(2)]
        cases.append(tuple(draw))
    return [(np.array(found), np.array(exact)) for found, exact in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _not_floored(chances, m):
    return -np.log(1 - chances) / np.log(m)


def _wrong_base(chances, m):
    return (-np.log(1 - chances)).astype(np.int32)


def _times_log(chances, m):
    return (-np.log(1 - chances) * np.log(m)).astype(np.int32)


def _linear(chances, m):
    return (chances * m).astype(np.int32)


def _same_place(found, exact):
    return float((found == exact).mean())


def _all_or_nothing(found, exact):
    return float(np.mean([set(a) == set(b) for a, b in zip(found.tolist(), exact.tolist(), strict=True)]))


def _any_query(found, exact):
    return float(np.isin(found, exact).mean())


def _counted(found, exact):
    return float(sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), exact.tolist(), strict=True)))


EXERCISES = (
    Exercise(
        name="draw_levels",
        chapter="06_hnsw",
        task="Turn uniform random numbers, float64 (n,) in [0, 1), into the top layer of each vector, int32 "
        "(n,), such that each layer holds one in m of the layer below.",
        reference="embedlab.hnsw:draw_levels",
        cases=_chances,
        hints=(
            "One in m reaches layer 1, one in m * m layer 2: the chance to reach layer l is m ** -l.",
            "1 - u is uniform, too. It is at most m ** -l exactly if -ln(1 - u) / ln(m) is at least l.",
            "Round down: astype(np.int32).",
        ),
        mistakes=(
            Mistake("not rounded", "A layer is a whole number: round down.", _not_floored),
            Mistake(
                "without m",
                "-ln(1 - u) alone makes each layer e times thinner. Divide by ln(m).",
                _wrong_base,
            ),
            Mistake("multiplied by ln(m)", "A larger m has to give fewer layers: divide.", _times_log),
            Mistake(
                "as many vectors on each layer",
                "chances * m spreads the vectors evenly. Layers have to thin out exponentially.",
                _linear,
            ),
        ),
        follow_up="Of a billion vectors, how many stand above layer 5 with m = 16?",
    ),
    Exercise(
        name="recall_at_k",
        chapter="06_hnsw",
        task="The share of the exact results that were found: two int arrays (q, k), row by row, in any "
        "order; -1 among the found stands for nothing.",
        reference="embedlab.benchmark:recall_at_k",
        cases=_results,
        hints=(
            "For one query, how many numbers do the two rows have in common? Sets know.",
            "Divide the common ones by k, the length of a row of exact, and average over the queries.",
        ),
        mistakes=(
            Mistake(
                "compared place by place",
                "found == exact wants the same order. Recall asks only whether a result is there.",
                _same_place,
            ),
            Mistake(
                "all or nothing",
                "A query that finds nine of ten has recall 0.9, not 0.",
                _all_or_nothing,
            ),
            Mistake(
                "results of other queries counted",
                "np.isin looks in all rows at once. Compare row with row.",
                _any_query,
            ),
            Mistake("a count, not a share", "Divide by the number of exact results.", _counted),
        ),
        follow_up="Recall@10 of the index is 0.95. By how much does nDCG@10 drop? Measure before you guess.",
    ),
)
