"""Pictures of chapter 20, first part: blue/green in phases, what bridges keep, an index half migrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from embedlab.course.hnsw_figures import described
from embedlab.course.ways import draw_way

BLUE, GREEN, RED, PINK, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#AA4499", "#666666", "#222222"
LOOKS = ((BLUE, "o"), (RED, "s"), (GREEN, "D"), (PINK, "^"), (GREY, "v"))
SMALL = 9.5  # points
PHASES = ("old alone", "building", "shadow", "switched", "old retired")
# What ends a phase: between this one and the next.
ENDS = (
    "new index\nregistered",
    "bookmark at the\nend, none staler",
    "judge agrees:\none transaction",
    "kept long\nenough",
)
# Lanes from above: label, colour, first phase, first phase no more.
LANES = (
    ("old: every edit", BLUE, 0, 4),
    ("old: answers users", BLUE, 0, 3),
    ("old: the way back", BLUE, 3, 4),
    ("new: back-fill", GREEN, 1, 2),
    ("new: every edit", GREEN, 1, 5),
    ("new: asked, unseen", GREEN, 2, 3),
    ("new: answers users", GREEN, 3, 5),
)


# Stops of a query: name, what it does, what changes there; and who sees that.
PLACES = (
    (
        "queries",
        "what users\ntype",
        "topic, language,\nlength, typing",
        "nearest document,\ntwo-sample tests",
    ),
    (
        "encoder",
        "makes a vector\nof the query",
        "new on one side,\nother settings",
        "fixed texts and\ntheir vectors",
    ),
    (
        "index",
        "leads to the\nnearest vectors",
        "links lost,\ndead nodes",
        "recall on a sample\nagainst exact",
    ),
    ("documents", "vectors of\nsome version", "edits missed,\ncut otherwise", "canaries with\nknown answers"),
    ("answer", "ten results,\nno error", "is it still\ngood?", "labels; clicks,\nwith care"),
)


def draw_places() -> Figure:
    """Draw the way of a query, what may change at each stop, and which monitor sees it.

    Examples
    --------
    >>> figure = draw_places()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    ['queries', 'encoder', 'index', 'documents', 'answer']
    >>> plt.close(figure)
    """
    figure = draw_way([place[:3] for place in PLACES])
    figure.set_size_inches(8, 3.2)
    (ax,) = figure.axes
    for number, (*_, seen) in enumerate(PLACES):
        style = {"ha": "center", "va": "top", "color": BLUE, "fontsize": SMALL}
        ax.text(number * 1.6 + 0.665, -0.25, seen, **style)
    for height, label, colour in ((0.58, "what\nchanges", RED), (-0.25, "who\nsees it", BLUE)):
        ax.text(-0.3, height, label, ha="right", va="top", color=colour, fontsize=SMALL, style="italic")
    ax.set_ylim(-0.85, 2.1)
    return figure


def draw_phases() -> Figure:
    """Draw what is written to and read from the old and the new index in each phase of blue/green.

    Examples
    --------
    >>> figure = draw_phases()
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:2]
    ['old: every edit', 'old: answers users']
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(10.5, 3.6))
    for place, (label, colour, first, last) in enumerate(LANES):
        solid = "answers" in label
        ax.barh(
            place,
            last - first,
            left=first,
            height=0.62,
            color=colour,
            alpha=1 if solid else 0.35,
            label=label,
        )
    ax.set_yticks(range(len(LANES)), [label for label, *_ in LANES])
    ax.set_xticks(np.arange(len(PHASES)) + 0.5, PHASES, weight="bold")
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for place, text in enumerate(ENDS, start=1):
        one = place == 3
        ax.axvline(place, color=RED if one else GREY, lw=2 if one else 1, ls="-" if one else ":")
        ax.text(
            place, len(LANES) - 0.2, text, ha="center", va="top", fontsize=SMALL, color=RED if one else GREY
        )
    ax.set(xlim=(0, len(PHASES)), ylim=(len(LANES) - 0.4, -0.6))
    ax.grid(visible=False)
    for side in ax.spines.values():
        side.set_visible(False)
    return figure


