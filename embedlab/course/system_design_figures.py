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

BLUE, RED, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
GREY, INK = "#777777", "#222222"
SMALL = 9  # points
STAGES = (("encode", BLUE), ("search", GREEN), ("match", ORANGE), ("rerank", RED))
MONEY = FuncFormatter(lambda value, _: f"${value:,.0f}")


def draw_tenants(sizes: Sequence[float], exact_up_to: float) -> Figure:
    """Draw tenants by size, the largest first, and up to which size a core scans one in 10 ms.

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
    line = f"10 ms of one core: {exact_up_to:,.0f} tickets"
    ax.text(len(sizes), exact_up_to * 1.15, line, ha="right", va="bottom", color=GREY)
    ax.text(max(large, 1) * 1.25, sizes[0] * 0.7, f"{large} tenants above", color=RED, va="center")
    ax.text(places[-1] * 0.75, sizes[-1] * 1.6, f"{len(sizes) - large} below", color=BLUE, ha="right")
    ticks = [10**power for power in range(9) if 10**power < len(sizes)] + [len(sizes)]
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set(xlabel="tenants, the largest first (sizes drawn, not counted)", ylabel="tickets")
    return figure


def draw_stages(rows: Sequence[Row]) -> Figure:
    """Draw the core time of one query, stage by stage, for each design; the legend has what can be seen.

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
    seen = [name for name, _ in STAGES if 1000 * max(row.at[name] for row in rows) > max(totals) / 200]
    for place, row in enumerate(rows):
        left = 0.0
        for name, colour in STAGES:
            width = row.at[name] * 1000
            label = None if place or name not in seen else "words" if name == "match" else name
            ax.barh(place, width, left=left, color=colour, height=0.6, label=label)
            left += width
        thin = ", ".join(
            f"{name} {1000 * row.at[key]:.2g}" for name, key in (("search", "search"), ("words", "match"))
        )
        label = f"{left:,.0f} ms ({thin})"
        ax.text(left + max(totals) * 0.01, place, label, va="center", fontsize=SMALL, color=INK)
    ax.set_yticks(range(len(rows)), [row.design.name for row in rows])
    ax.invert_yaxis()
    ax.set(xlabel="core milliseconds of one query, at the case's scale", xlim=(0, max(totals) * 1.35))
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
    ordered = sorted(rows, key=lambda row: row.dollars)
    for number, row in enumerate(ordered, 1):
        one, colour = row.measured, RED if row.yours else GREY if row.beaten else BLUE
        x = row.dollars
        sign, size = ("*", 14) if row.yours else ("o", 7)
        ax.plot([x] * 2, [one.low, one.high], color=colour, lw=1.2, alpha=0.4)
        ax.plot(x, one.ndcg, sign, color=colour, ms=size)
        ax.annotate(
            str(number), (x, one.ndcg), (4, 4), textcoords="offset points",
            fontsize=SMALL, fontweight="bold", color=colour,
        )  # fmt: skip
        late = {"!": ", late", "~": ", no reserve"}.get(row.mark, "")
        ax.text(
            1.02, 1 - 0.075 * number, f"{number}  {row.design.name}: p95 {shown(row.at.p95, 'ms')}{late}",
            transform=ax.transAxes, fontsize=SMALL, color=colour,
        )  # fmt: skip
    signs = "star: yours; grey: dominated\ndashed: one design at two prices\n"
    signs += "dotted: none dominates these\none above the other: the same dollars"
    ax.text(1.02, 0, signs, transform=ax.transAxes, fontsize=SMALL, color=INK, linespacing=1.8)
    for row in rows:  # the same measurement at another price: longer or shorter pairs
        for other in rows:
            if other.measured.key == row.measured.key and other.dollars > row.dollars:
                ax.plot([row.dollars, other.dollars], [row.measured.ndcg] * 2, color=GREY, lw=1, ls="--")
    front = [(row.dollars, row.measured.ndcg) for row in ordered if not row.beaten]
    ax.step(*zip(*front, strict=True), where="post", color=BLUE, lw=0.8, ls=":")
    low, high = ordered[0].dollars, ordered[-1].dollars
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


def draw_bill(
    moved: Mapping[str, tuple[float, float]], dollars: float, ends: Mapping[str, tuple[str, str]]
) -> Figure:
    """Draw what halving and doubling each number does to the bill, the largest effect first.

    Parameters
    ----------
    moved : {name: (dollars with half of it, with twice of it)}
    dollars : float
        As it is.
    ends : {name: (written into the bar of half, of twice)}

    Examples
    --------
    >>> figure = draw_bill({"peak": (300, 900), "depth": (400, 800)}, 500, {})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['peak', 'depth']
    >>> plt.close(figure)
    """
    names = sorted(moved, key=lambda name: abs(moved[name][1] - moved[name][0]), reverse=True)
    figure, ax = plt.subplots(figsize=(8, 0.9 + 0.42 * len(names)))
    for place, name in enumerate(names):
        words = ends.get(name, ("", ""))
        for label, end, colour, word in zip(("half", "twice"), moved[name], (BLUE, RED), words, strict=True):
            bar = {"label": None if place else label, "color": colour, "height": 0.6}
            ax.barh(place, end - dollars, left=dollars, **bar)
            ax.text((end + dollars) / 2, place, word, color="white", ha="center", va="center", fontsize=SMALL)
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
    ax.axhline(idle := -np.log(0.05), color=GREY, lw=0.8)  # p95 of an exponential service time
    ax.text(loads[-1], idle - 0.4, f"no load: {idle:.1f}", color=GREY, ha="right", va="top", fontsize=SMALL)
    ax.set_ylim(bottom=0)
    top = ax.get_ylim()[1] * 0.95
    ax.text(chosen - 0.005, top, f"planned: {chosen:.0%}", ha="right", va="top", color=GREY)
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
        paired = f"{names[way]}, paired: {mean[-1] - mean[0]:+.2f}"
        ax.text(sizes[-1] * 1.05, mean[-1], paired, color=colour, va="center")
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    ax.set(
        xlabel="documents (log axis)", ylabel="nDCG@10, same queries", xlim=(sizes[0] * 0.9, sizes[-1] * 2.6)
    )
    return figure
