"""Curves of chapter 11: answers by the place and the number of passages, and the risk of not refusing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from embedlab.benchmark import bootstrap_interval
from embedlab.rag import OPTIONS

BLUE, GREEN, RED, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#666666", "#222222"
LOOKS = ((BLUE, "o"), (RED, "s"), (GREEN, "D"), ("#AA4499", "^"))  # told apart without colours, too
SMALL = 9.5  # points
Curve = Mapping[int, NDArray]  # of each number, the values (q,) of the questions


def draw_gold_places(
    has: Mapping[int, Curve],
    chosen: Mapping[int, Curve],
    *,
    gold: tuple[float, float],
    none: tuple[float, float],
) -> Figure:
    """Draw how good answers are against the place of the gold passage, a curve for each number of passages.

    Parameters
    ----------
    has, chosen : {number of passages: {place, from 1: values (q,)}}
        The share of the reference's words that the answer has (`embedlab.rag.has`), and whether the right
        answer is the likeliest of four.
    gold, none : (float, float)
        Both means where the gold passage stands alone, and where nothing is read.

    Raises
    ------
    ValueError
        If a place is not one of 1 to n, or a curve has no points.

    Examples
    --------
    >>> curve = {10: {1: np.array([0, 1]), 10: np.array([1, 1])}}
    >>> figure = draw_gold_places(curve, curve, gold=(1, 1), none=(0, 0.3))
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [0.5, 1.0]
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 2, figsize=(11, 3.9))
    figure.set_layout_engine("constrained", w_pad=0.12)
    titles = "the answer has the reference's words", f"right answer chosen of {OPTIONS}"
    for side, (ax, found) in enumerate(zip(panels, (has, chosen), strict=True)):
        ends = []
        for number, ((n, curve), look) in enumerate(zip(_some(found).items(), cycle(LOOKS), strict=False)):
            for place in curve:
                if not 1 <= place <= n:
                    raise ValueError(f"the gold passage is at place {place} of {n} passages")
            x = [(place - 1) / max(n - 1, 1) + 0.012 * (number - 0.5) for place in curve]
            ends.append((_curve(ax, x, curve, look), f"{n} passages", look[0]))
        ends += _level(ax, gold[side], "gold passage alone") + _level(ax, none[side], "no passage")
        ends += _level(ax, 1 / OPTIONS, "chance", ":") if side else []
        share = "share of questions" if side else "share of the words"
        ax.set(ylabel=f"{share}, 95 % interval", title=titles[side])
        ax.set_ylim(bottom=0)
        ax.set(xlabel="place of the gold passage", xlim=(-0.06, 1.06))
        ax.set_xticks([0, 0.5, 1], ["first", "middle", "last, right before\nthe question"])
        _label_ends(ax, ends)
    return figure


def draw_depth(recall: Curve, best: Curve, last: Curve, *, none: float, gold: float) -> Figure:
    """Draw what is among the passages read, and how good answers are, against how many are read.

    Parameters
    ----------
    recall : {passages: values (q,)}
        Whether the passage with the answer is among those read.
    best, last : {passages: values (q,)}
        A measure of the answers, where the best passage comes first, and where it comes last.
    none, gold : float
        The measure where nothing is read, and where the gold passage stands alone.

    Raises
    ------
    ValueError
        If a curve has no points.

    Examples
    --------
    >>> curve = {1: np.array([0, 1]), 40: np.array([1, 1])}
    >>> figure = draw_depth(curve, curve, curve, none=0.1, gold=0.8)
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['1', '40']
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8.4, 4.2))
    curves = {"recall: gold passage is read": recall, "answers, best passage last": last}
    curves["answers, best passage first"] = best
    looks, ends = ((GREY, "D"), LOOKS[0], LOOKS[1]), []
    for number, ((label, curve), look) in enumerate(zip(curves.items(), looks, strict=True)):
        x = np.array(list(curve)) * 1.025 ** (number - 1)  # side by side, not on top of each other
        ends.append((_curve(ax, x, curve, look), label, look[0]))
    ends += _level(ax, gold, "gold passage alone") + _level(ax, none, "no passage")
    ax.set_xscale("log")
    ticks = sorted(set().union(*curves.values()))
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(ylim=(0, 1), xlabel="passages read", ylabel="mean over questions, 95 % interval")
    _label_ends(ax, ends)
    return figure


def _curve(ax: Axes, x: Sequence[float], curve: Curve, look: tuple[str, str]) -> float:
    """Draw the mean of each of the values over x, with its 95 % interval; return the last mean."""
    means, low, high = np.array([bootstrap_interval(values) for values in _some(curve).values()]).T
    ax.plot(x, means, f"{look[1]}-", ms=5, color=look[0])
    ax.vlines(x, low, high, color=look[0], lw=1.2, alpha=0.6)
    return means[-1]


def _level(ax: Axes, y: float, label: str, style: str = "--") -> list[tuple[float, str, str]]:
    ax.axhline(y, color=INK, lw=1, ls=style, zorder=1)
    return [(y, label, INK)]


def _label_ends(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write labels right of the axes, as near to where their lines end as they do not collide."""
    ends = sorted(ends)
    low, high = ax.get_ylim()
    gap = 0.165 * (high - low) / (0.7 * ax.figure.get_figheight())  # a line of text is 0.165 inches high
    steps = gap * np.arange(len(ends))
    # The nearest places, in the sense of least squares, of which each is a gap above the one below.
    places = isotonic_regression([y for y, _, _ in ends] - steps).x
    for place, (_, label, colour) in zip(places.clip(low, high - steps[-1]) + steps, ends, strict=True):
        style = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": SMALL}
        ax.text(1.015, place, label, color=colour, **style)


def draw_risk(curves: Mapping[str, tuple[NDArray, NDArray]], *, base: Mapping[str, float]) -> Figure:
    """Draw risk against coverage, a curve for each system, and its risk where it answers everything.

    Parameters
    ----------
    curves : {system: (coverage, risk)}, each (t,)
        As `embedlab.rag.risk_coverage` returns them.
    base : {system: risk}
        At full coverage.

    Raises
    ------
    ValueError
        If the two do not name the same systems, or none.

    Examples
    --------
    >>> figure = draw_risk({"quotes": (np.array([0.5, 1]), np.array([0.2, 0.4]))}, base={"quotes": 0.4})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['quotes']
    >>> plt.close(figure)
    """
    if set(_some(curves)) != set(base):
        raise ValueError(f"the curves are of {sorted(curves)}, but base is of {sorted(base)}")
    figure, ax = plt.subplots(figsize=(7.6, 4))
    ends = []
    for (label, (coverage, risk)), (colour, _) in zip(curves.items(), cycle(LOOKS), strict=False):
        ax.plot(coverage, risk, color=colour)
        ax.axhline(base[label], color=colour, lw=1, ls="--")
        ends.append((float(risk[-1]), label, colour))
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="coverage: share of the questions that are answered")
    ax.set(ylabel="risk: share of wrong answers\namong those given")
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    handles = [Line2D([], [], color=INK), Line2D([], [], color=INK, lw=1, ls="--")]
    names = "the surest answers first", "all questions answered"
    ax.legend(handles, names, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    _label_ends(ax, ends)
    return figure


def _some(things: Mapping) -> Mapping:
    if not things:
        raise ValueError("there is nothing to draw")
    return things
