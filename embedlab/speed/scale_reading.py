"""What the measurements of `bench_scale` say: work at equal recall, powers of n, crossings, bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from embedlab.scale import FILL, shards_needed
from embedlab.speed.ann import qps_at

EXACT = ("Flat", "faiss Flat")


class Power(NamedTuple):
    """A fitted exponent, and the interval that the scatter of its points leaves."""

    power: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"n^{self.power:.2f} [{self.low:.2f}, {self.high:.2f}]"


def at_recall(curve: Sequence[dict], what: str, recall: float = 0.95) -> float | None:
    """Read what a curve costs at a recall: between its points on a log scale, None above all of them.

    Where the cheapest setting already finds more, what that costs.

    Parameters
    ----------
    curve : of dicts with ``recall`` and what is read
    what : str
        ``"ms"`` (of one thread, from ``qps``), ``"qps"``, ``"compared"``, ``"reads"``, ``"rescored"``.
    recall : float

    Examples
    --------
    >>> curve = [{"recall": 0.9, "compared": 100}, {"recall": 1.0, "compared": 400}]
    >>> round(at_recall(curve, "compared"))
    200
    """
    if what in ("qps", "ms"):
        found = qps_at(list(curve), recall)
        return found if what == "qps" or not found else 1000 / found
    rate = qps_at([{"recall": point["recall"], "qps": 1 / point[what]} for point in curve], recall)
    return 1 / rate if rate else None


def growth_rows(result: dict, names: Iterable[str], recall: float = 0.95) -> list[dict]:
    """List what a query takes at each n that was measured, at equal recall.

    Times are those of a batch of all queries on one thread, of exact search as well: like beside like.

    Returns
    -------
    list of dict
        ``name``, ``n``, ``ms``, ``compared`` (None where the index does not say).
    """
    rows = []
    for size in sorted(result["sizes"].values(), key=lambda size: size["n"]):
        for name in names:
            index = size["indexes"].get(name)
            if not index:
                continue
            ms, counts = at_recall(index["curve"], "ms", recall), "compared" in index["curve"][0]
            compared = at_recall(index["curve"], "compared", recall) if counts else None
            if name in EXACT:
                compared = float(size["n"])
            rows += [{"name": name, "n": size["n"], "ms": ms, "compared": compared}] if ms else []
    return rows


def fit_power(ns: Sequence[float], values: Sequence[float]) -> Power:
    """Fit a power of n: a line on log axes, and the 95 % interval of its slope (Student's t).

    Raises
    ------
    ValueError
        If there are less than three points, whose scatter says nothing.

    Examples
    --------
    >>> fit_power([1, 10, 100], [2, 20, 200])
    Power(power=1.0, low=1.0, high=1.0)
    """
    if len(ns) < 3 or len(ns) != len(values):
        raise ValueError(f"a power with an interval takes three points or more, not {len(ns)}")
    x, y = np.log(np.asarray(ns, float)), np.log(np.asarray(values, float))
    x = x - x.mean()
    power = float((x * y).sum() / (x**2).sum())
    rest = y - y.mean() - power * x
    error = math.sqrt(float((rest**2).sum()) / (len(ns) - 2) / float((x**2).sum()))
    reach = float(student.ppf(0.975, len(ns) - 2)) * error
    return Power(*(round(value, 9) for value in (power, power - reach, power + reach)))


def crossing(ns: Sequence[float], first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the n from which ``second`` stays below ``first``: between measured ones on log axes.

    The smallest n where it is below at all; None where it is not at the largest.

    Examples
    --------
    >>> round(crossing([100, 10_000], [1, 100], [10, 10]))
    1000
    >>> crossing([1, 10], [1, 1], [2, 2]), crossing([5, 10], [3, 3], [2, 2])
    (None, 5)
    """
    gaps = [math.log(a / b) for a, b in zip(first, second, strict=True)]
    if gaps[-1] <= 0:
        return None
    found = ns[0]
    for (low, gap), (high, next_gap) in pairwise(zip(ns, gaps, strict=True)):
        if gap <= 0 < next_gap:
            share = -gap / (next_gap - gap)
            found = math.exp((1 - share) * math.log(low) + share * math.log(high))
    return found


def within(memory: float, bytes_a_vector: float, *, fill: float = FILL) -> int:
    """Return how many vectors one machine's memory takes, filled to a share.

    Examples
    --------
    >>> within(8e9, 1536)
    3645833
    """
    n = int(fill * memory / bytes_a_vector)
    assert shards_needed(n * bytes_a_vector, memory, fill=fill) == 1
    return n


def frontier_rows(size: dict, recall: float = 0.95) -> list[dict]:
    """List what each index costs at one recall: ``name``, ``bytes``, ``build_s``, ``qps`` in a batch.

    Those that no setting brings there are left out. ``p50`` and ``p95`` are milliseconds of single queries at
    the first setting that reached 0.95, ``recall`` is what it reached, and ``batch_ms`` what a query takes at
    that setting in a batch.

    Parameters
    ----------
    size : dict
        One of ``sizes`` of `shipped_scale`.
    recall : float
    """
    rows = []
    for name, index in size["indexes"].items():
        qps = at_recall(index["curve"], "qps", recall)
        if qps:
            row = {"name": name, "bytes": index["bytes"], "build_s": index["build_s"], "qps": qps}
            row |= {part: index["alone"][part] for part in ("p50", "p95", "recall")}
            rows.append(row | {"batch_ms": 1000 / _timed_alone(index)["qps"]})
    return sorted(rows, key=lambda row: -row["qps"])


def single_ms(index: dict, read_ms: float = 0.0) -> float:
    """Return the milliseconds that half of the single queries take, and ``read_ms`` for each round of reads.

    The rounds of an index on disk cost hardly anything in the measurement, whose file lay in the page cache.

    Examples
    --------
    >>> curve = [{"setting": 10, "rounds": 5.0}, {"setting": 40, "rounds": 12.0}]
    >>> single_ms({"curve": curve, "alone": {"setting": 40, "p50": 0.5}}, read_ms=0.1)
    1.7
    """
    return round(index["alone"]["p50"] + read_ms * _timed_alone(index).get("rounds", 0.0), 9)


def _timed_alone(index: dict) -> dict:
    """Return the point of the curve at whose setting single queries were timed."""
    (point,) = (one for one in index["curve"] if one["setting"] == index["alone"]["setting"])
    return point


def undominated(rows: Sequence[dict], more: str = "qps", less: str = "bytes") -> list[str]:
    """Name the rows than which none has both more of the one and less of the other.

    Examples
    --------
    >>> three = (("a", 9, 9), ("b", 5, 5), ("c", 4, 6))
    >>> rows = [{"name": name, "qps": qps, "bytes": size} for name, qps, size in three]
    >>> undominated(rows)
    ['a', 'b']
    """
    return [
        row["name"]
        for row in rows
        if not any(
            other[more] >= row[more] and other[less] <= row[less] and other is not row for other in rows
        )
    ]
