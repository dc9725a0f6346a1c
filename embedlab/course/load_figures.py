"""Pictures of a server under load: latency by rule of batching, and where a request's time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

BLUE, GREEN, RED, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#666666", "#222222"
LOOKS = ((BLUE, "o"), (RED, "s"), (GREEN, "D"), ("#AA4499", "^"), (GREY, "v"), (INK, "x"))
SMALL = 9.5  # points


def draw_latency(
    curves: Mapping[str, Mapping[float, tuple[float, float]]],
    *,
    promise: float | None = None,
    spread: Mapping[str, Mapping[float, Sequence[tuple[float, float]]]] | None = None,
    capacity: str = "what the server can do",
) -> Figure:
    """Draw the median (solid) and the 95th percentile (dashed) in ms against the load.

    With a spread the points count (filled: the median; hollow: the p95), and the lines between are pale.

    Parameters
    ----------
    curves : {rule: {load: (p50, p95)}}
        Load as a share of the capacity; milliseconds.
    promise : float, optional
        Milliseconds; drawn as a line.
    spread : {rule: {load: ((low, high) of the median, (low, high) of the p95)}}, optional
        Drawn as upright lines.
    capacity : str
        What a load of 100 % is.

    Examples
    --------
    >>> figure = draw_latency({"free": {0.5: (10, 30), 0.9: (30, 90)}})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['free, median', 'free, p95']
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8.5, 4.2))
    ends = []
    for number, ((rule, curve), (colour, marker)) in enumerate(
        zip(curves.items(), cycle(LOOKS), strict=False)
    ):
        wide = {"lw": 5, "alpha": 0.4, "ms": 8} if number == 0 else {"lw": 1.6, "ms": 4}  # seen behind others
        if spread:
            wide = {"lw": 1.2, "ms": 7}
        for style, values in zip(("-", "--"), np.transpose(list(curve.values())), strict=True):
            look = {"color": colour, **wide}
            if spread:
                look |= {"color": (colour, 0.35), "mec": colour, "mfc": colour if style == "-" else "none"}
            ax.plot(list(curve), values, style, marker=marker, label=rule, **look)
            name = f"{rule}, {'p95' if style == '--' else 'median'}"
            if len(curve) == 1:  # points say their names beside themselves, both above the upper one
                if style == "--":
                    both, at = rule, (*curve, *values)
                    look = {"va": "bottom", "fontsize": SMALL, "color": colour}
                    ax.annotate(both, at, (6, 2), textcoords="offset points", **look)
            else:
                ends.append((values[-1], name, colour, list(curve)[-1]))
        for load, bars in (spread or {}).get(rule, {}).items():
            for low, high in bars:
                ax.vlines(load, low, high, color=colour, lw=2)
    if promise:
        ax.axhline(promise, color=INK, lw=1, ls=":")
        where = ax.get_yaxis_transform()  # x in shares of the axes
        ax.text(0.02, promise, "promised", va="bottom", fontsize=SMALL, color=INK, transform=where)
    ax.set(yscale="log", xlabel=f"texts that come, as a share of {capacity}", ylabel="milliseconds")
    ticks = [
        tick
        for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
        if ax.get_ylim()[0] <= tick <= ax.get_ylim()[1]
    ]
    ax.set_yticks(ticks, ticks)
    ax.minorticks_off()
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    at, apart = 0.0, (ax.get_ylim()[1] / ax.get_ylim()[0]) ** 0.055  # a line of text, on this axis
    for value, label, colour, load in sorted(ends):
        at = max(value, at * apart)
        ax.annotate(
            label,
            (load, value),
            (1.03, at),
            textcoords=("axes fraction", "data"),
            va="center",
            fontsize=SMALL,
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.8, "shrinkA": 1, "shrinkB": 3},
        )
    return figure


def draw_stages(rows: Mapping[str, Mapping[str, float]], stages: Mapping[str, str]) -> Figure:
    """Draw where the time of a request went: a bar for each row, a part for each stage.

    Parameters
    ----------
    rows : {label: {stage: milliseconds}}
        As `embedlab.speed.request_stages` returns them.
    stages : {stage: label}
        In the order in which they are drawn.

    Examples
    --------
    >>> figure = draw_stages({"20 %": {"run": 4, "rest": 2}}, {"run": "model", "rest": "HTTP"})
    >>> [float(bar.get_width()) for bar in figure.axes[0].patches]
    [4.0, 2.0]
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(9, 0.9 + 0.33 * len(rows)), layout="constrained")
    left = np.zeros(len(rows))
    for (stage, label), (colour, _) in zip(stages.items(), cycle(LOOKS), strict=False):
        width = np.array([row[stage] for row in rows.values()])
        ax.barh(range(len(rows)), width, left=left, color=colour, label=label, height=0.72)
        left += width
    for y, total in enumerate(left):
        ax.text(total, y, f" {total:.0f} ms", va="center", fontsize=SMALL, color=INK)
    ax.set_yticks(range(len(rows)), rows)
    ax.invert_yaxis()
    ax.set(xlabel="milliseconds of a request, on average", xlim=(0, 1.08 * left.max()))
    figure.legend(loc="outside upper center", ncols=len(stages), fontsize=SMALL)
    return figure
