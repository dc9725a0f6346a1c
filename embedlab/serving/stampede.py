"""The moment after a popular answer expires: everybody computes it again, or one does and the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class SingleFlight:
    """Of several calls with one key at the same time, one computes and the others wait for its answer.

    After popular entries expire, every request would otherwise compute the same answer (a stampede).

    Examples
    --------
    >>> calls = []
    >>> async def compute():
    ...     calls.append(1)
    ...     await asyncio.sleep(0.01)
    ...     return "answer"
    >>> async def crowd():
    ...     flight = SingleFlight()
    ...     return await asyncio.gather(*(flight.do("key", compute) for _ in range(100)))
    >>> set(asyncio.run(crowd())), len(calls)
    ({'answer'}, 1)
    """

    def __init__(self):
        self._flying: dict[Hashable, asyncio.Future] = {}

    async def do(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        """Return what ``compute`` returns, or raise what it raises, for everybody who waits.

        The work is a task of its own: if the first caller goes away, the others still get their answer. The
        error is not kept; the next call tries again.
        """
        if key not in self._flying:
            task = asyncio.ensure_future(compute())
            self._flying[key] = task
            task.add_done_callback(lambda _: self._flying.pop(key, None))
        return await asyncio.shield(self._flying[key])


@dataclass(frozen=True)
class Stampede:
    """Computations after an entry expired, and latencies (n,) in seconds of those who asked."""

    computed: int
    latency: NDArray[np.float64]


def simulate_stampede(
    arrivals: Sequence[float], seconds: float, *, workers: int = 2, single_flight: bool = False
) -> Stampede:
    """Let requests for one expired answer arrive; nothing sleeps.

    Parameters
    ----------
    arrivals : sequence of n float
        Seconds after the expiry, ascending.
    seconds : float
        That an answer takes to compute.
    workers : int
        Computations at the same time.
    single_flight : bool
        Whether those who come while the answer is being computed wait for it.

    Examples
    --------
    >>> arrivals = np.linspace(0, 0.99, 100)
    >>> crowd = simulate_stampede(arrivals, 0.5)
    >>> crowd.computed, simulate_stampede(arrivals, 0.5, single_flight=True).computed
    (50, 1)
    """
    free, known, computed, latency = [0.0] * max(1, workers), np.inf, 0, []
    for now in arrivals:
        if now >= known or (single_flight and computed):  # it is in the cache, or on its way
            latency.append(max(0.0, known - now))
            continue
        worker = int(np.argmin(free))
        done = max(now, free[worker]) + seconds
        free[worker], known, computed = done, min(known, done), computed + 1
        latency.append(done - now)
    return Stampede(computed, np.array(latency))


async def count_computations(n: int, seconds: float, *, single_flight: bool) -> int:
    """Ask n times at once for an answer that takes some seconds, really waiting: times it is computed."""
    flight, computed = SingleFlight(), 0

    async def compute() -> str:
        nonlocal computed
        computed += 1
        await asyncio.sleep(seconds)
        return "answer"

    await asyncio.gather(*(flight.do("key", compute) if single_flight else compute() for _ in range(n)))
    return computed
