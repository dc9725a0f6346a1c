"""Detectors with their thresholds, set on windows without any shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedlab.drift.alarms import alarm_threshold, cusum_threshold
from embedlab.drift.banks import bank, draw_windows
from embedlab.drift.conditions import CANARIES, Condition, World
from embedlab.drift.detectors import DETECTORS

Values = NDArray[np.float64]
A_DAY, DAYS = 1000, 30  # queries; days of a month
SIZE = 250  # queries of a window: four windows a day, 120 a month
LEAST_COSINE = 0.999  # of each canary with what is stored; the limit of chapter 17
LEAST_NDCG = 0.01  # that the canaries lose before somebody is called


def a_month(size: int) -> int:
    """Return the windows of ``size`` queries in a month of 30 days with 1,000 queries each.

    Examples
    --------
    >>> a_month(250)
    120
    """
    if size < 1 or DAYS * A_DAY % size:
        raise ValueError(f"windows of {size} queries do not divide a month of {DAYS * A_DAY:,}")
    return DAYS * A_DAY // size


class Watch:
    """Detectors with their thresholds, set on windows without any shift.

    Parameters
    ----------
    world : World
    size : int
        Queries of a window.
    windows : int
        Quiet ones, to set the thresholds on.
    classifier : int, optional
        On how many of them the classifier is trained; by default on all, which takes longest.
    seed : int
    """

    def __init__(
        self,
        world: World,
        size: int = SIZE,
        windows: int = 4000,
        classifier: int | None = None,
        seed: int = 0,
    ):
        self.world, self.size, self.month = world, size, a_month(size)
        self.rng = np.random.default_rng(seed)
        rows = draw_windows(self.rng, windows, size, len(world.traffic))
        self.raw = bank(rows, world.traffic, world.reference, classifier=classifier)
        self.centre = {name: float(values.mean()) for name, values in self.raw.items()}
        self.null = {name: self.worse(name, values) for name, values in self.raw.items()}
        self.limit = {name: alarm_threshold(values, self.month) for name, values in self.null.items()}

    def worse(self, name: str, values: Values) -> Values:
        """Turn a detector's numbers so that more is worse."""
        return DETECTORS[name].oriented(values, self.centre[name])

    def standard(self, name: str, values: Values) -> Values:
        """Standardise by the quiet windows' mean and spread.

        Of detectors with two bad sides it is the distance from the centre; two sums, one for each side, would
        be a little sharper.
        """
        null = self.null[name]
        return (self.worse(name, values) - null.mean()) / null.std()

    def cusum_limits(self) -> dict[str, float]:
        """Return the limit of each detector's CUSUM."""
        return {name: cusum_threshold(self.standard(name, v), self.month) for name, v in self.raw.items()}

    def windows(self, condition: Condition, count: int, classifier: int | None = None) -> dict[str, Values]:
        """Return each detector's numbers in windows after a shift, raw."""
        pool = condition.before.joined(condition.after)
        rows = draw_windows(
            self.rng, count, self.size, len(condition.before), len(condition.after), condition.mixed
        )
        return bank(rows, pool, self.world.reference, classifier=classifier)

    def canaries(self, condition: Condition, count: int) -> dict[str, NDArray[np.bool_]]:
        """Return which checks of the canaries alarm.

        A canary takes the way of any other query: where a share of the traffic meets another encoder, each
        canary meets it with that chance. Without a shift nothing about them is random, so their limits are
        decided and not estimated.
        """
        hit = self.rng.random((count, CANARIES)) < condition.mixed
        cosines = np.where(np.hstack([hit, np.ones_like(hit)]), condition.cosines, 1.0)
        ndcg = np.where(hit, condition.ndcg[1], condition.ndcg[0]).mean(1)
        usual = self.world.untouched[self.world.canaries].mean()
        return {"canary vectors": cosines.min(1) < LEAST_COSINE, "canary nDCG": ndcg < usual - LEAST_NDCG}
