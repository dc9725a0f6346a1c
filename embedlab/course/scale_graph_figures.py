"""Drawings of chapter 16, graphs: pruning on a plane, alpha, reads, filters and churn."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from embedlab.course.hnsw_figures import BLUE, GREEN, INK, ORANGE, RED, plain_ticks
from embedlab.index import Floats
from embedlab.scale import WAYS, robust_prune

GREY, SHADE, BROWN = "#8A8A8A", "#DCE9F4", "#946200"  # brown: orange, dark enough for text
LOOKS = {"exact": (INK, "D"), "afterwards": (RED, "v"), "through all": (BLUE, "o"), "two hops": (GREEN, "s")}
KINDS = {"random": "random filter", "near": "the query's own topic", "far": "another topic"}


def draw_prune(points: Floats, alphas: Sequence[float], names: str = "ABCDEFGHIJ") -> Figure:
    """Draw whom vector 0 of a plane, (n, 2), is linked to, and where each of these takes the place of others.

    Examples
    --------
    >>> points = np.float32([[0, 0], [1, 0], [0.6, 1.2], [-1.5, 0.5]])
    >>> [axes.get_title("left") for axes in draw_prune(points, (1.0, 1.2)).axes]
    ['alpha 1.0: A, C', 'alpha 1.2: A, C, B']
    >>> plt.close("all")
    """
    figure, panels = plt.subplots(1, len(alphas), figsize=(10, 4.6), sharey=True, squeeze=False)
    low, high = points.min(axis=0) - 0.7, points.max(axis=0) + 0.7
    grid = np.stack(np.meshgrid(*(np.linspace(a, b, 400) for a, b in zip(low, high, strict=True))), axis=-1)
    own = ((grid - points[0]) ** 2).sum(axis=-1)
    for axes, alpha in zip(panels[0], alphas, strict=True):
        chosen = robust_prune(0, set(range(1, len(points))), points, alpha, len(points))
        for p in chosen:
            led = alpha * ((grid - points[p]) ** 2).sum(axis=-1) <= own
            axes.contourf(*grid.T.swapaxes(1, 2), led, levels=[0.5, 1.5], colors=[BLUE], alpha=0.13)
            axes.contour(*grid.T.swapaxes(1, 2), led, levels=[0.5], colors=BLUE, linewidths=0.6)
            axes.plot(*points[[0, p]].T, color=INK, lw=2)
        for i in range(1, len(points)):
            kept = i in chosen
            style = {"color": GREEN} if kept else {"markerfacecolor": "none", "color": RED}
            axes.plot(*points[i], "o" if kept else "s", ms=9, mew=2, **style)
            axes.annotate(names[i - 1], points[i], (9, 5), textcoords="offset points", weight="bold")
        axes.plot(*points[0], "x", color=INK, ms=12, mew=3)
        axes.set_title(f"alpha {alpha}: {', '.join(names[p - 1] for p in chosen)}", loc="left")
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal", xlabel="first number")
        axes.grid(visible=False)
    panels[0, 0].set_ylabel("second number")
    notes = (("● chosen", GREEN), ("□ passed over", RED), ("blue: nearer by the factor", BLUE))
    for row, (text, color) in enumerate(notes):
        place = {"transform": panels[0, 0].transAxes, "va": "bottom", "fontsize": 10}
        frame = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        panels[0, 0].text(0.02, 0.15 - 0.065 * row, text, color=color, bbox=frame, **place)
    return figure


def draw_alpha(rows: Sequence[Mapping], least: float = 0.85) -> Figure:
    """Draw what a recall costs in graphs that were pruned differently: hops, and comparisons.

    Parameters
    ----------
    rows : sequence of dict
        ``alpha``, ``degree``, ``links``, and ``recall``, ``hops``, ``compared`` of each beam.
    least : float
        Where the recall begins.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
    titles = {"hops": "hops: nodes whose links were read", "compared": "vectors compared"}
    # Point and shift of each label: below its line's begin, or left of its bend.
    spots = ((0, (8, -8), "left"), (3, (-10, 6), "right"), (0, (8, -8), "left"), (2, (10, -12), "left"))
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        for row, color, (at, shift, side) in zip(rows, (RED, BLUE, GREEN, ORANGE), spots, strict=False):
            shown = np.array(row["recall"]) >= least
            x, recall = np.array(row[name])[shown], np.array(row["recall"])[shown]
            axes.plot(x, recall, "o-", ms=4, color=color)
            if name == "hops":
                style = {"textcoords": "offset points", "ha": side, "va": "center", "fontsize": 10}
                label = f"alpha {row['alpha']}, R {row['degree']}: {row['links']:.0f} links"
                place = x[at], recall[at]
                axes.annotate(label, place, shift, color=BROWN if color == ORANGE else color, **style)
        ticks = (15, 30, 60, 120) if name == "hops" else (250, 500, 1000)
        plain_ticks(axes, ticks)
        axes.set(xlabel=title)
        low, high = axes.get_xlim()
        axes.set_xlim(low / 1.15, high * 1.2)
    panels[0].set(ylabel="recall@10", ylim=(least, 1))
    panels[0].set_title("up and left is better", loc="left")
    return figure


