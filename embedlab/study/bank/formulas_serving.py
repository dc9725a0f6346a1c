"""Formulas of the questions on serving: retries, replicas, padding, and what a cache may get wrong."""

import math


def calls_at_the_bottom(attempts: float, layers: float) -> float:
    """Count the calls that one request makes to a service that is down, if every layer above it retries.

    Examples
    --------
    >>> calls_at_the_bottom(3, 2)
    9
    """
    return attempts**layers


def replicas_with_spare(rate: float, milliseconds: float, percent: float) -> float:
    """Count the replicas that stay below a utilisation in per cent with one of them down.

    Parameters
    ----------
    rate : float
        Requests a second.
    milliseconds : float
        Of work for each.
    percent : float

    Examples
    --------
    >>> replicas_with_spare(100, 20, 50)
    5
    """
    return math.ceil(rate * milliseconds / (10 * percent)) + 1


def one_call_over_two(queries: float, short: float, long: float) -> float:
    """Positions of short queries and a long text in one padded call, over those in two calls, by length.

    Examples
    --------
    >>> one_call_over_two(3, 10, 50)
    2.5
    """
    return (queries + 1) * long / (queries * short + long)


def ray_replicas_wanted(rate: float, milliseconds: float, ongoing: float) -> float:
    """Count the replicas that Ray Serve wants: requests under way, by Little's law, over a target for each.

    Examples
    --------
    >>> ray_replicas_wanted(100, 45, 2)
    3
    """
    return math.ceil(rate * milliseconds / (1000 * ongoing))


def false_hits_per_thousand(saved: float, wrong: float) -> float:
    """Wrong answers for each thousand right ones from a cache at which it neither saves nor costs.

    Parameters
    ----------
    saved, wrong : float
        Cents that an answer from the cache saves, a wrong one too, and that a wrong one costs.

    Examples
    --------
    >>> false_hits_per_thousand(1, 51)
    20.0
    """
    return 1000 * saved / (wrong - saved)
