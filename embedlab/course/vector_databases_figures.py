"""Pictures of chapter 19: the way of a query, recall against latency, filters, deletes, shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from embedlab.course.hnsw_figures import described
from embedlab.course.ways import draw_way

BLUE, GREEN, RED, PINK, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#AA4499", "#666666", "#222222"
ORANGE = "#B8860B"
LOOKS = ((BLUE, "o"), (RED, "s"), (GREEN, "D"), (PINK, "^"), (GREY, "v"), (INK, "x"), (ORANGE, "P"))
SMALL = 9.5  # points
WAYS = ("after the index", "relaxed order", "strict order", "B-tree", "partial index", "partition")
WAYS += ("B-tree, iterative",)
WAY_LOOKS = dict(zip(WAYS, LOOKS, strict=True))  # one look for each way to filter, in all figures

# Of each stop of a query: its name, what it does, and what goes wrong there.
STOPS = (
    ("statement", "text and\nparameters", "a name that is\nnot quoted"),
    ("planner", "chooses by\nestimated cost", "graph, where\na scan was right"),
    ("index", "the ef nearest\nit comes across", "a neighbour\nis not met"),
    ("table", "is this version\nvisible?", "dead rows take\nthe places"),
    ("condition", "whose row is it?\nwhich year?", "fewer than k\nare left"),
    ("answer", "at most\nk rows", ""),
)


def draw_query() -> Figure:
    """Draw the way of a query through the database, and below each stop what goes wrong there.

    Examples
    --------
    >>> figure = draw_query()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    ['statement', 'planner', 'index', 'table', 'condition', 'answer']
    >>> plt.close(figure)
    """
    return draw_way(STOPS)


def draw_recall(rows: Sequence[Mapping], names: Mapping[str, str], *, target: float = 0.95) -> Figure:
    """Draw milliseconds against recall, a line for each engine; a setting is a point.

    Parameters
    ----------
    rows : sequence of dict
        ``engine``, ``recall``, ``ms``.
    names : {engine: label}
        Which of them are drawn.
    target : float
        A recall to mark.

    Examples
    --------
    >>> row = {"engine": "a", "recall": 0.9, "ms": 2.0}
    >>> figure = draw_recall([row, row | {"recall": 0.99, "ms": 4.0}], {"a": "graph"})
    >>> figure.axes[0].texts[0].get_text().strip()
    'graph'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(9, 5))
    last = {name: max((r["recall"], r["ms"]) for r in rows if r["engine"] == name)[1] for name in names}
    for (engine, label), (colour, marker) in zip(names.items(), cycle(LOOKS), strict=False):
        recall, ms = np.array(sorted((r["recall"], r["ms"]) for r in rows if r["engine"] == engine)).T
        beside = [other for other in last.values() if 0 < abs(np.log(other / last[engine])) < 0.3]
        lift = 12 * np.sign(last[engine] - beside[0]) if beside else 0  # two labels at one height
        ax.plot(1 - np.minimum(recall, 0.999), ms, marker=marker, ms=5, color=colour)
        end = (1 - min(recall[-1], 0.999), ms[-1])
        label = f" {label}"
        ax.annotate(
            label, end, (4, lift), textcoords="offset points", va="center", color=colour, fontsize=SMALL
        )
    ax.axvline(1 - target, color=INK, lw=1, ls=":")
    ax.set(xscale="log", yscale="log", xlim=(0.5, 2e-4), ylabel="milliseconds a query, median")
    ax.set_xticks([0.5, 0.3, 0.1, 0.05, 0.02, 0.01, 0.001], minor=False)
    ax.set_yticks([0.3, 1, 3, 10, 30], minor=False)
    ax.minorticks_off()
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{1 - x:.3g}" if x > 0.001 else "1 (exact)"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.set_xlabel("recall@10 (to the right, less and less is missed)")
    return figure


