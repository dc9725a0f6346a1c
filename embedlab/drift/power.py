"""The power of each monitor against each shift: days until it calls, at one false alarm a month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from embedlab.benchmark import paired_difference
from embedlab.drift.alarms import allowed_above, cusum_delays, delays, rate_interval
from embedlab.drift.conditions import CANARIES, CONDITIONS, SHARES, Condition, World
from embedlab.drift.detectors import WINDOWED
from embedlab.drift.experiments import wilson
from embedlab.drift.thresholds import A_DAY, SIZE, Watch, a_month
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures

Values = NDArray[np.float64]
LEVEL = 0.001
SHIPPED, SHIPPED_SIZES = "drift/power.json", "drift/power_sizes.json"


def cell(hits: int, n: int, waits: Values, month: int, a_day: float, quiet: float) -> dict:
    """Describe a detector under a shift: power a window with its interval, and days until the first alarm.

    Days beyond a month are None. See `told_apart` for ``seen``: where it is false, the days are those until
    a false alarm.

    Examples
    --------
    >>> cell(90, 100, np.array([1.0, 1.0, 2.0]), 120, 4, 0.01)["median"]
    0.25
    """
    low, high = wilson(hits, n)
    ends = [float(np.quantile(waits, q, method="inverted_cdf")) for q in (0.5, 0.9)]
    median, late = (round(end / a_day, 2) if np.isfinite(end) else None for end in ends)
    power = {"power": round(hits / n, 4), "low": round(low, 4), "high": round(high, 4), "n": n}
    return power | {"median": median, "late": late, "seen": told_apart(hits, n, quiet)}


def told_apart(hits: int, n: int, quiet: float) -> bool:
    """Return whether so many alarms in n windows are more than a blind detector has by chance.

    Of a binomial test, at a level of 0.001: the table has 500 cells, half of them blind, and at 0.05 a dozen
    would seem to see.

    Parameters
    ----------
    quiet : float
        The highest rate of false alarms that the threshold may really have, see `rate_interval`.

    Examples
    --------
    >>> told_apart(8, 300, 0.0113), told_apart(20, 300, 0.0113)
    (False, True)
    """
    return bool(binom.sf(hits - 1, n, quiet) < LEVEL)


def rows_of(watch: Watch, condition: Condition, count: int, classifier: int | None, sums: dict) -> list[dict]:
    """Return a row for each detector under a condition, see `cell`; ``sums`` are the limits of CUSUMs."""
    month, a_day, rows = watch.month, A_DAY / watch.size, []
    quiet = {name: rate_interval(len(v), allowed_above(len(v), month))[1] for name, v in watch.null.items()}
    name = {"shift": condition.name, "share": condition.share}
    for detector, raw in watch.windows(condition, count, classifier).items():
        values, limit = watch.worse(detector, raw), watch.limit[detector]
        hits = int((values > limit).sum())
        row = cell(hits, len(values), delays(values, limit, windows=month), month, a_day, quiet[detector])
        if sums:
            z = watch.standard(detector, raw)
            waits = cusum_delays(z, sums[detector], windows=month)
            summed = cell(int((waits <= month).sum()), len(waits), waits, month, a_day, 1.0)
            row |= {"cusum_median": summed["median"], "cusum_late": summed["late"]}
        rows.append(name | {"detector": detector} | row)
    for detector, alarms in watch.canaries(condition, count).items():
        waits = delays(alarms.astype(float), 0.5, windows=month)
        rows.append(
            name | {"detector": detector} | cell(int(alarms.sum()), count, waits, month, a_day, 1 / month)
        )
    return rows


def harm_of(condition: Condition) -> dict:
    """Return the nDCG@10 that users lose on average, with its paired interval, at the condition's share."""
    touched, untouched = condition.harm
    found = paired_difference(touched, untouched)
    part = condition.share if condition.mixed == condition.share else 1.0
    values = {"mean": part * found.mean, "low": part * found.low, "high": part * found.high}
    return {"shift": condition.name, "share": condition.share, "n": found.n, "p": round(found.p, 4)} | {
        key: round(value, 4) for key, value in values.items()
    }


def measure_power(
    world: World | None = None,
    *,
    names: Sequence[str] = CONDITIONS,
    shares: Sequence[float] = SHARES,
    size: int = SIZE,
    windows: int = 4000,
    shifted: int = 300,
    classifier: int = 1500,
    sums: bool = True,
    report: Callable[[str], None] = lambda step: None,
) -> dict:
    """Measure all detectors against shifts: ``rows``, ``harm`` and ``limits``.

    Parameters
    ----------
    world : World, optional
    names, shares : sequences
        Which shifts, and how strong.
    size : int
        Queries of a window.
    windows, shifted : int
        Windows without a shift, and of each shift.
    classifier : int
        On how many quiet windows the classifier is trained, by far the slowest; on a tenth of them for
        each shift. 0 leaves it out.
    sums : bool
        Whether to add the delays of a CUSUM.
    """
    world = world or World()
    watch = Watch(world, size, windows, classifier)
    report("thresholds are set")
    limits = watch.cusum_limits() if sums else {}
    rows, harm = [], []
    for condition in world.conditions(names, shares):
        rows += rows_of(watch, condition, shifted, classifier // 10, limits)
        harm.append(harm_of(condition))
        report(f"{condition.name}, {condition.share:.0%}")
    k = allowed_above(windows, watch.month)
    low, high = rate_interval(windows, k)
    return {
        "rows": rows,
        "harm": harm,
        "limits": {name: round(value, 6) for name, value in watch.limit.items()},
        "false alarms a month": [round(watch.month * low, 2), round(watch.month * high, 2)],
        "size": size,
        "windows": windows,
        "shifted": shifted,
        "classifier": classifier,
        "canaries": CANARIES,
        "windowed": list(WINDOWED),
    }


def ship_power(file: Path | None = None) -> dict:
    """Measure all of this anew, and put it in the place of what chapter 20 draws; some minutes."""
    measured = {
        "command": "python -c 'from embedlab.drift import ship_power; ship_power()'",
        "machine": machine_name(),
        **measure_power(report=lambda step: print(step, flush=True)),
    }
    write_figures(file or data_path(SHIPPED), measured)
    return measured


def ship_sizes(file: Path | None = None, sizes: Sequence[int] = (50, 250, 1000)) -> dict:
    """Measure a few shifts with windows of several sizes, and put that in its place likewise."""
    world = World()
    names = ("language: German", "typos", "length: two words", "topic: scikit-learn")
    measured = {"command": "python -c 'from embedlab.drift import ship_sizes; ship_sizes()'"}
    for size in sizes:
        windows = max(2000, 10 * a_month(size))
        found = measure_power(
            world, names=names, shares=(0.05, 0.2), size=size, windows=windows, classifier=0
        )
        measured[str(size)] = {key: found[key] for key in ("rows", "false alarms a month")}
    write_figures(file or data_path(SHIPPED_SIZES), measured)
    return measured


def shipped_power() -> dict:
    """Return the measurement that comes with the course, made by `ship_power`."""
    return shipped_figures("drift", "power")


def shipped_sizes() -> dict:
    """Return what `ship_sizes` measured."""
    return shipped_figures("drift", "power_sizes")
