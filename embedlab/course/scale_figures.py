"""Drawings of chapter 16 on lists: cells on a map, their sizes, residuals, variance of subspaces."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from embedlab.benchmark import bootstrap_interval
from embedlab.course.hnsw_figures import BLUE, GREEN, INK, ORANGE, RED, draw_recall, plain_ticks
from embedlab.index import Floats, Ints
from embedlab.scale import probe

GREY, CELL, LOOKED = "#8A8A8A", "#9A9A9A", "#DCE9F4"
BROWN = "#946200"  # orange, dark enough for text


def lifted(points: Floats) -> Floats:
    """Put points (n, 2) of a map onto the dome of `hnsw_figures.flat_map`: (n, 3), of length 1.

    Examples
    --------
    >>> lifted(np.float32([[0, 0], [1, 0]])).round(2)
    array([[0.  , 0.  , 1.  ],
           [0.5 , 0.  , 0.87]], dtype=float32)
    """
    low = np.asarray(points, np.float32) / 2
    height = np.sqrt(np.maximum(1 - (low**2).sum(axis=1, keepdims=True), 0))
    return np.hstack([low, height]).astype(np.float32)


def found_on_map(points: Floats, centroids: Floats, place: Floats, nprobe: int) -> tuple[NDArray, Ints]:
    """Search a map (n, 2) by lists: which points are read, bool (n,), and the numbers of the exact ten.

    Parameters
    ----------
    points : float32 array (n, 2)
    centroids : float32 array (lists, 3)
        On the dome, see `lifted`.
    place : float32 array (2,)
        The query.
    nprobe : int
    """
    dome, query = lifted(points), lifted(place[None])[0]
    read = np.isin((dome @ centroids.T).argmax(axis=1), probe(query, centroids, nprobe))
    return read, np.argsort(-(dome @ query), kind="stable")[:10]


def draw_lists(points: Floats, centroids: Floats, place: Floats, probes: tuple[int, ...] = (1, 3)) -> Figure:
    """Draw a map cut into cells by its centroids, and what a query finds by looking into a few of them.

    Parameters are those of `found_on_map`; ``probes`` has a panel for each nprobe.
    """
    figure, panels = plt.subplots(1, len(probes), figsize=(10, 5), squeeze=False)
    across = np.linspace(-1.02, 1.02, 400, dtype=np.float32)
    grid = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
    cells = (lifted(grid) @ centroids.T).argmax(axis=1).reshape(400, 400)
    for axes, nprobe in zip(panels[0], probes, strict=True):
        read, ten = found_on_map(points, centroids, place, nprobe)
        looked = np.isin(cells, probe(lifted(place[None])[0], centroids, nprobe))
        axes.contourf(across, across, looked, levels=[0.5, 1.5], colors=[LOOKED])
        for number in range(len(centroids)):
            axes.contour(across, across, cells == number, levels=[0.5], colors=CELL, linewidths=0.7)
        axes.scatter(*points.T, s=9, color=np.where(read, BLUE, "#B5B5B5"))
        for own, color, marker in ((ten[read[ten]], GREEN, "o"), (ten[~read[ten]], RED, "s")):
            axes.scatter(*points[own].T, s=70, facecolors="none", edgecolors=color, marker=marker, lw=1.6)
        axes.plot(*place, "x", color=INK, ms=11, mew=2.5)
        axes.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), xticks=[], yticks=[], aspect="equal")
        told = f"{read.sum()} of {len(points)} read, {read[ten].sum()} of the ten nearest found"
        axes.set_title(f"nprobe {nprobe}: {told}", fontsize=11)
        axes.grid(visible=False)
    note = {"fontsize": 10, "transform": panels[0, 0].transAxes, "bbox": {"color": "white", "pad": 1.5}}
    panels[0, 0].text(0.02, 0.09, "✕ query", color=INK, **note)
    panels[0, 0].text(0.02, 0.05, "○ nearest, found", color=GREEN, **note)
    panels[0, 0].text(0.02, 0.01, "□ nearest, missed", color=RED, **note)
    return figure


def draw_balance(sizes: Ints, recall: NDArray, compared: NDArray, probes: tuple[int, ...]) -> Figure:
    """Draw how uneven lists are, and recall against what is compared, by nprobe.

    Parameters
    ----------
    sizes : int array (lists,)
    recall : array (p, q)
        Of each query, for each number of lists looked into.
    compared : array (p,)
        Vectors and centroids.
    probes : tuple of int
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    ordered = np.sort(sizes)[::-1]
    left.fill_between(np.arange(len(sizes)), ordered, color=BLUE, alpha=0.3, linewidth=0)
    left.plot(ordered, color=BLUE)
    left.axhline(sizes.mean(), color=INK, ls="--", lw=1)
    left.text(0.97 * len(sizes), 1.07 * sizes.mean(), f"mean {sizes.mean():.0f}", ha="right", va="bottom")
    left.set(xlabel="lists, the longest first", ylabel="vectors in the list", title="lists are not equal")
    left.set_ylim(0, None)
    draw_recall(right, compared, recall, "", BLUE)
    for nprobe, x, values in zip(probes, compared, recall.mean(axis=1), strict=True):
        below = {"textcoords": "offset points", "ha": "left", "va": "top", "fontsize": 9.5}
        right.annotate(f"nprobe {nprobe}", (x, values), (5, -7), color=BLUE, **below)
    plain_ticks(right, (1000, 2000, 5000, 10_000, 20_000))
    right.set(xlabel="centroids and vectors compared, of 100,000", ylabel="recall@10, 95 % interval")
    right.set_title("a few lists hold most answers")
    right.set_xlim(right.get_xlim()[0], 1.6 * compared[-1])
    return figure


