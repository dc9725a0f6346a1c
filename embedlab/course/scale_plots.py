"""Plots of chapter 16 from shipped figures: growth, the frontier, dimensions, memory of a billion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embedlab.course.hnsw_figures import BLUE, GREEN, INK, RED

SMALL = 9.5  # points
AMBER, PURPLE, GREY, BROWN, SKY = "#946200", "#AA4499", "#666666", "#7A4B1E", "#2A86B8"
LOOKS = {
    "Flat": (INK, "s"),
    "faiss Flat": (GREY, "s"),
    "HNSW float32": (BLUE, "o"),
    "HNSW int8": (SKY, "o"),
    "HNSW int8, wide": (SKY, "*"),
    "IVF": (RED, "D"),
    "IVF-PQ": (AMBER, "D"),
    "IVF-RaBitQ": (PURPLE, "D"),
    "RaBitQ": (PURPLE, "^"),
    "4-bit scan": (BROWN, "v"),
    "Vamana": (GREEN, "P"),
    "Disk": (GREY, "X"),
    "Disk, longer codes": (GREY, "x"),
}
KINDS = {"uniform": ("uniform directions", RED), "prefix": ("first numbers", AMBER)}
KINDS |= {"documents": ("principal components", BLUE)}


def counted(n: float) -> str:
    """Write a count as an axis does: thousands, millions, billions.

    Examples
    --------
    >>> [counted(n) for n in (300, 10_000, 3e5, 1e6, 1e9)]
    ['300', '10 k', '300 k', '1 M', '1 B']
    """
    for size, sign in ((1e9, " B"), (1e6, " M"), (1e3, " k")):
        if n >= size:
            return f"{n / size:g}{sign}"
    return f"{n:g}"


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Move sorted places apart as little as it takes, to both sides.

    Examples
    --------
    >>> apart([0.0, 1.0, 9.0], 3.0)
    [-1.0, 2.0, 9.0]
    """
    groups: list[list[float]] = []  # each its centre, and how many stand around it
    for place in places:
        groups.append([place, 1])
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (second, more), (first, many) = groups.pop(), groups.pop()
            groups.append([(first * many + second * more) / (many + more), many + more])
    return [centre + gap * (i - (many - 1) / 2) for centre, many in groups for i in range(int(many))]


def label_right(ax: Axes, ends: Mapping[str, tuple[float, float, str]], gap: float = 13) -> None:
    """Write labels right of the axes, each at the height of its line's end, moved apart where they collide.

    Parameters
    ----------
    ends : {label: (x, y, colour)}
    gap : float
        Least distance in points.
    """
    ax.figure.canvas.draw()
    scale = 72 / ax.figure.dpi
    heights = {label: ax.transData.transform((x, y))[1] * scale for label, (x, y, _) in ends.items()}
    order = sorted(heights, key=heights.get)
    for label, place in zip(order, apart([heights[label] for label in order], gap), strict=True):
        x, y, colour = ends[label]
        target = ax.transAxes.inverted().transform((0, place / scale))[1]
        line = {"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 1, "shrinkB": 3}
        ax.annotate(
            label,
            (x, y),
            xytext=(1.05, target),
            textcoords="axes fraction",
            color=colour,
            fontsize=SMALL,
            va="center",
            annotation_clip=False,
            arrowprops=line,
        )


def _log_axis(ax: Axes, which: str, ticks: Sequence[float], texts: Sequence[str] | None = None) -> None:
    axis = ax.xaxis if which == "x" else ax.yaxis
    (ax.set_xscale if which == "x" else ax.set_yscale)("log")
    axis.set_ticks(list(ticks), list(texts or map(counted, ticks)))
    ax.minorticks_off()


def draw_growth(rows: Sequence[dict], labels: Mapping[str, str]) -> Figure:
    """Draw vectors compared and milliseconds of a query at equal recall against n, both on log axes.

    Parameters
    ----------
    rows : what `speed.growth_rows` lists
    labels : {name: what is written beside its line}

    Examples
    --------
    >>> rows = [{"name": "IVF", "n": n, "ms": n / 1e5, "compared": n / 10} for n in (1e4, 1e5)]
    >>> figure = draw_growth(rows, {"IVF": "lists"})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['vectors compared', 'ms a query in a batch, one thread']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    ns = sorted({row["n"] for row in rows})
    titles = ("vectors compared", "ms a query in a batch, one thread")
    for ax, what, title in zip(panels, ("compared", "ms"), titles, strict=True):
        ends = {}
        for name, label in labels.items():
            points = [(row["n"], row[what]) for row in rows if row["name"] == name and row[what]]
            colour, marker = LOOKS[name]
            ax.plot(*zip(*points, strict=True), marker=marker, ms=5, color=colour)
            if ax is panels[1]:
                ends[label] = (*points[-1], colour)
        ax.set(xlabel="vectors in the index", ylabel=title, title="at recall@10 0.95")
        _log_axis(ax, "x", ns)
        ax.set_yscale("log")
        low, high = ax.get_ylim()
        _log_axis(ax, "y", [10.0**power for power in range(-3, 8) if low <= 10.0**power <= high])
        if ends:
            label_right(ax, ends)
    return figure


def draw_frontier(size: dict, names: Sequence[str], at: Mapping[str, float]) -> Figure:
    """Draw queries a second against recall (of settings that find more), and at one against bytes a vector.

    Parameters
    ----------
    size : one of ``sizes`` of `speed.shipped_scale`
    names : of the indexes whose curves are drawn
    at : {name: queries a second at recall 0.95}, hollow of those that are not among the names
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), width_ratios=(1.25, 1))
    ends = {}
    for name in names:
        index, (colour, marker) = size["indexes"][name], LOOKS[name]
        curve = [(point["recall"], point["qps"]) for point in index["curve"]]
        before = np.maximum.accumulate([0.7, *(recall for recall, _ in curve)])
        points = [point for point, best in zip(curve, before, strict=False) if point[0] > best]
        if points:
            left.plot(*zip(*points, strict=True), marker=marker, ms=5, lw=1.6, color=colour)
            ends[name] = (*points[-1], colour)
        if name in at:
            right.plot(index["bytes"], at[name], marker, ms=8, color=colour)
    left.set(xlabel="recall@10", xlim=(0.7, 1.005), title="up and right is better", yscale="log")
    left.set_ylabel("queries a second in a batch, one thread")
    limits, rates = left.get_ylim(), (10, 30, 100, 300, 1000, 3000, 10_000, 30_000)
    _log_axis(left, "y", rates)
    left.set_ylim(limits)
    label_right(left, ends)
    right.set(xlabel="bytes of memory a vector", ylabel="queries a second at recall@10 0.95")
    _log_axis(right, "y", rates)
    right.set_ylim(limits)
    _log_axis(right, "x", (50, 100, 200, 500, 1000, 2000), ("50", "100", "200", "500", "1 k", "2 k"))
    right.set(title="up and left is better", xlim=(6, 15_000))
    for name in at.keys() - set(names):
        right.plot(size["indexes"][name]["bytes"], at[name], "o", ms=8, mfc="none", color=GREY)
    _beside(right, {name: (size["indexes"][name]["bytes"], at[name]) for name in at})
    return figure


