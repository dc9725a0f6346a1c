"""A service that loses a part of its capacity for a while, and what its clients' retries make of that.

A discrete-event simulation with a clock of its own: nothing sleeps, and the same seed gives the same outage.
The service is one queue and a number of workers; clients give up on an attempt after a timeout, but the
service, unless it is told the deadline, works on what nobody waits for any more. That is what turns a short
outage into a long one (Bronson et al. 2021, "Metastable Failures in Distributed Systems", HotOS).
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embedlab.serving.breaker import Breaker, allow, record
from embedlab.serving.limits import Away, drawn_wait, retry_after
from embedlab.serving.retrying import Budget, CallError, Policy, wait_before_retry


@dataclass(frozen=True)
class FailingService:
    """A service with an outage; times in seconds.

    Attributes
    ----------
    workers : int
        At work at the same time; each answer takes an exponential time of this mean.
    mean : float
    lost : int
        Workers that are gone from ``start`` to ``end``.
    drops_expired : bool
        Whether it knows the deadline, and leaves what nobody waits for.
    room : int, optional
        Attempts that may wait; beyond, 429 at once. None is a queue without a bound.
    tells : {"nothing", "same", "drawn", "drawn, whole"}
        With a 429, when to come back: `retry_after` for those inside, the same for all; or what the server
        does, `drawn_wait`; or that in whole seconds.
    newest_first : bool
        Whether a free worker takes who came last.
    """

    workers: int = 10
    mean: float = 0.1
    lost: int = 3
    start: float = 60.0
    end: float = 120.0
    drops_expired: bool = False
    room: int | None = None
    tells: Literal["nothing", "same", "drawn", "drawn, whole"] = "nothing"
    newest_first: bool = False

    def __post_init__(self):
        if not 0 <= self.lost <= self.workers:
            raise ValueError(f"{self.lost} of {self.workers} workers cannot be lost")
        if self.room is not None and self.room < 0:
            raise ValueError(f"a queue has room for 0 or more, but room is {self.room}")
        if self.start > self.end:
            raise ValueError(f"an outage from {self.start} to {self.end} ends before it starts")

    def at_work(self, now: float) -> int:
        """Return how many workers there are at a time."""
        return self.workers - self.lost * (self.start <= now < self.end)

    def told(self, inside: int, away: float, now: float, u: float) -> float | None:
        """Return the seconds that a refused client is told, as `Batcher.admit` would; u is from [0, 1)."""
        if self.tells == "nothing":
            return None
        per_second = self.at_work(now) / self.mean
        if self.tells == "same":
            return float(retry_after(inside, per_second))
        wait = drawn_wait(retry_after(inside + away, per_second), u)
        return wait if self.tells == "drawn" else float(math.ceil(wait))


@dataclass
class Outcome:
    """What became of each request, and when attempts were made (seconds)."""

    arrived: NDArray[np.float64]
    latency: NDArray[np.float64]  # from arrival to a good answer; infinite if there was none
    attempts: NDArray[np.float64]  # when each attempt reached the service
    refused: int  # attempts that the breaker held back

    def success(self, start: float, end: float) -> float:
        """Return the share of the requests that arrived in a time and got an answer."""
        inside = (self.arrived >= start) & (self.arrived < end)
        return float(np.isfinite(self.latency[inside]).mean())

    def amplification(self, start: float, end: float) -> float:
        """Return attempts per request in a time."""
        count = [((times >= start) & (times < end)).sum() for times in (self.attempts, self.arrived)]
        return float(count[0] / count[1])

    def recovered(self, end: float, window: float = 5.0, good: float = 0.99) -> float:
        """Return the seconds after ``end`` until a window has that share of answers; infinite if never."""
        for start in np.arange(end, self.arrived[-1] - window, window / 5):
            if self.success(start, start + window) >= good:
                return float(start - end)
        return float("inf")


@dataclass
class _Attempt:
    request: int
    number: int
    until: float  # the client waits so long
    state: str = "waiting"  # or "done", "given up"


@dataclass
class _Run:
    """Events by time, the queue, and what is known of each request; only `simulate_outage` uses it."""

    events: list = field(default_factory=list)
    queue: deque = field(default_factory=deque)
    busy: int = 0
    away: Away = field(default_factory=Away)
    count: int = 0

    def at(self, when: float, kind: str, what: object) -> None:
        """Plan an event; of two at one time, the first planned comes first."""
        heapq.heappush(self.events, (when, self.count, kind, what))
        self.count += 1


def simulate_outage(
    service: FailingService,
    policy: Policy,
    *,
    per_second: float = 80.0,
    seconds: float = 240.0,
    deadline: float = 10.0,
    budget: Budget | None = None,
    breaker: Breaker | None = None,
    rule: Callable[[int | None, int, float, float, float | None], float | None] | None = None,
    burst: tuple[float, int] | None = None,
    seed: int = 0,
) -> Outcome:
    """Send Poisson arrivals to a service through an outage.

    Parameters
    ----------
    service : FailingService
    policy : Policy
        Of the clients; `Policy(attempts=1)` does not retry.
    per_second : float
        Requests, on average.
    seconds : float
        How long requests arrive.
    deadline : float
        Seconds that a request may take, with its retries.
    budget, breaker : optional
        Shared by all clients; None for none.
    rule : callable, optional
        Another rule in place of the policy's `wait_before_retry`: of the status, the attempt that failed
        (from 0), the seconds left, a draw from [0, 1) and the seconds that the service asked for, it makes
        the seconds to wait, or None.
    burst : (float, int), optional
        So many more requests, all at one time.
    seed : int

    Examples
    --------
    >>> calm = simulate_outage(FailingService(lost=0), Policy(), seconds=30)
    >>> calm.success(0, 30) > 0.99
    True
    """
    if not per_second > 0 or not seconds > 0:
        raise ValueError(f"need requests and time, but got {per_second} a second for {seconds} seconds")
    draws, work, told = (random.Random(seed + i) for i in range(3))  # retries do not change the work's draws
    arrived, now = [], draws.expovariate(per_second)
    while now < seconds:
        arrived.append(now)
        now += draws.expovariate(per_second)
    if burst is not None:
        arrived = sorted(arrived + [burst[0]] * burst[1])
    latency, sent, refused, run = np.full(len(arrived), np.inf), [], 0, _Run()
    for request, when in enumerate(arrived):
        run.at(when, "send", (request, 0))
    for when in (service.start, service.end):
        run.at(when, "work", None)
    while run.events:
        now, _, kind, what = heapq.heappop(run.events)
        error = None
        if kind == "send":
            request, number = what
            if number == 0 and budget is not None:
                budget = budget.earned()
            allowed = True
            if breaker is not None:
                breaker, allowed = allow(breaker, now)
            if allowed and service.room is not None and len(run.queue) >= service.room:
                sent.append(now)
                away = run.away.add(1, now)
                wait = service.told(len(run.queue) + run.busy, away, now, told.random())
                what = _Attempt(request, number, now, "given up")
                error = CallError(429, retry_after=wait)
                breaker = breaker and record(breaker, False, now)
            elif allowed:
                one = _Attempt(request, number, now + policy.timeout)
                sent.append(now)
                run.queue.append(one)
                run.at(one.until, "timeout", one)
            else:
                refused += 1  # fails at once; there is no point in waiting for the breaker
        elif kind == "done":
            run.busy -= 1
            run.away.add(-1, now)
            if what.state == "waiting":
                what.state, latency[what.request] = "done", now - arrived[what.request]
                breaker = breaker and record(breaker, True, now)
        elif kind == "timeout" and what.state == "waiting":
            what.state, error = "given up", CallError(None)
            breaker = breaker and record(breaker, False, now)
        if error is not None:
            left = arrived[what.request] + deadline - now
            if rule is None:
                wait = wait_before_retry(error, what.number, left, policy, draws)
            else:
                wait = rule(error.status, what.number, left, draws.random(), error.retry_after)
            if wait is not None and budget is not None:
                budget, allowed = budget.spent()
                wait = wait if allowed else None
            if wait is not None:
                run.at(now + wait, "send", (what.request, what.number + 1))
        while run.queue and run.busy < service.at_work(now):
            one = run.queue.pop() if service.newest_first else run.queue.popleft()
            if not (service.drops_expired and one.state == "given up"):
                run.busy += 1
                run.at(now + work.expovariate(1 / service.mean), "done", one)
    return Outcome(np.array(arrived), latency, np.array(sent), refused)
