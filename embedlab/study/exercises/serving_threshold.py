"""Exercises of chapter 17: how similar is similar enough for a cache."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _pairs(rng: np.random.Generator) -> list[tuple]:
    """List (scores, same, most): one near miss, ties, the highest is a near miss's; then drawn ones."""
    cases = [
        ([0.5], [0], 0.0),
        ([0.5], [0], 1.0),
        ([0.5, 0.5], [1, 0], 0.0),
        ([0.9, 0.5], [1, 0], 0.0),
        ([0.5, 0.9], [0, 1], 1.0),
        ([0.9, 0.5], [0, 1], 0.5),
        ([0.9, 0.8, 0.7], [0, 1, 0], 0.5),
        ([0.9, 0.8, 0.7], [1, 0, 0], 0.25),
        ([0.75, 0.8, 0.8, 0.6], [0, 1, 0, 0], 0.25),
        ([0.9, 0.8, 0.7, 0.85, 0.6], [1, 1, 1, 0, 0], 0.0),
        ([0.9, 0.8, 0.7, 0.85, 0.6], [1, 1, 1, 0, 0], 0.5),
        ([0.9, 0.8, 0.7, 0.6, 0.5], [1, 0, 0, 0, 0], 0.75),
        ([0.95, 0.9, 0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1, 0, 1], 0.5),
    ]
    for n, most in ((6, 0.25), (8, 0.5), (10, 0.2), (12, 0.1), (20, 0.3), (30, 0.05)):
        same = rng.random(n) < 0.5
        same[0] = False
        scores = np.round(rng.normal(0.6 + 0.2 * same, 0.12), 2)
        cases.append((scores, same, most))
    return [(np.array(scores, float), np.array(same, bool), most) for scores, same, most in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _by(
    share=lambda served, same: (served & ~same).sum() / (~same).sum(),
    served=lambda scores, threshold: scores >= threshold,
    allowed=lambda value, most: value <= most,
    choose=min,
    default=math.inf,
):
    """Choose the threshold, with one part in another way."""

    def choose_threshold(scores, same, most):
        thresholds = [t for t in np.unique(scores) if allowed(share(served(scores, t), same), most)]
        return float(choose(thresholds, default=default))

    return choose_threshold


def _interpolated(scores, same, most):
    return float(np.quantile(scores[~same], 1 - most))


def _largest_instead(scores, same, most):
    return float(min(_by()(scores, same, most), scores.max()))


EXERCISES = (
    Exercise(
        name="choose_threshold",
        chapter="17_serving",
        task="A semantic cache serves a stored answer if its score is at least a threshold. scores is a "
        "float64 array (n,), in no order; same a bool array (n,): whether the stored answer is right. The "
        "others are near misses; there is one at least. most is a float, 0 to 1. Return a float: the lowest "
        "of the scores that, as threshold, serves at most the share most of the near misses; math.inf if "
        "each of them serves more.",
        reference="embedlab.serving:choose_threshold",
        cases=_pairs,
        hints=(
            "Candidates are the distinct scores, np.unique(scores): between two of them nothing changes.",
            "For each candidate: which share of scores[~same] is at least as large?",
            "The lowest candidate that keeps to the limit gives the most hits. min has a default.",
        ),
        mistakes=(
            Mistake(
                "share of all pairs",
                "Divide by the near misses only: how many pairs are right in your data says nothing about "
                "the traffic.",
                _by(lambda served, same: (served & ~same).mean()),
            ),
            Mistake(
                "share of what is served",
                "That is one minus precision, which depends on how many pairs are right in your data. The "
                "limit is a share of the near misses.",
                _by(lambda served, same: (served & ~same).sum() / max(served.sum(), 1)),
            ),
            Mistake(
                "the threshold itself not served",
                "A score that equals the threshold is served: >=.",
                _by(served=lambda scores, threshold: scores > threshold),
            ),
            Mistake(
                "the safest threshold",
                "The highest score serves almost nothing. Take the lowest that keeps to the limit.",
                _by(choose=max),
            ),
            Mistake(
                "strictly less", "At most: the limit itself is allowed.", _by(allowed=lambda v, m: v < m)
            ),
            Mistake(
                "interpolated",
                "np.quantile interpolates between two near misses. The threshold is one of the scores: count "
                "what each of them would serve.",
                _interpolated,
            ),
            Mistake(
                "the largest score for want of a better",
                "It serves a near miss as well, which is more than allowed: then no score will do. math.inf "
                "serves nothing.",
                _largest_instead,
            ),
            Mistake(
                "the right ones counted",
                "Serving right answers is what the cache is for. Limit those that are wrong: ~same.",
                _by(lambda served, same: (served & same).sum() / max(same.sum(), 1)),
            ),
        ),
        follow_up="You chose a threshold that serves 10 of your 200 near misses. Between which shares does "
        "the true one lie, and what would make it worse in production than in your data?",
    ),
)
