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
    notes = (("● chosen", GREEN), ("□ passed over", RED), ("blue: a chosen one is nearer", BLUE))
    for row, (text, color) in enumerate(notes):
        place = {"transform": panels[0, 0].transAxes, "va": "bottom", "fontsize": 10}
        panels[0, 0].text(0.02, 0.14 - 0.06 * row, text, color=color, **place)
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
    spots = {"hops": ((14, -12), (-8, 10), (10, -8)), "compared": ((-10, 10), (12, -8), (10, -10))}
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        for row, color, shift in zip(rows, (RED, BLUE, ORANGE), spots[name], strict=False):
            recall, x = np.array(row["recall"]), np.array(row[name])
            shown = recall >= least
            axes.plot(x[shown], recall[shown], "o-", ms=4, color=color)
            at = np.flatnonzero(shown)[min(1, shown.sum() - 1)]
            side = "right" if shift[0] < 0 else "left"
            style = {"textcoords": "offset points", "ha": side, "va": "center", "fontsize": 10}
            label = f"alpha {row['alpha']}, {row['links']:.0f} links"
            text = BROWN if color == ORANGE else color
            axes.annotate(label, (x[at], recall[at]), shift, color=text, **style)
        ticks = (15, 30, 60, 120) if name == "hops" else (250, 500, 1000)
        plain_ticks(axes, ticks)
        axes.set(xlabel=title)
        low, high = axes.get_xlim()
        axes.set_xlim(low / 1.15, high * 1.2)
    panels[0].set(ylabel="recall@10", ylim=(least, 1))
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
        for axes, cost, at in zip(panels, costs, (-1, -1), strict=True):
            axes.plot(cost, recall, "o-", ms=4, color=color)
            axes.annotate(f"W {w}", (cost[at], recall[at]), (7, 0), textcoords="offset points", color=color)
    for axes, title, ticks in zip(panels, titles, ((20, 40, 80, 160), (6, 12, 25, 50, 100)), strict=True):
        plain_ticks(axes, ticks)
        axes.set(xlabel=title)
        low, high = axes.get_xlim()
        axes.set_xlim(low, high * 1.3)
    panels[0].texts[0].set_position((7, -12))
    panels[0].texts[1].set_position((7, -2))
    panels[0].texts[2].set_position((7, 8))
    panels[0].set(ylabel="recall@10")
    return figure


def draw_filters(found: Mapping[str, NDArray], shares: Sequence[float]) -> Figure:
    """Draw recall against comparisons, a panel for each kind of filter and share that passes.

    Parameters
    ----------
    found : {"recall", "compared"}: arrays (kinds, shares, ways, beams)
    shares : who passes
    """
    size = len(KINDS), len(shares)
    figure, panels = plt.subplots(*size, figsize=(11, 7.4), sharex=True, sharey=True, squeeze=False)
    for (a, b), axes in np.ndenumerate(panels):
        for c, way in enumerate(WAYS):
            color, marker = LOOKS[way]
            one = way in ("exact", "afterwards")  # they have no beam
            x, y = (found[name][a, b, c, : 1 if one else None] for name in ("compared", "recall"))
            axes.plot(x, y, marker=marker, ms=7 if one else 5, color=color, clip_on=False, zorder=3)
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
    """Draw what replacing half of the vectors does: recall, comparisons, and rows held for 100 living ones.

    Parameters
    ----------
    runs : sequence of dict
        What `churn` found for an ``alpha`` each; the first line of each way is from the last of them.
    ways : of `churn`
    """
    figure, panels = plt.subplots(1, 3, figsize=(11.5, 4.2))
    usual, strict = runs[-1], runs[0]
    steps = len(usual["recall"][0])
    gone = np.linspace(0, 50, steps)
    lines = [
        (ways[0], usual, 0, BLUE, "o-"),
        (f"{ways[1]}, alpha {usual['alpha']}", usual, 1, GREEN, "s-"),
        (f"{ways[1]}, alpha {strict['alpha']:.1f}", strict, 1, RED, "s--"),
        (ways[2], usual, 2, INK, "^:"),
    ]
    shifts = {"recall": (-9, 9, 0, 2), "compared": (-9, 2, 0, 5)}
    for axes, name in zip(panels, shifts, strict=False):
        for (label, run, row, color, style), shift in zip(lines, shifts[name], strict=True):
            values = np.array(run[name][row])
            axes.plot(gone, values, style, ms=4, color=color)
            note = {"textcoords": "offset points", "color": color, "va": "center", "fontsize": 9.5}
            if name == "recall":
                axes.annotate(
                    label.replace(", alpha", ",\nalpha"), (gone[-1], values[-1]), (6, shift), **note
                )
    held = np.array([100 + gone, 100 + gone, np.full(steps, 100)])
    panels[2].plot(gone, held[0], "o-", color=BLUE, ms=4)
    panels[2].plot(gone, held[2], "^:", color=INK, ms=4)
    for text, place, color in (("in one graph,\nboth ways here", (4, 137), BLUE), (ways[2], (25, 96), INK)):
        panels[2].text(*place, text, color=color, fontsize=9.5)
    panels[0].set(ylabel="recall@10 among the living", xlim=(-2, 88), title="recall, one beam")
    panels[1].set(ylabel="vectors compared", ylim=(0, None), title="work")
    panels[2].set(ylabel="rows held for 100 living", ylim=(90, 155), title="memory")
    for axes in panels:
        axes.set_xticks([0, 10, 20, 30, 40, 50], ["0", "10", "20", "30", "40", "50"])
        axes.set_xlabel("% replaced")
    return figure
