"""How fast an error budget is spent, and when that is worth waking somebody (SRE workbook, chapter 5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# (long window, short window, burn rate, what to do); windows in minutes. The short one ends the alert soon
# after the trouble ends. The workbook takes a twelfth; a canary round comes every 5 minutes, so not below 15.
WINDOWS = ((60, 15, 14.4, "page"), (360, 30, 6.0, "page"), (4320, 360, 1.0, "ticket"))


def burn_rate(
    errors: Sequence[float], events: Sequence[float], window: int, slo: float
) -> NDArray[np.float64]:
    """Return at each step how many times faster than allowed the budget went, over the last ``window`` steps.

    The share of errors over the window (their sum over the events' sum), divided by the budget 1 - slo. A
    window without events has spent nothing: 0. At the start the window is as long as there are steps.

    Parameters
    ----------
    errors, events : sequences of n float
        Counted in each step.
    window : int
        Steps, 1 or more.
    slo : float
        Between 0 and 1, such as 0.99.

    Returns
    -------
    float64 array (n,)

    Raises
    ------
    ValueError
        If the SLO leaves no budget, or the window is below 1.

    Examples
    --------
    >>> burn_rate([0, 0, 5, 5], [50, 50, 50, 50], window=2, slo=0.99).round(6)
    array([ 0.,  0.,  5., 10.])
    """
    if not 0 < slo < 1 or window < 1:
        raise ValueError(f"slo must be between 0 and 1 and window at least 1, but are {slo} and {window}")
    sums = []
    for counts in (errors, events):
        total = np.concatenate([[0.0], np.cumsum(np.asarray(counts, float))])
        start = np.maximum(np.arange(len(counts)) + 1 - window, 0)
        sums.append(total[1:] - total[start])
    return np.divide(sums[0], sums[1], out=np.zeros(len(errors)), where=sums[1] > 0) / (1 - slo)


def burning(
    errors: Sequence[float], events: Sequence[float], slo: float, step: int = 5
) -> dict[str, NDArray[np.bool_]]:
    """Say at each step whether to page and whether to write a ticket: both windows burn too fast.

    Parameters
    ----------
    errors, events : sequences of n float
        Counted in each step.
    step : int
        Minutes.

    Examples
    --------
    >>> alerts = burning([0] * 72 + [25] * 12, [50] * 84, slo=0.99)
    >>> int(alerts["page"].argmax()) - 71
    4
    """
    fires = {"page": np.zeros(len(errors), bool), "ticket": np.zeros(len(errors), bool)}
    for long, short, most, action in WINDOWS:
        both = [burn_rate(errors, events, max(1, window // step), slo) > most for window in (long, short)]
        fires[action] |= both[0] & both[1]
    return fires


def kept_firing(fires: Sequence[bool], steps: int) -> NDArray[np.bool_]:
    """Let an alert fire on for so many steps after its condition has ended: ``keep_firing_for``.

    Examples
    --------
    >>> kept_firing([True, False, False, False], 2)
    array([ True,  True,  True, False])
    """
    last, found = -np.inf, []
    for step, one in enumerate(fires):
        last = step if one else last
        found.append(step - last <= steps)
    return np.array(found, bool)


def held(beyond: Sequence[bool], steps: int) -> NDArray[np.bool_]:
    """Say at each step whether a condition has held for so many steps, this one included: ``for``.

    Examples
    --------
    >>> held([True, True, False, True, True, True], 3)
    array([False, False, False, False, False,  True])
    """
    count, found = 0, []
    for one in beyond:
        count = count + 1 if one else 0
        found.append(count >= steps)
    return np.array(found, bool)
