"""Exercises of chapter 20: a threshold for one false alarm a month, and sums over time."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake, lazily

cusum = lazily("embedlab.drift:cusum")


def _nulls(rng: np.random.Generator) -> list[tuple]:
    """List (null, windows a month): just enough, one too few, whole and broken ranks, ties; then drawn."""
    cases = [(np.arange(1.0, n), month) for n, month in ((2, 1), (4, 4), (3, 4), (9, 4), (12, 4), (10, 4))]
    cases += [(np.array([3.0, 1.0, 3.0, 2.0, 3.0]), 3), (np.array([5.0, -1.0, 0.0, 2.0, 9.0, 4.0, 1.0]), 4)]
    for n, month in ((19, 10), (20, 10), (29, 10), (30, 10), (59, 30), (60, 30), (89, 30)):
        cases.append((rng.permutation(n).astype(float) / 4, month))
    return [(np.asarray(null, float), month) for null, month in cases]


def _streams(rng: np.random.Generator) -> list[tuple]:
    """List (values, slack): none, one, below, above, up and down; then drawn ones."""
    cases = [([], 0.5), ([1.0], 0.5), ([-1.0], 0.5), ([1.0, 1.0], 0.0), ([0.0, 1.0, 1.0, -2.0, 3.0], 0.5)]
    cases += [([-3.0, 1.0, 1.0], 0.5), ([0.25, 0.25, 0.25], 0.5), ([2.0, 0.0, 0.0, 2.0], 0.5)]
    cases += [((rng.integers(-8, 12, n) / 4).tolist(), 0.25) for n in (5, 9, 14)]
    return [(np.array(values, float), slack) for values, slack in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _ranked(rank, refuse=True):
    def threshold(null, month):
        if refuse and len(null) + 1 < month:
            raise ValueError(len(null))
        place = min(max(rank(len(null), month), 0), len(null) - 1)
        return float(np.sort(null)[::-1][place])

    return threshold


def _quantile(null, month):
    if len(null) + 1 < month:
        raise ValueError(len(null))
    return float(np.quantile(null, 1 - 1 / month))


def _summed(step):
    def sums(values, slack):
        total, found = 0.0, []
        for value in values:
            total = step(total, value, slack)
            found.append(total)
        return np.array(found, float)

    return sums


EXERCISES = (
    Exercise(
        name="alarm_threshold",
        chapter="20_drift",
        task="Set a detector's threshold. null is a float array (n,): its number in n windows without any "
        "shift, larger is worse. windows_a_month is an int. A window alarms if it lies above the threshold, "
        "and quiet months should have one false alarm on average: return, as a float, the k-th largest of "
        "null, where k is (n + 1) / windows_a_month, rounded down. Raise ValueError if k is 0.",
        reference="embedlab.drift:alarm_threshold",
        cases=_nulls,
        hints=(
            "A new quiet window is as likely to fall into each of the n + 1 gaps between the n known ones.",
            "Above the k-th largest there are k of these gaps: the chance is k / (n + 1).",
            "np.sort(null)[n - k], with k = (n + 1) // windows_a_month.",
        ),
        mistakes=(
            Mistake(
                "np.quantile",
                "It interpolates between two windows, so that the rate is another one, and nobody can say "
                "which. Take the k-th largest itself.",
                _quantile,
            ),
            Mistake(
                "n instead of n + 1",
                "n windows leave n + 1 gaps for the next one. With n = 119 and 120 windows a month, the "
                "largest of all is the threshold.",
                _ranked(lambda n, month: n // month - 1, refuse=True),
            ),
            Mistake(
                "one too low",
                "If k windows lie above the threshold, it is the (k + 1)-th largest, and quiet months have "
                "more than one alarm.",
                _ranked(lambda n, month: (n + 1) // month),
            ),
            Mistake(
                "largest of all",
                "With more history than a month, the largest of all alarms less than once a month: you pay "
                "for it with days of delay.",
                _ranked(lambda n, month: 0),
            ),
            Mistake(
                "too few are not refused",
                "Less than a month of windows cannot tell what happens once a month: raise ValueError.",
                _ranked(lambda n, month: max((n + 1) // month, 1) - 1, refuse=False),
            ),
        ),
        follow_up="You have one month of history. Between which rates does your threshold really alarm? How "
        "many months do you need until that is within a fifth of one a month?",
    ),
    Exercise(
        name="cusum",
        chapter="20_drift",
        task="Add up what lies above the slack. values is a float array (t,), a detector's number in "
        "successive windows, standardised so that quiet ones have mean 0; slack is a float. Start at 0. At "
        "each window, add its value less the slack; where the sum falls below 0, it is 0. Return the sum "
        "after each window, a float array (t,).",
        reference="embedlab.drift:cusum",
        cases=_streams,
        hints=(
            "One number is carried from window to window.",
            "total = max(0, total + value - slack).",
            "The slack is subtracted before the comparison with 0, in every window.",
        ),
        mistakes=(
            Mistake(
                "never below 0 forgotten",
                "After a good month the sum would be deep below 0, and a shift has to climb out of it first.",
                _summed(lambda total, value, slack: total + value - slack),
            ),
            Mistake(
                "no slack",
                "Without slack, noise alone adds up: the sum wanders up in quiet months.",
                _summed(lambda total, value, slack: max(0.0, total + value)),
            ),
            Mistake(
                "starts again at each quiet window",
                "One window below the slack takes something off the sum. It does not wipe it out.",
                _summed(lambda total, value, slack: total + value - slack if value > slack else 0.0),
            ),
            Mistake(
                "slack after the floor",
                "Subtract first, then compare with 0: the sum is never negative.",
                _summed(lambda total, value, slack: max(0.0, total + value) - slack),
            ),
            Mistake(
                "absolute values",
                "Both directions added up make noise look like a shift. Watch them with two sums.",
                lambda values, slack: cusum(np.abs(values), slack),
            ),
        ),
        follow_up="Which shift is a slack of half a standard deviation tuned for? What does a sum do after "
        "the alarm, and when do you set it back to 0?",
    ),
)
