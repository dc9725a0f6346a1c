"""Pictures of chapter 22: tenants by size, cores by stage, designs by dollars, what moves the bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from embedlab.benchmark import bootstrap_interval
from embedlab.course.hnsw_figures import described
from embedlab.course.ways import draw_way
from embedlab.system_design import Row, shown

__all__ = [
    "described",
    "draw_bill",
    "draw_growth",
    "draw_pareto",
    "draw_queue",
    "draw_stages",
    "draw_tenants",
    "draw_way",
]

BLUE, RED, GREEN, ORANGE, PINK, GREY, INK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#AA4499",
    "#777777",
    "#222222",
)
SMALL = 9  # points
STAGES = (("encode", BLUE), ("search", GREEN), ("match", ORANGE), ("rerank", RED))
MONEY = FuncFormatter(lambda value, _: f"${value:,.0f}")


def draw_tenants(sizes: Sequence[float], exact_up_to: float) -> Figure:
    """Draw tenants by size, the largest first, and up to which size exact search keeps its budget.

    Examples
    --------
    >>> figure = draw_tenants([600_000, 30_000, 1000, 100], exact_up_to=24_000)
    >>> figure.axes[0].get_yscale()
    'log'
    >>> plt.close(figure)
    """
    sizes = np.sort(np.asarray(sizes, float))[::-1]
    places = np.arange(1, len(sizes) + 1)
    large = int((sizes > exact_up_to).sum())
    figure, ax = plt.subplots(figsize=(8, 3.6))
    ax.loglog(places, sizes, ".", color=BLUE, ms=4)
    ax.loglog(places[:large], sizes[:large], "o", color=RED, ms=6)
    ax.axhline(exact_up_to, color=GREY, lw=1, ls="--")
    ax.text(
        len(sizes),
        exact_up_to * 1.15,
        f"exact search up to {exact_up_to:,.0f}",
        ha="right",
        va="bottom",
        color=GREY,
    )
    ax.text(max(large, 1) * 1.25, sizes[0] * 0.7, f"{large} tenants may want a graph", color=RED, va="center")
    few = f"{len(sizes) - large} do not"
    ax.text(places[-1] * 0.75, sizes[-1] * 1.6, few, color=BLUE, ha="right", va="bottom")
    ax.set(xlabel="tenants, the largest first", ylabel="tickets")
    return figure


def draw_stages(rows: Sequence[Row]) -> Figure:
    """Draw the core time of one query, stage by stage, for each design.

    Examples
    --------
    >>> from embedlab.system_design import compared, measured_for, references
    >>> rows = compared([(one, measured_for(one)) for one in references("tickets")])
    >>> figure = draw_stages(rows)
    >>> len(figure.axes[0].get_yticklabels())
    3
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8, 0.9 + 0.55 * len(rows)))
    totals = [sum(row.at[name] for name, _ in STAGES) * 1000 for row in rows]
    for place, row in enumerate(rows):
        left = 0.0
        for name, colour in STAGES:
            width = row.at[name] * 1000
            ax.barh(place, width, left=left, color=colour, height=0.6, label=name if not place else None)
            left += width
        ax.text(left + max(totals) * 0.01, place, f"{left:,.0f} ms", va="center", fontsize=SMALL, color=INK)
    ax.set_yticks(range(len(rows)), [row.design.name for row in rows])
    ax.invert_yaxis()
    ax.set(xlabel="core milliseconds of one query, at the case's scale", xlim=(0, max(totals) * 1.15))
    ax.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.16), frameon=False)
    return figure


