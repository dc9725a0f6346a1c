"""Exercises of chapter 09: reciprocal rank fusion."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _id_lists(rng: np.random.Generator) -> list[tuple]:
    """List (rankings, constant): one ranking; two that share some; an empty one; three and more."""
    cases = [
        ([[7]], 60),
        ([[7, 3]], 60),
        ([[7], [7]], 60),
        ([[7], [3]], 60),
        ([[7, 3], [3]], 60),
        ([[7, 3], [3, 7]], 60),
        ([[7, 3], []], 60),
        ([[]], 60),
        ([[1, 2, 3], [4, 3]], 1),
        ([[9, 5], [5, 4], [5, 9]], 10),
    ]
    for n, size, constant in [(2, 3, 60), (2, 4, 10), (3, 3, 1), (3, 5, 60), (4, 4, 60), (2, 10, 60)]:
        cases.append(([rng.permutation(2 * size)[:size].tolist() for _ in range(n)], constant))
    return cases


def fuse_ranks(rankings, constant=60):
    """Return what reciprocal rank fusion gives each id: the sum of 1 / (constant + place), places from 1.

    Parameters
    ----------
    rankings : list of lists of int
        Ids, best first.
    constant : float
        The larger, the less it matters whether an id is first or tenth.

    Returns
    -------
    dict of int to float

    Examples
    --------
    >>> fuse_ranks([[4, 5], [5]], constant=1)
    {4: 0.5, 5: 0.8333333333333333}
    """
    points: dict[int, float] = {}
    for ranking in rankings:
        for place, i in enumerate(ranking, start=1):
            points[i] = points.get(i, 0.0) + 1 / (constant + place)
    return points


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _points(rankings, give, add=lambda old, new: old + new):
    points = {}
    for ranking in rankings:
        for place, i in enumerate(ranking, start=1):
            points[i] = add(points[i], give(place)) if i in points else give(place)
    return points


def _from_zero(rankings, constant=60):
    return fuse_ranks(rankings, constant - 1)


def _no_constant(rankings, constant=60):
    return fuse_ranks(rankings, 0)


def _best_place(rankings, constant=60):
    return _points(rankings, lambda place: 1 / (constant + place), max)


def _last_list(rankings, constant=60):
    return _points(rankings, lambda place: 1 / (constant + place), lambda old, new: new)


def _averaged(rankings, constant=60):
    return {i: value / len(rankings) for i, value in fuse_ranks(rankings, constant).items()}


def _summed_places(rankings, constant=60):
    places = _points(rankings, lambda place: place)
    return {i: 1 / (constant + place) for i, place in places.items()}


EXERCISES = (
    Exercise(
        name="fuse_ranks",
        chapter="09_hybrid",
        task="Reciprocal rank fusion: rankings is a list of lists of ids, each best first. Return a dict of "
        "each id to its points, the sum of 1 / (constant + place) over the rankings that hold it; the first "
        "place is 1.",
        reference="embedlab.study.exercises.hybrid_fusion:fuse_ranks",
        cases=_id_lists,
        hints=(
            "enumerate(ranking, start=1) gives the places.",
            "An id that a ranking does not hold gets nothing from it: points.get(i, 0.0) begins at 0.",
        ),
        mistakes=(
            Mistake("places from 0", "The first place is 1, not 0: enumerate(ranking, start=1).", _from_zero),
            Mistake(
                "no constant",
                "1 / place makes a first place worth more than two third places. Add the constant.",
                _no_constant,
            ),
            Mistake(
                "only the best place",
                "That two rankings agree on an id is what fusion is after: add both up.",
                _best_place,
            ),
            Mistake("overwritten", "The last ranking replaces the others. Add to what is there.", _last_list),
            Mistake("a mean, not a sum", "Points are added up, not divided by the rankings.", _averaged),
            Mistake(
                "places added up",
                "A sum of places gives less to an id that more rankings hold. Add the fractions.",
                _summed_places,
            ),
        ),
        follow_up="First in one of two rankings, or tenth in both: which wins with a constant of 60, and "
        "which with 1?",
    ),
)
