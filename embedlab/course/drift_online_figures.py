"""Pictures of chapter 20, online: position bias and its correction, power, peeking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from embedlab.course.hnsw_figures import described
from embedlab.drift import Looked

BLUE, GREEN, RED, PINK, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#AA4499", "#666666", "#222222"
SMALL = 9.5  # points


def draw_bias(
    true: NDArray,
    clicked: NDArray,
    corrected: NDArray,
    values: Mapping[str, Mapping[str, tuple[float, float]]],
) -> Figure:
    """Draw clicks by rank before and after the correction, and what each estimate says of two engines.

    Parameters
    ----------
    true : float64 array (k,)
        How likely a result is clicked once it is examined, at each rank.
    clicked, corrected : float64 arrays (3, k)
        Estimate, low and high, from clicks; and from clicks over propensities.
    values : {estimate: {engine: (mean, half of its interval)}}
        The first estimate is the truth. Two engines.

    Examples
    --------
    >>> line = np.ones((3, 4))
    >>> engines = {"old": (1.0, 0.0), "new": (1.1, 0.0)}
    >>> values = {"truth": engines, "naive": engines}
    >>> figure = draw_bias(line[0], line, line, values)
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['rank at which it was shown', 'estimated value of a page (discounted attraction)']
    >>> plt.close(figure)
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    ranks = np.arange(1, len(true) + 1)
    left.plot(ranks, true, "-", color=INK, lw=1.5)
    for (middle, low, high), colour, marker in ((clicked, RED, "s"), (corrected, BLUE, "o")):
        left.fill_between(ranks, low, high, color=colour, alpha=0.2, lw=0)
        left.plot(ranks, middle, marker, ms=5, color=colour)
    top = float(max(np.max(corrected[2]), true.max()))
    left.text(
        ranks[1] + 0.15, true[1] + 0.05 * top, "truth: clicked once examined", color=INK, fontsize=SMALL
    )
    left.text(ranks[1] + 0.3, clicked[0][1], "clicks", color=RED, fontsize=SMALL, va="center")
    left.text(ranks[len(ranks) // 2], 0.55 * top, "clicks / propensity", color=BLUE, fontsize=SMALL)
    left.set(xlabel="rank at which it was shown", ylabel="share of the pages, 95 % interval")
    left.set(ylim=(0, 1.1 * top), xticks=ranks)
    for number, engines in enumerate(values.values()):
        for (engine, (mean, half)), colour, shift in zip(
            engines.items(), (GREY, BLUE), (-0.13, 0.13), strict=True
        ):
            y = number + shift
            right.hlines(y, mean - half, mean + half, color=colour, lw=3, alpha=0.45)
            right.plot(mean, y, "o", ms=6, color=colour)
            if number == 0:
                place = (mean, y + (-0.22 if shift < 0 else 0.36))
                right.text(*place, engine, color=colour, ha="center", fontsize=SMALL)
    right.set_yticks(range(len(values)), list(values))
    right.set(ylim=(len(values) - 0.4, -0.6), xlabel="estimated value of a page (discounted attraction)")
    return figure


def draw_power(curves: Mapping[str, Sequence[Mapping[str, float]]], *, target: float = 0.95) -> Figure:
    """Draw how often the better engine is found against the searches it takes, with bands.

    Parameters
    ----------
    curves : {name: rows as `embedlab.drift.power_curve` returns them}

    Examples
    --------
    >>> rows = [{"searches": n, "power": p, "low": p, "high": p} for n, p in ((100, 0.3), (1000, 0.9))]
    >>> figure = draw_power({"team draft": rows})
    >>> figure.axes[0].texts[0].get_text()
    'team draft'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8.5, 4.2), layout="constrained")
    for number, ((name, rows), colour) in enumerate(
        zip(curves.items(), (BLUE, GREEN, RED, PINK, GREY), strict=False)
    ):
        searches, power, low, high = (
            [row[key] for row in rows] for key in ("searches", "power", "low", "high")
        )
        ax.fill_between(searches, low, high, color=colour, alpha=0.2, lw=0)
        ax.plot(searches, power, "-o", ms=4, color=colour)
        ax.text(
            0.985,
            0.6 - 0.075 * number,
            name,
            color=colour,
            fontsize=SMALL,
            ha="right",
            transform=ax.transAxes,
        )
    ax.axhline(target, color=INK, lw=1, ls=":")
    place = {"transform": ax.get_yaxis_transform(), "va": "bottom", "fontsize": SMALL, "color": INK}
    ax.text(0.01, target + 0.01, f"{target:.0%} power", **place)
    ax.set(
        xscale="log", ylim=(0, 1.06), xlabel="searches, in all", ylabel="better engine found, 95 % interval"
    )
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.0%}"))
    return figure


def draw_peeking(rows: Sequence[Looked], *, level: float = 0.05) -> Figure:
    """Draw for each rule how often it finds something where nothing is, and when it finds what is there.

    Parameters
    ----------
    rows : sequence of Looked
        As `embedlab.drift.peeking_rows` returns them, for two effects, the first of them 0.

    Examples
    --------
    >>> rows = [Looked("once", effect, 0.05, 0.04, 0.06, 28.0) for effect in (0.0, 0.1)]
    >>> [ax.get_xlabel() for ax in draw_peeking(rows).axes]
    ['A/A tests that found a difference', 'A/B tests that found it', 'mean day of the decision']
    >>> plt.close("all")
    """
    effects = sorted({row.effect for row in rows})
    none, some = ([row for row in rows if row.effect == effect] for effect in (effects[0], effects[-1]))
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True, layout="constrained")
    y = np.arange(len(none))
    for ax, own in ((panels[0], none), (panels[1], some)):
        for at, row in zip(y, own, strict=True):
            colour = RED if ax is panels[0] and row.low > level else BLUE
            ax.hlines(at, row.low, row.high, color=colour, lw=3, alpha=0.45)
            ax.plot(row.share, at, "o", ms=6, color=colour)
            ax.annotate(
                f"{row.share:.0%}",
                (row.share, at),
                (0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},  # it may stand on the dotted line
            )
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0%}"))
    panels[0].axvline(level, color=INK, lw=1, ls=":")
    panels[0].set(xlabel="A/A tests that found a difference", xlim=(0, None))
    panels[1].set(xlabel="A/B tests that found it", xlim=(0.8, 1.01))
    panels[2].barh(
        y, [row.day for row in some], 0.5, color=[GREY if row.low > level else BLUE for row in none]
    )
    for at, row in zip(y, some, strict=True):
        panels[2].text(row.day + 0.4, at, f"{row.day:.0f}", va="center", fontsize=9)
    panels[2].set(xlabel="mean day of the decision", xlim=(0, 32))
    panels[0].set_yticks(y, [row.name for row in none])
    panels[0].set_ylim(len(none) - 0.5, -0.7)
    return figure


__all__ = ["described", "draw_bias", "draw_peeking", "draw_power"]
