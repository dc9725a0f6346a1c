"""Curves of chapter 19: tails, clients that ask at once, conditions in the walk, deleted places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from embedlab.vector_databases import Tail

RED, BLUE, GREEN, PINK, GREY = "#D55E00", "#0072B2", "#009E73", "#AA4499", "#666666"
MARKED = ((BLUE, "o"), (PINK, "^"), (GREEN, "D"), (RED, "s"), (GREY, "v"))
SMALL = 9.5  # points


def draw_tails(rows: Sequence[Tail]) -> Figure:
    """Draw a request's median and 99th percentile against how many shards it waits for, plain and hedged.

    The plain p99 ends where it reaches the slowest call that was measured: beyond, that is a lower bound.

    Examples
    --------
    >>> from embedlab.vector_databases import tail_rows
    >>> figure = draw_tails(tail_rows([1.0] * 99 + [9.0], shards=(1, 10), requests=100))
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['p99', 'p99, hedged', 'median', 'median, hedged']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
    shards = [row.shards for row in rows]
    known = sum(row.p99 < max(one.p99 for one in rows) for row in rows) + 1
    lines = (("p99", "p99", RED, "-", 5), ("hedged_p99", "p99, hedged", RED, "--", 0))
    lines += (("p50", "median", BLUE, "-", 6), ("hedged_p50", "median, hedged", BLUE, "--", -6))
    for key, label, colour, style, up in lines:
        upto = known if key == "p99" else len(rows)
        values = [getattr(row, key) for row in rows]
        panels[0].plot(shards[:upto], values[:upto], style, marker="o", ms=4, color=colour, label=label)
        _at_end(panels[0], shards[upto - 1], values[upto - 1], label, colour, up)
    panels[0].set(ylabel="milliseconds a request", ylim=(0, None))
    for key, label, colour, marker in (
        ("in_time", "requests with\nall shards in time", RED, "o"),
        ("answered", "shards in time,\nof all", BLUE, "s"),
    ):
        values = [100 * getattr(row, key) for row in rows]
        panels[1].plot(shards, values, marker=marker, ms=4, color=colour, label=label.replace("\n", " "))
        _at_end(panels[1], shards[-1], values[-1], label, colour)
    panels[1].set(ylabel="% in time, if the deadline is\nthe p99 of a single call", ylim=(0, 104))
    for ax in panels:
        ax.set(xscale="log", xlabel="shards that a request waits for")
        ax.set_xticks(shards, [str(one) for one in shards])
        ax.set_xlim(shards[0] * 0.85, shards[-1] * 5.5)
        ax.minorticks_off()
    return figure


def _at_end(ax, x: float, y: float, label: str, colour: str, up: float = 0) -> None:
    """Write a line's name beside its last point."""
    where = {"textcoords": "offset points", "va": "center", "fontsize": SMALL}
    ax.annotate(label, (x, y), (7, up), color=colour, **where)


