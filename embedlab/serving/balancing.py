"""Who gets the next request: one queue before all replicas, or a queue at each and a rule that deals out.

Sources: Mitzenmacher 2001, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), for
``two choices``; nginx calls ``fewest`` *least_conn*, Envoy ``two choices`` *least request*.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.serving.batching import Batching, buckets, taken
from embedlab.serving.simulation import Service

ROUTES = ("one queue", "fewest", "two choices", "in turn", "random")


def routed_waits(
    route: str, replicas: int, arrivals: Sequence[float], services: Sequence[float], seed: int = 0
) -> NDArray[np.float64]:
    """Deal requests out to replicas, each of which does one at a time, first come, first served.

    Parameters
    ----------
    route : str
        "one queue": whoever is free takes the next. With a queue at each replica: "fewest" requests not yet
        answered; the fewer of "two choices", drawn at random; "in turn"; "random".
    replicas : int
    arrivals : sequence of n float
        Seconds, ascending.
    services : sequence of n float
        Seconds that each takes, wherever.
    seed : int

    Returns
    -------
    float64 array (n,)
        Seconds that each waits before it begins.

    Raises
    ------
    ValueError
        If there is no such route, or no replica.

    Examples
    --------
    >>> for route in ("one queue", "in turn"):
    ...     print(routed_waits(route, 2, [0.0, 0.1, 0.2], [9.0, 1.0, 1.0]).round(1).tolist())
    [0.0, 0.0, 0.9]
    [0.0, 0.0, 8.8]
    """
    if route not in ROUTES or replicas < 1:
        raise ValueError(f"no {route!r} among {', '.join(ROUTES)}, or {replicas} replicas")
    draw, free, ends = random.Random(seed), [0.0] * replicas, [deque() for _ in range(replicas)]
    waits = np.zeros(len(arrivals))
    for i, (came, took) in enumerate(zip(arrivals, services, strict=True)):
        if route == "one queue":
            one = min(range(replicas), key=free.__getitem__)
        elif route in ("in turn", "random"):
            one = i % replicas if route == "in turn" else draw.randrange(replicas)
        else:
            among = range(replicas) if route == "fewest" else draw.sample(range(replicas), min(2, replicas))
            for replica in among:
                while ends[replica] and ends[replica][0] <= came:
                    ends[replica].popleft()
            one = min(among, key=lambda replica: len(ends[replica]))
        begins = max(came, free[one])
        waits[i], free[one] = begins - came, begins + took
        ends[one].append(free[one])
    return waits


class _Batches:
    """A replica that batches: whenever it is free it takes what waits, as `simulate` with one worker."""

    def __init__(self, rule: Batching, service: Service):
        self.rule, self.service, self.free = rule, service, 0.0
        self.waiting: deque[tuple[int, float, int]] = deque()  # request, when it came, tokens
        self.done: dict[int, float] = {}
        self.ends: deque[float] = deque()  # of those begun and not yet answered, ascending

    def until(self, now: float) -> None:
        """Begin every batch that begins before ``now``."""
        while self.waiting and (start := max(self.free, self.waiting[0][1])) < now:
            came = [length for _, at, length in self.waiting if at <= start]
            batch = [self.waiting.popleft() for _ in range(taken(self.rule, came))]
            self.free = start
            for group in buckets([one[2] for one in batch], self.rule.max_tokens, self.rule.call_tokens):
                self.free += self.service(len(group), max(batch[i][2] for i in group))
                self.done |= {batch[i][0]: self.free for i in group}
                self.ends.extend([self.free] * len(group))

    def unanswered(self, now: float) -> int:
        self.until(now)
        while self.ends and self.ends[0] <= now:
            self.ends.popleft()
        return len(self.waiting) + len(self.ends)


def routed_batches(
    route: str,
    replicas: int,
    arrivals: Sequence[float],
    lengths: Sequence[int],
    rule: Batching,
    service: Service,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Deal requests out to replicas, each with a queue and a batcher of its own, by free worker.

    Parameters
    ----------
    route : str
        One of `ROUTES` but "one queue": that is `simulate` with so many workers.
    replicas : int
    arrivals : sequence of n float
        Seconds, ascending.
    lengths : sequence of n int
        Tokens.
    rule : Batching
        Of each replica; the policy "free", one worker.
    service : Service
    seed : int

    Returns
    -------
    float64 array (n,)
        When each was answered.

    Raises
    ------
    ValueError
        If there is no such route or no replica, or for a rule that waits or has several workers.

    Examples
    --------
    >>> routed_batches("in turn", 2, [0.0, 0.1, 0.2], [5, 5, 5], Batching(), Service(1.0, 0.0)).tolist()
    [1.0, 1.1, 2.0]
    """
    if route not in ROUTES[1:] or replicas < 1 or rule.policy != "free" or rule.workers != 1:
        raise ValueError(f"{route!r} must be of {', '.join(ROUTES[1:])}, batches go when a worker is free")
    draw, every = random.Random(seed), [_Batches(rule, service) for _ in range(replicas)]
    for i, (came, length) in enumerate(zip(arrivals, lengths, strict=True)):
        if route in ("in turn", "random"):
            one = every[i % replicas if route == "in turn" else draw.randrange(replicas)]
        else:
            among = every if route == "fewest" else draw.sample(every, min(2, replicas))
            one = min(among, key=lambda replica: replica.unanswered(came))
        one.until(came)
        one.waiting.append((i, came, length))
    for one in every:
        one.until(np.inf)
    done = {i: end for one in every for i, end in one.done.items()}
    return np.array([done[i] for i in range(len(arrivals))])