def draw_reads(found: Mapping[int, Sequence[tuple[float, float, float]]]) -> Figure:
    """Draw recall against reads and against rounds of reading, a line for each W.

    Parameters
    ----------
    found : {W: (recall, reads, rounds) of each beam}
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    titles = ("pages read a query", "rounds: waits for the disk, one after the other")
    for w, color in zip(found, (RED, BLUE, GREEN), strict=False):
        recall, *costs = np.array(found[w]).T
        for axes, cost in zip(panels, costs, strict=True):
            axes.plot(cost, recall, "o-", ms=4, color=color)
        # On the left the lines end together: each is named where it begins.
        for axes, x, at, shift in zip(panels, costs, (0, -1), ((8, -4), (7, 0)), strict=True):
            style = {"textcoords": "offset points", "va": "center", "color": color}
            axes.annotate(f"W {w}", (x[at], recall[at]), shift, **style)
    for axes, title, ticks in zip(panels, titles, ((20, 40, 80, 160), (6, 12, 25, 50, 100)), strict=True):
        plain_ticks(axes, ticks)
        axes.set(xlabel=title)
        low, high = axes.get_xlim()
        axes.set_xlim(low / 1.1, high * 1.2)
    panels[0].set(ylabel="recall@10")
    panels[0].set_title("up and left is better", loc="left")
    return figure


def draw_filters(found: Mapping[str, NDArray], shares: Sequence[float]) -> Figure:
    """Draw recall against comparisons, a panel for each kind of filter and share that passes.

    Parameters
    ----------
    found : {"recall", "compared"}: arrays (kinds, shares, ways, beams)
    shares : who passes
    """
    rows, columns = len(KINDS), len(shares)
    figure, panels = plt.subplots(rows, columns, figsize=(11, 7.4), sharex=True, sharey=True, squeeze=False)
    for (a, b), axes in np.ndenumerate(panels):
        for c, way in enumerate(WAYS):
            color, marker = LOOKS[way]
            x, y = (found[name][a, b, c] for name in ("compared", "recall"))
            size = {"exact": 7, "afterwards": 9}.get(way, 5)  # seen where others lie on it
            axes.plot(x, y, marker=marker, ms=size, color=color, clip_on=False, zorder=3)
        axes.set(ylim=(0, 1.03), xlim=(9, 40_000))
        plain_ticks(axes, (10, 100, 1000, 10_000), "{:,g}")
        if a == 0:
            axes.set_title(f"{shares[b]:.1%} pass".replace(".0%", "%"), loc="left")
        if b == 0:
            axes.set_ylabel(f"{list(KINDS.values())[a]}\nrecall@10")
        if a == len(KINDS) - 1:
            axes.set_xlabel("vectors compared")
    notes = (
        ("◆ exact: all that pass", INK),
        ("▼ afterwards", RED),
        ("● through all", BLUE),
        ("■ two hops", GREEN),
    )
    for row, (text, color) in enumerate(notes):
        panels[0, 0].text(12, 0.42 - 0.12 * row, text, color=color, fontsize=10, va="center")
    return figure


def draw_churn(runs: Sequence[Mapping], ways: Sequence[str]) -> Figure:
    """Draw what replacing half of the vectors does to recall and to comparisons.

    Parameters
    ----------
    runs : sequence of dict
        What `churn` found for an ``alpha`` each; the first line of each way is from the last of them.
    ways : of `churn`
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.4))
    usual, strict = runs[-1], runs[0]
    steps = len(usual["recall"][0])
    gone = np.linspace(0, 50, steps)
    lines = [
        (ways[0], usual, 0, BLUE, "o-"),
        (f"{ways[1]}, alpha {usual['alpha']}", usual, 1, GREEN, "s-"),
        (f"{ways[1]}, alpha {strict['alpha']:.1f}", strict, 1, RED, "s--"),
        (ways[2], usual, 2, INK, "^:"),
    ]
    shifts = (-9, 9, 0, 2)  # of the labels on the left, whose lines end close together
    for axes, name in zip(panels, ("recall", "compared"), strict=True):
        for (label, run, row, color, style), shift in zip(lines, shifts, strict=True):
            values = np.array(run[name][row])
            axes.plot(gone, values, style, ms=4, color=color)
            note = {"textcoords": "offset points", "color": color, "va": "center", "fontsize": 9.5}
            if name == "recall":
                axes.annotate(
                    label.replace(", alpha", ",\nalpha"), (gone[-1], values[-1]), (6, shift), **note
                )
    panels[0].set(ylabel="recall@10 among the living", xlim=(-2, 78), title="recall at one beam")
    panels[1].set(ylabel="vectors compared", ylim=(0, None), title="work")
    for axes in panels:
        axes.set_xticks([0, 10, 20, 30, 40, 50], ["0", "10", "20", "30", "40", "50"])
        axes.set_xlabel("% of the vectors replaced")
    return figure
