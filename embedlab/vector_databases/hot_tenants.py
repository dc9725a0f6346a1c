"""One tenant who asks much makes others wait: queues in front of shards, and three ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Ints
from embedlab.vector_databases.sharding import by_tenant

Times = NDArray[np.float64]


def zipf(tenants: int, exponent: float = 1.0) -> Times:
    """Return the tenants' shares of the traffic: the i-th asks in proportion to 1 / i^exponent.

    Examples
    --------
    >>> zipf(3).round(2)
    array([0.55, 0.27, 0.18])
    """
    weights = 1 / np.arange(1, tenants + 1) ** exponent
    return weights / weights.sum()


def waits(arrivals: Times, services: Times) -> Times:
    """Return how long each call waits for those before it, first come, first served (Lindley 1952).

    A call waits for what is left when the one before it is done: w[i] = max(0, w[i-1] + service[i-1] - gap).
    That is a random walk less the lowest point that it has reached so far, which needs no loop.

    Parameters
    ----------
    arrivals : float array (n,)
        Times of arrival, ascending.
    services : float array (n,)
        How long each keeps the shard busy, in the same unit.

    Examples
    --------
    >>> waits(np.array([0.0, 1.0, 9.0]), np.array([3.0, 3.0, 3.0]))
    array([0., 2., 0.])
    """
    walk = np.concatenate([[0.0], np.cumsum(services[:-1] - np.diff(arrivals))])
    return walk - np.minimum.accumulate(walk)


@dataclass(frozen=True)
class Traffic:
    """Queries of tenants: when, whose (0 asks most), and how many milliseconds of work."""

    arrivals: Times
    tenants: Ints
    work: Times


def make_traffic(
    tenants: int,
    queries: int,
    per_second: float,
    *,
    work_ms: float = 4.0,
    exponent: float = 1.0,
    seed: int = 0,
) -> Traffic:
    """Draw Poisson arrivals, tenants by `zipf`, and lognormal work (sigma 0.5) with this mean.

    Examples
    --------
    >>> make_traffic(10, 1000, per_second=500).work.mean().round(0)
    np.float64(4.0)
    """
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1000 / per_second, queries))
    who = rng.choice(tenants, queries, p=zipf(tenants, exponent))
    return Traffic(arrivals, who, work_ms * rng.lognormal(-0.125, 0.5, queries))


Placement = Mapping[int, Sequence[int]]  # on which shards a tenant lies: several, if it is split


def hashed_tenants(tenants: int, shards: int, salt: str = "") -> dict[int, list[int]]:
    """Place each tenant on the shard of its hash; another salt before its name gives another placement.

    Examples
    --------
    >>> sorted(hashed_tenants(2, 8))
    [0, 1]
    """
    names = [f"{salt}{i}" for i in range(tenants)]
    return {i: [int(s)] for i, s in enumerate(by_tenant(names, shards))}


def own_shard(placed: Placement, tenant: int, shards: int) -> dict[int, list[int]]:
    """Give a tenant the last shard for itself; who was there moves to the others, in turn.

    Examples
    --------
    >>> own_shard({0: [1], 1: [2], 2: [0]}, tenant=0, shards=3)
    {0: [2], 1: [1], 2: [0]}
    """
    last = shards - 1
    others = {i: [i % last if shard == last else shard for shard in where] for i, where in placed.items()}
    return {**others, tenant: [last]}


def split_tenant(placed: Placement, tenant: int, shards: Sequence[int]) -> dict[int, list[int]]:
    """Spread a tenant's documents over several shards: each query of it asks all of them.

    Examples
    --------
    >>> split_tenant({0: [1], 1: [2]}, 0, [0, 1])
    {0: [0, 1], 1: [2]}
    """
    return {**placed, tenant: list(shards)}


def tenant_latencies(
    traffic: Traffic, placed: Placement, *, fixed_ms: float = 0.5, growth: float = 0.0
) -> Times:
    """Return how long each query takes in all, (n,) ms: waiting and work, on the slowest shard that it asks.

    A tenant that is split over m shards does m^(growth - 1) of its work on each, and a fixed part on every
    one. In an exact scan the parts are 1/m, together as much as the whole (growth 0). m graphs together do
    more than one: ``growth`` is log(how many times as much) / log(m), 1 if each does as much as the whole.

    Examples
    --------
    >>> one = Traffic(np.array([0.0, 1.0]), np.array([0, 1]), np.array([4.0, 4.0]))
    >>> tenant_latencies(one, {0: [0], 1: [0]}, fixed_ms=0)
    array([4., 7.])
    >>> tenant_latencies(one, {0: [0], 1: [1]}, fixed_ms=0)
    array([4., 4.])
    >>> tenant_latencies(one, {0: [0, 1], 1: [0]}, fixed_ms=0, growth=0.5).round(1)
    array([2.8, 5.8])
    """
    where = [placed[int(tenant)] for tenant in traffic.tenants]
    counts = np.array([len(shards) for shards in where])
    query = np.repeat(np.arange(len(where)), counts)
    shard = np.concatenate([np.asarray(shards) for shards in where])
    work = fixed_ms + (traffic.work * counts ** (float(growth) - 1))[query]
    total = np.zeros(len(where))
    for one in np.unique(shard):
        mine = shard == one
        took = waits(traffic.arrivals[query[mine]], work[mine]) + work[mine]
        np.maximum.at(total, query[mine], took)
    return total


def ways_out(traffic: Traffic, placed: Placement, shards: int, *, growth: float = 0.0) -> list[dict]:
    """Compare what helps against tenant 0, the hot one: it stays, moves to a shard of its own, or is split.

    ``growth``: how the work of a split query grows, see `tenant_latencies`.

    Returns
    -------
    list of dict
        ``way``; ``hot`` and ``beside`` (p99 in ms, of the hot tenant and of those that lay on its shard);
        ``busiest`` (which share of the time the busiest shard works).

    Examples
    --------
    >>> rows = ways_out(make_traffic(20, 500, per_second=300), hashed_tenants(20, 4), 4)
    >>> [row["way"] for row in rows]
    ['by hash', 'a shard of its own', 'split over two', 'split over all']
    """
    home = placed[0][0]
    hot = traffic.tenants == 0
    beside = np.isin(traffic.tenants, [i for i, where in placed.items() if i and list(where) == [home]])
    ways = {
        "by hash": placed,
        "a shard of its own": own_shard(placed, 0, shards),
        "split over two": split_tenant(placed, 0, [home, (home + 1) % shards]),
        "split over all": split_tenant(placed, 0, range(shards)),
    }
    rows = []
    for way, where in ways.items():
        took = tenant_latencies(traffic, where, growth=growth)
        slow = {name: float(np.percentile(took[who], 99)) for name, who in (("hot", hot), ("beside", beside))}
        rows.append({"way": way, **slow, "busiest": busiest(traffic, where, growth=growth)})
    return rows


def busiest(traffic: Traffic, placed: Placement, *, fixed_ms: float = 0.5, growth: float = 0.0) -> float:
    """Return which share of the time the busiest shard works; see `tenant_latencies`.

    Examples
    --------
    >>> one = Traffic(np.array([0.0, 10.0]), np.array([0, 1]), np.array([4.0, 4.0]))
    >>> busiest(one, {0: [0], 1: [1]}, fixed_ms=1)
    0.5
    """
    load: dict[int, float] = {}
    for tenant, where in placed.items():
        own = traffic.tenants == tenant
        for shard in where:
            work = traffic.work[own].sum() * len(where) ** (float(growth) - 1) + fixed_ms * own.sum()
            load[shard] = load.get(shard, 0.0) + float(work)
    return max(load.values()) / float(traffic.arrivals[-1])
