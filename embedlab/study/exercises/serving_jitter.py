"""Exercises of chapter 17: when to try again."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

RETRIED = 408, 425, 429, 500, 502, 503, 504


def _failures(rng: np.random.Generator) -> list[tuple]:
    """List (status, attempt, left, u) with or without retry_after: each status, attempt and edge of time."""
    cases = [(503, attempt, 9.0, 0.5) for attempt in range(6)]
    cases += [(status, 0, 9.0, 0.5) for status in (None, *RETRIED, 400, 401, 403, 404, 413, 422, 501)]
    cases += [(None, 2, 9.0, 0.25), (None, 3, 9.0, 0.25), (503, 0, 9.0, 0.0), (503, 0, 0.0, 0.0)]
    cases += [(503, 0, 0.0625, 0.5), (503, 2, 0.125, 0.25), (500, 1, 0.05, 0.75), (500, 1, -1.0, 0.75)]
    cases += [(429, 0, 9.0, 0.5, None), (429, 0, 9.0, 0.5, 2.0), (429, 1, 9.0, 0.25, 0.03125)]
    cases += [(429, 2, 9.0, 0.875, 0.25), (429, 0, 1.0, 0.5, 2.0), (429, 0, 2.0, 0.0, 2.0)]
    cases += [(503, 2, 2.5, 0.75, 2.0), (429, 3, 9.0, 0.5, 2.0), (400, 0, 9.0, 0.5, 2.0)]
    cases += [(429, 2, 2.0625, 0.75, 2.0), (429, 1, 9.0, 0.5, 0.0)]
    for _ in range(12):
        status, retry_after = (RETRIED[int(rng.integers(7))], float(rng.choice([0.0625, 0.125, 0.25, 1.0])))
        left = float(rng.choice([0.125, 1.0, 9.0]))
        cases.append((status, int(rng.integers(0, 4)), left, float(rng.integers(0, 16)) / 16, retry_after))
    return cases


def wait_before_retry(status, attempt, left, u, retry_after=None):
    """Return the seconds to wait before a call that failed is made again, or None: give up.

    Full jitter (Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog).
    `embedlab.serving.wait_before_retry` is the same rule, with a policy, a cap and draws of its own.

    Parameters
    ----------
    status : int or None
        None where no answer came in time.
    attempt : int
        That failed, from 0.
    left : float
        Seconds until the caller's deadline.
    u : float
        Drawn from [0, 1).
    retry_after : float, optional
        Seconds that the server asked for.

    Returns
    -------
    float or None

    Examples
    --------
    >>> wait_before_retry(503, 2, 5.0, 0.5), wait_before_retry(429, 0, 5.0, 0.5, retry_after=2.0)
    (0.2, 2.05)
    >>> wait_before_retry(400, 0, 5.0, 0.5) is None
    True
    """
    if attempt >= 3 or status not in (None, *RETRIED):
        return None
    wait = u * 0.1 * 2**attempt + (retry_after or 0.0)
    return wait if wait < left else None


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _no_jitter(status, attempt, left, u, retry_after=None):
    return wait_before_retry(status, attempt, left, 1.0, retry_after)


def _one_power_more(status, attempt, left, u, retry_after=None):
    return wait_before_retry(status, attempt, left, 2 * u, retry_after)


def _one_attempt_more(status, attempt, left, u, retry_after=None):
    if attempt == 3:
        return wait_before_retry(status, 2, left, 2 * u, retry_after)
    return wait_before_retry(status, attempt, left, u, retry_after)


def _whatever_failed(status, attempt, left, u, retry_after=None):
    return wait_before_retry(None, attempt, left, u, retry_after)


def _answers_only(status, attempt, left, u, retry_after=None):
    return None if status is None else wait_before_retry(status, attempt, left, u, retry_after)


def _not_listening(status, attempt, left, u, retry_after=None):
    return wait_before_retry(status, attempt, left, u)


def _the_larger(status, attempt, left, u, retry_after=None):
    wait = wait_before_retry(status, attempt, float("inf"), u)
    if wait is None:
        return None
    wait = max(wait, retry_after or 0.0)
    return wait if wait < left else None


def _no_deadline(status, attempt, left, u, retry_after=None):
    return wait_before_retry(status, attempt, float("inf"), u, retry_after)


EXERCISES = (
    Exercise(
        name="wait_before_retry",
        chapter="17_serving",
        task="A call failed: when is it made again? status is an int, or None for a timeout; "
        "attempt an int, 0 for the first; left a float, seconds until the deadline; u a float drawn from "
        "[0, 1); retry_after a float or None, seconds that the server asked for. Return u x 0.1 x "
        "2**attempt, plus retry_after if there is one. Return None to give up: from attempt 3 on; for any "
        "status but None, 408, 425, 429, 500, 502, 503, 504; if the wait is not below left.",
        reference="embedlab.study.exercises.serving_jitter:wait_before_retry",
        cases=_failures,
        hints=(
            "First the two reasons to give up that need no wait: the number of attempts, and the status.",
            "Then the wait: a share u of 0.1, 0.2 or 0.4 s, and on top of it what the server asked for.",
            "Last the deadline: a wait that uses up all of left is of no use to anybody.",
        ),
        mistakes=(
            Mistake(
                "no jitter",
                "Clients that failed at the same moment would all come back at the same moment: multiply by "
                "u.",
                _no_jitter,
            ),
            Mistake(
                "one power of 2 too many",
                "Attempts count from 0: after the first the wait is below 0.1 s.",
                _one_power_more,
            ),
            Mistake(
                "one attempt too many",
                "Attempts 0, 1, 2 and 3 are four calls. After attempt 3 there is no other.",
                _one_attempt_more,
            ),
            Mistake(
                "any failure is retried",
                "A bad request or a wrong key fails in the same way each time. Retry only what may pass.",
                _whatever_failed,
            ),
            Mistake(
                "a timeout is given up",
                "None is no answer in time: that may pass, and embedding a text twice does no harm.",
                _answers_only,
            ),
            Mistake(
                "Retry-After overlooked",
                "The server has said how long it refuses. A call before that time is lost, and adds to its "
                "load.",
                _not_listening,
            ),
            Mistake(
                "no jitter on top of Retry-After",
                "Retry-After may be the same for all who were refused: add the jitter to it, or they come "
                "back together.",
                _the_larger,
            ),
            Mistake(
                "deadline forgotten",
                "After the deadline nobody waits for the answer: give up unless the wait is below left.",
                _no_deadline,
            ),
        ),
        follow_up="With ten attempts instead of four, how long would the last wait be, and what do you do "
        "about it? And if all clients retry three times while the service is down: what does it see?",
    ),
)
