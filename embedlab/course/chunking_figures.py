"""What chapter 10 draws: where splitters cut, what sizes find, what a budget of tokens holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from embedlab.benchmark import Difference, bootstrap_interval
from embedlab.chunking import Chunk
from embedlab.course.evidence import forest

PARTS = {"heading": "#D55E00", "table": "#CC79A7", "text": "#BBBBBB"}
TINTS = ("#9ECAE1", "#DEEBF7")


def draw_cuts(
    text: str, ways: Mapping[str, Sequence[Chunk]], span: tuple[int, int], answer: tuple[int, int]
) -> Axes:
    """Draw a stretch of a text from left to right, a row for each way to cut it; the answer framed.

    Parameters
    ----------
    text : str
    ways : {label: chunks}
    span, answer : (int, int)
        Characters: what is drawn, and what answers a question.
    """
    ax = plt.subplots(figsize=(9, 0.9 + 0.45 * len(ways)))[1]
    first, last = span
    place = first
    for line in text[first:last].split("\n"):
        kind = "heading" if line.startswith("#") else "table" if line.startswith("|") else "text"
        if line:
            ax.barh(0, len(line), left=place, height=0.5, color=PARTS[kind])
        place += len(line) + 1
    for row, chunks in enumerate(ways.values(), start=1):
        for number, one in enumerate(chunks):
            start, end = max(one.start, first), min(one.end, last)
            if start < end:
                ax.barh(
                    row, end - start, left=start, height=0.7, color=TINTS[number % 2], edgecolor="#2171B5"
                )
    for edge in answer:
        ax.axvline(edge, color="#009E73", lw=1.4, ls="--")
    ax.text(answer[1] + 0.01 * (last - first), -0.55, "answer", color="#009E73", fontsize=9.5)
    ax.set_yticks(range(len(ways) + 1), ["the text", *ways])
    ax.set(xlim=span, ylim=(len(ways) + 0.5, -0.9), xlabel="characters of the article")
    ax.grid(visible=False)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in PARTS.values()]
    ax.legend(handles, PARTS, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3)
    return ax


def draw_curves(
    curves: Mapping[str, Mapping[int, NDArray[np.float64]]],
    *,
    ax: Axes,
    xlabel: str,
    ylabel: str,
    labels: bool = True,
) -> Axes:
    """Draw means over queries against sizes or budgets, on a logarithmic axis, each with its 95 % interval.

    Parameters
    ----------
    curves : {label: {x: values (q,)}}
    ax : Axes
    xlabel, ylabel : str
    labels : bool
        Write each label at the end of its curve.
    """
    ends = []
    for number, (label, curve) in enumerate(curves.items()):
        x = np.array(list(curve))
        means, low, high = np.array([bootstrap_interval(values) for values in curve.values()]).T
        shift = 1 + 0.03 * (number - (len(curves) - 1) / 2)  # side by side, not on top of each other
        (line,) = ax.plot(x * shift, means, "o-", ms=4, label=label)
        ax.vlines(x * shift, low, high, color=line.get_color(), lw=1, alpha=0.6)
        ends.append((means[-1], label, line.get_color(), x[-1]))
    ax.set_xscale("log", base=2)
    ticks = sorted({x for curve in curves.values() for x in curve})
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if labels:
        place = -np.inf
        for value, label, colour, x in sorted(ends):
            place = max(value, place + 0.045 * np.diff(ax.get_ylim())[0])
            ax.text(x * 1.14, place, label, color=colour, va="center", fontsize=9.5)
    return ax


def draw_by_kind(differences: Mapping[tuple[str, str], Difference], *, xlabel: str) -> None:
    """Draw paired differences in panels side by side, one for each kind of query.

    Parameters
    ----------
    differences : {(kind, label): Difference}
        Each kind with the same labels.
    xlabel : str
    """
    kinds = list(dict.fromkeys(kind for kind, _ in differences))
    rows = len(differences) // len(kinds)
    size = (11, 1.1 + 0.4 * rows)
    figure, axes = plt.subplots(1, len(kinds), figsize=size, sharex=True, squeeze=False)
    reach = max(0, *(difference.high for difference in differences.values()))
    for number, (kind, ax) in enumerate(zip(kinds, axes[0], strict=True)):
        own = {label: difference for (one, label), difference in differences.items() if one == kind}
        forest(own, ax=ax, xlabel="")
        for text in ax.texts:
            text.set_x(reach)  # the panels share their axis: where the widest of all intervals ends
        ax.locator_params(axis="x", nbins=4)
        ax.set_title(f"{kind} ({next(iter(own.values())).n} queries)")
        if number:
            ax.set_yticklabels([])
    figure.supxlabel(f"{xlabel}, with its 95 % interval", fontsize=11)


def draw_spent(
    lines: Mapping[str, Sequence[str]],
    spent: Mapping[str, tuple[float, float]],
    *,
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draw what setups cost against what they find; those of a line are joined, each labelled with its size.

    A line of a single point is named beside it, the others in the legend.

    Parameters
    ----------
    lines : {label: names}
        Setups of one kind.
    spent : {name: (cost, quality)}
    """
    ax = plt.subplots(figsize=(8, 4.4))[1]
    for label, names in lines.items():
        x, y = np.array([spent[name] for name in names]).T
        single = len(names) == 1
        (line,) = ax.plot(x, y, "o-", ms=6, label=None if single else label)
        for name in names:
            size = name.split("-")[1].split("+")[0].split(",")[0]
            text, side = (f"{size}, {label}", "right") if single else (size, "center")
            style = {"fontsize": 9.5, "color": line.get_color(), "ha": side}
            ax.annotate(text, spent[name], xytext=(0, 7), textcoords="offset points", **style)
    ax.margins(y=0.1)
    ticks = [0.5, 1, 2, 5, 10, 20, 40]
    ax.set_xscale("log")
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 0.02))
    return ax