def _beside(ax: Axes, points: Mapping[str, tuple[float, float]], middle: float = 1200) -> None:
    """Write names left of their points, beyond the middle right of them; moved down where they collide."""
    ax.figure.canvas.draw()
    scale, taken = 72 / ax.figure.dpi, []
    for name, (x, y) in sorted(points.items(), key=lambda item: -item[1][1]):
        px, py = ax.transData.transform((x, y)) * scale
        place, side = py, "left" if x > middle else "right"
        while any(side == its and abs(px - at) < 90 and abs(place - other) < 12 for its, at, other in taken):
            place -= 2
        taken.append((side, px, place))
        shift, colour = (9 if side == "left" else -9, place - py), LOOKS.get(name, (GREY,))[0]
        style = {"ha": side, "va": "center", "fontsize": SMALL, "color": colour}
        ax.annotate(name, (x, y), xytext=shift, textcoords="offset points", **style)


def draw_dimensions(rows: Sequence[dict], wanted: float = 0.95) -> Figure:
    """Draw vectors compared at a recall against dimensions, and against the intrinsic dimension.

    Parameters
    ----------
    rows : of `speed.measure_dimensions`
    wanted : the recall, for the title
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    ends = {}
    for kind, (label, colour) in KINDS.items():
        part = [row for row in rows if row["kind"] == kind and row["compared"]]
        part.sort(key=lambda row: row["dims"])
        if not part:
            continue
        compared = [row["compared"] for row in part]
        panels[0].plot([row["dims"] for row in part], compared, "o-", ms=5, color=colour)
        panels[1].plot([row["intrinsic"] for row in part], compared, "o", ms=6, color=colour)
        ends[label] = (part[-1]["intrinsic"], compared[-1], colour)
    _log_axis(panels[0], "x", sorted({row["dims"] for row in rows}))
    _log_axis(panels[0], "y", (100, 300, 1000, 3000, 10_000, 30_000))
    panels[0].set(xlabel="dimensions", ylabel="vectors compared", title=f"for recall@10 {wanted:.2f}")
    panels[1].set(xlabel="intrinsic dimension near the queries (estimated)")
    label_right(panels[1], ends)
    return figure


def draw_memory(designs: Mapping[str, float], machine: float, sizes: Sequence[float]) -> Figure:
    """Draw the memory of designs against n, with lines for one machine and for ten.

    Parameters
    ----------
    designs : {name: bytes a vector}
    machine : float
        Bytes that a machine gives to an index.
    sizes : from the smallest n to the largest

    Examples
    --------
    >>> figure = draw_memory({"codes": 64.0, "floats": 1536.0}, 48e9, (1e6, 1e9))
    >>> figure.axes[0].get_xlabel()
    'vectors'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8, 4.6))
    ns = np.array([min(sizes), max(sizes)], float)
    colours, ends = (INK, BLUE, SKY, RED, AMBER, GREEN, PURPLE, BROWN), {}
    for (name, each), colour in zip(designs.items(), colours, strict=False):
        ax.plot(ns, ns * each / 1e9, color=colour)
        ends[f"{name}: {each:,.0f} B"] = (ns[-1], ns[-1] * each / 1e9, colour)
    for many, text in ((1, "one machine"), (10, "ten")):
        ax.axhline(many * machine / 1e9, color="#888888", lw=1, ls="--")
        ax.text(1.06 * ns[0], 1.1 * many * machine / 1e9, text, fontsize=SMALL)
    _log_axis(ax, "x", sizes)
    _log_axis(ax, "y", (0.1, 1, 10, 100, 1000), ("0.1", "1", "10", "100", "1,000"))
    ax.set(xlabel="vectors", ylabel="GB of memory", xlim=(ns[0], ns[-1]))
    label_right(ax, ends)
    return figure
