"""Why many shards are slow though each is fast: the slowest one decides (Dean & Barroso 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


def chance_slow(share: float, shards: int) -> float:
    """Return which share of the requests is slow, if this share of the calls is, and all shards are awaited.

    "If one in 100 calls takes over a second, and a request asks 100 servers, 63 % of the requests do" (Dean &
    Barroso 2013, "The Tail at Scale", CACM 56/2). It holds if shards are slow independently of each other.

    Examples
    --------
    >>> [round(chance_slow(0.01, shards), 3) for shards in (1, 10, 100)]
    [0.01, 0.096, 0.634]
    """
    return 1 - (1 - share) ** shards


def draw_calls(latencies: Sequence[float], shards: int, requests: int, *, seed: int = 0) -> Times:
    """Draw what each call of each request takes from measured latencies, (requests, shards), in their unit.

    Each is drawn for itself. Where one cause makes all shards slow at once, such as a full network, a request
    is slow less often than here, and hedging helps less.

    Examples
    --------
    >>> draw_calls([1.0, 2.0], shards=3, requests=2).shape
    (2, 3)
    """
    return np.random.default_rng(seed).choice(np.asarray(latencies, float), (requests, shards))


def hedge(first: Times, second: Times, after: float) -> tuple[Times, float]:
    """Ask a replica too, where no answer has come by ``after``; the earlier answer counts.

    Returns
    -------
    times : float array of the shape of both
    extra : float
        Which share of the calls was sent twice.

    Examples
    --------
    >>> hedge(np.array([1.0, 9.0]), np.array([1.0, 1.0]), after=2.0)
    (array([1., 3.]), 0.5)
    """
    return np.where(first > after, np.minimum(first, after + second), first), float((first > after).mean())


def by_deadline(times: Times, deadline: float) -> tuple[Times, Times]:
    """Stop waiting at the deadline: when each request is answered, and by which share of the shards.

    Parameters
    ----------
    times : float array (requests, shards)
    deadline : float

    Examples
    --------
    >>> by_deadline(np.array([[1.0, 2.0], [1.0, 9.0]]), deadline=3.0)
    (array([2., 3.]), array([1. , 0.5]))
    """
    return np.minimum(times.max(axis=1), deadline), (times <= deadline).mean(axis=1)


@dataclass(frozen=True)
class Tail:
    """What a request meets that asks so many shards; times in the unit of the latencies."""

    shards: int
    p50: float
    p99: float
    slow: float  # share of the requests that take longer than 99 of 100 calls to one shard
    hedged_p50: float
    hedged_p99: float
    extra: float  # share of the calls that were sent twice
    in_time: float  # share of the requests that all shards answer by the deadline
    answered: (
        float  # mean share of the shards that have answered by then: of the recall, about so much is left
    )


def tail_rows(
    latencies: Sequence[float],
    shards: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 100),
    *,
    requests: int = 10_000,
    seed: int = 0,
) -> list[Tail]:
    """Simulate requests to more and more shards: as they are, hedged after p95, and with p99 as a deadline.

    Raises
    ------
    ValueError
        If there are no latencies, or one is negative or no number.

    Examples
    --------
    >>> one, hundred = tail_rows([1.0] * 98 + [50.0, 60.0], shards=(1, 100))
    >>> hundred.p50, hundred.hedged_p99, round(hundred.slow, 1)
    (60.0, 51.0, 0.6)
    """
    measured = np.asarray(latencies, float)
    if measured.size == 0 or not (np.isfinite(measured) & (measured >= 0)).all():
        raise ValueError(f"latencies must be numbers from 0 on, and at least one: {measured[:5]} ...")
    p95, p99 = np.percentile(measured, [95, 99])
    rows = []
    for count in shards:
        first, second = (draw_calls(measured, count, requests, seed=[seed, count, i]) for i in (0, 1))
        hedged, extra = hedge(first, second, p95)
        plain, quick = first.max(axis=1), hedged.max(axis=1)
        _, answered = by_deadline(first, p99)
        rows.append(
            Tail(
                count,
                *np.percentile(plain, [50, 99]).tolist(),
                float((plain > p99).mean()),
                *np.percentile(quick, [50, 99]).tolist(),
                extra,
                float((answered == 1).mean()),
                float(answered.mean()),
            )
        )
    return rows
