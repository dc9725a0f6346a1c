"""The exercise of chapter 08 on training: the loss of one list."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _lists(rng: np.random.Generator) -> list[tuple]:
    """List score arrays: one alone; few small ones; some so large or so small that exp has no number."""
    cases = [[0], [3], [0, 0], [1, 0], [0, 1], [2, 0, 1], [-1, 2, 2]]
    cases += [[0, 1000], [5, 900], [1, 2, 800], [-1000, 0], [1000, 1001], [-1000, -1001, -999]]
    cases += [
        np.round(scale * rng.normal(size=n), 1) for n, scale in [(3, 1), (4, 2), (5, 3), (8, 5), (8, 20)]
    ]
    return [(np.array(scores, dtype=np.float64),) for scores in cases]


def listwise_loss(scores):
    """Return minus the logarithm of the first score's share in a softmax over all.

    Parameters
    ----------
    scores : float64 array (n,)
        Of one query's documents; the right one stands first.

    Examples
    --------
    >>> round(listwise_loss(np.array([0.0, 0.0])), 4), listwise_loss(np.array([0.0, 1000.0]))
    (0.6931, 1000.0)
    """
    largest = scores.max()
    return float(largest - scores[0] + np.log(np.exp(scores - largest).sum()))


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _overflowing(scores):
    powers = np.exp(scores)
    return float(-np.log(powers[0] / powers.sum()))


def _sum_overflowing(scores):
    return float(np.log(np.exp(scores).sum()) - scores[0])


def _log_of_zero(scores):
    powers = np.exp(scores - scores.max())
    return float(-np.log(powers[0] / powers.sum()))


def _largest_is_right(scores):
    return listwise_loss(np.sort(scores)[::-1])


def _last_is_right(scores):
    return listwise_loss(scores[::-1])


def _no_minus(scores):
    return -listwise_loss(scores)


def _share(scores):
    return math.exp(-listwise_loss(scores))


def _only_negatives(scores):
    if len(scores) == 1:
        return 0.0
    largest = scores[1:].max()
    return float(largest - scores[0] + np.log(np.exp(scores[1:] - largest).sum()))


def _divided(scores):
    return listwise_loss(scores) / len(scores)


EXERCISES = (
    Exercise(
        name="listwise_loss",
        chapter="08_reranking",
        task="The loss of one list: scores, float64 (n,), of the right document first and then of the "
        "negatives. Return minus the logarithm of the first one's share in a softmax over all n, a float; "
        "it must be right for scores of 1000, too.",
        reference="embedlab.study.exercises.reranking_loss:listwise_loss",
        cases=_lists,
        hints=(
            "-log(exp(s0) / sum(exp(s))) is log(sum(exp(s))) - s0: no division is needed.",
            "A softmax does not change if the same number is taken from all scores.",
            "Take the largest from all: then exp is at most 1, and the sum at least 1.",
        ),
        mistakes=(
            Mistake(
                "exp overflows",
                "exp(1000) is infinite, exp(-1000) is 0. Subtract the largest score before exp.",
                _overflowing,
            ),
            Mistake(
                "the sum overflows",
                "exp(1000) is infinite. Subtract the largest before exp, and add it after the logarithm.",
                _sum_overflowing,
            ),
            Mistake(
                "logarithm of a share that is 0",
                "After subtracting the largest, exp(-1000) is still 0, and log(0) infinite. Write the "
                "logarithm of the fraction as a difference: then exp(s0) is not needed.",
                _log_of_zero,
            ),
            Mistake(
                "the largest taken for the right one",
                "The right document stands first, whatever its score. A wrong one on top must cost.",
                _largest_is_right,
            ),
            Mistake("the last taken for the right one", "The right one stands first.", _last_is_right),
            Mistake(
                "no minus",
                "A logarithm of a share is at most 0: without the minus, worse is less.",
                _no_minus,
            ),
            Mistake(
                "the share itself",
                "The share grows as the model gets better. The loss is minus its logarithm.",
                _share,
            ),
            Mistake(
                "only the negatives below the line",
                "The sum goes over the whole list, the right one included: so the loss never is below 0.",
                _only_negatives,
            ),
            Mistake("divided by the length", "One list makes one choice: nothing to divide by n.", _divided),
        ),
        follow_up="All scores are equal in a list of eight: what is the loss? And if one of the seven "
        "negatives is in truth a right answer, what does training do to it?",
    ),
)
