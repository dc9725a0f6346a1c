"""What a hit saves, what a false hit costs, and where the two are even."""


def saving(hits: float, false_hits: float, *, hit: float, lookup: float, wrong: float) -> float:
    """Return what a cache saves a request on average; below 0 it costs.

    Parameters
    ----------
    hits, false_hits : float
        Shares of all requests: answered rightly, and wrongly, from the cache.
    hit : float
        What an answer from the cache saves, in dollars or milliseconds; a wrong one saves it, too.
    lookup : float
        What a look-up costs, in the same unit.
    wrong : float
        What a wrong answer costs.

    Examples
    --------
    >>> round(saving(0.3, 0.01, hit=0.002, lookup=0.00001, wrong=0.05), 6)
    0.00011
    """
    if not 0 <= hits + false_hits <= 1:
        raise ValueError(f"hits {hits} and false hits {false_hits} are shares of the same requests")
    return (hits + false_hits) * hit - false_hits * wrong - lookup


def break_even(*, hit: float, wrong: float, lookup: float = 0.0, hits: float = 1.0) -> float:
    """Return the false hits per hit at which a cache neither saves nor costs: `saving` is 0.

    From ``(h + f) * hit - f * wrong - lookup = 0`` follows ``f / h = (hit - lookup / h) / (wrong - hit)``.

    Parameters
    ----------
    hit, wrong, lookup : float
        As in `saving`.
    hits : float
        Share of all requests that are answered rightly from the cache; it matters where a look-up costs.

    Examples
    --------
    >>> ratio = break_even(hit=0.002, wrong=0.05)
    >>> round(ratio, 4), abs(saving(0.3, 0.3 * ratio, hit=0.002, lookup=0, wrong=0.05)) < 1e-12
    (0.0417, True)
    """
    if wrong <= hit:
        return float("inf")  # a wrong answer costs less than an answer: then any cache pays
    return max(0.0, (hit - lookup / hits) / (wrong - hit))
