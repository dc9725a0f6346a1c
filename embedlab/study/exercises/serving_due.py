"""Exercises of chapter 17: when a batch goes."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _queues(rng: np.random.Generator) -> list[tuple]:
    """List (policy, waiting, oldest, most, wait): none, too few, full, more than full; in time and late."""
    return [
        (policy, waiting, oldest if waiting else 0.0, most, wait)
        for most, wait in ((4, 0.5), (1, 0.25), (8, 0.0))
        for policy in ("free", "timer")
        for waiting in (0, 1, 3, 4, 9)
        for oldest in ((0.0, 0.125, 0.5, 2.0) if waiting else (0.0,))
    ]


def still_to_wait(policy, waiting, oldest, most, wait):
    """Say how long a batch must still wait before it goes to the next free worker.

    `embedlab.serving.still_to_wait` is the same rule, which takes its settings from a `Batching`.

    Parameters
    ----------
    policy : {"free", "timer"}
    waiting : int
        Texts in the queue.
    oldest : float
        Seconds that the first of them has waited.
    most : int
        Texts of a full batch.
    wait : float
        Seconds of the timer.

    Returns
    -------
    float
        Seconds; 0 for now, infinity where nothing is waiting.

    Examples
    --------
    >>> still_to_wait("timer", 1, 0.25, 8, 0.5), still_to_wait("timer", 8, 0.25, 8, 0.5)
    (0.25, 0.0)
    """
    if waiting == 0:
        return math.inf
    if policy == "free" or waiting >= most:
        return 0.0
    return max(0.0, wait - oldest)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _without_zero(policy, waiting, oldest, most, wait):
    now = policy == "free" or waiting >= most
    return math.inf if waiting == 0 else 0.0 if now else wait - oldest


def _goes_empty(policy, waiting, oldest, most, wait):
    return 0.0 if policy == "free" or waiting >= most else max(0.0, wait - oldest)


def _by_the_clock_only(policy, waiting, oldest, most, wait):
    return still_to_wait(policy, waiting, oldest, math.inf, wait)


def _more_than_full(policy, waiting, oldest, most, wait):
    return still_to_wait(policy, waiting, oldest, most + 1, wait)


def _begins_anew(policy, waiting, oldest, most, wait):
    return still_to_wait(policy, waiting, 0.0, most, wait)


def _always_the_timer(policy, waiting, oldest, most, wait):
    return still_to_wait("timer", waiting, oldest, most, wait)


def _free_when_full(policy, waiting, oldest, most, wait):
    if policy == "free" and waiting < most:
        return math.inf
    return still_to_wait(policy, waiting, oldest, most, wait)


EXERCISES = (
    Exercise(
        name="still_to_wait",
        chapter="17_serving",
        task="How long does a batch still wait for more texts? waiting is an int, the texts in the queue; "
        "oldest a float, the seconds that the first of them has waited; most an int (1 or more), a full "
        "batch; wait a float, the timer's seconds. policy 'free': the batch goes now. 'timer': it goes when "
        "most texts or more are waiting, or the oldest has waited for wait. Return seconds as a float: 0.0 "
        "for now, never less; math.inf if nothing is waiting, by either policy.",
        reference="embedlab.study.exercises.serving_due:still_to_wait",
        cases=_queues,
        hints=(
            "Three answers are possible: never, now, and what is left of the timer. Ask in this order.",
            "It goes now by 'free', by a full batch, or by a timer that has run out.",
            "What is left of the timer is wait - oldest, which may be below zero.",
        ),
        mistakes=(
            Mistake(
                "below zero",
                "A worker may have been busy while the timer ran out: then the batch goes now, which is 0.0.",
                _without_zero,
            ),
            Mistake(
                "an empty batch goes",
                "Nothing is waiting, so nothing can go: math.inf, whatever the policy and the timer say.",
                _goes_empty,
            ),
            Mistake(
                "a full batch waits",
                "No further text would fit: a full batch goes now, and waiting only adds latency.",
                _by_the_clock_only,
            ),
            Mistake(
                "full only beyond most", "most texts are a full batch: compare with >=.", _more_than_full
            ),
            Mistake(
                "the timer begins anew",
                "The oldest text has waited already: what is left is wait - oldest.",
                _begins_anew,
            ),
            Mistake(
                "free runs a timer, too",
                "By 'free' the batch goes now, with what is there: it never waits for others.",
                _always_the_timer,
            ),
            Mistake(
                "free waits for a full batch",
                "At night a full batch may never come. By 'free' a single text goes now.",
                _free_when_full,
            ),
        ),
        follow_up="One request a second at night, 300 a second by day: what does a timer of 5 ms do at each, "
        "and what does 'free'? At which load would you want the timer?",
    ),
)