def draw_filters(rows: Sequence[Mapping], ways: Sequence[str]) -> Figure:
    """Draw recall (what does not come back is missed) and time against the share that a condition passes.

    Parameters
    ----------
    rows : sequence of dict
        As `embedlab.vector_databases.filters` returns them.
    ways : sequence of str
        Which of them are drawn.

    Examples
    --------
    >>> rows = [{"way": "partition", "share": share, "recall": 1.0, "ms": 0.5} for share in (0.01, 0.1)]
    >>> figure = draw_filters(rows, ["partition"])
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['recall@10', 'milliseconds a query']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 2, figsize=(10.5, 3.8), sharex=True)
    for way in ways:
        colour, marker = WAY_LOOKS[way]
        own = sorted((row["share"], row["recall"], row["ms"]) for row in rows if row["way"] == way)
        share, recall, ms = np.array(own).T
        for ax, values in zip(panels, (recall, ms), strict=True):
            ax.plot(share, values, marker=marker, ms=5, color=colour, label=way)
    panels[0].set(ylabel="recall@10", ylim=(0, 1.04))
    panels[1].set(ylabel="milliseconds a query", yscale="log")
    panels[1].set_yticks([tick for tick in (0.3, 1, 3, 10, 30) if tick <= 2 * panels[1].get_ylim()[1]])
    for ax in panels:
        ax.set(xscale="log", xlabel="share of the rows that pass")
        ax.set_xticks([0.003, 0.01, 0.03, 0.1, 0.3])
        ax.minorticks_off()
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.1%}" if x < 0.01 else f"{x:.0%}"))
    panels[1].yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(ways))
    figure.set_layout_engine("constrained")
    return figure


def draw_stages(stages: Mapping[str, Sequence[Mapping]]) -> Figure:
    """Draw recall, the seconds of each step and the bytes of the graph, through a deletion and its cleaning.

    Parameters
    ----------
    stages : {what was deleted: rows}
        As `embedlab.vector_databases.deletes` returns them. A dash is the recall with the larger ef_search.

    Examples
    --------
    >>> row = {"stage": "deleted", "recall": 0.5, "recall_wide": 0.9, "seconds": 0.1, "graph_bytes": 2**20}
    >>> figure = draw_stages({"all": [row]})
    >>> [text.get_text() for ax in figure.axes for text in ax.texts]
    ['0.50', '0.1', '1.0']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 3, figsize=(12, 3.6))
    bars = (("recall", 1, ".2f"), ("seconds", 1, ".1f"), ("graph_bytes", 2**20, ".1f"))
    for number, ((what, rows), (colour, _)) in enumerate(zip(stages.items(), LOOKS, strict=False)):
        x = np.arange(len(rows)) + 0.38 * (number - (len(stages) - 1) / 2)
        for ax, (key, unit, form) in zip(panels, bars, strict=True):
            values = [row[key] / unit for row in rows]
            ax.bar(x, values, 0.36, color=colour, label=what)
            for at, value in zip(x, values, strict=True):
                inside = ax is panels[0] and value > 0.2  # out of the dashes' way
                style = {"color": "white"} if inside else {}
                y = 0.02 if inside else value
                ax.text(at, y, f"{value:{form}}", ha="center", va="bottom", fontsize=8, **style)
        wide = [row["recall_wide"] for row in rows]
        panels[0].plot(x, wide, "_", ms=17, mew=2, color=INK, label=None if number else "at ef_search 200")
        plt.setp(panels, xticks=range(len(rows)), xticklabels=[row["stage"] for row in rows])
    panels[0].set(ylabel="recall@10", ylim=(0, 1.12))
    panels[1].set(ylabel="seconds that the step takes", ylim=(0, None))
    panels[2].set(ylabel="the graph's file, MB", ylim=(0, None))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.set_layout_engine("constrained")
    return figure


def draw_merging(rows: Sequence[Mapping]) -> Figure:
    """Draw how much nDCG@10 each merge loses, by scores and placement: ``merging`` of `shipped_shards`.

    Examples
    --------
    >>> from embedlab.vector_databases import shipped_shards
    >>> figure = draw_merging(shipped_shards()["merging"])
    >>> [ax.get_title(plt.rcParams["axes.titlelocation"]) for ax in figure.axes]
    ['dense', 'BM25, local idf', 'BM25, shared idf']
    >>> plt.close(figure)
    """
    kinds = list(dict.fromkeys(row["scores"] for row in rows))
    merges = list(dict.fromkeys(row["merge"] for row in rows))
    figure, panels = plt.subplots(1, len(kinds), figsize=(11, 3.6), sharey=True, sharex=True)
    for panel, kind in zip(panels, kinds, strict=True):
        for number, (merge, (colour, marker)) in enumerate(zip(merges, LOOKS, strict=False)):
            own = [row for row in rows if (row["scores"], row["merge"]) == (kind, merge)]
            y = np.arange(len(own)) + 0.2 * (number - 1)
            panel.plot([row["lost"] for row in own], y, marker, color=colour, ms=6, label=merge)
            panel.hlines(y, [row["low"] for row in own], [row["high"] for row in own], color=colour, lw=2)
        panel.axvline(0, color=INK, lw=1)
        panel.set(title=kind, xlabel="nDCG@10 lost")
        panel.set_yticks(range(len(own)), [f"by {row['by']}" for row in own])
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(merges))
    figure.set_layout_engine("constrained")
    return figure


def draw_asked(rows: Sequence[Mapping], shards: int) -> Figure:
    """Draw recall@10 against how many of the shards are asked, for documents placed by id and by cluster.

    Examples
    --------
    >>> figure = draw_asked([{"by": "id", "shards": 2, "recall": [0.5, 1.0]}], 2)
    >>> figure.axes[0].lines[0].get_label()
    'placed by id'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(7, 3.6))
    for row, (colour, marker) in zip([r for r in rows if r["shards"] == shards], LOOKS, strict=False):
        asked = np.arange(1, shards + 1)
        ax.plot(asked, row["recall"], marker=marker, ms=5, color=colour, label=f"placed by {row['by']}")
    ax.set(xlabel=f"shards asked, of {shards}", ylabel="recall@10", ylim=(0, 1.03))
    ax.legend(loc="lower right", fontsize=SMALL)
    return figure


__all__ = ["described", "draw_asked", "draw_filters", "draw_merging", "draw_query", "draw_recall"]
__all__ += ["draw_stages"]