def draw_clients(rows: Sequence[Mapping], names: Mapping[str, str]) -> Figure:
    """Draw queries a second and the median and p99 of a query against how many clients ask at once.

    Parameters
    ----------
    rows : sequence of dict
        As `embedlab.vector_databases.client_rows` returns them.
    names : {engine: label}
        Which of them are drawn; two at most.

    Examples
    --------
    >>> row = {"engine": "a", "qps": 900.0, "low": 890.0, "high": 910.0, "p50": 1.0, "p99": 3.0}
    >>> figure = draw_clients([row | {"clients": count} for count in (1, 2)], {"a": "graph"})
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['queries a second', 'milliseconds a query']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
    for (engine, label), colour in zip(names.items(), (BLUE, RED), strict=False):
        own = sorted((row for row in rows if row["engine"] == engine), key=lambda row: row["clients"])
        clients = [row["clients"] for row in own]
        middle = np.array([row["qps"] for row in own])
        spread = np.abs(np.array([[row["low"], row["high"]] for row in own]).T - middle)
        panels[0].errorbar(clients, middle, spread, marker="o", ms=5, color=colour, capsize=3)
        lines = [(panels[0], middle, label)]
        for key, style in (("p50", "-"), ("p99", "--")):
            values = [row[key] for row in own]
            panels[1].plot(clients, values, style, marker="o", ms=5, color=colour)
            lines.append((panels[1], values, f"{label}, {'median' if key == 'p50' else key}"))
        for ax, values, text in lines:
            _at_end(ax, clients[-1], values[-1], text, colour)
    panels[0].set(ylabel="queries a second", ylim=(0, None))
    panels[1].set(ylabel="milliseconds a query", yscale="log")
    panels[1].yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{y:g}"))
    for ax in panels:
        ax.set(xscale="log", xlabel="clients that ask at once")
        ax.set_xlim(0.9, 26)
        ax.set_xticks(clients, [str(one) for one in clients])
        ax.minorticks_off()
    return figure


def draw_walks(rows: Sequence[Mapping], ways: Mapping[tuple[str, int], str]) -> Figure:
    """Draw recall and time against the share that passes, a column for each kind of condition.

    Parameters
    ----------
    rows : sequence of dict
        As `embedlab.vector_databases.walk_rows` returns them.
    ways : {(way, ef): label}
        Which of them are drawn; five at most.

    Examples
    --------
    >>> row = {"condition": "lot", "way": "all", "ef": 0, "recall": 1.0, "ms": 2.0}
    >>> figure = draw_walks([row | {"share": share} for share in (0.1, 0.5)], {("all", 0): "all that pass"})
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['recall@10', 'milliseconds a query']
    >>> plt.close(figure)
    """
    conditions = list(dict.fromkeys(row["condition"] for row in rows))
    size = {"figsize": (10.5, 5.4), "sharex": True, "sharey": "row", "squeeze": False}
    figure, panels = plt.subplots(2, len(conditions), layout="constrained", **size)
    for condition, column in zip(conditions, panels.T, strict=True):
        for (way, label), (colour, marker) in zip(ways.items(), MARKED, strict=False):
            own = [row for row in rows if (row["condition"], row["way"], row["ef"]) == (condition, *way)]
            own.sort(key=lambda row: row["share"])
            for ax, key in zip(column, ("recall", "ms"), strict=True):
                line = [row["share"] for row in own], [row[key] for row in own]
                ax.plot(*line, marker=marker, ms=5, color=colour, label=label)
        column[0].set(title=condition, ylim=(0, 1.04))
        column[1].set(yscale="log", xscale="log", xlabel="share of the rows that pass")
        column[1].set_xticks(sorted({row["share"] for row in rows}))
        column[1].xaxis.set_major_formatter(plt.FuncFormatter(lambda x, _: f"{x:.1%}".replace(".0%", "%")))
        column[1].yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{y:g}"))
        column[1].minorticks_off()
    panels[0, 0].set_ylabel("recall@10")
    panels[1, 0].set_ylabel("milliseconds a query")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def draw_places(rows: Sequence[Mapping]) -> Figure:
    """Draw the recall inside each deleted cluster, a dot for each place, at each stage and in each way.

    Parameters
    ----------
    rows : sequence of dict
        As `embedlab.vector_databases.deleted_places` returns them.

    Examples
    --------
    >>> row = {"stage": "deleted", "recall": 0.2, "recall_wide": 0.8, "recall_iterative": 1.0}
    >>> figure = draw_places([row, row | {"recall": 0.3}])
    >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
    ['deleted']
    >>> plt.close(figure)
    """
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    ways = {"recall": "ef_search 40", "recall_wide": "ef_search 200", "recall_iterative": "40, iterative"}
    figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
    for number, ((key, label), (colour, marker)) in enumerate(zip(ways.items(), MARKED, strict=False)):
        for at, stage in enumerate(stages):
            values = [row[key] for row in rows if row["stage"] == stage]
            spread = np.linspace(-0.09, 0.09, len(values)) if len(values) > 1 else np.zeros(1)
            where = at + 0.27 * (number - 1)
            style = {"color": colour, "ms": 5, "alpha": 0.75, "ls": ""}
            ax.plot(where + spread, sorted(values), marker, label=None if at else label, **style)
            ax.hlines(np.mean(values), where - 0.12, where + 0.12, color=colour, lw=2)
    ax.set_xticks(range(len(stages)), stages)
    ax.set(ylabel="recall@10 inside the cluster", ylim=(-0.04, 1.06))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


__all__ = ["draw_clients", "draw_places", "draw_tails", "draw_walks"]
