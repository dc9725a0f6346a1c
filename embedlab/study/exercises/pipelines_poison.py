"""Exercises of chapter 18: retry, or the dead letters."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _jobs(rng: np.random.Generator) -> list[tuple]:
    """List (event, attempts, most): each event before, at and behind the limit; long waits; drawn ones."""
    cases = [(event, attempts, 1) for event in ("claimed", "raised") for attempts in (1, 2)]
    cases += [(event, attempts, 3) for event in ("claimed", "raised") for attempts in (1, 2, 3, 4)]
    cases += [("raised", attempts, 20) for attempts in (4, 8, 9, 10, 15, 19, 20)]
    cases += [("claimed", attempts, 20) for attempts in (19, 20, 21)]
    for _ in range(6):
        most = int(rng.integers(2, 9))
        cases.append((str(rng.choice(["claimed", "raised"])), int(rng.integers(1, most + 2)), most))
    return cases


def fate(event, attempts, most):
    """Return what is done with a leased job: "work", "dead", or the seconds until it is tried again.

    `embedlab.pipelines.claim` and `embedlab.pipelines.fail` decide so.

    Parameters
    ----------
    event : str
        "claimed" by a worker, just now; or "raised": its work raised an exception.
    attempts : int
        Claims so far, this one included, 1 or more.
    most : int
        Attempts that are allowed.

    Returns
    -------
    str or float

    Examples
    --------
    >>> fate("raised", 1, most=5), fate("raised", 3, most=5), fate("raised", 5, most=5)
    (0.2, 0.8, 'dead')
    >>> fate("claimed", 5, most=5), fate("claimed", 6, most=5)
    ('work', 'dead')
    """
    if event == "claimed":
        return "dead" if attempts > most else "work"
    return "dead" if attempts >= most else min(60.0, 0.2 * 2 ** (attempts - 1))


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _waiting(seconds):
    """Wait in another way."""

    def decide(event, attempts, most):
        right = fate(event, attempts, most)
        return right if isinstance(right, str) else seconds(attempts)

    return decide


def _buried_early(event, attempts, most):
    return fate(event, attempts + (event == "claimed"), most)


def _one_more(event, attempts, most):
    if event == "raised" and attempts == most:
        return min(60.0, 0.2 * 2 ** (attempts - 1))
    return fate(event, attempts, most)


def _crashes_uncounted(event, attempts, most):
    return "work" if event == "claimed" else fate(event, attempts, most)


def _for_ever(event, attempts, most):
    return "work" if event == "claimed" else min(60.0, 0.2 * 2 ** (attempts - 1))


EXERCISES = (
    Exercise(
        name="fate",
        chapter="18_pipelines",
        task="What is done with a leased job? event is a str; attempts an int, its claims so far, this one "
        'included (1 or more); most an int, how many are allowed. On "claimed" return "dead" if attempts is '
        'above most, since no worker came back from the last one; else "work". On "raised", after an '
        'exception in this attempt, return "dead" if attempts has reached most; else a float, the seconds '
        "until it is tried again: 0.2 after the first attempt, doubled after each further one, at most "
        "60.0.",
        reference="embedlab.study.exercises.pipelines_poison:fate",
        cases=_jobs,
        hints=(
            "Split by event first. At a claim the attempt is still ahead; after an exception it is used up.",
            "So with most = 3 a claim with attempts 3 may work, and an exception with attempts 3 is the end.",
            "The wait is 0.2 * 2 ** (attempts - 1), and min keeps it at 60.0.",
        ),
        mistakes=(
            Mistake(
                "buried before the last attempt",
                "At a claim attempts counts the one that begins now: with attempts equal to most it may "
                "still work.",
                _buried_early,
            ),
            Mistake(
                "one attempt too many",
                "After an exception this attempt is used up: if attempts has reached most, no other follows.",
                _one_more,
            ),
            Mistake(
                "crashes uncounted",
                "A text that ends the process raises nothing. Only the next claim can see that nobody came "
                "back, by the number of attempts.",
                _crashes_uncounted,
            ),
            Mistake(
                "tried for ever",
                "A text that cannot be embedded fails each time: after most attempts a person has to look.",
                _for_ever,
            ),
            Mistake(
                "no longest wait",
                "Doubled ten times 0.2 s is more than three minutes: the wait ends at 60 s.",
                _waiting(lambda attempts: 0.2 * 2 ** (attempts - 1)),
            ),
            Mistake(
                "doubled once too often",
                "After the first attempt nothing has been doubled yet: 0.2 s.",
                _waiting(lambda attempts: min(60.0, 0.2 * 2**attempts)),
            ),
            Mistake(
                "waits that grow evenly",
                "Doubled, not longer by 0.2 s: what is down for minutes is asked a few times, not hundreds.",
                _waiting(lambda attempts: min(60.0, 0.2 * attempts)),
            ),
            Mistake(
                "tried again at once",
                "What failed just now fails again, and all attempts are gone within a second: wait.",
                _waiting(lambda attempts: 0.0),
            ),
        ),
        follow_up="The embedding service is down for ten minutes. How many jobs are dead afterwards, and "
        "which errors would you not count as attempts? Where the lock is the lease, what becomes of the "
        "count when a worker crashes?",
    ),
)
