"""Exercises of chapter 20: what a click is worth."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake, lazily

ips_value = lazily("embedlab.drift:ips_value")


def _logs(rng: np.random.Generator) -> list[tuple]:
    """List (clicks, propensities, weights, most): no pages, no clicks, one, many, clipped; then drawn."""
    propensities = np.array([1.0, 0.5, 0.25])
    weights = np.array([[1.0, 0.5, 0.25], [0.25, 1.0, 0.5]])
    cases = [(np.zeros((0, 3), bool), propensities, np.zeros((0, 3)), np.inf)]
    cases += [(np.zeros((2, 3), bool), propensities, weights, np.inf)]
    for row in ([1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]):
        clicks = np.array([row, [0, 0, 1]], bool)
        cases += [(clicks, propensities, weights, most) for most in (np.inf, 3.0, 1.0)]
    for n, k in ((1, 1), (4, 5), (6, 8)):
        drawn = (
            rng.random((n, k)) < 0.5,
            np.sort(rng.random(k) + 0.1)[::-1].clip(0, 1).copy(),
            rng.random((n, k)),
        )
        cases += [(*drawn, most) for most in (np.inf, 2.0)]
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _naive(clicks, propensities, weights, most):
    return (clicks * weights).sum(axis=1)


def _multiplied(clicks, propensities, weights, most):
    return (clicks * weights * propensities).sum(axis=1)


def _not_clipped(clicks, propensities, weights, most):
    return ips_value(clicks, propensities, weights)


def _page_clipped(clicks, propensities, weights, most):
    return np.minimum(ips_value(clicks, propensities, weights), most)


def _product_clipped(clicks, propensities, weights, most):
    return np.minimum(clicks * weights / propensities, most).sum(axis=1)


def _shown(clicks, propensities, weights, most):
    return ips_value(np.ones_like(clicks), propensities, weights, most)


def _by_clicks(clicks, propensities, weights, most):
    return ips_value(clicks, propensities, weights, most) / np.maximum(clicks.sum(axis=1), 1)


def _one_number(clicks, propensities, weights, most):
    return float(ips_value(clicks, propensities, weights, most).sum())


EXERCISES = (
    Exercise(
        name="ips_value",
        chapter="20_drift",
        task="What would a logged page be worth under another engine? clicks is a bool array (n, k); "
        "propensities a float64 array (k,), above 0: how likely each rank is examined; weights a float64 "
        "array (n, k): what a click on the document shown there is worth to the other engine; most a float, "
        "1 or more, maybe infinite. A click counts its weight times 1 / propensity of its rank, but at most "
        "`most` times. Return a float64 array (n,): each page's sum over its clicks.",
        reference="embedlab.drift:ips_value",
        cases=_logs,
        hints=(
            "A rank that is examined once in four times shows a quarter of the clicks it deserves.",
            "How often a click counts depends on the rank only: min(1 / propensity, most), an array (k,).",
            "Multiply clicks, weights and that array, and add up along the ranks.",
        ),
        mistakes=(
            Mistake(
                "naive",
                "A click far below is rare because few look there, not because the document is worse. Divide "
                "by the propensity of its rank.",
                _naive,
            ),
            Mistake(
                "times the propensity",
                "That counts position bias twice: the rarer a look, the more a click has to count.",
                _multiplied,
            ),
            Mistake("not clipped", "How often a click counts is at most `most`.", _not_clipped),
            Mistake(
                "the page is clipped",
                "`most` limits how often one click counts, not the page's sum.",
                _page_clipped,
            ),
            Mistake(
                "the weight is clipped, too",
                "`most` limits 1 / propensity; the weight is multiplied afterwards.",
                _product_clipped,
            ),
            Mistake("without clicks", "Only what was clicked counts.", _shown),
            Mistake(
                "divided by the clicks",
                "A page with two clicks is worth both. Averages are taken over pages, later.",
                _by_clicks,
            ),
            Mistake(
                "one number",
                "One value for each page: their spread is what the interval is made of.",
                _one_number,
            ),
        ),
        follow_up="The other engine puts a document first that the logged pages never showed. What does the "
        "estimate say about it, and how would you change the logging?",
    ),
)
