"""A/B tests of two engines: the z test, how many users it needs, whether the split was fair."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2, norm

from embedlab.drift.clicks import Bools, Reals


def z_of(a: Reals, b: Reals) -> float:
    """Return the z statistic of two independent samples' means, b's minus a's (Welch; nan without variance).

    For hundreds of values and more; each has to be of a unit that was randomised on its own.

    Raises
    ------
    ValueError
        If a sample has fewer than 2 values.

    Examples
    --------
    >>> round(z_of(np.array([0.0, 1.0] * 50), np.array([0.0, 1.0, 1.0] * 40)), 2)
    2.51
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"need 2 values or more in each group, but got {len(a)} and {len(b)}")
    error = math.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    return float((np.mean(b) - np.mean(a)) / error) if error else math.nan


def p_of(z: float) -> float:
    """Return the two-sided p value of a z statistic.

    Examples
    --------
    >>> round(p_of(1.96), 3)
    0.05
    """
    return float(2 * norm.sf(abs(z)))


def needed(
    mean: float, deviation: float, *, power: float = 0.95, level: float = 0.05, groups: int = 1
) -> int:
    """Return how many observations in all a two-sided z test needs to find a true mean difference.

    Parameters
    ----------
    mean : float
        The true difference, not 0.
    deviation : float
        Standard deviation of one observation.
    power, level : float
    groups : {1, 2}
        1: each observation is a difference by itself (interleaving, pairs). 2: two halves are compared (A/B),
        which takes four times as many.

    Examples
    --------
    >>> needed(0.1, 0.5), needed(0.1, 0.5, groups=2)
    (325, 1300)
    """
    if mean == 0:
        raise ValueError("a difference of 0 is never found")
    one = ((norm.isf(level / 2) + norm.isf(1 - power)) * deviation / mean) ** 2
    return math.ceil(one) * groups**2


def sample_ratio_p(counts: Sequence[int], shares: Sequence[float] | None = None) -> float:
    """Test whether users were split as planned: the p value of Pearson's chi-squared test.

    Below 0.001 the experiment is broken, whatever its result: find out who is missing (Fabijan et al. 2019,
    KDD, "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments").

    Parameters
    ----------
    counts : sequence of int
        Users counted in each group.
    shares : sequence of float, optional
        As planned; by default equal.

    Examples
    --------
    >>> round(sample_ratio_p([5000, 5100]), 3), sample_ratio_p([5000, 5400]) < 0.001
    (0.32, True)
    """
    counts = np.asarray(counts, float)
    planned = np.full(len(counts), 1 / len(counts)) if shares is None else np.asarray(shares, float)
    if len(planned) != len(counts) or not math.isclose(planned.sum(), 1):
        raise ValueError(f"need {len(counts)} shares that add up to 1, but got {shares}")
    expected = planned * counts.sum()
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1))


def outcomes(clicks: Bools) -> dict[str, Reals]:
    """Sum up each page by what A/B tests of search count: float64 (n,) each, larger is better.

    Examples
    --------
    >>> {name: values.tolist() for name, values in outcomes(np.array([[0, 1, 1]], bool)).items()}
    {'any click': [1.0], 'clicks': [2.0], 'click at 1': [0.0], '1 / first click': [0.5]}
    """
    first = clicks.argmax(axis=1)
    return {
        "any click": clicks.any(axis=1).astype(float),
        "clicks": clicks.sum(axis=1).astype(float),
        "click at 1": clicks[:, 0].astype(float),
        "1 / first click": np.where(clicks.any(axis=1), 1 / (first + 1), 0.0),
    }


def by_user(values: Reals, users: Sequence[int]) -> Reals:
    """Average what a user did: (users,). Whoever splits by user compares users, not their searches.

    Examples
    --------
    >>> by_user(np.array([1.0, 0.0, 1.0]), [7, 7, 9])
    array([0.5, 1. ])
    """
    _, place = np.unique(users, return_inverse=True)
    return np.bincount(place, values) / np.bincount(place)


def wilson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share (Wilson 1927): it stays within 0 and 1, also for no hit at all.

    Examples
    --------
    >>> low, high = wilson(0, 100)
    >>> low == 0, round(high, 3)
    (True, 0.037)
    """
    z = norm.isf((1 - level) / 2)
    share, more = hits / n, z * z / n
    middle = (share + more / 2) / (1 + more)
    half = z / (1 + more) * math.sqrt(share * (1 - share) / n + more / (4 * n))
    return (0.0 if hits == 0 else float(middle - half)), (1.0 if hits == n else float(middle + half))
