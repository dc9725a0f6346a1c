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
