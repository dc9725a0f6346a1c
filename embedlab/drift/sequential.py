"""Looking at a running experiment: what it costs, and two ways in which one may look.

A group sequential test spends its level by a function of the share of a planned sample that has been seen; an
always-valid p value needs no planned end, and may be looked at whenever one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from embedlab.drift.clicks import Bools, Reals


def running_z(effects: Reals, per_look: int, deviation: float) -> Reals:
    """Return the z statistic at each look: float64 (experiments, looks).

    Parameters
    ----------
    effects : float64 array (experiments, looks)
        The mean difference found in the observations of each period by itself.
    per_look : int
        Observations of a period.
    deviation : float
        Standard deviation of one observation.

    Examples
    --------
    >>> running_z(np.array([[0.2, 0.0]]), 100, 1.0).round(3)
    array([[2.   , 1.414]])
    """
    looks = np.arange(1, effects.shape[1] + 1)
    return np.cumsum(effects, axis=1) * np.sqrt(per_look / looks) / deviation


def stopped(z: Reals, bounds: Reals | float) -> Bools:
    """Say which experiments cross a bound at any look: bool (experiments,).

    Examples
    --------
    >>> stopped(np.array([[0.1, 2.0, 0.3], [1.0, 1.0, 1.0]]), 1.96)
    array([ True, False])
    """
    return (np.abs(z) >= bounds).any(axis=1)


def obrien_fleming(share: float, level: float = 0.05) -> float:
    """Return how much of the level may be spent by a share of the experiment: little at first.

    Lan and DeMets 1983 (Biometrika 70), the function that resembles O'Brien and Fleming's bounds; half of the
    level for each side.

    Examples
    --------
    >>> [round(obrien_fleming(share), 5) for share in (0.2, 0.5, 1.0)]
    [0.0, 0.00305, 0.05]
    """
    return float(4 * norm.sf(norm.isf(level / 4) / np.sqrt(share)))


def spending_bounds(
    shares: Sequence[float],
    level: float = 0.05,
    spend: Callable[[float, float], float] = obrien_fleming,
    points: int = 1201,
) -> Reals:
    """Return the bound on abs(z) at each planned look, so that all looks together err with the level.

    The density of the running sum, of those not yet stopped, is carried from look to look by numerical
    integration (Armitage, McPherson and Rowe 1969).

    Parameters
    ----------
    shares : sequence of float
        How much of the observations each look has, ascending to 1.
    level : float
    spend : callable
        ``spend(share, level)``: the level that may be spent up to there.
    points : int
        Of the grid.

    Raises
    ------
    ValueError
        If the shares do not ascend from above 0 to 1.

    Examples
    --------
    >>> spending_bounds([0.2, 0.4, 0.6, 0.8, 1.0]).round(2)
    array([4.88, 3.36, 2.68, 2.29, 2.03])
    """
    if not (np.diff([0, *shares]) > 0).all() or shares[-1] != 1:
        raise ValueError(f"shares must ascend from above 0 to 1, but are {list(shares)}")
    bounds, spent, before = [], 0.0, 0.0
    grid, density = np.zeros(1), np.ones(1)  # of z * sqrt(share), all of it at 0 before the start
    for share in shares:
        step, mass = np.sqrt(share - before), spend(share, level) - spent

        def crossed(bound: float, step=step, share=share, grid=grid, density=density) -> float:
            edge = bound * np.sqrt(share)
            return float(density @ (norm.sf((edge - grid) / step) + norm.cdf((-edge - grid) / step)))

        bound = (
            brentq(lambda b, f=crossed, mass=mass: f(b) - mass, 0.0, 9.0, xtol=1e-10) if mass > 1e-15 else 9.0
        )
        edge = bound * np.sqrt(share)
        finer = np.linspace(-edge, edge, points)
        weights = np.full(points, finer[1] - finer[0])
        weights[[0, -1]] /= 2
        density = (norm.pdf((finer[:, None] - grid) / step) / step) @ density * weights
        grid, spent, before = finer, spend(share, level), share
        bounds.append(bound)
    return np.array(bounds)


def always_valid_p(effects: Reals, n: NDArray[np.int64], deviation: float, expected: float) -> Reals:
    """Return a p value that may be looked at after every observation: float64, of the shape of ``effects``.

    The mixture sequential probability ratio test with a normal mixture (Robbins 1970; Johari, Pekelis and
    Walsh 2017, KDD, "Peeking at A/B Tests"): the p value never rises, and it errs with at most the level,
    however often one looks.

    Parameters
    ----------
    effects : float64 array (..., looks)
        The mean of all observations so far.
    n : int array (looks,)
        How many these are.
    deviation : float
        Standard deviation of one observation.
    expected : float
        Standard deviation of the mixture: how large an effect is expected. A wrong guess costs power only.

    Raises
    ------
    ValueError
        If ``deviation`` or ``expected`` is not above 0.

    Examples
    --------
    >>> always_valid_p(np.array([0.0, 0.5, 0.4]), np.array([10, 40, 100]), 1.0, 0.3).round(4)
    array([1.    , 0.0429, 0.0024])
    """
    if deviation <= 0 or expected <= 0:
        raise ValueError(f"deviation and expected must be above 0, but are {deviation} and {expected}")
    variance, spread = deviation**2, expected**2
    total = variance + n * spread
    likelihood = np.sqrt(variance / total) * np.exp(
        np.minimum(700, n**2 * spread * np.asarray(effects) ** 2 / (2 * variance * total))
    )
    return np.minimum.accumulate(np.minimum(1, 1 / likelihood), axis=-1)
