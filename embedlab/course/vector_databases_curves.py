"""Curves of chapter 19: the tail of a request to many shards, and clients that ask at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from embedlab.vector_databases import Tail

RED, BLUE = "#D55E00", "#0072B2"
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


__all__ = ["draw_clients", "draw_tails"]
