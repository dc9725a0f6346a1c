"""Formulas of the questions on system design: replicas over zones, filters, and what a search costs."""

import math


def replicas_over_zones(peak: float, milliseconds: float, busy: float, zones: float) -> float:
    """Count the replicas, equally many in each zone, that carry a peak within a utilisation with a zone down.

    Parameters
    ----------
    peak : float
        Requests a second.
    milliseconds : float
        Of work for each.
    busy : float
        The utilisation, in per cent.
    zones : float

    Examples
    --------
    >>> replicas_over_zones(100, 20, 50, 3)
    6
    """
    left = math.ceil(peak * milliseconds / (10 * busy))
    return zones * math.ceil(left / (zones - 1))


def candidates_behind_a_filter(readable: float, wanted: float) -> float:
    """Count the candidates of which so many are left at the mean, if a percentage of them may be read.

    Examples
    --------
    >>> candidates_behind_a_filter(10, 20)
    200.0
    """
    return 100 * wanted / readable


def cents_a_thousand_searches(machines: float, hourly: float, peak: float, percent: float) -> float:
    """Compute the cents of a thousand searches on machines paid by the hour, at a percentage of the peak.

    Examples
    --------
    >>> round(cents_a_thousand_searches(10, 0.36, 1000, 10), 9)
    1.0
    """
    return 100 * machines * hourly / (peak * percent / 100 * 3600 / 1000)
