"""Two sums of every design: bytes of an index in memory, and replicas that survive the loss of a zone."""

import math

LINK = 4  # bytes of a link: the number of a node


def memory_of(vectors: int, dims: int, bits: int, m: int = 0) -> int:
    """Count the bytes of an index in memory: codes, each a whole number of bytes, and the links of a graph.

    A node of HNSW keeps 2 m links in the lowest layer. At the mean, it also stands in 1 / (m - 1) layers
    above, with m links in each (Malkov and Yashunin 2018, section 4.2.3; their level factor is 1 / ln m).

    Parameters
    ----------
    vectors, dims : int
    bits : int
        Of a number: 32, 16, 8, 1.
    m : int
        Links of a node; 0 means no graph.

    Raises
    ------
    ValueError
        If a number is negative, or m is 1, for which the layers have no end.

    Examples
    --------
    >>> memory_of(1_000_000, 384, 32, 16), memory_of(1, 100, 1)
    (1668266667, 13)
    """
    if min(vectors, dims, bits, m) < 0 or m == 1:
        raise ValueError(
            f"vectors, dims, bits and m cannot be negative, nor m be 1, but are {(vectors, dims, bits, m)}"
        )
    links = 2 * m + m / (m - 1) if m else 0.0
    return round(vectors * (math.ceil(dims * bits / 8) + LINK * links))


def replicas_needed(peak: float, seconds: float, busy: float, zones: int = 1) -> int:
    """Count the replicas that carry a peak, each busy for at most a share of its time, with one zone lost.

    Every zone holds as many. With a single zone there is nothing to lose, and nothing to spare.

    Parameters
    ----------
    peak : float
        Requests a second.
    seconds : float
        Of work for each, on one replica that does one at a time.
    busy : float
        The share of its time that a replica may work, above 0 and at most 1.
    zones : int

    Raises
    ------
    ValueError
        If there is no load to carry, or no zone.

    Examples
    --------
    >>> replicas_needed(100, 0.02, 0.5), replicas_needed(100, 0.02, 0.5, zones=3)
    (4, 6)
    >>> replicas_needed(700, 0.008, 0.7, zones=3), replicas_needed(700, 0.015, 0.7, zones=2)
    (12, 30)
    """
    if peak <= 0 or seconds <= 0 or not 0 < busy <= 1 or zones < 1:
        raise ValueError(
            f"peak and seconds are above 0, busy at most 1, zones at least 1: {(peak, seconds, busy, zones)}"
        )
    carried = math.ceil(round(peak * seconds / busy, 9))  # 700 * 0.008 / 0.7 is a little above 8
    return carried if zones == 1 else zones * math.ceil(carried / (zones - 1))
