"""The arithmetic of a queue: how full, how long, how many replicas, at what price.

Of L. Kleinrock, "Queueing Systems", volume 1 (1975): Poisson arrivals, one queue, first come first served.
"""

import math
from dataclasses import dataclass


def little(rate: float, seconds: float) -> float:
    """Return how many requests are in the system on average: L = lambda W (Little 1961), for any queue.

    Parameters
    ----------
    rate : float
        Requests a second.
    seconds : float
        That each spends in the system, on average.

    Examples
    --------
    >>> little(rate=200, seconds=0.05)
    10.0
    """
    return rate * seconds


def utilisation(rate: float, service_s: float, servers: int = 1) -> float:
    """Return the share of time in which a server works: rho = lambda s / c. From 1 on, the queue has no end.

    Examples
    --------
    >>> utilisation(rate=80, service_s=0.01), utilisation(rate=80, service_s=0.01, servers=2)
    (0.8, 0.4)
    """
    if not (rate >= 0 and service_s > 0 and servers >= 1):
        raise ValueError(f"no queue has the rate {rate}, the service time {service_s} and {servers} servers")
    return rate * service_s / servers


def mm1_wait(rate: float, service_s: float) -> float:
    """Return the mean wait before service where service times are exponential: s rho / (1 - rho).

    Examples
    --------
    >>> round(mm1_wait(50, 0.01), 6), round(mm1_wait(90, 0.01), 6), mm1_wait(100, 0.01)
    (0.01, 0.09, inf)
    """
    rho = utilisation(rate, service_s)
    return service_s * rho / (1 - rho) if rho < 1 else math.inf


def md1_wait(rate: float, service_s: float) -> float:
    """Return the mean wait where every service takes equally long: half of `mm1_wait` (Pollaczek-Khinchine).

    Examples
    --------
    >>> round(md1_wait(50, 0.01), 6)
    0.005
    """
    return mm1_wait(rate, service_s) / 2


def erlang_c(rate: float, service_s: float, servers: int) -> float:
    """Return the probability that a request has to wait, at ``servers`` servers (M/M/c; Erlang 1917).

    By the recursion of Erlang B, which neither overflows nor needs a factorial.

    Examples
    --------
    >>> round(erlang_c(50, 0.01, 1), 6), round(erlang_c(100, 0.01, 2), 6), erlang_c(200, 0.01, 2)
    (0.5, 0.333333, 1.0)
    """
    rho, offered, blocked = utilisation(rate, service_s, servers), rate * service_s, 1.0
    if rho >= 1:
        return 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked / (1 - rho * (1 - blocked))


def mmc_wait(rate: float, service_s: float, servers: int) -> float:
    """Return the mean wait before service at several servers: C s / (c (1 - rho)).

    Examples
    --------
    >>> round(mmc_wait(100, 0.01, 2), 6), mmc_wait(50, 0.01, 1) == mm1_wait(50, 0.01)
    (0.003333, True)
    """
    rho = utilisation(rate, service_s, servers)
    if rho >= 1:
        return math.inf
    return erlang_c(rate, service_s, servers) * service_s / (servers * (1 - rho))


def mmc_late(rate: float, service_s: float, servers: int, seconds: float) -> float:
    """Return the share of requests whose answer, wait and service, takes longer than ``seconds``.

    The wait is 0 or exponential at rate (c mu - lambda); the service, exponential at mu, comes on top.

    Examples
    --------
    >>> round(mmc_late(50, 0.01, 1, 0.02), 6) == round(math.exp(-(100 - 50) * 0.02), 6)
    True
    """
    if utilisation(rate, service_s, servers) >= 1:
        return 1.0
    mu = 1 / service_s
    theta, waits = servers * mu - rate, erlang_c(rate, service_s, servers)
    served = math.exp(-mu * seconds)
    if math.isclose(theta, mu):
        return served * (1 + waits * mu * seconds)
    both = (mu * math.exp(-theta * seconds) - theta * served) / (mu - theta)
    return (1 - waits) * served + waits * both


def replicas_for(rate: float, service_s: float, p95_s: float, *, spare: int = 0) -> int:
    """Return how many replicas keep 95 of 100 answers within ``p95_s``.

    Parameters
    ----------
    rate : float
        Requests a second, of the busiest hour.
    service_s : float
        Mean seconds of one request on one replica.
    p95_s : float
    spare : int
        Replicas that may be down at the same time without breaking the promise: 1 is "n - 1".

    Raises
    ------
    ValueError
        If no number is enough: 5 of 100 services alone take longer.

    Examples
    --------
    >>> replicas_for(100, 0.02, 0.2), replicas_for(100, 0.02, 0.2, spare=1), replicas_for(100, 0.02, 0.07)
    (3, 4, 4)
    """
    if math.exp(-p95_s / service_s) > 0.05:
        least = service_s * math.log(20)
        raise ValueError(f"an idle server has a p95 of {least:.3g} s, so {p95_s} s cannot be promised")
    servers = max(1, math.ceil(rate * service_s))
    while mmc_late(rate, service_s, servers, p95_s) > 0.05:
        servers += 1
    return servers + spare


def cost_per_million(per_second: float, hourly: float, utilised: float = 0.6) -> float:
    """Return what a million texts cost on machines of one's own.

    Parameters
    ----------
    per_second : float
        Texts a second of one machine at full load.
    hourly : float
        Price of the machine for an hour.
    utilised : float
        Share of its capacity that is used on average: nights and headroom are paid as well.

    Examples
    --------
    >>> round(cost_per_million(per_second=100, hourly=0.36, utilised=0.5), 6)
    2.0
    """
    if not (per_second > 0 and hourly >= 0 and 0 < utilised <= 1):
        raise ValueError(f"no price for {per_second} texts/s at {hourly} an hour, {utilised} utilised")
    return 1e6 / (per_second * utilised) / 3600 * hourly


def api_per_million(tokens: float, per_million_tokens: float) -> float:
    """Return what a million texts of so many tokens cost at an API's price for a million tokens.

    Examples
    --------
    >>> api_per_million(tokens=100, per_million_tokens=0.02)
    2.0
    """
    return tokens * per_million_tokens


@dataclass(frozen=True)
class Plan:
    """A service on paper: what it needs and what that costs.

    Examples
    --------
    >>> plan = Plan(rate=100, service_s=0.02, p95_s=0.2, hourly=0.1, spare=1)
    >>> plan.replicas, round(plan.utilised, 3), round(plan.monthly), round(plan.per_million, 3)
    (4, 0.5, 292, 1.111)
    """

    rate: float
    service_s: float
    p95_s: float
    hourly: float
    spare: int = 1

    @property
    def replicas(self) -> int:
        """See `replicas_for`."""
        return replicas_for(self.rate, self.service_s, self.p95_s, spare=self.spare)

    @property
    def utilised(self) -> float:
        """Share of the time in which a replica works, all of them up."""
        return utilisation(self.rate, self.service_s, self.replicas)

    @property
    def monthly(self) -> float:
        """Price of a month of 730 hours."""
        return self.replicas * self.hourly * 730

    @property
    def per_million(self) -> float:
        """Price of a million requests, at this rate all day."""
        return cost_per_million(1 / self.service_s, self.hourly, self.utilised)
