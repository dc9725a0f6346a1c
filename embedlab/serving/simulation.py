"""A server on paper: arrivals, a queue, batches and workers, without a clock; the same every time."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.serving.batching import Batching, buckets, taken

Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Service:
    """How long the model takes for a group: a time for the call, and one for each token, padding included.

    Examples
    --------
    >>> Service(call_s=0.5, token_s=0.25)(texts=2, longest=3)
    2.0
    """

    call_s: float
    token_s: float

    def __call__(self, texts: int, longest: int) -> float:
        """Return the seconds for so many texts, padded to the longest."""
        return self.call_s + self.token_s * texts * longest

    @property
    def call_tokens(self) -> int:
        """What a call costs, in tokens: what `Batching.call_tokens` should be."""
        return round(self.call_s / self.token_s) if self.token_s else 0


@dataclass(frozen=True)
class Stall:
    """A time in which nothing begins: a garbage collection, a lost disk, a neighbour on the machine."""

    at_s: float
    seconds: float

    def after(self, start: float) -> float:
        """Return when work can begin that would have begun at ``start``."""
        end = self.at_s + self.seconds
        return end if self.at_s <= start < end else start


NO_STALL = Stall(0.0, 0.0)


def fitted(padded: Sequence[int], seconds: Sequence[float]) -> Service:
    """Fit a `Service` to measured calls, by least squares on the relative error; neither part is negative.

    Parameters
    ----------
    padded : sequence of n int
        Tokens of each call, padding included.
    seconds : sequence of n float

    Examples
    --------
    >>> service = fitted([10, 100], [0.02, 0.11])
    >>> round(service.call_s, 6), round(service.token_s, 6)
    (0.01, 0.001)
    """
    from scipy.optimize import nnls

    took = np.asarray(seconds, float)
    rows = np.stack([np.ones(len(took)), np.asarray(padded, float)], axis=1) / took[:, None]
    (call_s, token_s), _ = nnls(rows, np.ones(len(took)))
    return Service(float(call_s), float(token_s))


def poisson(rate: float, seconds: float, seed: int = 0) -> Seconds:
    """Draw the arrivals of many independent clients: gaps are exponential, whatever came before.

    Parameters
    ----------
    rate : float
        A second, on average.
    seconds : float
    seed : int

    Returns
    -------
    float64 array (n,)
        Ascending, below ``seconds``; n is about ``rate * seconds``.

    Examples
    --------
    >>> times = poisson(100, 50)
    >>> 4500 < len(times) < 5500, bool(times[-1] < 50)
    (True, True)
    """
    if not (rate > 0 and seconds > 0):
        raise ValueError(f"rate and seconds must be positive, but are {rate} and {seconds}")
    draw = np.random.default_rng(seed)
    n = draw.poisson(rate * seconds)  # given their number, the arrivals are uniform
    return np.sort(draw.uniform(0, seconds, n))


def simulate(
    arrivals: Sequence[float],
    lengths: Sequence[int],
    rule: Batching,
    service: Service,
    stall: Stall = NO_STALL,
) -> tuple[Seconds, list[int]]:
    """Run a server on paper.

    The next batch is due as the rule says, begins when a worker is free, and takes what waits by then. Its
    groups go through the model one after the other, and each is answered when it is done.

    Parameters
    ----------
    arrivals : sequence of n float
        Seconds, ascending.
    lengths : sequence of n int
        Tokens of each text.
    rule : Batching
    service : Service
        For one worker.
    stall : Stall, optional

    Returns
    -------
    float64 array (n,)
        When each text was answered.
    list of int
        The size of each batch.

    Examples
    --------
    >>> one_second = Service(1.0, 0.0)
    >>> simulate([0.0, 0.1, 0.2], [5, 5, 5], Batching("free"), one_second)
    (array([1., 2., 2.]), [1, 2])
    >>> simulate([0.0, 0.1, 0.2], [5, 5, 5], Batching("timer", wait_s=0.5), one_second)
    (array([1.5, 1.5, 1.5]), [3])
    """
    times, done, sizes = np.asarray(arrivals, float), np.zeros(len(arrivals)), []
    free, first = [0.0] * rule.workers, 0
    while first < len(times):
        due = times[first]
        if rule.policy == "timer":
            filled = first + rule.max_texts - 1
            due = min(due + rule.wait_s, times[filled] if filled < len(times) else np.inf)
        now = stall.after(max(due, heapq.heappop(free)))
        last = int(np.searchsorted(times, now, side="right"))
        last = first + taken(rule, lengths[first : min(last, first + rule.max_texts)])
        batch = lengths[first:last]
        for group in buckets(batch, rule.max_tokens, rule.call_tokens):
            now += service(len(group), max(batch[i] for i in group))
            done[[first + i for i in group]] = now
        heapq.heappush(free, now)
        sizes.append(last - first)
        first = last
    return done, sizes


def closed_loop(
    users: int, seconds: float, service_s: float, stall: Stall = NO_STALL, think_s: float = 0.0
) -> tuple[Seconds, Seconds]:
    """Run users on paper, each of whom sends its next request only when the last one is answered.

    One worker, one request at a time. While the server stalls, nobody sends: each user counts one slow
    request, however many it would have sent. That is coordinated omission (G. Tene, "How NOT to Measure
    Latency", 2013).

    Parameters
    ----------
    users : int
    seconds : float
        Nothing is sent later.
    service_s : float
    stall : Stall, optional
    think_s : float
        From an answer to the next request.

    Returns
    -------
    float64 arrays (n,), (n,)
        When each request was sent, and when it was answered.

    Examples
    --------
    >>> sent, done = closed_loop(users=2, seconds=2.0, service_s=1.0)
    >>> sent.tolist(), done.tolist()
    ([0.0, 0.0, 1.0], [1.0, 2.0, 3.0])
    """
    if users < 1 or not service_s > 0:
        raise ValueError(f"users must be at least 1 and service_s positive, but are {users} and {service_s}")
    ready, free, rows = [0.0] * users, 0.0, []
    while ready[0] < seconds:
        send = heapq.heappop(ready)
        free = stall.after(max(send, free)) + service_s
        rows.append((send, free))
        heapq.heappush(ready, free + think_s)
    sent, done = np.array(rows).T
    return sent, done
