"""What a click is worth: propensities from a little randomisation, and inverse propensity scoring."""

from __future__ import annotations

import numpy as np

from embedlab.drift.clicks import Bools, Reals
from embedlab.index import Ints


def shuffled(ids: Ints, rng: np.random.Generator) -> Ints:
    """Show each page's results in random order: every document stands at every rank equally often.

    Examples
    --------
    >>> sorted(shuffled(np.array([[4, 5, 6]]), np.random.default_rng(0))[0].tolist())
    [4, 5, 6]
    """
    return rng.permuted(ids, axis=1)


def swapped(ids: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """On each page, by a fair coin, swap the first result with another one: (pages, place of the other).

    Which other one is drawn, too; places count from 0. The swap intervention of Joachims, Swaminathan and
    Schnabel 2017 (WSDM). A page loses much less than by a shuffle.

    Examples
    --------
    >>> pages, partner = swapped(np.array([[4, 5, 6]] * 4), np.random.default_rng(1))
    >>> pages.tolist(), partner.tolist()
    ([[5, 4, 6], [4, 5, 6], [6, 5, 4], [6, 5, 4]], [1, 2, 2, 2])
    """
    pages, rows = ids.copy(), np.arange(len(ids))
    partner = rng.integers(1, ids.shape[1], len(ids))
    turn = rows[rng.random(len(ids)) < 0.5]
    pages[turn, 0], pages[turn, partner[turn]] = ids[turn, partner[turn]], ids[turn, 0]
    return pages, partner


def from_shuffles(clicks: Bools) -> Reals:
    """Estimate how likely each rank is examined, relative to the first, from clicks on shuffled pages: (k,).

    Every rank showed documents that were equally attractive, so what differs is the examination.

    Raises
    ------
    ValueError
        If nobody clicked on the first rank.

    Examples
    --------
    >>> from_shuffles(np.array([[1, 1], [1, 0]], bool))
    array([1. , 0.5])
    """
    return _relative(clicks.sum(axis=0))


def from_swaps(clicks: Bools, partner: Ints) -> Reals:
    """Estimate the same from pages of `swapped`: clicks at rank k against clicks at rank 1.

    The coin was fair, so the two documents stood at either rank equally often.

    Examples
    --------
    >>> from_swaps(np.array([[1, 0], [1, 1]], bool), np.array([1, 1]))
    array([1. , 0.5])
    """
    found = [1.0]
    for k in range(1, clicks.shape[1]):
        own = clicks[partner == k]
        found.append(_relative(np.array([own[:, 0].sum(), own[:, k].sum()]))[1])
    return np.array(found)


def _relative(counts: Ints) -> Reals:
    if counts[0] == 0:
        raise ValueError("nobody clicked on the first rank: collect more pages")
    return counts / counts[0]


def discounts(shown: Ints, ranking: Ints) -> Reals:
    """Weigh each shown document by where another engine would put it: 1 / log2(rank + 1), else 0: (n, k).

    Examples
    --------
    >>> discounts(np.array([[7, 8, 9]]), np.array([[8, 5, 7]])).round(3)
    array([[0.5, 1. , 0. ]])
    """
    same = (shown[:, :, None] == ranking[:, None, :]) & (shown >= 0)[:, :, None]
    return same @ (1 / np.log2(np.arange(2, ranking.shape[1] + 2)))


def ips_value(clicks: Bools, propensities: Reals, weights: Reals, most: float = np.inf) -> Reals:
    """Estimate what each logged page would be worth under another engine: float64 (n,).

    A click at a rank that is examined once in five times stands for five. The mean over pages is unbiased for
    the weighted attraction of the documents that were *shown*, if the propensities are right and above zero
    (Joachims, Swaminathan and Schnabel 2017). Of documents that were not shown it knows nothing.

    Parameters
    ----------
    clicks : bool array (n, k)
    propensities : float64 array (k,)
        How likely each rank is examined, above 0.
    weights : float64 array (n, k)
        What each shown document is worth to the other engine, see `discounts`.
    most : float
        A click counts at most so many times: less variance, and a bias downwards.

    Raises
    ------
    ValueError
        If a propensity is 0 or less: a click there would count infinitely often.

    Examples
    --------
    >>> ips_value(np.array([[0, 1]], bool), np.array([1.0, 0.2]), np.array([[0.0, 0.5]]))
    array([2.5])
    >>> ips_value(np.array([[0, 1]], bool), np.array([1.0, 0.2]), np.array([[0.0, 0.5]]), most=2)
    array([1.])
    """
    propensities = np.asarray(propensities, float)
    if (propensities <= 0).any():
        rank = int(np.flatnonzero(propensities <= 0)[0]) + 1
        raise ValueError(f"the propensity of rank {rank} is {propensities[rank - 1]}, but must be above 0")
    return (clicks * weights * np.minimum(1 / propensities, most)).sum(axis=1)
