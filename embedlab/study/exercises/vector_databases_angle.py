"""Exercises of chapter 19: what a distance says."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _distances(rng: np.random.Generator) -> list[tuple]:
    """List (operator, distances): none, one, both ends of each range; then those of drawn cosines."""
    cases = []
    for operator, ends in (("<#>", (-1.0, 1.0)), ("<=>", (0.0, 2.0)), ("<->", (0.0, 2.0))):
        cases += [(operator, np.array(values, float)) for values in ([], [0.5], [1.0], [0.25, 0.75], ends)]
        cosines = rng.integers(-8, 9, (2, 3)) / 8
        drawn = {"<#>": -cosines, "<=>": 1 - cosines, "<->": np.sqrt(2 - 2 * cosines)}
        cases += [(operator, drawn[operator][0]), (operator, drawn[operator])]
    return cases


def cosine_from(operator, distances):
    """Turn what pgvector returns for vectors of length 1 into cosines.

    Of lengths 1, the squared distance is 1 + 1 - 2 cosine.

    Parameters
    ----------
    operator : {"<#>", "<=>", "<->"}
        Negative inner product, cosine distance, Euclidean distance.
    distances : float64 array

    Returns
    -------
    float64 array of the same shape

    Examples
    --------
    >>> cosine_from("<#>", np.array([-0.5])), cosine_from("<->", np.array([1.0]))
    (array([0.5]), array([0.5]))
    """
    if operator == "<#>":
        return -distances
    if operator == "<=>":
        return 1 - distances
    return 1 - distances**2 / 2


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _with(**formulas):
    """Use another formula for an operator: ip, cosine or l2."""
    names = {"<#>": "ip", "<=>": "cosine", "<->": "l2"}

    def cosines(operator, distances):
        formula = formulas.get(names[operator])
        return formula(distances) if formula else cosine_from(operator, distances)

    return cosines


EXERCISES = (
    Exercise(
        name="cosine_from",
        chapter="19_vector_databases",
        task="What pgvector's operators give is a distance: smaller is nearer. Turn it into the cosine of "
        "the two vectors, all of which have length 1. operator is a str: '<#>' gives the negative inner "
        "product, '<=>' the cosine distance, '<->' the Euclidean distance (with the root taken). distances "
        "is a float64 array of any shape, maybe empty. Return a new float64 array of its shape.",
        reference="embedlab.study.exercises.vector_databases_angle:cosine_from",
        cases=_distances,
        hints=(
            "The cosine distance is 1 - cosine. For length 1, what is the inner product?",
            "|a - b|^2 = |a|^2 + |b|^2 - 2 a b. Both lengths are 1: solve for a b.",
            "Check at the ends: equal vectors must give 1, opposite ones -1.",
        ),
        mistakes=(
            Mistake(
                "the sign left as it was",
                "'<#>' is the negative inner product, so that the nearest comes first in ascending order: "
                "change the sign.",
                _with(ip=lambda d: d.copy()),
            ),
            Mistake(
                "1 - distance for all",
                "That is right for '<=>' only. For equal vectors '<#>' gives -1, and you would return 2.",
                _with(ip=lambda d: 1 - d, l2=lambda d: 1 - d),
            ),
            Mistake(
                "negated for all",
                "The order is right, the values are none of a cosine: equal vectors have distance 0 by '<=>' "
                "and '<->', and cosine 1.",
                _with(cosine=lambda d: -d, l2=lambda d: -d),
            ),
            Mistake(
                "distance not squared",
                "'<->' takes the root. It is the squared distance that is 2 - 2 cosine.",
                _with(l2=lambda d: 1 - d / 2),
            ),
            Mistake(
                "square not halved",
                "The squared distance is 2 - 2 cosine: opposite vectors are 2 apart, and 1 - 4 is no cosine.",
                _with(l2=lambda d: 1 - d**2),
            ),
            Mistake(
                "1 / (1 + distance)",
                "That lies between 0 and 1 and keeps the order, but is no cosine: it cannot be compared with "
                "a threshold or with scores of another index.",
                _with(l2=lambda d: 1 / (1 + d)),
            ),
            Mistake(
                "cosine distance halved",
                "pgvector's cosine distance goes from 0 to 2; it is 1 - cosine, undivided.",
                _with(cosine=lambda d: 1 - d / 2),
            ),
            Mistake(
                "negative ones cut off",
                "A cosine may be below 0: cut off, all that point away would tie.",
                lambda operator, distances: np.maximum(cosine_from(operator, distances), 0),
            ),
        ),
        follow_up="All vectors have length 1. Do the three operators order rows alike, and which is the "
        "cheapest? What happens to each if one day vectors arrive that are not normalised?",
    ),
)
