"""Figures of chapter 07: where query and document meet, MaxSim, bytes against quality, a funnel."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from embedlab.benchmark import bootstrap_interval
from embedlab.colbert import PlaidStage

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#767676"
EARLY, LATE = "#DCE9F4", "#FBE9C8"  # computed before a query comes, and when it has come
MEETINGS = {
    "bi-encoder": ("one vector", "one vector", "one dot product"),
    "ColBERT": ("a vector a token", "a vector a token", "MaxSim"),
    "cross-encoder": ("tokens", "tokens", "all layers, both texts at once"),
}


def draw_meetings() -> Figure:
    """Draw where query and document meet in the three designs, and what is computed before the query."""
    figure, axes = plt.subplots(figsize=(8.6, 2.9))
    for column, (name, (query, document, meeting)) in enumerate(MEETINGS.items()):
        x = 3 * column
        axes.text(x + 1.25, 2.75, name, ha="center", weight="bold")
        for dx, what, side in ((0, query, "query"), (1.3, document, "document")):
            early = side == "document" and name != "cross-encoder"
            _box(axes, x + dx, 0, 1.2, side, "white")
            label = what if name == "cross-encoder" else f"encoder:\n{what}"
            _box(axes, x + dx, 0.85, 1.2, label, EARLY if early else LATE)
            for bottom in (0.55, 1.4):
                axes.annotate(
                    "", (x + dx + 0.6, bottom + 0.3), (x + dx + 0.6, bottom), arrowprops={"arrowstyle": "->"}
                )
        _box(axes, x, 1.7, 2.5, meeting, LATE)
    axes.text(0, -0.5, "blue: computed once, before any query", color=BLUE, va="top")
    axes.text(4.6, -0.5, "yellow: computed for each query", color="#8A5A00", va="top")
    axes.set(xlim=(-0.1, 8.7), ylim=(-0.9, 3.1))
    axes.axis("off")
    return figure


def _box(axes: Axes, x: float, y: float, width: float, text: str, colour: str) -> None:
    axes.add_patch(plt.Rectangle((x, y), width, 0.55, facecolor=colour, edgecolor="#444444", lw=0.8))
    axes.text(x + width / 2, y + 0.275, text, ha="center", va="center", fontsize=8.5)


def draw_maxsim(similarity: NDArray, query_tokens: Sequence[str], document_tokens: Sequence[str]) -> Figure:
    """Draw all similarities of a query's tokens and a document's, the best of each row, and what it adds.

    Parameters
    ----------
    similarity : array (t, l)
    query_tokens, document_tokens : sequences of t and of l str
    """
    best, value = similarity.argmax(axis=1), similarity.max(axis=1)
    width = {"width_ratios": [3.2, 1]}
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6), sharey=True, gridspec_kw=width)
    image = left.imshow(similarity, vmin=-0.2, vmax=1, aspect="auto")
    left.set_xticks(range(len(document_tokens)), document_tokens, rotation=60, ha="right")
    left.set_yticks(range(len(query_tokens)), query_tokens)
    left.plot(best, range(len(best)), "s", mfc="none", mec=RED, ms=13, mew=2)
    left.set_title("cosine; red: the best of each row")
    left.grid(visible=False)
    figure.colorbar(image, ax=left, pad=0.01)
    special = np.isin(query_tokens, ["[CLS]", "[SEP]"])
    right.barh(range(len(value)), value, color=np.where(special, GREY, BLUE))
    for row, number in enumerate(value):
        right.text(number, row, f" {number:.2f} {document_tokens[best[row]]}", va="center", fontsize=9)
    right.set(title=f"sum {value.sum():.2f}", xlabel="its maximum", xlim=(0, 1.9), xticks=[0, 0.5, 1])
    right.grid(axis="y", visible=False)
    return figure


def draw_frontier(families: Mapping[str, Mapping[str, tuple[float, NDArray]]]) -> Figure:
    """Draw quality against bytes, each point with its 95 % interval, and the Pareto line through the best.

    Parameters
    ----------
    families : {family: {label: (bytes per document, nDCG@10 of each query)}}
    """
    figure, axes = plt.subplots(figsize=(8.6, 4.8))
    points = []
    for (family, members), colour, marker in zip(families.items(), (BLUE, RED, GREEN), "osD", strict=False):
        for number, (label, (size, values)) in enumerate(members.items()):
            mean, low, high = bootstrap_interval(values, samples=2000)
            points.append((size, mean))
            axes.plot([size, size], [low, high], color=colour, lw=1.2, alpha=0.5)
            axes.plot(size, mean, marker, color=colour, ms=7, label="" if number else family)
            offset = (7, -12) if colour == RED else (7, 4)  # two families above each other
            left = "pooled by 2" in label  # has a neighbour on its right
            place = {"xytext": offset, "ha": "left"}
            if left:
                place = {"xytext": (-6, 9 if label.startswith("2 bits") else -4), "ha": "right"}
            axes.annotate(label, (size, mean), textcoords="offset points", fontsize=9, color=colour, **place)
    front, best = [], -np.inf
    for size, mean in sorted(points):
        if mean > best:
            front, best = [*front, (size, mean)], mean
    axes.step(*zip(*front, strict=True), where="post", color="#222222", lw=1, ls="--", zorder=0)
    axes.set(
        xscale="log", xlabel="bytes per document, all that a search reads", ylabel="nDCG@10, dev queries"
    )
    axes.set_xticks([100, 1000, 10_000, 100_000], ["100", "1,000", "10,000", "100,000"])
    axes.set_xlim(right=3 * max(size for size, _ in points))
    axes.legend(loc="lower right")
    return figure


def draw_funnel(searches: Sequence[Sequence[PlaidStage]], collection: int) -> Figure:
    """Draw how many documents each stage of PLAID leaves, on average, and the first decile of what it takes.

    Parameters
    ----------
    searches : sequence of the stages of one search each
    collection : int
        Documents in the index.
    """
    left = [np.mean([len(stages[i].ids) for stages in searches]) for i in range(4)]
    ms = [np.quantile([stages[i].ms for stages in searches], 0.1) for i in range(4)]  # other work only adds
    rows = [
        "whole collection",
        "candidates: a token in a probed cluster",
        "pruned: MaxSim over likely centroids",
    ]
    rows += ["centroids: MaxSim over all of them", "decoded: exact MaxSim"]
    figure, axes = plt.subplots(figsize=(8.6, 3.2))
    for y, (name, count) in enumerate(zip(rows, [collection, *left], strict=True)):
        axes.barh(y, count, left=-count / 2, color=BLUE if y else GREY, alpha=0.85, height=0.72)
        time = f"{ms[y - 1]:.2f} ms" if y else ""
        axes.text(-0.56 * collection, y, name, ha="right", va="center", fontsize=10)
        axes.text(0.53 * collection, y, f"{count:,.0f}", ha="left", va="center", fontsize=10, weight="bold")
        axes.text(0.72 * collection, y, time, ha="left", va="center", fontsize=10, color=RED)
    axes.text(0.53 * collection, -0.95, "left over", fontsize=9)
    axes.text(0.72 * collection, -0.95, "takes", fontsize=9, color=RED)
    axes.set(xlim=(-1.55 * collection, 0.95 * collection), ylim=(4.6, -1.2))
    axes.axis("off")
    return figure


def draw_recall(curves: Mapping[str, Mapping[int, NDArray]]) -> Axes:
    """Draw the share of the exact ten that is found against the number of probes, with 95 % intervals.

    Parameters
    ----------
    curves : {label: {probes: recall of each query}}
    """
    _, axes = plt.subplots(figsize=(7, 3.6))
    for (label, curve), colour, marker in zip(curves.items(), (BLUE, RED, GREEN), "osD", strict=False):
        found = np.array([bootstrap_interval(values, samples=2000) for values in curve.values()])
        probes = list(curve)
        axes.fill_between(probes, found[:, 1], found[:, 2], color=colour, alpha=0.18, lw=0)
        axes.plot(probes, found[:, 0], marker=marker, color=colour, label=label)
    ticks = sorted({probe for curve in curves.values() for probe in curve})
    axes.set(xscale="log", xlabel="clusters that each query token probes", ylabel="share of the exact ten")
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    return axes
