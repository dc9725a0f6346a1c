"""Formulas of the questions on security: rights, keys and what is left."""

from statistics import NormalDist


def passing_by_chance_percent(groups: float, entries: float, bits: float) -> float:
    """Compute the percentage of documents that pass a hashed filter though no group is in common.

    Each of a user's groups sets one of the bits, and so does each entry of a document's list.

    Examples
    --------
    >>> round(passing_by_chance_percent(1, 1, 100), 6), round(passing_by_chance_percent(10**9, 1, 100), 6)
    (1.0, 100.0)
    """
    bit_set = 1 - (1 - 1 / bits) ** groups
    return 100 * (1 - (1 - bit_set) ** entries)


def still_allowed_accesses(ttl: float, per_second: float) -> float:
    """Compute how many accesses are expected after a right was withdrawn, behind a cache of ``ttl`` seconds.

    Examples
    --------
    >>> still_allowed_accesses(60, 2)
    60.0
    """
    return ttl / 2 * per_second


def told_apart_percent(distance: float, noise: float, dims: float) -> float:
    """Compute how often the right one of two vectors is guessed from a noisy copy, in percent.

    The noise is normal, of length ``noise`` in all, so of ``noise / sqrt(dims)`` in each number.

    Examples
    --------
    >>> round(told_apart_percent(0, 1, 384)), round(told_apart_percent(2, 1, 1), 1)
    (50, 84.1)
    """
    return 100 * NormalDist().cdf(distance * dims**0.5 / (2 * noise))


def thousand_tickets_leaking(thousands: float, names: float, recall: float) -> float:
    """Thousands of tickets with at least one readable name, where each is found independently.

    Examples
    --------
    >>> thousand_tickets_leaking(100, 2, 90)
    19.0
    """
    return round(thousands * (1 - (recall / 100) ** names), 9)
