"""Drawings of chapter 06: a search through the layers, the beam on the ground, curves with intervals."""

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from sklearn.decomposition import PCA

from embedlab.benchmark import bootstrap_interval, seeded_sample
from embedlab.hnsw import PlainHNSW
from embedlab.index import Floats

INK, LINK, DOT = "#222222", "#C4C4C4", "#9A9A9A"
BLUE, ORANGE, GREEN, RED, PINK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"


def described(figure: Figure, text: str) -> None:
    """Display a figure with a text for those who cannot see it, and close it."""
    from IPython.display import display

    drawn, picture = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    plt.close(figure)
    Image.open(drawn).convert("RGB").quantize(128).save(picture, "PNG", optimize=True)  # half the bytes
    about = {"image/png": {"alt": text}}
    display({"image/png": picture.getvalue(), "text/plain": text}, metadata=about, raw=True)


def flat_map(vectors: Floats, n: int = 300) -> tuple[Floats, Floats]:
    """Lay a sample of vectors out in two dimensions, (n, 2), and on a wide dome above: (n, 3), of length 1.

    On the dome the largest inner product is nearly the nearest on the map, so that an index of inner products
    can be built on what is drawn.

    Examples
    --------
    >>> points, dome = flat_map(np.random.default_rng(0).normal(size=(50, 8)), n=20)
    >>> points.shape, dome.shape, np.linalg.norm(dome, axis=1).round(4).max()
    ((20, 2), (20, 3), np.float32(1.0))
    """
    sample = vectors[seeded_sample(range(len(vectors)), n)]
    points = PCA(2).fit_transform(sample)
    points = (points / np.linalg.norm(points, axis=1).max()).astype(np.float32)
    low = points / 2
    height = np.sqrt(1 - (low**2).sum(axis=1, keepdims=True))
    return points, np.hstack([low, height]).astype(np.float32)


def walk_down(index: PlainHNSW, query: Floats) -> list[tuple[int, int]]:
    """Follow a greedy search: (layer, number) of each vector it stands on, from the entry down to layer 1."""
    here, steps = index.entry, []
    for height in range(len(index.layers) - 1, 0, -1):
        while True:
            steps.append((height, here))
            around = index.layers[height][here]
            nearest = max(around, key=lambda j: float(index.vectors[j] @ query), default=here)
            if index.vectors[nearest] @ query <= index.vectors[here] @ query:
                break
            here = nearest
    return steps


def _on_layer(points: Floats, height: int) -> Floats:
    """Look at a layer from the side: (n, 2) to (n, 2) on the page."""
    return np.column_stack([points[:, 0] + 0.35 * points[:, 1], 0.4 * points[:, 1] + 1.05 * height])


