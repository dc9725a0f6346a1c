"""Drawings of chapter 16, codes: a shuffle on one block, bounds around estimates, errors along and across."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from embedlab.course.hnsw_figures import BLUE, GREEN, INK, ORANGE, RED, draw_recall
from embedlab.index import Floats

LANES = 16
PALE = ("#DCE9F4", "#E3F3EC", "#FBEBD3")  # table, codes, what was looked up


def draw_shuffle(
    table: NDArray[np.uint8], codes: NDArray[np.uint8], shown: Sequence[int] = (0, 5, 11)
) -> Axes:
    """Draw sixteen look-ups as one instruction does them: a register of entries, of codes, of results.

    Parameters
    ----------
    table, codes : uint8 arrays (16,)
        Codes below 16.
    shown : three numbers
        The lanes whose way is drawn.

    Examples
    --------
    >>> axes = draw_shuffle(np.arange(16, dtype=np.uint8), np.full(16, 3, np.uint8))
    >>> [text.get_text() for text in axes.texts][35:39]  # the codes
    ['3', '3', '3', '3']
    >>> plt.close(axes.figure)
    """
    axes = plt.subplots(figsize=(10, 3.6))[1]
    rows = {
        "table: 16 entries": (table, 2.6),
        "codes of 16 vectors": (codes, 1.3),
        "found": (table[codes], 0),
    }
    for lane, color in zip(shown, (RED, BLUE, GREEN), strict=False):
        style = {"arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
        entry = codes[lane] + 0.5
        axes.annotate("", (entry, 2.62), (lane + 0.5, 1.9), arrowprops=style)
        axes.annotate("", (lane + 0.5, 0.62), (lane + 0.5, 1.28), arrowprops=style)
    for (name, (values, y)), color in zip(rows.items(), PALE, strict=True):
        axes.text(-0.25, y + 0.3, name, ha="right", va="center", fontsize=10.5)
        for lane, value in enumerate(values):
            axes.add_patch(Rectangle((lane, y), 1, 0.6, facecolor=color, edgecolor="#555555", lw=0.8))
            axes.text(lane + 0.5, y + 0.3, int(value), ha="center", va="center", fontsize=10, color=INK)
    for lane in range(LANES):
        axes.text(lane + 0.5, 3.32, lane, ha="center", fontsize=8.5, color="#777777")
    axes.text(-0.25, 3.32, "entry", ha="right", fontsize=8.5, color="#777777")
    axes.set(xlim=(-3.6, LANES + 0.1), ylim=(-0.15, 3.7))
    axes.axis("off")
    return axes


def draw_bounds(
    exact: Floats,
    estimates: Floats,
    bounds: Floats,
    threshold: float,
    outside: Mapping[float, tuple[float, float]],
) -> Figure:
    """Draw estimates of one query with their bounds and the exact scores, and how often bounds fail.

    Parameters
    ----------
    exact, estimates, bounds : float32 arrays (n,)
        Of the vectors that are drawn.
    threshold : float
        The k-th best exact score: what is drawn above it, or reaches it with its bound, is read.
    outside : {epsilon: (share measured, share of a normal)}
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), width_ratios=(1.7, 1))
    order = np.argsort(-estimates)
    for x, i in enumerate(order):
        asked = estimates[i] + bounds[i] >= threshold
        span = estimates[i] - bounds[i], estimates[i] + bounds[i]
        left.plot([x, x], span, color=BLUE if asked else "#BBBBBB", lw=2.4, solid_capstyle="butt")
        inside = abs(exact[i] - estimates[i]) <= bounds[i]
        style = (
            {"marker": "o", "color": INK, "ms": 3.6} if inside else {"marker": "s", "color": RED, "ms": 5.5}
        )
        left.plot(x, exact[i], **style)
    left.plot([-1, len(order)], [threshold, threshold], color=GREEN, lw=1.2)
    left.text(len(order), threshold, " tenth best", color=GREEN, va="center", fontsize=10)
    left.set(xlabel="vectors, the highest estimate first", ylabel="inner product")
    left.set(xlim=(-1, 1.2 * len(order)), title="bars: estimate ± bound; marks: exact")
    notes = (("blue bars reach the line: read again", BLUE), ("squares: outside of their bars", RED))
    for row, (note, color) in enumerate(notes):
        left.text(0.98, 0.96 - 0.07 * row, note, color=color, ha="right", va="top", transform=left.transAxes)
    epsilons = list(outside)
    measured, theory = np.array(list(outside.values())).T
    right.plot(epsilons, theory, color=INK, lw=1.2)
    right.plot(epsilons, measured, "o", color=BLUE)
    right.annotate("normal", (epsilons[1], theory[1]), (8, 6), textcoords="offset points", color=INK)
    right.annotate("measured", (epsilons[2], measured[2]), (8, 8), textcoords="offset points", color=BLUE)
    right.yaxis.set_major_formatter(PercentFormatter(1, 0))
    right.set(xlabel="epsilon", ylabel="exact scores outside of the bound", ylim=(0, None))
    right.set_title("how often it fails")
    return figure


