"""Hedged requests: where an answer is late, ask a second server and take whichever answers first.

Source: Dean & Barroso 2013, "The Tail at Scale", Communications of the ACM 56(2): sent only after the 95th
percentile of the answer time, the second request costs about 5 % more load and cuts off much of the tail; the
client cancels the one that is left. (Their *tied* requests are another thing: both copies are queued at once,
and each server tells the other when it begins.)
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Floats = NDArray[np.float64]


def hedged_latency(first: Floats, second: Floats, after: float) -> tuple[Floats, float]:
    """Return latencies (n,) with hedging, and the share of requests that were sent twice.

    Parameters
    ----------
    first, second : float arrays (n,)
        Answer times of two servers, independent of each other and of the load: the hedge is free for them.
    after : float
        Seconds until the second request goes out.

    Examples
    --------
    >>> first, second = np.array([0.1, 2.0, 0.1, 1.0]), np.array([0.1, 0.1, 0.1, 3.0])
    >>> hedged_latency(first, second, after=0.5)
    (array([0.1, 0.6, 0.1, 1. ]), 0.5)
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.shape != second.shape or not first.size:
        raise ValueError(f"need two equally long lists, but got {first.size} and {second.size} times")
    return np.minimum(first, after + second), float((first > after).mean())


@dataclass(frozen=True)
class Replicas:
    """Servers with a queue each, one worker each, and the rule by which a call gets one of them.

    Attributes
    ----------
    count : int
    median, sigma : float
        Of the work of a request: lognormal, in seconds.
    stall_share, stall : float
        Some answers take so much longer, whatever was asked (a collection of garbage, a slow disk).
    route : str
        Of the first call and of the hedge: "random", or "fewest" unanswered calls, known without delay.

    Raises
    ------
    ValueError
        For another route.
    """

    count: int = 10
    median: float = 0.02
    sigma: float = 0.3
    stall_share: float = 0.01
    stall: float = 0.3
    route: str = "random"

    def __post_init__(self) -> None:
        if self.route not in ("random", "fewest"):
            raise ValueError(f"route is random or fewest, not {self.route!r}")

    @property
    def mean(self) -> float:
        """Seconds of work of an average request."""
        return self.median * float(np.exp(self.sigma**2 / 2)) + self.stall_share * self.stall

    def pick(self, unanswered: Sequence[int], draw: random.Random, but: int | None = None) -> int:
        """Return the replica, 0 to count - 1, that gets a call.

        Parameters
        ----------
        unanswered : sequence of count int
            Calls that wait or are worked on at each.
        draw : random.Random
        but : int or None
            The replica that has this request already.

        Examples
        --------
        >>> Replicas(3, route="fewest").pick([0, 2, 1], random.Random(0), but=0)
        2
        """
        others = range(self.count)
        if but is not None:
            others = [(but + step) % self.count for step in range(1, self.count)]
        if self.route == "fewest":
            return min(others, key=unanswered.__getitem__)
        return others[draw.randrange(len(others))]


@dataclass(frozen=True)
class Hedged:
    """Latencies (n,) in seconds, attempts per request, and the share of the time that workers work."""

    latency: Floats
    attempts: float
    utilisation: float

    def percentile(self, percent: float) -> float:
        """Return a percentile in milliseconds."""
        return float(np.percentile(self.latency, percent) * 1000)


def simulate_hedging(
    replicas: Replicas,
    load: float,
    after: float | None,
    *,
    requests: int = 20_000,
    cancels: bool = True,
    seed: int = 0,
) -> Hedged:
    """Send Poisson arrivals to replicas; a request without an answer after some seconds goes to another one.

    Parameters
    ----------
    replicas : Replicas
    load : float
        Of the capacity, without hedges: 0.5 keeps workers busy half of the time.
    after : float or None
        Seconds; None never hedges.
    requests : int
    cancels : bool
        Whether the slower of two requests leaves the queue once the other is answered. What has begun is
        finished in any case.
    seed : int

    Raises
    ------
    ValueError
        For a load that is not positive, or a hedge without a second replica.

    Examples
    --------
    >>> plain = simulate_hedging(Replicas(), 0.2, None, requests=2000)
    >>> hedged = simulate_hedging(Replicas(), 0.2, 0.05, requests=2000)
    >>> hedged.percentile(99.5) < plain.percentile(99.5), hedged.attempts < 1.1
    (True, True)
    """
    if not load > 0:
        raise ValueError(f"load must be positive, but is {load}")
    if after is not None and replicas.count < 2:
        raise ValueError("a hedge needs a second replica")
    arrivals, draw, work = random.Random(seed), random.Random(seed + 1), random.Random(seed + 2)
    per_second = load * replicas.count / replicas.mean
    arrived, now = [], 0.0
    for _ in range(requests):
        now += arrivals.expovariate(per_second)
        arrived.append(now)
    latency, at = np.full(requests, np.inf), {}
    queues, busy = [deque() for _ in range(replicas.count)], [False] * replicas.count
    events = [(when, request, "first", request) for request, when in enumerate(arrived)]
    count, worked, attempts = requests, 0.0, 0
    while events:
        now, _, kind, what = heapq.heappop(events)
        if kind == "done":
            server, request = what
            busy[server] = False
            latency[request] = min(latency[request], now - arrived[request])
            for other in at.pop(request, ()) if cancels else ():
                if other != server and request in queues[other]:
                    queues[other].remove(request)
        elif kind == "first" or np.isinf(latency[what]):  # a hedge goes out only while there is no answer
            unanswered = [len(queue) + works for queue, works in zip(queues, busy, strict=True)]
            server = replicas.pick(unanswered, draw, *at.get(what, ()))
            at[what], attempts = [*at.get(what, ()), server], attempts + 1
            queues[server].append(what)
            if kind == "first" and after is not None:
                heapq.heappush(events, (now + after, count, "hedge", what))
                count += 1
        else:
            continue
        if queues[server] and not busy[server]:
            request, busy[server] = queues[server].popleft(), True
            needed = replicas.median * np.exp(work.gauss(0, replicas.sigma))
            needed += replicas.stall * (work.random() < replicas.stall_share)
            worked += needed
            heapq.heappush(events, (now + needed, count, "done", (server, request)))
            count += 1
    # Answers that are out at the end need time, too: utilisation counts up to the last one.
    return Hedged(latency, attempts / requests, worked / (now * replicas.count))


async def hedge(first: Callable[[], Awaitable[T]], second: Callable[[], Awaitable[T]], after: float) -> T:
    """Return the first good answer of two calls; the second starts after some seconds, or at a failure.

    The other one is cancelled. Calls have to be idempotent: both may be carried out.

    Parameters
    ----------
    first, second : callables
        Return something to wait for.
    after : float
        Seconds.

    Raises
    ------
    Exception
        What the first one failed with, if both do.

    Examples
    --------
    >>> async def answer(seconds, what):
    ...     await asyncio.sleep(seconds)
    ...     return what
    >>> asyncio.run(hedge(lambda: answer(5, "slow"), lambda: answer(0, "quick"), after=0.01))
    'quick'
    """
    tasks = [asyncio.ensure_future(first())]
    try:
        await asyncio.wait(tasks, timeout=after)
        if not tasks[0].done() or tasks[0].exception() is not None:
            tasks.append(asyncio.ensure_future(second()))
        waiting = set(tasks)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    return task.result()
        return tasks[0].result()  # raises
    finally:
        for task in tasks:
            task.cancel()
