"""The way of a request or a query: stops from left to right, and what may come of each."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

RED, INK = "#D55E00", "#222222"
SMALL = 9.5  # points


def draw_way(stops: Sequence[tuple[str, str, str]], note: str = "") -> Figure:
    """Draw stops from left to right, and below each what may come of it.

    Parameters
    ----------
    stops : sequence of (name, what it does, what may come of it or "")
    note : str
        Written below the first stop, to say what stands there.

    Examples
    --------
    >>> len(draw_way([("in", "a text", ""), ("out", "a vector", "500")]).axes[0].patches)
    2
    >>> plt.close("all")
    """
    step, width = 1.6, 1.33
    figure, ax = plt.subplots(figsize=(step * len(stops), 2.5))
    arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    below = {"ha": "center", "va": "top", "color": RED, "fontsize": SMALL}
    for number, (name, does, comes) in enumerate(stops):
        left, middle = number * step, number * step + width / 2
        ax.add_patch(Rectangle((left, 1), width, 1, facecolor="#DCE9F4", edgecolor="#444444", lw=0.8))
        ax.text(middle, 1.74, name, ha="center", va="center", weight="bold", fontsize=10)
        ax.text(middle, 1.32, does, ha="center", va="center", fontsize=8.5)
        if number:
            ax.annotate("", (left, 1.5), (left - step + width, 1.5), arrowprops=arrow)
        if comes:
            ax.annotate("", (middle, 0.62), (middle, 1), arrowprops=arrow | {"color": RED, "lw": 1})
            ax.text(middle, 0.58, comes, **below)
    ax.text(width / 2, 0.58, note, **below)
    ax.set(xlim=(-0.05, step * len(stops)), ylim=(0.05, 2.1))
    ax.axis("off")
    return figure