def draw_weights(
    thresholds: Sequence[float], recall: Floats, along: Floats, across: Floats, chosen: float
) -> Figure:
    """Draw two errors of the same length, then what a weight does to errors, and to recall.

    Parameters
    ----------
    thresholds : sequence of float, (w,)
        Of `parallel_weight`; 0 for plain product quantization.
    recall : float array (w, q)
    along, across : float arrays (w,)
        Mean absolute error along the vector, mean length of the error across it.
    chosen : float
        The threshold that is best on dev.
    """
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.9))
    query = np.array([0.3, 1]) / np.hypot(0.3, 1)
    ends = {"vector": (0, 1), "error across": (-0.3, 1), "error along": (0, 0.7), "query": query}
    spots = {
        "vector": (0, 1.09),
        "error across": (-0.34, 0.99),
        "error along": (0.27, 0.66),
        "query": (0.34, 1),
    }
    sides = {"vector": "center", "error across": "right"}
    for (label, end), color in zip(ends.items(), (INK, GREEN, RED, BLUE), strict=True):
        wide = 1 if "error" in label else 2
        left.annotate("", end, (0, 0), arrowprops={"arrowstyle": "->", "color": color, "lw": wide})
        if "error" in label:
            left.plot([0, end[0]], [1, end[1]], color=color, lw=4, alpha=0.4, solid_capstyle="butt")
        text = label if label == "query" else f"{label}\nscore {np.dot(end, query):.2f}"
        place = {"ha": sides.get(label, "left"), "va": "center", "fontsize": 9.5}
        left.text(*spots[label], text, color=color, **place)
    left.set(xlim=(-0.95, 0.85), ylim=(-0.02, 1.22), aspect="equal", xticks=[], yticks=[])
    left.set_title("equal errors, unequal scores", fontsize=11)
    left.grid(visible=False)
    middle.plot(thresholds, along, "o-", color=RED, ms=5)
    middle.plot(thresholds, across, "s-", color=GREEN, ms=5)
    for values, color, label in ((along, RED, "along"), (across, GREEN, "across")):
        end = (thresholds[-1], values[-1])
        middle.annotate(label, end, (0, 9), textcoords="offset points", color=color, ha="right")
    middle.set(xlabel="threshold T (0: plain codes)", ylabel="mean length of the error")
    middle.set_ylim(0, 1.2 * max(across))
    middle.set_title("what the weight trades", fontsize=11)
    draw_recall(right, thresholds, recall, "", ORANGE)
    right.axvline(chosen, color=INK, lw=0.8, ls="--")
    right.set(xlabel="threshold T", ylabel="recall@10 on dev, 95 % interval")
    right.set_title("a little is best", fontsize=11)
    return figure
