"""Exercise of chapter 16: how many lists a recall takes on dev."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _ranks(rng: np.random.Generator) -> list[tuple]:
    """List (ranks, target): reached by one, just reached, all wanted, missing ones, out of reach; then drawn.

    The target times the answers is a whole number, or far from one: no rounding decides.
    """
    cases = [([[1]], 0.75), ([[3]], 0.5), ([[0]], 0.5), ([[1, 2]], 0.5), ([[2, 1]], 1.0), ([[0, 1]], 0.5)]
    cases += [([[0, 1]], 0.75), ([[1, 9]], 0.5), ([[1, 1], [1, 7]], 0.75), ([[1, 1], [7, 7]], 0.5)]
    cases += [([[1, 2, 3, 4]], 0.6), ([[1, 4], [2, 0], [3, 8], [0, 5]], 0.75), ([[5, 5], [5, 5]], 0.25)]
    cases += [([[1, 4], [2, 0], [3, 8], [0, 5]], 0.875), ([[1, 1, 1, 6], [2, 8, 8, 8]], 0.5)]
    for q, k, lists, target in [(3, 4, 9, 0.75), (4, 4, 6, 0.875), (5, 2, 20, 0.55), (8, 4, 30, 0.9375)]:
        ranks = rng.integers(1, lists + 1, (q, k))
        cases += [(ranks, target), (np.where(rng.random((q, k)) < 0.15, 0, ranks), target)]
    return [(np.array(ranks, dtype=np.int64), target) for ranks, target in cases]


def smallest_nprobe(ranks, target):
    """Return the smallest nprobe that reaches a recall on dev; `choose_nprobe` searches an index for it.

    Parameters
    ----------
    ranks : int64 array (q, k)
        As how many-th its query looks into the list of each right answer, from 1, see `list_ranks`; 0 where
        no list holds it.
    target : float

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If no nprobe reaches it.

    Examples
    --------
    >>> smallest_nprobe(np.array([[1, 1], [3, 0]]), 0.5), smallest_nprobe(np.array([[1, 1], [3, 0]]), 0.75)
    (1, 3)
    """
    for nprobe in sorted(set(ranks[ranks > 0].tolist())):
        if ((ranks > 0) & (ranks <= nprobe)).mean() >= target:
            return nprobe
    raise ValueError(f"recall {target} is out of reach: the lists hold {(ranks > 0).mean():.3f}")


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _first(reaches, refuse=True, least=1):
    """Return the first nprobe for which recall is thought to reach the target."""

    def nprobe(ranks, target):
        for number in range(least, ranks.max(initial=0) + 2):
            if reaches(ranks, number, target):
                return number
        if refuse:
            raise ValueError(target)
        return int(ranks.max(initial=0))

    return nprobe


def _recall(ranks, nprobe):
    return ((ranks > 0) & (ranks <= nprobe)).mean()


def _quantile(ranks, target):
    if (ranks > 0).mean() < target:
        raise ValueError(target)
    return float(np.quantile(np.where(ranks > 0, ranks, ranks.max() + 1), target))


def _most_queries(ranks, nprobe, target):
    return ((ranks > 0) & (ranks <= nprobe)).all(axis=1).mean() >= target


def _every_query(ranks, nprobe, target):
    return ((ranks > 0) & (ranks <= nprobe)).mean(axis=1).min() >= target


EXERCISES = (
    Exercise(
        name="smallest_nprobe",
        chapter="16_scale",
        task="Choose nprobe on dev queries. ranks is int64 (q, k): for each query and each of its k right "
        "answers, as how many-th list the query looks into the one that holds it, from 1; 0 if no list "
        "holds it. With nprobe lists, recall is the share of all q * k answers that lie in the first "
        "nprobe lists of their query. Return the smallest nprobe, an int of at least 1, whose recall is "
        "at least target, a float above 0 and at most 1. Raise ValueError if none reaches it.",
        reference="embedlab.study.exercises.scale_nprobe:smallest_nprobe",
        cases=_ranks,
        hints=(
            "An answer is found if its rank is at least 1 and at most nprobe.",
            "Recall grows with nprobe: try 1, 2, ... until it reaches the target.",
            "The largest rank is the last that can help: if that does not reach it, raise.",
        ),
        mistakes=(
            Mistake(
                "0 counted as found",
                "An answer that no list holds is found by no nprobe: 1 <= rank <= nprobe.",
                _first(lambda ranks, nprobe, target: (ranks <= nprobe).mean() >= target),
            ),
            Mistake(
                "missing answers left out",
                "Recall is the share of all right answers. Dividing by those that some list holds rewards "
                "an index that lost some.",
                _first(lambda ranks, nprobe, target: (ranks[ranks > 0] <= nprobe).mean() >= target),
            ),
            Mistake(
                "more than the target",
                "A recall equal to the target reaches it: compare with >=.",
                _first(lambda ranks, nprobe, target: _recall(ranks, nprobe) > target),
            ),
            Mistake(
                "counted from 0",
                "The best list has rank 1: nprobe = 1 finds what lies there.",
                _first(lambda ranks, nprobe, target: _recall(ranks, nprobe + 1) >= target, least=0),
            ),
            Mistake(
                "out of reach, but answered",
                "All lists together may hold too few of the answers. Whoever asked has to know: ValueError.",
                _first(lambda ranks, nprobe, target: _recall(ranks, nprobe) >= target, refuse=False),
            ),
            Mistake(
                "np.quantile of the ranks",
                "It interpolates between ranks, and there is no half list. Count.",
                _quantile,
            ),
            Mistake(
                "every query",
                "The target is for the mean. A worst query that has to reach it by itself makes all pay "
                "for one.",
                _first(_every_query),
            ),
            Mistake(
                "share of perfect queries",
                "A query that finds nine of ten counts nine tenths, not nothing: average over answers.",
                _first(_most_queries),
            ),
        ),
        follow_up="On test the chosen nprobe gives a little less than the target. Is that a mistake? How "
        "much lower may it be by chance with 200 queries, and what would you do if a product promises the "
        "target?",
    ),
)