def draw_pareto(rows: Sequence[Row]) -> Figure:
    """Draw designs by dollars and nDCG@10 with its interval; dominated ones grey, yours marked.

    Examples
    --------
    >>> from embedlab.system_design import compared, measured_for, references
    >>> rows = compared([(one, measured_for(one)) for one in references("tickets")])
    >>> figure = draw_pareto(rows)
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['1', '1  tickets-lean: p95 79.5 ms']
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(9, 4.2), layout="constrained")
    for number, row in enumerate(sorted(rows, key=lambda row: row.dollars), 1):
        one, colour = row.measured, RED if row.yours else GREY if row.beaten else BLUE
        ax.plot([row.dollars] * 2, [one.low, one.high], color=colour, lw=1.2, alpha=0.4)
        ax.plot(row.dollars, one.ndcg, "*" if row.yours else "o", color=colour, ms=14 if row.yours else 8)
        ax.annotate(
            str(number), (row.dollars, one.ndcg), (7, 3), textcoords="offset points",
            fontsize=SMALL + 1, fontweight="bold", color=colour,
        )  # fmt: skip
        late = ", late" if row.at.p95 > row.at.scale.limit else ""
        ax.text(
            1.02, 1 - 0.075 * number, f"{number}  {row.design.name}: p95 {shown(row.at.p95, 'ms')}{late}",
            transform=ax.transAxes, fontsize=SMALL, color=colour,
        )  # fmt: skip
    signs = "star: yours; grey: dominated\ndashed: one design at two prices\ndotted: none dominates these"
    ax.text(1.02, 0, signs, transform=ax.transAxes, fontsize=SMALL, color=INK, linespacing=1.8)
    for row in rows:  # the same measurement at another price: longer or shorter pairs
        for other in rows:
            if other.measured.key == row.measured.key and other.dollars > row.dollars:
                ax.plot([row.dollars, other.dollars], [row.measured.ndcg] * 2, color=GREY, lw=1, ls="--")
    front = sorted((row.dollars, row.measured.ndcg) for row in rows if not row.beaten)
    ax.step(*zip(*front, strict=True), where="post", color=BLUE, lw=0.8, ls=":")
    low, high = min(row.dollars for row in rows), max(row.dollars for row in rows)
    if high > 5 * low:
        ax.set_xscale("log")
        ax.set_xlim(low * 0.7, high * 1.4)
        ticks = [part * 10**power for power in range(9) for part in (1, 2, 5)]
        ax.set_xticks([tick for tick in ticks if low * 0.7 < tick < high * 1.4])
        ax.minorticks_off()
    else:
        ax.set_xlim(0, high * 1.3)
    ax.set(xlabel="dollars a month at the case's scale", ylabel="nDCG@10 here")
    ax.xaxis.set_major_formatter(MONEY)
    return figure


def draw_bill(moved: Mapping[str, tuple[float, float]], dollars: float) -> Figure:
    """Draw what halving and doubling each number does to the bill, the largest effect first.

    Parameters
    ----------
    moved : {name: (dollars with half of it, with twice of it)}
    dollars : float
        As it is.

    Examples
    --------
    >>> figure = draw_bill({"peak": (300, 900), "depth": (400, 800)}, 500)
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['peak', 'depth']
    >>> plt.close(figure)
    """
    names = sorted(moved, key=lambda name: abs(moved[name][1] - moved[name][0]), reverse=True)
    figure, ax = plt.subplots(figsize=(8, 0.9 + 0.42 * len(names)))
    for place, name in enumerate(names):
        half, twice = moved[name]
        ax.barh(
            place, half - dollars, left=dollars, color=BLUE, height=0.6, label="half" if not place else None
        )
        ax.barh(
            place, twice - dollars, left=dollars, color=RED, height=0.6, label="twice" if not place else None
        )
    ax.axvline(dollars, color=INK, lw=1)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel("dollars a month")
    ax.xaxis.set_major_formatter(MONEY)
    ax.legend(loc="lower right", frameon=False)
    return figure


def draw_queue(loads: Sequence[float], waits: Mapping[int, Sequence[float]], chosen: float) -> Figure:
    """Draw the p95 of an answer against how busy the servers are, for several numbers of them.

    Parameters
    ----------
    loads : sequence of float, shares
    waits : {servers: p95 at each load, in service times}
    chosen : float
        The load that the case plans with.

    Examples
    --------
    >>> figure = draw_queue([0.5, 0.9], {1: [6.0, 30.0]}, 0.6)
    >>> figure.axes[0].get_ylabel()
    'p95 of an answer, in service times'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(7.5, 3.6))
    for (servers, values), colour in zip(waits.items(), (RED, ORANGE, GREEN, BLUE), strict=False):
        ax.plot(loads, values, color=colour)
        ax.annotate(
            f"{servers} server{'s' * (servers > 1)}", (loads[-1], values[-1]), (5, 0),
            textcoords="offset points", color=colour, va="center", fontsize=SMALL,
        )  # fmt: skip
    ax.axvline(chosen, color=GREY, ls="--", lw=1)
    ax.text(
        chosen - 0.005, ax.get_ylim()[1] * 0.95, f"planned: {chosen:.0%}", ha="right", va="top", color=GREY
    )
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    ax.set(xlabel="busy", ylabel="p95 of an answer, in service times", xlim=(loads[0], loads[-1] + 0.09))
    return figure


def draw_growth(found: Mapping[str, Sequence[Mapping]], names: Mapping[str, str]) -> Figure:
    """Draw nDCG@10 of the same queries among more and more documents, with intervals.

    Parameters
    ----------
    found : {way: [{"documents": int, "per_query": [float]}]}
    names : {way: label}

    Examples
    --------
    >>> rows = [{"documents": n, "per_query": [0.5, 0.7, 0.9]} for n in (100, 1000)]
    >>> figure = draw_growth({"exact": rows}, {"exact": "vectors"})
    >>> figure.axes[0].get_xscale()
    'log'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(7.5, 3.6))
    for (way, rows), colour in zip(found.items(), (BLUE, ORANGE, GREEN), strict=False):
        sizes = [row["documents"] for row in rows]
        mean, low, high = zip(*(bootstrap_interval(row["per_query"]) for row in rows), strict=True)
        ax.plot(sizes, mean, "o-", color=colour)
        ax.fill_between(sizes, low, high, color=colour, alpha=0.15, lw=0)
        ax.annotate(
            names[way], (sizes[-1], mean[-1]), (8, 0), textcoords="offset points", color=colour, va="center"
        )
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    ax.set(xlabel="documents", ylabel="nDCG@10, same queries", xlim=(sizes[0] * 0.9, sizes[-1] * 1.7))
    return figure
