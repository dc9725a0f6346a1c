"""The exercise of chapter 08 on choosing: the smallest depth that is as good as the best."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _curves(rng: np.random.Generator) -> list[tuple]:
    """List ({depth: values of each query},): one depth; plain gains; gains in more or less noise."""
    cases = [
        {5: [0.5, 0.5]},
        {5: [0.5, 0.5], 10: [0.5, 0.5]},
        {10: [1.0, 0.5, 0.0], 5: [1.0, 0.5, 0.0]},
        {5: [0.5, 0.0, 0.5], 10: [0.5, 0.5, 0.5]},
        {5: [0.0, 0.0, 0.5, 0.0], 10: [0.5, 0.5, 1.0, 0.5]},
    ]
    for q in (4, 6, 9, 16, 25):
        for gain, noise in [(0.0, 0.05), (0.02, 0.0), (0.05, 0.3), (0.1, 0.1), (0.2, 0.05)]:
            base = rng.choice([0.0, 0.3, 0.6, 1.0], q)
            depths = rng.permutation([5, 10, 20, 50])[: rng.integers(2, 5)].tolist()
            cases.append(
                {
                    d: np.round(base + gain * np.log2(d) + noise * rng.normal(size=q), 2).tolist()
                    for d in depths
                }
            )
    made = [{depth: np.array(values) for depth, values in case.items()} for case in cases]
    return [(case,) for case in made if not _on_the_edge(case)]


def _on_the_edge(values) -> bool:
    best = _best(values)
    gaps = [values[best] - found for found in values.values()]
    return any(0 < abs(gap.mean() - _standard_error(gap)) < 1e-9 for gap in gaps)


def _best(values):
    return min(values, key=lambda depth: (-round(values[depth].mean(), 9), depth))


def _standard_error(gap):
    return gap.std(ddof=1) / np.sqrt(len(gap))


def pick_depth(values):
    """Return the smallest depth that is within one standard error of the best one, query by query.

    Parameters
    ----------
    values : dict of int to float64 array (q,)
        A figure of each dev query, by depth.

    Examples
    --------
    >>> pick_depth({5: np.array([0.4, 0.9, 0.5]), 20: np.array([0.5, 0.8, 0.6])})
    5
    """
    best = _best(values)
    gaps = {depth: values[best] - found for depth, found in values.items()}
    return min(depth for depth, gap in gaps.items() if gap.mean() <= _standard_error(gap) + 1e-12)


def _largest_mean(values):
    return _best(values)


def _deepest(values):
    return max(values)


def _unpaired(values):
    best = _best(values)
    line = values[best].mean() - _standard_error(values[best])
    return min(depth for depth, found in values.items() if found.mean() >= line - 1e-12)


def _not_divided(values):
    best = _best(values)
    gaps = {depth: values[best] - found for depth, found in values.items()}
    return min(depth for depth, gap in gaps.items() if gap.mean() <= gap.std(ddof=1) + 1e-12)


EXERCISES = (
    Exercise(
        name="pick_depth",
        chapter="08_reranking",
        task="Choose a depth on dev. values is a dict of depth to float64 (q,): the same queries at each "
        "depth, q at least 2. The best depth has the largest mean (the smallest of equal ones). "
        "Return the smallest depth whose mean difference to the best, query by query, is at most one "
        "standard error of that difference: its standard deviation (ddof=1) divided by the square "
        "root of q.",
        reference="embedlab.study.exercises.reranking_depth:pick_depth",
        cases=_curves,
        hints=(
            "For each depth: gap = values[best] - values[depth], an array of q numbers.",
            "The standard error is gap.std(ddof=1) / sqrt(q); the best depth's own gap is all zeros.",
            "Depths may come in any order: min over those that pass.",
        ),
        mistakes=(
            Mistake(
                "the largest mean",
                "The best on dev is partly luck, and deeper costs. Go down as long as the loss is within one "
                "standard error.",
                _largest_mean,
            ),
            Mistake("the deepest", "Deeper is not always better, and always slower.", _deepest),
            Mistake(
                "standard error of the mean, not of the difference",
                "The queries are the same at each depth: what makes them easy or hard cancels in the "
                "difference, so its standard error is much smaller.",
                _unpaired,
            ),
            Mistake(
                "not divided by the square root of q",
                "The standard deviation says how much queries differ, the standard error how well their mean "
                "is known.",
                _not_divided,
            ),
        ),
        follow_up="You have picked a depth, and a weight with it. Why must the number that you report "
        "come from other queries, and how often may you look at those?",
    ),
)
