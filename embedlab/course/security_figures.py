"""Pictures of chapter 21 on texts that leave and documents that come in: kinds, ways, poison, suspects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from embedlab.benchmark import bootstrap_interval
from embedlab.course.ways import draw_way
from embedlab.security import KINDS, Scores, with_intervals

BLUE, GREEN, RED, PINK, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#AA4499", "#666666", "#222222"
SMALL = 9.5  # points
SYSTEM_LOOKS = {"patterns": (BLUE, "o"), "Presidio": (RED, "s"), "both": (GREEN, "D")}
ENGINE_LOOKS = {"dense": (BLUE, "o"), "BM25": (RED, "s"), "hybrid": (GREEN, "D"), "reranked": (PINK, "^")}

# Of each stop of a text: its name, what it does, and what goes wrong there.
STOPS = (
    ("text", "names, keys,\norders of others", "written by\nstrangers"),
    ("recogniser", "finds what\nmay not leave", "misses some,\nmasks too much"),
    ("pseudonyms", "the same for\nthe same value", "who is often\nseen is guessed"),
    ("proxy", "sends, or\nrefuses", "a disguise that\nit cannot undo"),
    ("index", "nearest\nvectors", "one document\nnear all queries"),
    ("generator", "reads what\nwas found", "obeys a\ndocument"),
)

# The forms in which a search system holds a text, and what is done to each.
FORMS = (
    ("text", "names, keys,\nsecrets", "leaves for\nsomebody's API"),
    ("vector", "384 numbers", "is read back\ninto words"),
    ("table, graph", "rows of\nall tenants", "answer who\nmay not ask"),
    ("disk, backup", "files of\nlast year", "keep what\nwas deleted"),
    ("results", "ten documents", "hold a page\nmade to be found"),
    ("generator", "reads them", "obeys what\nit reads"),
)


def draw_forms() -> Figure:
    """Draw the forms in which a search system holds a text, and below each what is done to it.

    Examples
    --------
    >>> figure = draw_forms()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"][:2]
    ['text', 'vector']
    >>> plt.close(figure)
    """
    return draw_way(FORMS)


def draw_text() -> Figure:
    """Draw the way of a text to a model and back, and below each stop what goes wrong there.

    Examples
    --------
    >>> figure = draw_text()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"][:2]
    ['text', 'recogniser']
    >>> plt.close(figure)
    """
    return draw_way(STOPS)


def draw_kinds(systems: Mapping[str, Mapping[str, Scores]]) -> Figure:
    """Draw precision and recall of each kind with their intervals, a mark for each recogniser.

    Parameters
    ----------
    systems : {"patterns", "Presidio", "both": {kind: Scores}}

    Examples
    --------
    >>> one = Scores((0.9, 0.8, 1.0), (0.5, 0.4, 0.6), (0.6, 0.5, 0.7), 10)
    >>> figure = draw_kinds({"both": dict.fromkeys((*KINDS, "all"), one)})
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['recall', 'precision']
    >>> plt.close(figure)
    """
    kinds = ("all", *KINDS)
    figure, panels = plt.subplots(1, 2, figsize=(10.5, 5.6), sharey=True)
    for part, ax in zip(("recall", "precision"), panels, strict=True):
        for place, (name, scores) in enumerate(systems.items()):
            colour, marker = SYSTEM_LOOKS[name]
            values = np.array([getattr(scores[kind], part) for kind in kinds])  # (kinds, 3)
            rows = np.arange(len(kinds)) + 0.22 * (place - (len(systems) - 1) / 2)
            ax.hlines(rows, values[:, 1], values[:, 2], color=colour, lw=1.4, alpha=0.7)
            ax.plot(values[:, 0], rows, ls="", marker=marker, ms=5.5, color=colour, label=name)
        ax.set(xlim=(-0.03, 1.03), xlabel=part)
        ax.axhline(0.5, color=GREY, lw=0.8)
    labels = [f"{kind}  ({systems[next(iter(systems))][kind].labels})" for kind in kinds]
    panels[0].set_yticks(range(len(kinds)), labels)
    panels[0].invert_yaxis()
    panels[0].grid(axis="y", visible=False)
    panels[1].grid(axis="y", visible=False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def draw_ways(quality: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw nDCG@10 with its interval for each way to write a text, a mark for each engine.

    Parameters
    ----------
    quality : {way: {engine: values of each query}}

    Examples
    --------
    >>> figure = draw_ways({"as written": {"dense": [0.5, 1.0]}, "masked": {"dense": [0.1, 0.2]}})
    >>> figure.axes[0].get_ylabel()
    'nDCG@10'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8, 3.8))
    engines = list(next(iter(quality.values())))
    for place, engine in enumerate(engines):
        colour, marker = ENGINE_LOOKS[engine]
        points = np.array([bootstrap_interval(each[engine], samples=2000) for each in quality.values()])
        x = np.arange(len(quality)) + 0.16 * (place - (len(engines) - 1) / 2)
        ax.vlines(x, points[:, 1], points[:, 2], color=colour, lw=1.6)
        ax.plot(x, points[:, 0], ls="", marker=marker, ms=7, color=colour, label=engine)
    ax.set_xticks(range(len(quality)), list(quality))
    ax.set(ylabel="nDCG@10", ylim=(0, 1.03), xlim=(-0.5, len(quality) - 0.5))
    ax.grid(axis="x", visible=False)
    ax.legend(loc="lower left", ncols=len(engines))
    return figure


def draw_poison(hits: Mapping[str, Mapping[str, Sequence[int]]], base: float) -> Figure:
    """Draw for which share of the queries a poisoned document is among the first ten, by attack and engine.

    Parameters
    ----------
    hits : {attack: {engine: 0 or 1 of each query}}
    base : float
        The same share for the honest document that most queries find.

    Examples
    --------
    >>> figure = draw_poison({"one hub": {"dense": [0, 1], "BM25": [0, 0]}}, 0.02)
    >>> figure.axes[0].get_xlabel()
    'share of the test queries'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(9, 0.8 + 0.75 * len(hits)))
    for row, engines in enumerate(hits.values()):
        for place, (engine, values) in enumerate(engines.items()):
            colour, marker = ENGINE_LOOKS[engine]
            mean, low, high = with_intervals(values)
            y = row + 0.18 * (place - (len(engines) - 1) / 2)
            ax.hlines(y, low, high, color=colour, lw=1.6)
            ax.plot(mean, y, ls="", marker=marker, ms=6, color=colour, label=None if row else engine)
    ax.axvline(base, color=INK, lw=1, ls=":")
    ax.text(base, -0.62, " the honest document found most often", fontsize=SMALL, va="bottom")
    ax.set_yticks(range(len(hits)), list(hits))
    ax.set(xlabel="share of the test queries", ylim=(len(hits) - 0.5, -0.75), xlim=(-0.01, None))
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.grid(axis="y", visible=False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def draw_suspects(groups: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """Draw how often a document is found against how likely its text is, a mark for each document.

    Parameters
    ----------
    groups : {name: (shares of queries, mean log probabilities)}
        At most four; the first is drawn small, as the crowd.

    Examples
    --------
    >>> figure = draw_suspects({"honest": ([0.0, 0.01], [-3.0, -4.0]), "one hub": ([0.2], [-9.0])})
    >>> len(figure.axes[0].collections)
    2
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8, 4.2))
    looks = ((GREY, "o", 14), (RED, "D", 52), (BLUE, "s", 40), (PINK, "^", 30))
    for (name, (shares, likely)), (colour, marker, size) in zip(groups.items(), looks, strict=False):
        ax.scatter(likely, shares, c=colour, marker=marker, s=size, label=name, alpha=0.85, linewidths=0)
    ax.set_yscale("symlog", linthresh=0.01)
    ax.set_ylim(-0.0008, 1)
    ax.set_yticks([0, 0.003, 0.01, 0.03, 0.1, 0.3, 1])
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ax.set_xlabel("mean log probability of a token under the small generator (to the right: plain text)")
    ax.set_ylabel("found by so many dev queries")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure
