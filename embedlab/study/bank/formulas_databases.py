"""Formulas of the questions on vector databases: filters, pages, shards and their tails."""


def rows_left_by_filter(ef: float, percent: float) -> float:
    """Count the rows that a condition leaves on average of those that a graph gives.

    Examples
    --------
    >>> rows_left_by_filter(40, 10)
    4.0
    """
    return ef * percent / 100


def vectors_on_pages_gb(millions: float, dims: float, size: float) -> float:
    """Compute the GB of a graph of pgvector's, each vector whole on a page of 8 kB, with 288 bytes beside it.

    Examples
    --------
    >>> vectors_on_pages_gb(1, 1024, 4), vectors_on_pages_gb(1, 1536, 4)
    (8.192, 8.192)
    """
    on_a_page = 8160 // (size * dims + 288)
    return 8192 * millions / on_a_page / 1000


def gb_moved_more_by_modulo(millions: float, dims: float, nodes: float) -> float:
    """Compute how many GB of float32 vectors move more by modulo than by a ring, when a node joins.

    Examples
    --------
    >>> gb_moved_more_by_modulo(250, 1000, 4)
    600.0
    """
    return 4 * dims * millions / 1000 * (nodes - 1) / (nodes + 1)


def slow_after_hedging_percent(shards: float, percent: float) -> float:
    """Compute the percentage of queries that meet a slow shard, though each slow call has a second try.

    Examples
    --------
    >>> slow_after_hedging_percent(1, 10)
    1.0
    """
    return round(100 * (1 - (1 - (percent / 100) ** 2) ** shards), 9)


def hot_shard_busy_percent(shards: float, ms: float, rate: float, share: float) -> float:
    """Compute how busy a shard is, by a tenant with this share of the queries, and by its part of the rest.

    Examples
    --------
    >>> hot_shard_busy_percent(10, 5, 100, 50)
    27.5
    """
    return ms * rate * (share + (100 - share) / shards) / 1000
