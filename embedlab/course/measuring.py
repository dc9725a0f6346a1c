"""Quality query by query, and the time of engines that exist in one chapter only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter

from embedlab.benchmark import latency, quality

__all__ = ["ms_beside_dense", "quality"]


def ms_beside_dense(
    ranks: Mapping[str, Callable[[list[str], int], object]], texts: Sequence[str], k: int = 10
) -> dict[str, float]:
    """Time engines in turn with `dense`, so that their ms fit into the scoreboard's column.

    The column's times were taken on one machine. Here each text is searched by all engines, one after the
    other; the median of an engine's share of dense's time is multiplied with dense's ms in the column.

    Parameters
    ----------
    ranks : mapping of str to callable
        Engine name to its ``rank(texts, k)``. It has to hold "dense".
    texts : sequence of str
        Queries, each searched alone; the first is searched once more before, to warm up.

    Returns
    -------
    dict of str to float
        Milliseconds a query. "dense" has the column's own time.

    Raises
    ------
    ValueError
        If `ranks` has no "dense", or there are no texts.

    Examples
    --------
    >>> def rank(texts, k):
    ...     return sum(range(1000))
    >>> times = ms_beside_dense({"dense": rank, "mine": rank}, ["a query", "another"])
    >>> times["dense"] == latency()["ms"]["dense"]
    True
    """
    if "dense" not in ranks:
        raise ValueError(f"ranks needs 'dense' to compare with, it has {sorted(ranks)}")
    if not texts:
        raise ValueError("texts is empty: nothing to time")
    shares: dict[str, list[float]] = {name: [] for name in ranks}
    for text in (texts[0], *texts):
        seconds = {}
        for name, rank in ranks.items():
            start = perf_counter()
            rank([text], k)
            seconds[name] = perf_counter() - start
        for name, taken in seconds.items():
            shares[name].append(taken / seconds["dense"])
    return {name: median(taken[1:]) * latency()["ms"]["dense"] for name, taken in shares.items()}
