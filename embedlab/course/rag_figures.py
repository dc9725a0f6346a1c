"""Pictures of chapter 11: the loop and what measures it, judges beside labels, a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from embedlab.rag import Check, Diagnosis

BLUE, GREEN, RED, INK = "#0072B2", "#009E73", "#D55E00", "#222222"
SMALL = 9.5  # points
END = 4  # half widths of a band: the doctor's axis goes no further

# Of each stage: its name, what it does, and what measures it.
STAGES = (
    ("question", "", ""),
    ("rewrite", "with what was\nsaid before", ""),
    ("search", "words, vectors", "recall,\ncontext precision"),
    ("choose", "budget, order", "tokens"),
    ("read", "generator\nor quotes", "token F1,\nright answers"),
    ("verify", "citations", "faithfulness"),
)
OUTCOMES = ("answer", "“not found”")


def draw_loop() -> Figure:
    """Draw the stages from question to answer, and below each stage what measures it.

    Examples
    --------
    >>> figure = draw_loop()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"][:3]
    ['question', 'rewrite', 'search']
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(9.6, 2.6))
    step, width = 1.5, 1.22
    arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    for number, (name, does, measure) in enumerate(STAGES):
        left = number * step
        _box(ax, left, 1.1, width, 0.9, name, does)
        if number:
            ax.annotate("", (left, 1.55), (left - step + width, 1.55), arrowprops=arrow)
        _measure(ax, left + width / 2, 1.1, measure)
    left = len(STAGES) * step
    for bottom, name in zip((1.6, 1.1), OUTCOMES, strict=True):
        _box(ax, left, bottom, width, 0.4, name)
        ax.annotate("", (left, bottom + 0.2), (left - step + width, 1.55), arrowprops=arrow)
    _measure(ax, left + width / 2, 1.1, "refusals:\nrisk, coverage")
    ax.text(width / 2, 0.7, "measured by", ha="center", va="top", color=BLUE, fontsize=SMALL, style="italic")
    ax.set(xlim=(-0.05, left + width + 0.05), ylim=(0.25, 2.1))
    ax.axis("off")
    return figure


def _box(
    ax: Axes, left: float, bottom: float, width: float, height: float, name: str, does: str = ""
) -> None:
    ax.add_patch(Rectangle((left, bottom), width, height, facecolor="#DCE9F4", edgecolor="#444444", lw=0.8))
    middle, top = left + width / 2, bottom + height
    if does:
        ax.text(middle, top - 0.24, name, ha="center", va="center", weight="bold", fontsize=10)
        ax.text(middle, top - 0.55, does, ha="center", va="center", fontsize=8)
    else:
        ax.text(middle, bottom + height / 2, name, ha="center", va="center", weight="bold", fontsize=10)


def _measure(ax: Axes, middle: float, bottom: float, text: str) -> None:
    if text:
        ax.plot([middle, middle], [bottom - 0.33, bottom], color=BLUE, lw=1, ls=":")
        ax.text(middle, 0.7, text, ha="center", va="top", color=BLUE, fontsize=SMALL)


def draw_agreement(rows: Mapping[str, tuple[float, float, float, float]]) -> Figure:
    """Draw how often judges agree with labels, and how often beyond chance, a row for each judge.

    Parameters
    ----------
    rows : {judge: (share that agrees, kappa, low, high)}
        Kappa with its interval, see `embedlab.rag.kappa_interval`.

    Raises
    ------
    ValueError
        If there is no judge.

    Examples
    --------
    >>> figure = draw_agreement({"always right": (0.8, 0, 0, 0)})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['agrees 0.80, kappa 0.00']
    >>> plt.close(figure)
    """
    if not rows:
        raise ValueError("there is no judge to draw")
    figure, ax = plt.subplots(figsize=(8, 1.3 + 0.45 * len(rows)))
    ax.axvline(0, color=INK, lw=0.8)
    for y, (share, kappa, low, high) in enumerate(rows.values()):
        ax.plot([low, high], [y + 0.12] * 2, color=BLUE, lw=2.5, solid_capstyle="butt")
        ax.plot(kappa, y + 0.12, "o", color=BLUE, ms=7)
        ax.plot(share, y - 0.15, "o", color=INK, mfc="white", ms=7, clip_on=False)
        style = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": SMALL}
        ax.text(1.03, y, f"agrees {share:.2f}, kappa {kappa:z.2f}", **style)
    ax.set_yticks(range(len(rows)), list(rows))
    left = min(-0.1, *(low - 0.05 for *_, low, _ in rows.values()))
    ax.set(xlim=(left, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="agreement with the labels")
    ax.grid(axis="y", visible=False)
    handles = [Line2D([], [], marker="o", ls="", color=INK, mfc="white", ms=7)]
    handles += [Line2D([], [], marker="o", color=BLUE, lw=2.5, ms=7)]
    names = "share of verdicts that agree", "kappa (0: chance), 95 % interval"
    ax.legend(handles, names, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return figure


def draw_doctor(diagnosis: Diagnosis) -> Figure:
    """Draw each check of a diagnosis against its band in health, step by step.

    Bands are drawn equally wide. What is further away than four half widths is drawn as an arrow; so is
    whatever is off a band without width.

    Parameters
    ----------
    diagnosis : Diagnosis

    Raises
    ------
    ValueError
        If it has no check.
    """
    rows = [(step, check) for step in diagnosis.steps for check in step.checks]
    if not rows:
        raise ValueError(f"the diagnosis {diagnosis.fault!r} has no check to draw")
    figure, ax = plt.subplots(figsize=(9, 1.2 + 0.32 * len(rows)))
    names = []
    for y, (step, check) in enumerate(rows):
        colour, marker = (GREEN, "o") if check.verdict == "inside" else (RED, "D")
        ax.barh(y, 2, left=-1, height=0.7, color="#DDDDDD")
        place = _in_band(check)
        if abs(place) > END:
            place, marker = np.copysign(END, place), ">" if place > 0 else "<"
        ax.plot(place, y, marker, color=colour, ms=8, clip_on=False)
        band = f"{check.low:g}" + (f" to {check.high:g}" if check.high > check.low else "")
        text = f"{check.value:g}, in health {band}"
        style = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": SMALL}
        ax.text(1.03, y, text, color=INK if marker == "o" else RED, **style)
        first = check is step.checks[0]
        names.append(f"{step.exonerates.partition(':')[0]}: {check.name}" if first else check.name)
        if first and y:
            ax.axhline(y - 0.5, color="#BBBBBB", lw=0.8)
    ax.set_yticks(range(len(rows)), names)
    ax.set(xlim=(-END - 0.2, END + 0.2), ylim=(len(rows) - 0.5, -0.5), title=f"diagnosis: {diagnosis.fault}")
    ax.set_xticks([-END, -2, -1, 0, 1, 2, END])
    ax.set_xlabel("distance from the middle of the band (grey), in half widths of it")
    ax.grid(axis="y", visible=False)
    return figure


def _in_band(check: Check) -> float:
    """Return where a value lies, its band scaled to -1 to 1."""
    off, half = check.value - (check.low + check.high) / 2, (check.high - check.low) / 2
    return off / half if half else np.copysign(np.inf, off) if off else 0.0
