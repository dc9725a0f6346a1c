"""Days without a shift that differ all the same: how often monitors call then, by how much days differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from embedlab.drift.alarms import SLACK, alarm_threshold
from embedlab.drift.banks import bank, draw_windows
from embedlab.drift.conditions import Condition, World
from embedlab.drift.shifts import package_of
from embedlab.drift.thresholds import A_DAY, DAYS, Watch
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures

Values = NDArray[np.float64]
SHIPPED = "drift/days.json"
STRENGTHS = {"steady": None, "mild": 400.0, "medium": 120.0, "strong": 30.0}  # concentrations, see `restless`
FEARED = ("language: German", 0.2)  # the shift that has to be found all the same


def restless(
    world: World, rng: np.random.Generator, windows: int, a_day: int, concentration: float = 30.0
) -> Values:
    """Return the chances of each dev query, (windows, q), on days whose mix of packages differs.

    Drawn from a Dirichlet around the usual mix; the windows of one day share it. That is no shift: it is
    what Mondays and Tuesdays are like. A package with the usual share p scatters with a standard deviation of
    sqrt(p (1 - p) / (concentration + 1)): some 8 points at 30, 4 at 120, 2 at 400.
    """
    place, mixes = _mixes(world, rng, -(-windows // a_day), concentration)
    return np.repeat((mixes / np.bincount(place))[:, place], a_day, axis=0)[:windows]


def _mixes(world: World, rng: np.random.Generator, days: int, concentration: float) -> tuple:
    package = np.array([package_of(world.benchmark, i) for i in world.ids])
    _, place, counts = np.unique(package, return_inverse=True, return_counts=True)
    return place, rng.dirichlet(concentration * counts / counts.sum(), days)


def scatter(world: World, concentration: float | None, days: int = 20_000) -> float:
    """Return by how many points a package's share scatters from day to day (standard deviation, averaged)."""
    if concentration is None:
        return 0.0
    mixes = _mixes(world, np.random.default_rng(0), days, concentration)[1]
    return float(100 * mixes.std(axis=0).mean())


def cusum_calls(values: Values, limit: float, slack: float = SLACK) -> NDArray[np.bool_]:
    """Say in which windows a CUSUM calls that begins again at 0 after each call: bool (t,).

    Examples
    --------
    >>> cusum_calls(np.array([2.0, 2.0, 0.0, 2.0, 2.0]), limit=2.5, slack=0.5).tolist()
    [False, True, False, False, True]
    """
    total, called = 0.0, []
    for value in np.asarray(values, float).tolist():
        total = max(0.0, total + value - slack)
        called.append(total > limit)
        total = 0.0 if called[-1] else total
    return np.array(called, bool)


def counted(calls: NDArray[np.bool_], a_day: int) -> tuple[float, float]:
    """Return (calls, days with at least one call) in a month of 30 days.

    Examples
    --------
    >>> counted(np.array([True, True, False, False]), a_day=2)
    (30.0, 15.0)
    """
    days = calls[: len(calls) // a_day * a_day].reshape(-1, a_day)
    return float(DAYS * days.sum(axis=1).mean()), float(DAYS * days.any(axis=1).mean())


def one_run(
    watch: Watch,
    sums: Mapping[str, float],
    feared: Condition,
    strength: float | None,
    months: int,
    rng: np.random.Generator,
) -> dict[str, dict]:
    """Count the calls of each detector in so many months: single windows, CUSUMs; power with limits of days.

    Parameters
    ----------
    sums : {detector: limit of its CUSUM}
    feared : Condition
        The shift whose power is measured.
    strength : float or None
        How much days differ, see `restless`; None: not at all.

    Returns
    -------
    {detector: {"calls", "days", "sum calls", "sum days", "power", "power, limit of days"}}
        A month each. The last two: the share of windows in which the feared shift is noticed, with the limit
        that steady windows gave, and with one that is set on days of this strength. "any": of all.
    """
    world, size, a_day, count = watch.world, watch.size, A_DAY // watch.size, months * watch.month

    def drawn(n: int, after: int = 0, share: float = 0.0) -> NDArray[np.int64]:
        chances = None if strength is None else restless(world, rng, n, a_day, strength)
        return draw_windows(rng, n, size, len(world.traffic), after, share, chances)

    fresh = bank(drawn(count), world.traffic, world.reference, classifier=0)
    to_set_on = bank(drawn(4000), world.traffic, world.reference, classifier=0)
    rows = drawn(count // 4, len(feared.after), feared.share)
    shifted = bank(rows, feared.before.joined(feared.after), world.reference, classifier=0)
    found, singles = {}, []
    for name, raw in fresh.items():
        singles.append(watch.worse(name, raw) > watch.limit[name])
        of_days = alarm_threshold(watch.worse(name, to_set_on[name]), watch.month)
        lifted = watch.worse(name, shifted[name])
        calls, days = counted(singles[-1], a_day)
        summed = counted(cusum_calls(watch.standard(name, raw), sums[name]), a_day)
        found[name] = {"calls": calls, "days": days, "sum calls": summed[0], "sum days": summed[1]}
        found[name]["power"] = float((lifted > watch.limit[name]).mean())
        found[name]["power, limit of days"] = float((lifted > of_days).mean())
    calls, days = counted(np.any(singles, axis=0), a_day)
    return found | {"any": {"calls": calls, "days": days}}


def measure_days(
    world: World | None = None,
    *,
    months: int = 16,
    seeds: int = 8,
    report: Callable[[str], None] = lambda step: None,
) -> dict:
    """Measure `STRENGTHS`: each seed sets its own limits on 4,000 steady windows, and counts in fresh ones.

    Returns
    -------
    {strength: {"concentration", "points", "detectors": {name: {count: [mean, low, high]}}}}
        The interval is Student's 95 % of the mean over the seeds.
    """
    world, runs = world or World(), {name: [] for name in STRENGTHS}
    feared = next(world.conditions([FEARED[0]], [FEARED[1]]))
    for seed in range(seeds):
        watch = Watch(world, classifier=0, seed=seed)
        sums = watch.cusum_limits()
        for name, strength in STRENGTHS.items():
            rng = np.random.default_rng(1000 + seed)
            runs[name].append(one_run(watch, sums, feared, strength, months, rng))
            report(f"seed {seed}, {name}")
    return {
        name: {
            "concentration": strength,
            "points": round(scatter(world, strength), 1),
            "detectors": {
                detector: {key: _interval([run[detector][key] for run in runs[name]]) for key in own}
                for detector, own in runs[name][0].items()
            },
        }
        for name, strength in STRENGTHS.items()
    }


def _interval(values: Sequence[float]) -> list[float]:
    mean, n = float(np.mean(values)), len(values)
    half = float(student.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    return [round(one, 3) for one in (mean, max(mean - half, 0.0), mean + half)]


def ship_days(file: Path | None = None) -> dict:
    """Measure this anew, and put it in the place of what chapter 20 prints; some minutes."""
    measured = {
        "command": "python -c 'from embedlab.drift import ship_days; ship_days()'",
        "machine": machine_name(),
        "months a seed": 16,
        "seeds": 8,
        "strengths": measure_days(report=lambda step: print(step, flush=True)),
    }
    write_figures(file or data_path(SHIPPED), measured)
    return measured


def shipped_days() -> dict:
    """Return the measurement that comes with the course, made by `ship_days`."""
    return shipped_figures("drift", "days")["strengths"]
