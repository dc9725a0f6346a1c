"""Pictures of chapter 21 on who may read what: attacks, groups, what a deletion leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from embedlab.course.ways import draw_way

BLUE, GREEN, RED, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#666666", "#222222"
SMALL = 9.5  # points

# Of each stop of a request: its name, what it does, and what goes wrong there.
STOPS = (
    ("edge", "ends TLS,\nknows who asks", "a client that\nchecks nothing"),
    ("application", "writes the\nstatement", "a condition\nis forgotten"),
    ("cache", "an answer that\nis there already", "it was another\ntenant's"),
    ("database", "adds the\npolicy", "the setting\nis overwritten"),
    ("index", "the nearest 40,\nthen the policy", "the number of\nrows tells"),
    ("disk, backup", "what was stored,\nand deleted", "it is all\nstill there"),
)
# What may be left of a document, in the order in which the letters stand in a cell.
LETTERS = {"text": "T", "word": "W", "float32": "V", "float16": "V", "signs": "C", "found": "S"}


def draw_request() -> Figure:
    """Draw the way of a request down to the disk, and below each stop what goes wrong there.

    Examples
    --------
    >>> figure = draw_request()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"][:2]
    ['edge', 'application']
    >>> plt.close(figure)
    """
    return draw_way(STOPS)


def draw_attacks(table: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw a grid of attacks and designs: red with the number of rows read, or green.

    Parameters
    ----------
    table : {attack: {design: rows of other tenants}}

    Examples
    --------
    >>> figure = draw_attacks({"OR": {"application": 5, "policy": 0}})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['5 read', 'none']
    >>> plt.close(figure)
    """
    designs = list(next(iter(table.values())))
    figure, ax = plt.subplots(figsize=(8.4, 0.9 + 0.42 * len(table)))
    for row, leaks in enumerate(table.values()):
        for column, leaked in enumerate(leaks.values()):
            colour = RED if leaked else GREEN
            ax.add_patch(plt.Rectangle((column + 0.02, row + 0.04), 0.96, 0.92, color=colour, lw=0))
            said = f"{leaked} read" if leaked else "none"
            ax.text(column + 0.5, row + 0.5, said, ha="center", va="center", color="white", fontsize=SMALL)
    ax.set(xlim=(0, len(designs)), ylim=(len(table), 0))
    ax.set_xticks(np.arange(len(designs)) + 0.5, designs)
    ax.set_yticks(np.arange(len(table)) + 0.5, list(table))
    _bare(ax)
    return figure


def draw_groups(rows: Sequence[Mapping], ways: Sequence[str]) -> Figure:
    """Draw the milliseconds of each way to search by groups: a panel for each share, few groups to many.

    Parameters
    ----------
    rows : sequence of dict
        Of `measure_groups`; marks are medians, lines reach from the first to the third quartile.
    ways : sequence of str
        From top to bottom.

    Examples
    --------
    >>> row = {"share": 0.05, "groups": 10, "way": "join", "ms": [1.0, 2.0, 3.0]}
    >>> figure = draw_groups([row, row | {"groups": 2000}], ["join"])
    >>> [ax.get_title(plt.rcParams["axes.titlelocation"]) for ax in figure.axes]
    ['may read 5% of the folders']
    >>> plt.close(figure)
    """
    shares = sorted({row["share"] for row in rows})
    counts = sorted({row["groups"] for row in rows})
    looks = dict(zip(counts, ((BLUE, "o"), (RED, "s"), (GREEN, "D")), strict=False))
    size = (1.6 + 3.1 * len(shares), 1.1 + 0.38 * len(ways))
    figure, panels = plt.subplots(1, len(shares), figsize=size, sharey=True, sharex=True, squeeze=False)
    for share, ax in zip(shares, panels[0], strict=True):
        for row in rows:
            if row["share"] != share or row["way"] not in ways:
                continue
            colour, marker = looks[row["groups"]]
            low, middle, high = np.quantile(row["ms"], [0.25, 0.5, 0.75])
            y = list(ways).index(row["way"]) + 0.2 * (counts.index(row["groups"]) - (len(counts) - 1) / 2)
            ax.hlines(y, low, high, color=colour, lw=1.6)
            label = f"user in {row['groups']:,} groups"
            ax.plot(middle, y, ls="", marker=marker, ms=6, color=colour, label=label)
        ax.set_title(f"may read {share:.1%} of the folders".replace(".0%", "%"), fontsize=10.5)
        ax.set(xscale="log", xlabel="ms a search")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:g}"))
        ax.grid(axis="y", visible=False)
    panels[0][0].set_yticks(range(len(ways)), list(ways))
    panels[0][0].invert_yaxis()
    handles, labels = panels[0][0].get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="outside upper center", ncols=len(unique))
    return figure


def draw_left(left: Mapping[str, Mapping[str, set[str]]]) -> Figure:
    """Draw a grid of places and steps with letters for what is left there, and green where nothing is.

    Parameters
    ----------
    left : {step: {place: forms}}
        Of `forget`. T text, W a word of it, V vector, C code, S found by a search.

    Examples
    --------
    >>> figure = draw_left({"before": {"table": {"text", "float32"}}, "deleted": {"table": set()}})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['T V', '']
    >>> plt.close(figure)
    """
    steps, places = list(left), list(next(iter(left.values())))
    figure, ax = plt.subplots(figsize=(1.9 + 1.02 * len(steps), 1.0 + 0.4 * len(places)))
    for column, step in enumerate(steps):
        for row, place in enumerate(places):
            found = left[step][place]
            colour = GREEN if not found else RED if found & {"text", "found"} else "#B8860B"
            ax.add_patch(plt.Rectangle((column + 0.03, row + 0.05), 0.94, 0.9, color=colour, lw=0))
            said = " ".join(dict.fromkeys(letter for form, letter in LETTERS.items() if form in found))
            ax.text(column + 0.5, row + 0.5, said, ha="center", va="center", color="white", fontsize=SMALL)
    ax.set(xlim=(0, len(steps)), ylim=(len(places), 0))
    ax.set_xticks(np.arange(len(steps)) + 0.5, [step.replace(" ", "\n") for step in steps], fontsize=SMALL)
    ax.set_yticks(np.arange(len(places)) + 0.5, places)
    said = "T text, W word of it, V vector, C signs, S found by a search"
    colours = "red: text, or found; ochre: other traces; green: nothing"
    ax.set_xlabel(f"{said}\n{colours}", fontsize=SMALL)
    _bare(ax)
    return figure


def _bare(ax: plt.Axes) -> None:
    """Take away what a grid of cells does not need; its columns are named above."""
    ax.grid(visible=False)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
