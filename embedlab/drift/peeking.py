"""Looking at an A/B test every day: how often each rule finds something, with and without a difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from embedlab.drift.experiments import wilson
from embedlab.drift.sequential import always_valid_p, running_z, spending_bounds

RULES = ("once, at the end", "every day, at 5 %", "Bonferroni", "spending, O'Brien-Fleming", "always valid")


@dataclass(frozen=True)
class Looked:
    """How often a rule stopped with a result, and when."""

    name: str
    effect: float  # in standard deviations of one observation
    share: float
    low: float  # Wilson's interval
    high: float
    day: float  # mean day of the decision; without one, the last


def peeking_rows(
    effects: tuple[float, ...] = (0.0, 0.05),
    *,
    days: int = 28,
    per_day: int = 500,
    runs: int = 4000,
    seed: int = 0,
    mixture: float = 0.05,
) -> list[Looked]:
    """Simulate experiments that are looked at daily, and decide by each rule.

    Parameters
    ----------
    effects : tuple of float
        True differences, in standard deviations of one observation; 0 is an A/A test.
    days, per_day : int
        ``per_day`` users in each of the two groups.
    mixture : float
        For the always-valid p value, see `always_valid_p`.
    """
    rng, looks = np.random.default_rng(seed), np.arange(1, days + 1)
    bounds = {
        RULES[0]: np.r_[np.full(days - 1, np.inf), norm.isf(0.025)],
        RULES[1]: np.full(days, norm.isf(0.025)),
        RULES[2]: np.full(days, norm.isf(0.025 / days)),
        RULES[3]: spending_bounds(looks / days),
    }
    rows, deviation = [], np.sqrt(2)  # of the difference of two users, one of each group
    for effect in effects:
        daily = rng.normal(effect, deviation / np.sqrt(per_day), (runs, days))
        z = running_z(daily, per_day, deviation)
        crosses = {name: np.abs(z) >= bound for name, bound in bounds.items()}
        so_far = np.cumsum(daily, axis=1) / looks
        crosses[RULES[4]] = always_valid_p(so_far, looks * per_day, deviation, mixture) <= 0.05
        for name, crossed in crosses.items():
            hit = crossed.any(axis=1)
            day = np.where(hit, crossed.argmax(axis=1) + 1, days).mean()
            rows.append(Looked(name, effect, float(hit.mean()), *wilson(int(hit.sum()), runs), float(day)))
    return rows
