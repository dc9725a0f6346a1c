"""Two samples of vectors: are they of one distribution? Three answers, each written in a few lines.

All three see more than the mean: they compare what a whole cloud of vectors looks like.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedlab import quantization
from embedlab.benchmark import auc

Floats = NDArray[np.float32]
STRENGTH = 1.0  # of the ridge on the classifier's weights; scikit-learn's C = 1
STEPS = 25


def squared_distances(x: Floats, y: Floats) -> NDArray[np.float64]:
    """Return the squared Euclidean distances (n, m) between the rows of x (n, d) and of y (m, d).

    Examples
    --------
    >>> squared_distances(np.float32([[0, 0]]), np.float32([[3, 4], [0, 1]]))
    array([[25.,  1.]])
    """
    x, y = _samples(x, y, least=1)
    return np.maximum(quantization.squared_distances(x, y), 0)  # rounding may leave less


def median_gamma(reference: Floats) -> float:
    """Return gamma of the kernel exp(-gamma * squared distance), by the median heuristic.

    The bandwidth is the median distance between two vectors of the reference, so that the kernel is neither
    1 for all pairs nor 0 (Gretton et al. 2012, section 8). It is chosen on the reference alone, once:
    chosen anew for each window, the statistic of one day could not be compared with that of another.

    Examples
    --------
    >>> median_gamma(np.float32([[0, 0], [3, 4]]))
    0.02
    """
    squares = squared_distances(reference, reference)
    median = float(np.median(squares[np.triu_indices(len(squares), 1)])) if len(squares) > 1 else 0.0
    if not median > 0:
        raise ValueError(f"the median distance must be positive, but is {median}: are all vectors equal?")
    return 1 / (2 * median)


def mmd2(x: Floats, y: Floats, gamma: float) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy, with an RBF kernel.

    A pair within x is as close as a pair within y and as a pair across, if both are of one distribution:
    then it is 0 on average, and half of the time below. No vector is paired with itself.

    Source: Gretton et al. 2012, A Kernel Two-Sample Test, JMLR 13, equation 3.

    Parameters
    ----------
    x, y : float32 arrays (n, d), (m, d)
        At least two rows each.
    gamma : float
        See `median_gamma`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(200, 5)), rng.normal(size=(200, 5))
    >>> abs(mmd2(x, y, 0.1)) < 0.01 < mmd2(x, y + 1, 0.1)
    True
    """
    x, y = _samples(x, y, least=2)
    n, m = len(x), len(y)
    within_x = (np.exp(-gamma * squared_distances(x, x)).sum() - n) / (n * (n - 1))
    within_y = (np.exp(-gamma * squared_distances(y, y)).sum() - m) / (m * (m - 1))
    return float(within_x + within_y - 2 * np.exp(-gamma * squared_distances(x, y)).mean())


def energy_distance(x: Floats, y: Floats) -> float:
    """Return twice the mean distance across the samples, less the mean distances within each of them.

    It has no bandwidth to choose. It is the MMD of the kernel that is minus the distance, up to the
    pairs of a vector with itself (Sejdinovic et al. 2013). scipy.stats.energy_distance gives the root of
    it, for one dimension.

    Source: Székely and Rizzo 2013, Energy statistics, J. Stat. Plann. Inference 143, section 1.

    Examples
    --------
    >>> energy_distance(np.float32([[0.0], [0.0]]), np.float32([[1.0], [1.0]]))
    2.0
    """
    x, y = _samples(x, y, least=1)
    across = np.sqrt(squared_distances(x, y)).mean()
    return float(2 * across - np.sqrt(_own(x)).mean() - np.sqrt(_own(y)).mean())


def logistic(x: Floats, labels: NDArray[np.bool_], strength: float = STRENGTH) -> NDArray[np.float64]:
    """Fit a logistic regression by Newton's method: weights (d + 1,), the last of them the intercept.

    It minimises the summed log loss plus ``strength / 2`` times the squared weights, the intercept not
    among them: scikit-learn's objective, with C = 1 / strength.
    """
    design = np.column_stack([np.asarray(x, np.float64), np.ones(len(x))])
    ridge = np.full(design.shape[1], strength, float)
    ridge[-1] = 0
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (chance - labels) + ridge * weights
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge + 1e-9)
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def classifier_auc(
    reference: Floats, window: Floats, texts: NDArray[np.int64] | None = None, *, seed: int = 0
) -> float:
    """Train a classifier to tell window from reference: its AUC on vectors that it was not trained on.

    0.5: nothing to tell apart. Both samples are cut in two; each half is scored by the classifier of the
    other half. **A text that was asked twice goes to one half as a whole**: otherwise the classifier knows
    it from training, and finds the window different because it remembers it.

    Source: Lopez-Paz and Oquab 2017, Revisiting Classifier Two-Sample Tests, section 3; they take the
    accuracy, and this the AUC, which does not depend on how many there are of each.

    Parameters
    ----------
    reference : float32 array (m, d)
    window : float32 array (n, d)
    texts : int64 array (n,), optional
        The number of each text of the window; by default all are different.
    seed : int
        For the halves.

    Raises
    ------
    ValueError
        If there are fewer than four different texts in one of the samples.
    """
    texts = np.arange(len(window)) if texts is None else np.asarray(texts)
    distinct, place = np.unique(texts, return_inverse=True)
    if min(len(distinct), len(reference)) < 4:
        raise ValueError(f"two halves need 4 texts on each side, got {len(reference)} and {len(distinct)}")
    rng = np.random.default_rng(seed)
    half_reference = rng.permutation(len(reference)) % 2 == 0
    half_window = (rng.permutation(len(distinct)) % 2 == 0)[place]
    areas = []
    for train_r, train_w in ((half_reference, half_window), (~half_reference, ~half_window)):
        rows = np.concatenate([reference[train_r], window[train_w]])
        weights = logistic(rows, np.arange(len(rows)) >= train_r.sum())[:-1]
        areas.append(auc(window[~train_w] @ weights, reference[~train_r] @ weights))
    return float(np.mean(areas))


def _own(x: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = squared_distances(x, x)
    np.fill_diagonal(squares, 0)  # rounding leaves 1e-16, whose root is 1e-8
    return squares


def _samples(x: Floats, y: Floats, least: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"need two samples of vectors of one length, but got {x.shape} and {y.shape}")
    if min(len(x), len(y)) < least:
        raise ValueError(f"need at least {least} vectors on each side, but got {len(x)} and {len(y)}")
    return x, y
