"""Is one system better than another? Paired differences with their intervals, and the price of many tests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from embedlab.benchmark.metrics import bootstrap_interval, randomisation_test

T = TypeVar("T")
RESAMPLES = 10_000


@dataclass(frozen=True)
class Difference:
    """How much better one system is than another, over the same queries."""

    mean: float
    low: float  # 95 % bootstrap interval of the mean
    high: float
    p: float  # paired randomisation test, two-sided
    n: int  # queries

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}], p {p_text(self.p)}, {self.n} queries"


def paired_difference(a: Sequence[float], b: Sequence[float], *, seed: int = 0) -> Difference:
    """Compare two systems query by query: what a has above b.

    The same queries are easy for both, so the interval of the difference is much narrower than those of the
    two means; whether the means' intervals overlap says next to nothing.

    Parameters
    ----------
    a, b : sequences of q float
        A figure, such as nDCG@10, of each query; larger is better.
    seed : int

    Raises
    ------
    ValueError
        If the two differ in length, are empty, or hold a NaN.

    Examples
    --------
    >>> a, b = [0.9, 0.8, 0.7, 0.6] * 25, [0.8, 0.7, 0.6, 0.6] * 25
    >>> print(paired_difference(a, b))
    +0.075 [+0.066, +0.083], p < 0.001, 100 queries
    """
    p = randomisation_test(a, b, samples=RESAMPLES, seed=seed)
    mean, low, high = bootstrap_interval(np.subtract(a, b), samples=RESAMPLES, seed=seed)
    return Difference(mean, low, high, p, len(a))


def p_text(p: float) -> str:
    """Write a p value down as far as 10,000 resamples can tell.

    Examples
    --------
    >>> p_text(0.0002), p_text(0.0412), p_text(0.8391)
    ('< 0.001', '= 0.041', '= 0.84')
    """
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def holm(differences: Mapping[T, Difference]) -> dict[T, Difference]:
    """Correct the p values of several tests on one table (Holm 1979).

    Of twenty tests without any effect, one comes out below 0.05. The smallest p is multiplied by the number
    of tests, the next by one less, and so on; none may become smaller than the one before.

    Parameters
    ----------
    differences : {name: Difference}

    Returns
    -------
    {name: Difference}
        In the same order, with corrected p; means and intervals stay as they are.

    Examples
    --------
    >>> found = {"a": 0.04, "b": 0.01, "c": 0.03}
    >>> tests = {name: Difference(0.1, 0.0, 0.2, p, 50) for name, p in found.items()}
    >>> {name: round(test.p, 2) for name, test in holm(tests).items()}
    {'a': 0.06, 'b': 0.03, 'c': 0.06}
    """
    corrected, largest = {}, 0.0
    for place, name in enumerate(sorted(differences, key=lambda name: differences[name].p)):
        largest = max(largest, min(1.0, (len(differences) - place) * differences[name].p))
        corrected[name] = replace(differences[name], p=largest)
    return {name: corrected[name] for name in differences}


def auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Return how often a right answer's score lies above a wrong one's; ties count half.

    0.5 is a guess, 1.0 tells all apart. It does not depend on how many right and wrong ones there are, as
    precision does (Hanley & McNeil 1982).

    Raises
    ------
    ValueError
        If there are none of one kind, or a score is NaN.

    Examples
    --------
    >>> auc([0.9, 0.4], [0.3, 0.4])
    0.875
    """
    if not len(right) or not len(wrong):
        raise ValueError(f"need scores of both kinds, but got {len(right)} right, {len(wrong)} wrong")
    scores = np.concatenate([right, wrong]).astype(float)
    if np.isnan(scores).any():
        raise ValueError(f"score {np.flatnonzero(np.isnan(scores))[0]} (from 0) is NaN")
    above = rankdata(scores)[: len(right)].sum() - len(right) * (len(right) + 1) / 2
    return float(above / (len(right) * len(wrong)))


def seeded_sample(items: Sequence[T], n: int, seed: int = 0) -> list[T]:
    """Draw n of a sequence without replacement, in their old order; all where there are not so many.

    The first n of a list are no sample: lists are often sorted.

    Examples
    --------
    >>> seeded_sample("abcdefgh", 3)
    ['e', 'f', 'h']
    """
    if n < 1:
        raise ValueError(f"a sample needs at least 1 item, but {n} were asked for")
    rows = np.random.default_rng(seed).choice(len(items), min(n, len(items)), replace=False)
    return [items[i] for i in np.sort(rows)]


def auc_interval(
    right: Sequence[float], wrong: Sequence[float], *, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of `auc`: both kinds are resampled, each by itself.

    Examples
    --------
    >>> low, high = auc_interval([3, 4, 5, 6], [1, 2, 3, 4])
    >>> 0.5 < low < auc([3, 4, 5, 6], [1, 2, 3, 4]) < high <= 1
    True
    """
    right, wrong, rng = np.asarray(right, float), np.asarray(wrong, float), np.random.default_rng(seed)
    drawn = [auc(rng.choice(right, len(right)), rng.choice(wrong, len(wrong))) for _ in range(resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def grouped_interval(
    statistic: Callable[[NDArray[np.int64]], float],
    groups: Sequence[object],
    *,
    samples: int = 400,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % interval of any statistic of rows that come in groups: whole groups are resampled.

    Five answers to one question are not five questions: resampled one by one, they look surer than they are.
    Draws for which the statistic is not defined (NaN, a ValueError) are left out.

    Parameters
    ----------
    statistic : callable
        ``statistic(rows)`` of the positions of rows, which may repeat.
    groups : sequence of n
        The group of each row.

    Raises
    ------
    ValueError
        If there is only one group.

    Examples
    --------
    >>> values = np.array([0, 0, 0, 1, 1, 1])
    >>> grouped_interval(lambda rows: values[rows].mean(), ["a", "a", "a", "b", "b", "b"])
    (0.0, 1.0)
    """
    places: dict[object, list[int]] = {}
    for row, group in enumerate(groups):
        places.setdefault(group, []).append(row)
    if len(places) < 2:
        raise ValueError(f"at least 2 groups are needed, but there is {len(places)}")
    own, rng, drawn = [np.array(rows) for rows in places.values()], np.random.default_rng(seed), []
    for _ in range(samples):
        rows = np.concatenate([own[i] for i in rng.integers(len(own), size=len(own))])
        with contextlib.suppress(ValueError):
            drawn.append(statistic(rows))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)
