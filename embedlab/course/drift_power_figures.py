"""Pictures of chapter 20: which monitor sees which shift, how soon, and whether the shift hurts anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from embedlab.drift import DETECTORS

BLUE, RED, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#666666", "#222222"
SHADES = ((1, "#08519c", "white"), (7, "#4292c6", "white"), (30, "#c6dbef", INK))  # days at most, colours
SMALL = 8.5  # points


def waited(days: float | None) -> str:
    """Write a delay down as a person says it.

    Examples
    --------
    >>> waited(0.25), waited(3.5), waited(None)
    ('6 h', '3.5 d', '> 30 d')
    """
    if days is None:
        return "> 30 d"
    return f"{24 * days:.0f} h" if days < 1 else f"{days:.3g} d"


def draw_power(rows: Sequence[Mapping], harm: Sequence[Mapping], share: float) -> Figure:
    """Draw the table of shift and detector: the median delay, empty where a detector is blind.

    Parameters
    ----------
    rows, harm : sequences of dict
        As `embedlab.drift.measure_power` returns them.
    share : float
        Of the traffic, or of the documents, that is touched: which rows are drawn.

    Examples
    --------
    >>> row = {"shift": "typos", "share": 0.2, "detector": "MMD", "median": 0.25, "seen": True}
    >>> lost = {"shift": "typos", "share": 0.2, "mean": -0.04, "low": -0.05, "high": -0.03}
    >>> figure = draw_power([row], [lost], 0.2)
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_text().endswith("h")]
    ['6 h']
    >>> plt.close(figure)
    """
    own = {(row["shift"], row["detector"]): row for row in rows if row["share"] == share}
    lost = {row["shift"]: row for row in harm if row["share"] == share}
    detectors = [name for name in DETECTORS if any(name == detector for _, detector in own)]
    figure, ax = plt.subplots(figsize=(11, 1.6 + 0.36 * len(lost)))
    for y, (shift, values) in enumerate(lost.items()):
        sure = values["high"] < 0 or values["low"] > 0
        colour = RED if values["high"] < 0 else GREEN if values["low"] > 0 else GREY
        text = f"{values['mean']:+.3f}" if sure else f"({values['mean']:+.3f})"
        ax.text(-0.95, y, text, ha="center", va="center", fontsize=SMALL, color=colour, weight="bold")
        for x, detector in enumerate(detectors):
            _draw_cell(ax, x, y, own.get((shift, detector)))
    ax.set_yticks(range(len(lost)), list(lost), fontsize=SMALL)
    ax.set_xticks(range(len(detectors)), detectors, fontsize=SMALL, rotation=35, ha="left")
    ax.text(-0.95, -0.75, "nDCG@10", ha="center", va="bottom", fontsize=SMALL, color=INK)
    _draw_key(ax, len(lost), [row["median"] for row in own.values() if row["seen"]])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set(xlim=(-1.5, max(len(detectors), 7) - 0.5), ylim=(len(lost) + 0.6, -0.5))
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    figure.set_layout_engine("constrained")
    return figure


def _draw_key(ax: plt.Axes, y: float, delays: Sequence[float | None]) -> None:
    """Say below the table which shade is which delay; the last one only if a cell has it."""
    key = dict(zip(("within a day", "within a week", "later"), SHADES, strict=True))
    if not any(days is None or days > SHADES[1][0] for days in delays):
        del key["later"]
    for x, (label, shade) in enumerate((key | {"·  not told from chance": None}).items()):
        if shade:
            ax.add_patch(Rectangle((2 * x - 0.48, y - 0.1), 0.3, 0.4, color=shade[1], lw=0))
        ax.text(2 * x - 0.1 - 0.3 * (shade is None), y + 0.1, label, va="center", fontsize=SMALL, color=INK)


def _draw_cell(ax: plt.Axes, x: int, y: int, row: Mapping | None) -> None:
    if row is None or not row["seen"]:
        ax.text(x, y, "·", ha="center", va="center", color=GREY)
        return
    days = 31.0 if row["median"] is None else row["median"]
    _, face, ink = next((shade for shade in SHADES if days <= shade[0]), SHADES[-1])
    ax.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=face, lw=0))
    ax.text(x, y, waited(row["median"]), ha="center", va="center", fontsize=SMALL, color=ink)


def draw_nulls(
    null: Mapping[str, NDArray],
    shifted: Mapping[str, NDArray],
    limits: Mapping[str, tuple[float, ...]],
    said: str = "shifted",
) -> Figure:
    """Draw each detector's numbers without and with a shift, and the thresholds between them.

    Parameters
    ----------
    null, shifted : {detector: float array (windows,)}
    limits : {detector: thresholds}
    said : str
        What the legend calls the shift.

    Examples
    --------
    >>> null, shifted = {"MMD": np.arange(9.0)}, {"MMD": np.arange(5.0, 14)}
    >>> figure = draw_nulls(null, shifted, {"MMD": (8.0,)})
    >>> figure.axes[0].get_xlabel()
    'MMD'
    >>> plt.close(figure)
    """
    columns = min(2, len(null))
    figure, panels = plt.subplots(
        -(-len(null) // columns), columns, figsize=(9.5, 2.7 * -(-len(null) // columns)), squeeze=False
    )
    for ax, name in zip(panels.flat, null, strict=False):
        edges = np.linspace(*_ends(null[name], shifted[name]), 36)
        for values, colour, label in ((null[name], GREY, "quiet"), (shifted[name], RED, said)):
            ax.hist(values, edges, density=True, color=colour, alpha=0.55, label=label)
        for limit in limits[name]:
            ax.axvline(limit, color=INK, lw=1.2, ls=":")
        ax.set(xlabel=name, yticks=[])
        ax.xaxis.set_major_locator(MaxNLocator(4))
    for ax in panels[:, 0]:
        ax.set_ylabel("windows (density)")
    panels[0, 0].legend(fontsize=SMALL)
    figure.set_layout_engine("constrained")
    return figure


def draw_harm(rows: Sequence[Mapping], harm: Sequence[Mapping], share: float) -> Figure:
    """Draw what users lose beside how many detectors call within a day, the loudest shift first.

    Parameters are those of `draw_power`.

    Examples
    --------
    >>> row = {"shift": "typos", "share": 0.2, "detector": "MMD", "median": 0.25, "seen": True}
    >>> lost = {"shift": "typos", "share": 0.2, "mean": -0.04, "low": -0.05, "high": -0.03}
    >>> figure = draw_harm([row], [lost], 0.2)
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['1']
    >>> plt.close(figure)
    """
    calls = {row["shift"]: 0 for row in harm if row["share"] == share}
    for row in rows:
        if row["share"] == share and row["seen"] and row["median"] is not None and row["median"] <= 1:
            calls[row["shift"]] += 1
    lost = [row for row in harm if row["share"] == share]
    lost.sort(key=lambda row: (-calls[row["shift"]], row["mean"]))
    figure, (ax, bars) = plt.subplots(
        1, 2, figsize=(10.5, 1.2 + 0.3 * len(lost)), sharey=True, width_ratios=(3, 2)
    )
    for y, row in enumerate(lost):
        colour = RED if row["high"] < 0 else GREEN if row["low"] > 0 else GREY
        ax.plot([row["low"], row["high"]], [y, y], color=colour, lw=2)
        ax.plot(row["mean"], y, "o", color=colour, ms=6)
        bars.barh(y, calls[row["shift"]], color=BLUE, height=0.7)
        bars.text(calls[row["shift"]] + 0.15, y, str(calls[row["shift"]]), va="center", fontsize=SMALL)
    ax.axvline(0, color=INK, lw=1)
    ax.set_yticks(range(len(lost)), [row["shift"] for row in lost], fontsize=SMALL)
    ax.invert_yaxis()
    ax.set_xlabel("change of nDCG@10, all queries, 95 % interval")
    bars.set(xlabel="detectors (of 12) that call within a day", xlim=(0, 12))
    figure.set_layout_engine("constrained")
    return figure


def _ends(*samples: NDArray) -> tuple[float, float]:
    every = np.concatenate(samples)
    return float(every.min()), float(every.max())
