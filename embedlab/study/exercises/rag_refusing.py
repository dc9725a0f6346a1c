"""Exercises of chapter 11: when to refuse."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _answers(rng: np.random.Generator) -> list[tuple]:
    """List (scores, right): nothing, one, ties of right and wrong, in no order; then drawn ones."""
    cases = [
        ([], []),
        ([0.5], [True]),
        ([0.5], [False]),
        ([0.5, 0.5], [True, False]),
        ([0.5, 0.5], [False, True]),
        ([0.9, 0.2], [True, False]),
        ([0.2, 0.9], [True, False]),
        ([-1.5, -3.0], [True, True]),
        ([0.9, 0.5, 0.5], [True, False, True]),
        ([0.1, 0.5, 0.9], [False, True, True]),
        ([2.0, 1.0, 1.0, 1.0], [False, True, True, False]),
        ([3.0, 1.0, 2.0, 2.0], [True, False, True, False]),
    ]
    for n in (5, 6, 8, 10, 15):
        scores = rng.integers(-2, n // 2, n) / 2
        cases.append((scores.tolist(), (rng.random(n) < 0.6).tolist()))
    return cases


def risk_coverage(scores, right):
    """Return what each threshold costs: how many questions are answered, and how many answers are wrong.

    El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective Classification".

    Parameters
    ----------
    scores : list of float
        How sure the system is of each answer.
    right : list of bool

    Returns
    -------
    list of (coverage, risk)
        One for each distinct score, from the highest.

    Examples
    --------
    >>> risk_coverage([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
    [(0.25, 0.0), (0.75, 0.3333333333333333), (1.0, 0.5)]
    """
    curve = []
    for threshold in sorted(set(scores), reverse=True):
        given = [one for score, one in zip(scores, right, strict=True) if score >= threshold]
        curve.append((len(given) / len(scores), given.count(False) / len(given)))
    return curve


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _ties_split(scores, right):
    ranked = sorted(range(len(scores)), key=lambda i: -scores[i])
    given = [[right[i] for i in ranked[:n]] for n in range(1, len(ranked) + 1)]
    return [(len(one) / len(scores), one.count(False) / len(one)) for one in given]


def _over_all(scores, right):
    return [(coverage, coverage * risk) for coverage, risk in risk_coverage(scores, right)]


def _ascending(scores, right):
    return risk_coverage([-score for score in scores], right)


def _right_share(scores, right):
    return [(coverage, 1 - risk) for coverage, risk in risk_coverage(scores, right)]


def _above(scores, right):
    """Leave out the answers whose score is the threshold itself."""
    before = [(0.0, 0.0), *risk_coverage(scores, right)]
    return before[:-1] if scores else []


def _of_the_step(scores, right):
    curve = []
    for (coverage, _), threshold in zip(
        risk_coverage(scores, right), sorted(set(scores), reverse=True), strict=True
    ):
        given = [one for score, one in zip(scores, right, strict=True) if score == threshold]
        curve.append((coverage, given.count(False) / len(given)))
    return curve


EXERCISES = (
    Exercise(
        name="risk_coverage",
        chapter="11_rag",
        task="Draw the curve by which a system decides when to refuse. scores is a list of float, how sure "
        "it is of each answer (larger is surer, any sign, in no order); right is a list of bool, as long. "
        "For each distinct score as threshold, from the highest to the lowest, answer what has at least "
        "that score. Return a list of tuples (coverage, risk), both float: the share of all questions that "
        "are answered, and the share of wrong ones among those. No questions give [].",
        reference="embedlab.study.exercises.rag_refusing:risk_coverage",
        cases=_answers,
        hints=(
            "sorted(set(scores), reverse=True) are the thresholds.",
            "For each, collect right[i] of all i with scores[i] >= threshold; both shares follow from that "
            "list.",
        ),
        mistakes=(
            Mistake(
                "ties split",
                "No threshold lies between two equal scores: both are answered, or none. One point for each "
                "distinct score.",
                _ties_split,
            ),
            Mistake(
                "risk over all questions",
                "A refused question is no wrong answer: divide by those that are answered.",
                _over_all,
            ),
            Mistake(
                "from the lowest score",
                "Larger is surer: begin with the highest score, and answer what is at least as sure.",
                _ascending,
            ),
            Mistake("the share of right ones", "Risk is the share of wrong answers.", _right_share),
            Mistake(
                "the threshold itself left out",
                "At least that score: with >= the first point answers the surest, and the last answers all.",
                _above,
            ),
            Mistake(
                "risk of one score only",
                "Whoever answers from a threshold on gives all the surer answers, too.",
                _of_the_step,
            ),
        ),
        follow_up="At most 5 % of the answers may be wrong. How do you read the threshold off, on which "
        "questions, and why does it look better there than it will be?",
    ),
)