def draw_residuals(along: Floats, mean: float) -> Axes:
    """Draw vectors of length 1 beside the centroid of their list: residuals from it, and from their mean.

    What they have along the centroid is the x axis, what they have across, all directions folded into one,
    the y axis; so all lengths are right.

    Parameters
    ----------
    along : float32 array (n,)
        The inner products of the list's vectors with its centroid of length 1.
    mean : float
        Their mean: the length of the list's own mean.
    """
    axes = plt.subplots(figsize=(6.4, 4.6))[1]
    arc = np.linspace(0, np.pi / 2, 100)
    axes.plot(np.cos(arc), np.sin(arc), color="#BBBBBB", lw=1)
    axes.text(np.cos(1.12), np.sin(1.12) + 0.03, "length 1", color=GREY, fontsize=9.5)
    axes.scatter(along, np.sqrt(np.maximum(1 - along**2, 0)), s=14, color=BLUE, alpha=0.5, zorder=3)
    typical = np.array([mean, np.sqrt(1 - mean**2)])
    arrow = {"arrowstyle": "->", "lw": 1.8}
    for start, color in (((1, 0), RED), ((mean, 0), GREEN)):
        axes.annotate("", typical, start, arrowprops=arrow | {"color": color}, zorder=4)
    axes.plot(1, 0, "o", color=RED, ms=9, clip_on=False, zorder=5)
    axes.plot(mean, 0, "o", color=GREEN, ms=9, clip_on=False, zorder=5)
    lengths = np.hypot(typical[0] - 1, typical[1]), typical[1]
    axes.text(1.02, 0.04, "centroid, length 1", color=RED)
    axes.text(mean - 0.02, 0.04, f"mean, length {mean:.2f}", color=GREEN, ha="right")
    axes.text(1.04, 0.35 * typical[1], f"residual {lengths[0]:.2f}", color=RED)
    axes.text(mean - 0.02, 0.5 * typical[1], f"residual {lengths[1]:.2f}", color=GREEN, ha="right")
    far = (along.min(), np.sqrt(1 - along.min() ** 2))
    axes.annotate("vectors of the list", far, (-12, 2), textcoords="offset points", color=BLUE, ha="right")
    axes.set(xlabel="along the centroid", ylabel="across it", xlim=(0, 1.4), ylim=(0, 1.08), aspect="equal")
    axes.set_title("What is left of a vector without its list")
    return axes


def draw_subspaces(
    shares: Mapping[str, Floats], errors: Mapping[str, Floats], recall: Mapping[str, Floats]
) -> Figure:
    """Draw the variance of each subspace, what its byte leaves over, and the recall that comes of it.

    Parameters
    ----------
    shares, errors : {rotation: float array (m,)}
        Of the variance of all subspaces.
    recall : {rotation: float array (q,)}
        Of each query.

    Examples
    --------
    >>> found = {"none": np.float32([0.7, 0.3])}
    >>> figure = draw_subspaces(found, found, found)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['subspaces, the loudest first', 'recall@10 on dev, 95 % interval']
    >>> plt.close(figure)
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    colors = dict(zip(shares, (RED, ORANGE, BLUE, GREEN), strict=False))
    for row, (name, color) in enumerate(colors.items()):
        style = {"color": color, "ls": (":", "-")[row % 2], "zorder": 4 - row % 2}  # lines lie on each other
        left.plot(np.sort(shares[name])[::-1], lw=1.6, **style)
        left.plot(np.sort(errors[name])[::-1], lw=3.5, label=name, **style)
        mean, low, high = bootstrap_interval(recall[name], samples=2000)
        right.errorbar(mean, row, xerr=[[mean - low], [high - mean]], fmt="o", color=color, ms=7, lw=2)
    last = len(shares[name]) - 1
    left.text(last, 1.12 * np.max([*shares.values()]), "all of it (thin)", ha="right", va="bottom")
    left.text(0, 0.55 * np.min([*errors.values()]), "left over by the byte (thick)", va="top")
    left.legend(labelcolor="linecolor", ncols=2, loc="center right", bbox_to_anchor=(1, 0.68))
    left.yaxis.set_major_formatter(PercentFormatter(1, 0))
    left.set(xlabel="subspaces, the loudest first", ylabel="share of the residuals' variance")
    left.set(ylim=(0, 1.35 * np.max([*shares.values()])), title="variance of a subspace")
    right.set_yticks(range(len(shares)), list(shares))
    right.set(xlabel="recall@10 on dev, 95 % interval", ylim=(len(shares) - 0.5, -0.5))
    right.set_title(f"the same {last + 1} bytes")
    right.grid(axis="y", visible=False)
    return figure
