"""How many lists, and how many of them to look into: arithmetic for the one, dev queries for the other."""

import math

import numpy as np

from embedlab.benchmark import recall_at_k
from embedlab.index import Floats, Ints, whole
from embedlab.scale.list_index import ListIndex


def cheapest_nlist(n: int, nprobe: int) -> int:
    """Return how many lists make a query cheapest: nlist + nprobe * n / nlist is least at root(nprobe * n).

    It counts comparisons, and takes lists as equal. But nprobe is not free to choose: more, smaller lists
    need more probes for the same recall.

    Examples
    --------
    >>> cheapest_nlist(1_000_000, 1), cheapest_nlist(1_000_000, 16)
    (1000, 4000)
    """
    return round(math.sqrt(whole("n", n) * whole("nprobe", nprobe)))


def list_ranks(index: ListIndex, queries: Floats, exact: Ints) -> Ints:
    """Say as how many-th its query would look into the list of each right answer: (q, k), from 1.

    Parameters
    ----------
    index : ListIndex
    queries : float32 array (q, d)
    exact : int array (q, k)
        What exact search finds.
    """
    order = index.probed(queries, len(index.centroids))
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(1, order.shape[1] + 1)[None], axis=1)
    return np.take_along_axis(rank, index.list_of(exact.ravel()).reshape(exact.shape), axis=1)


def recall_by_probes(index: ListIndex, queries: Floats, exact: Ints) -> Floats:
    """Say what recall exact scores would have with 1, 2, ... lists looked into: (lists,), without a search.

    An answer is found if its list is looked into. So this is the recall of `IVFIndex`; codes without
    rescoring stay below.
    """
    ranks = list_ranks(index, queries, exact)
    return np.bincount(ranks.ravel(), minlength=len(index.centroids) + 1)[1:].cumsum() / ranks.size


def choose_nprobe(index: ListIndex, queries: Floats, exact: Ints, target: float) -> int:
    """Find the smallest nprobe that reaches a recall, on queries that are there to choose by.

    What it promises holds on these queries; others have that recall give or take their chance. Choose on dev,
    and report on test. Exact scores find more with every list; with codes, whose recall may fall a little as
    lists are added, it is the smallest among those that bisection looks at.

    Parameters
    ----------
    index : IVFIndex or IVFPQIndex
    queries : float32 array (q, d)
    exact : int array (q, k)
        What exact search finds.
    target : float
        Recall@k, above 0 and at most 1.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the target is out of reach even with all lists, as it may be with codes.

    Examples
    --------
    >>> from embedlab.scale import IVFIndex
    >>> index = IVFIndex(4, nlist=4)
    >>> index.add(np.eye(4, dtype=np.float32))
    >>> choose_nprobe(index, np.eye(4, dtype=np.float32), np.arange(4)[:, None], 0.99)
    1
    """
    if not 0 < target <= 1:
        raise ValueError(f"target must be above 0 and at most 1, but is {target}")
    k = exact.shape[1]

    def reached(nprobe: int) -> float:
        return recall_at_k(index.search(queries, k, nprobe=nprobe)[1], exact)

    # No score can make up for a list that is not looked into: begin where the lists alone would do.
    enough = recall_by_probes(index, queries, exact) >= target - 1e-9
    low, lists = int(enough.argmax()) + 1, len(index.centroids)
    if reached(low) >= target:
        return low
    high = min(2 * low, lists)
    while reached(high) < target:
        if high == lists:
            best = reached(lists)
            raise ValueError(f"recall {target} is out of reach: all {lists} lists give {best:.3f}")
        low, high = high, min(2 * high, lists)
    while high - low > 1:  # low does not reach it, high does
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= target else (middle, high)
    return high
