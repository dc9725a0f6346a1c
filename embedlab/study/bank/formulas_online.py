"""Formulas of the questions on alerts and online experiments."""


def minutes_to_page(failing: float, slo: float) -> float:
    """Compute the minutes until the burn rate over an hour reaches 14.4, if so many percent fail from now on.

    Before, nothing failed; ``slo`` is in percent, too.

    Examples
    --------
    >>> minutes_to_page(50, 99)
    17.28
    """
    return 60 * 14.4 * (100 - slo) / failing


def lehr_per_group(rate: float, change: float) -> float:
    """Compute the searches a group for 80 % power: 16 times the variance over the squared difference.

    Both in percent: the share of searches with a click, and by how many points it changes (Lehr 1992).

    Examples
    --------
    >>> lehr_per_group(50, 2)
    10000.0
    """
    return 16 * rate * (100 - rate) / change**2


def psi_without_shift(n: int, m: int) -> float:
    """Compute the expected population stability index over ten bins without any shift.

    Examples
    --------
    >>> round(psi_without_shift(100, 1000), 3)
    0.099
    """
    return 9 * (1 / n + 1 / m)
