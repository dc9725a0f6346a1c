"""Exercises of chapter 17: when a request is finished."""

from itertools import accumulate

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _requests(rng: np.random.Generator) -> list[tuple]:
    """List (arrivals, services): none, one, at the same time, far apart, idle between; then drawn ones."""
    cases = [
        ([], []),
        ([0.0], [1.0]),
        ([2.0], [1.0]),
        ([2.0], [0.0]),
        ([0.0, 0.0], [1.0, 2.0]),
        ([1.0, 3.0], [2.0, 1.0]),
        ([1.0, 2.0], [3.0, 1.0]),
        ([1.0, 5.0], [1.0, 1.0]),
        ([0.0, 1.0, 2.0], [4.0, 0.5, 0.5]),
        ([1.0, 1.5, 9.0], [2.0, 1.0, 1.0]),
        ([0.5, 0.5, 0.5, 7.0], [1.0, 1.0, 1.0, 1.0]),
    ]
    for n in (4, 5, 6, 8, 12, 20):
        arrivals = np.sort(rng.integers(0, 4 * n, n)) / 4
        cases.append((arrivals.tolist(), (rng.integers(1, 9, n) / 4).tolist()))
    return cases


def fifo(arrivals, services):
    """Return when each request is finished by one server, first come, first served.

    Lindley (1952), "The theory of queues with a single server".

    Parameters
    ----------
    arrivals : list of float
        Seconds, ascending.
    services : list of float
        Seconds that each takes.

    Returns
    -------
    list of float

    Examples
    --------
    >>> fifo([0.0, 1.0, 9.0], [3.0, 2.0, 1.0])
    [3.0, 5.0, 10.0]
    """
    done, free = [], 0.0
    for arrival, service in zip(arrivals, services, strict=True):
        free = max(free, arrival) + service
        done.append(free)
    return done


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _idle_at_first(arrivals, services):
    return list(accumulate(services, initial=arrivals[0]))[1:] if arrivals else []


def _one_before(arrivals, services):
    before = [0.0, *(a + s for a, s in zip(arrivals, services, strict=True))]
    return [max(a, b) + s for a, b, s in zip(arrivals, before, services, strict=False)]


def _done_work(arrivals, services):
    return [a + work for a, work in zip(arrivals, accumulate(services), strict=True)]


def _begins(arrivals, services):
    return [done - s for done, s in zip(fifo(arrivals, services), services, strict=True)]


def _latencies(arrivals, services):
    return [done - a for done, a in zip(fifo(arrivals, services), arrivals, strict=True)]


EXERCISES = (
    Exercise(
        name="fifo",
        chapter="17_serving",
        task="One server answers requests one at a time, in the order in which they came. arrivals is a list "
        "of float: when each came, in seconds, ascending (some may be equal), 0 or more. services is a list "
        "of float, as long: the seconds that each takes, 0 or more. A request begins when it has come and "
        "the one before it is finished. Return a list of float: when each is finished, on the clock of "
        "arrivals. No requests give [].",
        reference="embedlab.study.exercises.serving_fifo:fifo",
        cases=_requests,
        hints=(
            "Keep one number: when the server is free again.",
            "A request begins at the later of two moments: its arrival, and when the server is free.",
            "free = max(free, arrival) + service is also when this request is finished.",
        ),
        mistakes=(
            Mistake(
                "no queue",
                "While the server works on another request, one has to wait: begin when it is free.",
                lambda arrivals, services: [a + s for a, s in zip(arrivals, services, strict=True)],
            ),
            Mistake(
                "never idle",
                "The server cannot work on what has not come: nothing begins before its arrival.",
                lambda arrivals, services: list(accumulate(services)),
            ),
            Mistake(
                "idle only at first",
                "The queue may run empty later, too: compare with each arrival, not only with the first.",
                _idle_at_first,
            ),
            Mistake(
                "the one before did not wait",
                "The request before may have waited itself: take when it was really finished.",
                _one_before,
            ),
            Mistake(
                "work counted that is done",
                "What was finished before this request came does not delay it any more.",
                _done_work,
            ),
            Mistake("when it begins", "Finished is begun plus its own service.", _begins),
            Mistake(
                "how long it took",
                "That is the latency. Asked is the time on the clock; subtract the arrivals afterwards.",
                _latencies,
            ),
        ),
        follow_up="A load test sends its next request only when the last is answered. Which arrivals would "
        "be missing in this list while the server stalls, and what does that do to the 99th percentile?",
    ),
)
