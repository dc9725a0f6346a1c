"""When a monitor calls: thresholds for one false alarm a month, sums over time, days until it calls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Values = NDArray[np.float64]
SLACK = 0.5  # of a standard deviation, that a CUSUM lets pass: half of the shift that it is tuned for


def alarm_threshold(null: Values, windows_a_month: int, alarms_a_month: float = 1.0) -> float:
    """Return the value above which a window alarms, so that quiet months have one false alarm on average.

    It is the k-th largest of n windows, k = (n + 1) / windows a month, rounded down: the next quiet window
    lies above that with a chance of k / (n + 1), whatever the distribution. So the fewest windows that will
    do are a month of them, less one; see `rate_interval` for how little these say.

    Parameters
    ----------
    null : float array (n,)
        A detector's number in windows without a shift; more is worse.
    windows_a_month : int
    alarms_a_month : float
        False ones, on average.

    Raises
    ------
    ValueError
        If there are too few windows for such a rate.

    Examples
    --------
    >>> alarm_threshold(np.arange(239.0), windows_a_month=120)
    237.0
    """
    null = np.asarray(null, float)
    return float(np.sort(null)[len(null) - allowed_above(len(null), windows_a_month, alarms_a_month)])


def allowed_above(n: int, windows_a_month: int, alarms_a_month: float = 1.0) -> int:
    """Return k, of which n null windows the k-th largest is the threshold of `alarm_threshold`.

    Examples
    --------
    >>> allowed_above(4000, 120)
    33
    """
    k = int((n + 1) * alarms_a_month / windows_a_month + 1e-9)
    if k < 1:
        needed = int(np.ceil(windows_a_month / alarms_a_month)) - 1
        raise ValueError(f"{n} windows are too few for {alarms_a_month:g} alarm a month: {needed} are needed")
    return k


def rate_interval(n: int, k: int, level: float = 0.95) -> tuple[float, float]:
    """Return between which rates a threshold really alarms that is the k-th largest of n null windows.

    The rate is Beta(k, n + 1 - k), whatever the distribution of the statistic (order statistics; Wilks 1941).

    Examples
    --------
    >>> low, high = rate_interval(119, 1)  # one month of windows, and one alarm a month asked for
    >>> round(120 * low, 2), round(120 * high, 1)
    (0.03, 3.7)
    """
    if not 1 <= k <= n:
        raise ValueError(f"k must be between 1 and {n}, but is {k}")
    low, high = beta.ppf([(1 - level) / 2, (1 + level) / 2], k, n + 1 - k)
    return float(low), float(high)


def cusum(values: Values, slack: float = SLACK) -> Values:
    """Return the cumulated excess along the last axis: S = max(0, S + value - slack).

    A small shift that no single window shows adds up; what is below the slack drains away.

    Source: Page 1954, Continuous Inspection Schemes, Biometrika 41.

    Parameters
    ----------
    values : float array (..., t)
        Standardised by the windows without a shift; more is worse.
    slack : float

    Examples
    --------
    >>> cusum(np.array([0.0, 1.0, 1.0, -2.0, 3.0]))
    array([0. , 0.5, 1. , 0. , 2.5])
    """
    sums, total = np.empty(np.shape(values)), np.zeros(np.shape(values)[:-1])
    for t in range(np.shape(values)[-1]):
        total = np.maximum(0, total + values[..., t] - slack)
        sums[..., t] = total
    return sums


def first_alarm(values: Values, threshold: float) -> Values:
    """Return the window (from 1) of the first value above the threshold along the last axis, or infinity.

    Examples
    --------
    >>> first_alarm(np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), 1.0)
    array([ 2., inf])
    """
    above = np.asarray(values) > threshold
    return np.where(above.any(-1), above.argmax(-1) + 1.0, np.inf)


def cusum_threshold(
    null: Values, windows_a_month: int, *, slack: float = SLACK, runs: int = 400, seed: int = 0
) -> float:
    """Return the limit of a CUSUM that is exceeded once a month on average, without any shift.

    It is found by simulation: streams are drawn from the null windows, and the mean time until the first
    alarm is what it should be. (For values that are normal and independent there are tables; a detector's
    are not normal.)
    """
    rng, length = np.random.default_rng(seed), 6 * windows_a_month
    highest = np.maximum.accumulate(cusum(rng.choice(null, (runs, length)), slack), axis=1)
    low, high = 0.0, float(highest.max())
    for _ in range(40):
        middle = (low + high) / 2
        waits = np.minimum(first_alarm(highest, middle), length)
        alarms = (highest[:, -1] > middle).sum()
        if alarms and waits.sum() / alarms < windows_a_month:  # exponential waits, some cut off
            low = middle
        else:
            high = middle
    return high


def delays(values: Values, threshold: float, *, windows: int, runs: int = 2000, seed: int = 0) -> Values:
    """Return the windows until the first alarm, (runs,), in streams drawn from a bank of windows.

    ``windows`` is how long each lasts; infinity where there was no alarm in that time.
    """
    streams = np.random.default_rng(seed).choice(values, (runs, windows))
    return first_alarm(streams, threshold)


def cusum_delays(
    values: Values, threshold: float, *, windows: int, slack: float = SLACK, runs: int = 2000, seed: int = 0
) -> Values:
    """Return the same of a CUSUM, which stands at 0 when the shift begins."""
    streams = np.random.default_rng(seed).choice(values, (runs, windows))
    return first_alarm(cusum(streams, slack), threshold)