def draw_layers(index: PlainHNSW, points: Floats, query: Floats, ef: int = 8) -> Figure:
    """Draw a whole search: the layers above each other with the way down, and the beam on the ground.

    Parameters
    ----------
    index : PlainHNSW
        Built on what the points stand for, see `flat_map`.
    points : float32 array (n, 2)
    query : float32 array (d,)
    ef : int

    Examples
    --------
    >>> points, dome = flat_map(np.random.default_rng(0).normal(size=(80, 8)), n=60)
    >>> index = PlainHNSW(3, m=3, ef_construction=10)
    >>> index.add(dome)
    >>> figure = draw_layers(index, points, dome[0])
    >>> len(figure.axes)
    2
    >>> plt.close(figure)
    """
    figure, (side, ground) = plt.subplots(1, 2, figsize=(10.5, 5.6), width_ratios=(1.25, 1))
    steps = walk_down(index, query)
    target = points[(index.vectors @ query).argmax()][None]
    for height, layer in enumerate(index.layers):
        place, members = _on_layer(points, height), list(layer)
        corners = _on_layer(np.float32([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 1.05, height)
        side.fill(*corners.T, facecolor="#F6F6F6", edgecolor="#DDDDDD", zorder=0)
        if height:
            for i, links in layer.items():
                for j in links:
                    side.plot(*place[[i, j]].T, color=LINK, lw=0.8, zorder=1)
        side.scatter(*place[members].T, s=5 + 7 * height, color=DOT, zorder=2)
        name = f"layer {height}" if height else "the ground, layer 0"
        text = f"{name}\n{len(members)} vectors"
        side.text(1.5, 1.05 * height, text, color=INK, fontsize=9.5, va="center")
        side.plot(*_on_layer(target, height).T, "x", color=INK, ms=7, mew=1.8, zorder=6)
    way = np.array([_on_layer(points, height)[i] for height, i in steps])
    end = steps[-1][1] if steps else index.entry
    way = np.vstack([way.reshape(-1, 2), _on_layer(points, 0)[end]])
    side.plot(*way.T, "-o", color=RED, lw=2, ms=4, zorder=5)
    side.annotate("entry", way[0], (-28, 12), textcoords="offset points", color=RED, weight="bold")
    side.set(xlim=(-1.45, 2.3))
    side.set_title("down the layers: one step at a time, greedily")
    _draw_ground(ground, index, points, query, end, target, ef)
    for axes in (side, ground):
        axes.set_axis_off()
    return figure


def _draw_ground(axes: Axes, index: PlainHNSW, points: Floats, query, start: int, target: Floats, ef: int):
    found, seen = index.search_layer(query, [start], ef, index.vectors, index.layers[0])
    beam = [i for _, i in found]
    for i in beam:
        for j in index.layers[0][i]:
            axes.plot(*points[[i, j]].T, color=LINK, lw=0.8, zorder=1)
    axes.scatter(*points.T, s=6, color="#D5D5D5", zorder=2)
    axes.scatter(*points[sorted(seen)].T, s=20, color=GREEN, zorder=3)
    axes.scatter(*points[beam].T, s=34, color=BLUE, zorder=4)
    axes.plot(*points[start], "o", color=RED, ms=8, zorder=5)
    axes.plot(*target.T, "x", color=INK, ms=9, mew=2, zorder=6)
    middle, around = points[sorted(seen)].mean(axis=0), points[sorted(seen)]
    reach = 1.35 * np.abs(around - middle).max()
    axes.set(xlim=middle[0] + np.array([-1, 1]) * reach, ylim=middle[1] + np.array([-1.6, 1]) * reach)
    axes.set_aspect("equal")
    axes.set_title(f"a piece of the ground, enlarged: a beam of {ef}")
    rows = [
        (RED, "where the way down ends"),
        ("#00795A", f"compared: {len(seen)} of {len(points)}"),
        (BLUE, f"the beam: the best {len(beam)} found"),
        (INK, "x  the query"),
    ]
    for place, (color, text) in enumerate(rows):
        style = {"transform": axes.transAxes, "fontsize": 10.5, "va": "top"}
        axes.text(0.02, 0.21 - 0.055 * place, text, color=color, **style)


def draw_recall(
    axes: Axes,
    x: Sequence[float],
    recall: NDArray,
    label: str,
    color: str,
    at: int = -1,
    shift=(6, 0),
    line=True,
) -> None:
    """Draw the mean of each row of recall (w, q) over x (w,), its 95 % interval, and the label at a point.

    Without ``line`` the points stand alone, each with a bar for its interval.

    Examples
    --------
    >>> axes = plt.subplots()[1]
    >>> draw_recall(axes, [1, 2], np.array([[0.5, 0.7, 0.9], [0.8, 0.9, 1.0]]), "M 16", BLUE)
    >>> axes.texts[0].get_text(), axes.lines[0].get_ydata().round(2)
    ('M 16', array([0.7, 0.9]))
    >>> plt.close(axes.figure)
    """
    mean, low, high = np.array([bootstrap_interval(row, samples=2000) for row in recall]).T
    if line:
        axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
        axes.plot(x, mean, marker="o", ms=4, color=color)
    else:
        axes.errorbar(x, mean, (mean - low, high - mean), fmt="o", ms=4, lw=1, color=color)
    axes.annotate(label, (x[at], mean[at]), shift, textcoords="offset points", color=color, va="center")


def plain_ticks(axes: Axes, ticks: Sequence[float], text: str = "{:,g}") -> None:
    """Label a logarithmic x axis with numbers as one reads them.

    Examples
    --------
    >>> axes = plt.subplots()[1]
    >>> plain_ticks(axes, [100, 1000])
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['100', '1,000']
    >>> plt.close(axes.figure)
    """
    axes.set_xscale("log")
    axes.set_xticks(ticks, [text.format(tick) for tick in ticks])
    axes.minorticks_off()
