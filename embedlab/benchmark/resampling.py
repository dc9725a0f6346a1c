"""Resampling in plain steps, with the draws given: what `bootstrap_interval` and `randomisation_test` do."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def bootstrap(values: Sequence[float], draws: NDArray[np.int64]) -> tuple[float, float]:
    """Return the middle 95 % of the means of resampled queries: a percentile interval.

    Parameters
    ----------
    values : sequence of q float
        A figure of each query.
    draws : int array (samples, q)
        Each row names the queries of one resample, with repetition.

    Examples
    --------
    >>> low, high = bootstrap([0.0, 1.0], np.array([[0, 0], [0, 1], [1, 1]]))
    >>> round(low, 3), round(high, 3)
    (0.025, 0.975)
    """
    means = np.asarray(values, float)[draws].mean(axis=1)  # (samples,)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def randomisation_p(a: Sequence[float], b: Sequence[float], signs: NDArray[np.int64]) -> float:
    """Return the two-sided p value of a paired randomisation test.

    Parameters
    ----------
    a, b : sequences of q float
        A figure of each query, of two systems.
    signs : array (samples, q) of 1 and -1
        -1 swaps the two systems' names at a query.

    Examples
    --------
    >>> signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> randomisation_p([0.9, 0.8], [0.5, 0.5], signs)  # (2 + 1) / (4 + 1)
    0.6
    """
    differences = np.subtract(a, b)  # (q,)
    swapped = np.abs((signs * differences).mean(axis=1))  # (samples,)
    extreme = (swapped >= abs(differences.mean()) - 1e-12).sum()  # the same sum in another order counts
    return float((extreme + 1) / (len(signs) + 1))  # what was seen is one way of naming, too
