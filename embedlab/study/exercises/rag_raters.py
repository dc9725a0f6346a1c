"""Exercises of chapter 11: whether a judge agrees with a person."""

from collections import Counter

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _marks(rng: np.random.Generator) -> list[tuple]:
    """List (a, b): constants, all alike, nothing alike, a judge that always says yes; then drawn ones."""
    cases = [
        (["yes"], ["yes"]),
        (["yes"], ["no"]),
        (["no", "no"], ["no", "no"]),
        (["yes", "no"], ["yes", "no"]),
        (["yes", "no"], ["no", "yes"]),
        (["yes", "yes"], ["yes", "no"]),
        (["yes", "no", "no"], ["yes", "yes", "no"]),
        (["yes"] * 4, ["yes", "yes", "yes", "no"]),
        (["yes", "no", "yes", "yes"], ["no", "yes", "yes", "yes"]),
        (["a", "b", "c"], ["a", "c", "c"]),
        (["a", "b", "c", "a"], ["a", "b", "a", "a"]),
    ]
    for n in (5, 6, 8, 10, 12, 20):
        a = rng.choice(["yes", "no"], n, p=[0.8, 0.2])
        cases.append((a.tolist(), np.where(rng.random(n) < 0.5, a, "no").tolist()))
    for n in (8, 12, 20):
        a = rng.choice(["good", "fair", "bad"], n, p=[0.6, 0.3, 0.1])
        cases.append((a.tolist(), np.where(rng.random(n) < 0.5, a, "bad").tolist()))
    return cases


def kappa(a, b):
    """Return how far two raters agree beyond chance (Cohen 1960, "A Coefficient of Agreement").

    Parameters
    ----------
    a, b : list of str
        The label that each gives to the same items.

    Returns
    -------
    float, at most 1
        0 where they agree as often as chance would have it.

    Examples
    --------
    >>> kappa(["yes", "yes", "no", "no"], ["yes", "no", "no", "no"])
    0.5
    """
    return _beyond(a, b, _chance(a, b))


def _chance(a, b):
    of_a, of_b = Counter(a), Counter(b)
    return sum(of_a[label] * of_b[label] for label in of_a) / len(a) ** 2


def _agreed(a, b):
    return sum(x == y for x, y in zip(a, b, strict=True)) / len(a)


def _beyond(a, b, chance):
    return 1.0 if chance == 1 else (_agreed(a, b) - chance) / (1 - chance)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _pooled(a, b):
    """Take the chance from both raters' labels together: Scott's pi."""
    shares = Counter([*a, *b])
    return _beyond(a, b, sum((count / (2 * len(a))) ** 2 for count in shares.values()))


def _equal_labels(a, b):
    return _beyond(a, b, 1 / len({*a, *b}))


def _not_divided(a, b):
    return 1.0 if _chance(a, b) == 1 else _agreed(a, b) - _chance(a, b)


def _constant_is_zero(a, b):
    return 0.0 if _chance(a, b) == 1 else kappa(a, b)


EXERCISES = (
    Exercise(
        name="kappa",
        chapter="11_rag",
        task="Return Cohen's kappa of two raters. a and b are lists of str, of the same length and not "
        "empty: the labels that each gave to the same items, two or more kinds or only one. Return a float, "
        "(agreed - chance) / (1 - chance): agreed is the share of items with the same label; chance is the "
        "sum, over the labels, of (its share in a) * (its share in b). If chance is 1, both say one and the "
        "same throughout: return 1.0.",
        reference="embedlab.study.exercises.rag_raters:kappa",
        cases=_marks,
        hints=(
            "Counter(a)[label] / len(a) is the share of a label in a.",
            "Where chance is 1, the fraction is 0 / 0: answer before you divide.",
        ),
        mistakes=(
            Mistake(
                "plain agreement",
                "A judge that always says yes agrees often where most answers are right. Subtract what "
                "chance would give, above and below the line.",
                _agreed,
            ),
            Mistake(
                "shares of both together (Scott's pi)",
                "Cohen lets each rater have a habit of its own: the share in a times the share in b.",
                _pooled,
            ),
            Mistake(
                "all labels alike",
                "Chance is 1 / (number of labels) only if all are given equally often. Take their shares.",
                _equal_labels,
            ),
            Mistake(
                "not divided",
                "Divide by 1 - chance, the most that can be had beyond chance, so that full agreement is 1.",
                _not_divided,
            ),
            Mistake(
                "0 where both are constant",
                "0 / 0 has no value of its own. By this task's contract it is 1.0: they agree on everything.",
                _constant_is_zero,
            ),
        ),
        follow_up="Judge and expert agree on 90 % of the answers, and kappa is 0.05. How can that be, and "
        "which of the two figures do you report?",
    ),
)
