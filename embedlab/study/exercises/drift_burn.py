"""Exercises of chapter 20: how fast an error budget burns."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake, lazily

burn_rate = lazily("embedlab.drift:burn_rate")


def _counts(rng: np.random.Generator) -> list[tuple]:
    """List (errors, events, window, slo): none, no traffic, uneven traffic, all windows; then drawn."""
    cases = [
        ([], [], 1, 0.5),
        ([1], [2], 1, 0.75),
        ([0, 1], [4, 4], 1, 0.75),
        ([0, 1], [4, 4], 2, 0.75),
        ([1, 0], [4, 4], 1, 0.75),
        ([0, 0], [0, 0], 2, 0.5),
        ([1, 0, 0], [2, 0, 0], 2, 0.5),
        ([0, 3, 0], [1, 3, 100], 3, 0.5),
        ([2, 0, 0, 0], [2, 2, 2, 2], 2, 0.75),
        ([0, 0, 5, 5], [50, 50, 50, 50], 2, 0.875),
        ([1, 2, 3, 4], [10, 10, 10, 10], 9, 0.5),
    ]
    for n in (5, 8, 13):
        events = rng.integers(0, 20, n) * rng.integers(0, 2, n)
        errors = rng.binomial(events, 0.3)
        cases.append((errors.tolist(), events.tolist(), int(rng.integers(1, n)), 0.875))
    return [(list(map(float, errors)), list(map(float, events)), w, slo) for errors, events, w, slo in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _windows(errors, window, first=0):
    return [slice(max(0, i + 1 - window), i + 1 + first) for i in range(len(errors))]


def _mean_of_shares(errors, events, window, slo):
    shares = [a / b if b else 0.0 for a, b in zip(errors, events, strict=True)]
    return np.array([float(np.mean(shares[part])) / (1 - slo) for part in _windows(errors, window)])


def _by(budget, first=0, longer=0):
    def rate(errors, events, window, slo):
        found = []
        for part in _windows(errors, window + longer, first):
            asked = sum(events[part])
            found.append(sum(errors[part]) / asked / budget(slo) if asked else 0.0)
        return np.array(found)

    return rate


def _nothing_is_nan(errors, events, window, slo):
    found = burn_rate(errors, events, window, slo)
    asked = [sum(events[part]) for part in _windows(events, window)]
    return np.where(np.array(asked) > 0, found, np.nan)


def _per_step(errors, events, window, slo):
    steps = [sum(errors[part]) / max(1, window) for part in _windows(errors, window)]
    return np.array(steps, float) / (1 - slo)


EXERCISES = (
    Exercise(
        name="burn_rate",
        chapter="20_drift",
        task="How fast is an error budget spent? errors and events are lists of n float, counted in each "
        "step; window is an int, 1 or more, in steps; slo a float between 0 and 1, the share of events that "
        "should be good. For each step, take the last window steps, this one included (fewer at the start): "
        "the sum of errors over the sum of events, divided by the budget 1 - slo. Without events it is 0. "
        "Return a float64 array (n,).",
        reference="embedlab.drift:burn_rate",
        cases=_counts,
        hints=(
            "A rate of 1 spends the budget exactly: at an SLO of 99 %, that is one error in a hundred.",
            "Add up errors and events over the window first, and divide once.",
            "Cumulative sums with a 0 in front give each window's sum as a difference of two of them.",
        ),
        mistakes=(
            Mistake(
                "mean of shares",
                "A quiet step counts as much as a busy one, so that one failed check at night outweighs a "
                "day. Add up both counts over the window, and divide the sums.",
                _mean_of_shares,
            ),
            Mistake(
                "divided by the SLO",
                "The budget is what may fail, 1 - slo. Divided by the SLO, an outage would never reach 2.",
                _by(lambda slo: slo),
            ),
            Mistake(
                "not divided by the budget",
                "A share is not yet a rate: divide by 1 - slo.",
                _by(lambda slo: 1.0),
            ),
            Mistake(
                "one step too many",
                "The window holds this step and the window - 1 before it.",
                _by(lambda slo: 1 - slo, longer=1),
            ),
            Mistake(
                "looks ahead",
                "The step that comes next is not known yet: the window ends with this one.",
                _by(lambda slo: 1 - slo, first=1),
            ),
            Mistake(
                "nothing is NaN",
                "Without events nothing was spent: 0. A NaN compares as False with any limit, and says "
                "nothing on the way; that nothing comes at all is for another alert.",
                _nothing_is_nan,
            ),
            Mistake(
                "errors a step",
                "Divide by the events, not by the steps: twice the traffic looks like twice the trouble.",
                _per_step,
            ),
        ),
        follow_up="A page needs 14.4 over an hour and over five minutes. What would you lose without the "
        "long window, and what without the short one?",
    ),
)