def draw_kept(upgrades: Mapping[str, Mapping], *, least: float = -0.5) -> Figure:
    """Draw the share of an upgrade's gain that a bridge keeps against the anchors it was learned from.

    Parameters
    ----------
    upgrades : {name: figures}
        As `embedlab.drift.shipped_bridges` has them under "figures".
    least : float
        Where the axis ends; what lies below is drawn at its edge.

    Examples
    --------
    >>> row = {"anchors": 100, "kept": {"share": 0.1, "low": 0.0, "high": 0.2}}
    >>> curve = {"by anchors": [row, row | {"anchors": 500}]}
    >>> figure = draw_kept({"other pooling": {"ways": {"queries back": curve, "documents ahead": curve}}})
    >>> [ax.get_title(plt.rcParams["axes.titlelocation"]) for ax in figure.axes]
    ['queries back, index as it is', 'documents ahead, vectors mapped']
    >>> plt.close(figure)
    """
    titles = {
        "queries back": "queries back, index as it is",
        "documents ahead": "documents ahead, vectors mapped",
    }
    figure, panels = plt.subplots(1, 2, figsize=(11.5, 4.6), sharey=True)
    for ax, (way, title) in zip(panels, titles.items(), strict=True):
        ends = {}
        for (name, found), (colour, marker) in zip(upgrades.items(), LOOKS, strict=False):
            curve = found["ways"][way]["by anchors"]
            anchors = np.array([row["anchors"] for row in curve])
            share, low, high = (
                np.array([row["kept"][key] for row in curve]).clip(least) for key in ("share", "low", "high")
            )
            ax.plot(anchors, share, marker=marker, ms=5, color=colour)
            ax.fill_between(anchors, low, high, color=colour, alpha=0.08, lw=0)
            ends[name] = anchors[-1], share[-1], colour
        for (name, (x, _, colour)), y in zip(
            ends.items(), _apart([e[1] for e in ends.values()]), strict=True
        ):
            ax.annotate(
                name, (x, y), (8, 0), textcoords="offset points", va="center", color=colour, fontsize=SMALL
            )
        for height in (0, 1):  # only as far as the curves, so that no label is struck through
            ax.plot([90, anchors[-1]], [height, height], color=INK, lw=1, ls=":")
        ax.set(xscale="log", title=title, xlabel="anchors: documents that both models embedded")
        ax.set(xlim=(90, 45_000), ylim=(least - 0.04, 1.15))
        ax.set_xticks([100, 250, 500, 1000, 2500, 5583])
        ax.minorticks_off()
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
        ax.tick_params(axis="x", labelrotation=40)
    panels[0].set_yticks(np.arange(least, 1.01, 0.25))
    panels[0].set_ylabel("share of the gain kept (nDCG@10, dev)")
    ends = {0.0: "old model  0%", 1.0: "all embedded\nagain  100%", least: f"≤ {least:.0%}"}
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda y, _: ends.get(round(y, 6), f"{y:.0%}")))
    figure.set_layout_engine("constrained")
    return figure


def _apart(heights: Sequence[float], step: float = 0.085) -> list[float]:
    """Move labels so that none lies on another: at least a step apart, in their order.

    Examples
    --------
    >>> _apart([0.5, 0.0, 0.51], step=0.1)
    [0.5, 0.0, 0.6]
    """
    order, places = np.argsort(heights, kind="stable"), list(map(float, heights))
    for below, above in pairwise(order):
        places[above] = max(places[above], places[below] + step)
    return places


def draw_half(rows: Sequence[Mapping], old: float, new: float) -> Figure:
    """Draw nDCG@10 against the share of the documents that are embedded again, the others raw or mapped.

    Parameters
    ----------
    rows : sequence of dict
        As `embedlab.drift.half_migrated` returns them.
    old, new : float
        nDCG@10 of the old and of the new model, each in its own index.

    Examples
    --------
    >>> row = {"share": 0.0, "raw": 0.0, "mapped": 0.3}
    >>> figure = draw_half([row, row | {"share": 1.0}], 0.2, 0.4)
    >>> figure.axes[0].get_ylabel()
    'nDCG@10 (dev)'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8.5, 4))
    share = [row["share"] for row in rows]
    for name, label, colour, place, offset, side in (
        ("mapped", "the others mapped", GREEN, len(rows) // 5, (8, -28), "left"),
        ("raw", "the others as they were", RED, 6 * len(rows) // 10, (8, -16), "left"),
    ):
        values = [row[name] for row in rows]
        ax.plot(share, values, color=colour, marker="o", ms=4)
        look = {"color": colour, "ha": side, "va": "center", "fontsize": SMALL}
        ax.annotate(label, (share[place], values[place]), offset, textcoords="offset points", **look)
    for value, label in ((old, "old model, old index"), (new, "new model, new index")):
        ax.axhline(value, color=INK, lw=1, ls=":")
        ax.text(1.03, value, label, fontsize=SMALL, va="center", color=INK)
    ax.set(
        xlabel="share of the documents embedded again",
        ylabel="nDCG@10 (dev)",
        ylim=(0, None),
        xlim=(-0.02, 1.02),
    )
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    return figure


__all__ = ["described", "draw_half", "draw_kept", "draw_phases"]
