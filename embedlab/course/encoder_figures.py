"""The drawings of chapter 02: the way through the encoder, attention as matrices, where the norm stands."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

INK, LINE, SOFT = "#222222", "#555555", "#767676"
BLUE, YELLOW, GREEN = "#CFE3F0", "#FBE3B5", "#C5E7DC"
STREAM = "#0072B2"  # what is added to: the residual connection


def _box(axes: Axes, x: float, y: float, text: str, colour: str = "white", size: float = 9) -> None:
    frame = {"boxstyle": "round,pad=0.35", "facecolor": colour, "edgecolor": LINE}
    axes.text(x, y, text, ha="center", va="center", fontsize=size, bbox=frame, color=INK)


def _arrow(axes: Axes, start: tuple, end: tuple, *, bend: float = 0, colour: str = LINE) -> None:
    style = {"arrowstyle": "->", "color": colour, "lw": 1.4, "connectionstyle": f"arc3,rad={bend}"}
    axes.annotate("", end, start, arrowprops=style)


def draw_encoder(layers: int = 6, heads: int = 12, d: int = 384) -> Figure:
    """Draw the way from token ids to token vectors: the parts of a layer, and what bypasses them.

    Examples
    --------
    >>> figure = draw_encoder()
    >>> plt.close(figure)
    """
    figure, axes = plt.subplots(figsize=(10.4, 3))
    _box(axes, 0, 0, "token ids\n(n, t)")
    _box(axes, 2.2, 0, f"word, position,\nsegment rows:\nsum, norm\n(n, t, {d})", BLUE)
    for y, name in ((0.7, "Q"), (0, "K"), (-0.7, "V")):
        _box(axes, 4.5, y, name, YELLOW)
        _arrow(axes, (3.75, 0), (4.25, y))
    _box(axes, 6.2, 0.35, "softmax of\nQ Kᵀ / √size", YELLOW)
    _box(axes, 8.1, 0, "weights\ntimes V", YELLOW)
    _box(axes, 9.5, 0, "W", YELLOW)
    _box(axes, 10.7, 0, "add\nnorm")
    _box(axes, 13.3, 0, f"feed-forward\n{d} → {4 * d:,} → {d}", GREEN)
    _box(axes, 15.9, 0, "add\nnorm")
    _box(axes, 18.1, 0, f"token vectors\n(n, t, {d})")
    ways = [((4.75, 0.7), (5.3, 0.45)), ((4.75, 0), (5.3, 0.25)), ((7.1, 0.3), (7.5, 0.1))]
    ways += [((8.7, 0), (9.2, 0)), ((9.8, 0), (10.25, 0)), ((11.15, 0), (12.0, 0)), ((14.6, 0), (15.45, 0))]
    for start, end in [*ways, ((16.35, 0), (17.15, 0)), ((0.65, 0), (1.3, 0))]:
        _arrow(axes, start, end)
    axes.plot([3.15, 3.75], [0, 0], color=LINE, lw=1.4)
    axes.plot([4.75, 7.8, 7.8], [-0.7, -0.7, -0.55], color=LINE, lw=1.4)
    _arrow(axes, (7.8, -0.6), (7.8, -0.3))
    for start, end in ((3.6, 10.7), (11.4, 15.9)):  # what bypasses a part
        axes.plot([start, start, end, end], [0, 1.15, 1.15, 0.7], color=STREAM, lw=1.4)
        _arrow(axes, (end, 0.75), (end, 0.32), colour=STREAM)
    axes.text(7, -1.3, f"attention: {heads} heads of {d // heads}, mixes tokens", ha="center", fontsize=9)
    axes.text(13.3, -1.3, "each token by itself", ha="center", fontsize=9)
    axes.add_patch(Rectangle((3.4, -1.55), 13.15, 3.4, fill=False, ls="--", ec=SOFT))
    axes.text(16.4, 1.45, f"{layers} such layers", ha="right", weight="bold", fontsize=10)
    axes.set(xlim=(-0.9, 19.2), ylim=(-1.7, 1.95))
    axes.set_axis_off()
    return figure


def draw_attention(
    parts: Sequence[tuple[str, NDArray, str]], tokens: Sequence[str], *, digits: int = 1
) -> Figure:
    """Draw six matrices, three in a row, numbers in their cells, a sign after each: one head of attention.

    Parameters
    ----------
    parts : sequence of (title, matrix (rows, columns), sign that follows)
        Rows or columns that are as many as the tokens carry their names.
    tokens : sequence of t str
    digits : int
        After the point; more for matrices titled "weights".

    Examples
    --------
    >>> figure = draw_attention([("Q", np.eye(2), "=")] * 6, ["a", "b"])
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(2, len(parts) // 2, figsize=(8.4, 4.2))
    for panel, (title, matrix, sign) in zip(panels.flat, parts, strict=True):
        reach = max(float(np.abs(matrix[np.isfinite(matrix)]).max()), 1e-9)
        panel.imshow(matrix, cmap="PuOr", vmin=-1.6 * reach, vmax=1.6 * reach, aspect="auto")
        shown = 2 if "weights" in title else digits
        for (i, j), value in np.ndenumerate(matrix):
            panel.text(j, i, f"{value:.{shown}f}", ha="center", va="center", fontsize=9, color=INK)
        rows, columns = matrix.shape
        panel.set_title(f"{title}  ({rows}, {columns})", fontsize=10, loc="center")
        named = list(tokens) if columns == len(tokens) else []
        panel.set_xticks(range(len(named)), named, fontsize=8.5)
        panel.set_yticks(range(rows), tokens if rows == len(tokens) else [""] * rows, fontsize=8.5)
        panel.tick_params(length=0)
        panel.grid(False)
        panel.text(1.04, 0.5, sign, transform=panel.transAxes, va="center", fontsize=12)
    return figure


def draw_norms() -> Figure:
    """Draw one layer twice: the norm after the addition (BERT), and before each part (GPT-2 and later).

    The thick line is the way from x to the output; the parts of the layer hang below it.

    Examples
    --------
    >>> figure = draw_norms()
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(2, 1, figsize=(8.6, 3.5))
    for axes, title in zip(panels, ("post-LN: BERT", "pre-LN: GPT-2"), strict=True):
        pre = title.startswith("pre")
        axes.plot([0.3, 12.6], [0, 0], color=STREAM, lw=4, zorder=0, solid_capstyle="butt")
        for start, part, colour in ((0.8, "attention", YELLOW), (6.1, "feed-forward", GREEN)):
            end = start + 3.6
            axes.plot([start, start, end], [0, -1, -1], color=LINE, lw=1.4, zorder=0)
            _arrow(axes, (end, -1.02), (end, -0.2))
            if pre:
                _box(axes, start + 0.85, -1, "norm", BLUE)
            _box(axes, start + (2.25 if pre else 1.8), -1, part, colour)
            axes.plot(end, 0, "o", ms=17, mfc="white", mec=STREAM, mew=1.8)
            axes.text(end, -0.03, "+", ha="center", va="center", fontsize=12, color=STREAM)
            if not pre:
                _box(axes, end + 0.95, 0, "norm", BLUE)
        if pre:
            _box(axes, 11.3, 0, "last norm, once,\nafter all layers", BLUE, 8)
        axes.text(0.3, 0.5, title, weight="bold", fontsize=10)
        axes.text(0.2, 0, "x", ha="right", va="center", fontsize=11)
        head = {"arrowstyle": "-|>", "color": STREAM, "lw": 4, "mutation_scale": 18}
        axes.annotate("", (13.1, 0), (12.5, 0), arrowprops=head)
        axes.set(xlim=(-0.1, 13.2), ylim=(-1.35, 0.8))
        axes.set_axis_off()
    return figure


def draw_positions(kinds: dict[str, NDArray]) -> Figure:
    """Draw what pairs of positions contribute to a score, a map for each kind, each with a scale of its own.

    Parameters
    ----------
    kinds : {title: matrix (t, t)}

    Examples
    --------
    >>> figure = draw_positions({"none": np.zeros((4, 4))})
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, len(kinds), figsize=(9.4, 2.9), squeeze=False)
    for panel, (title, matrix) in zip(panels[0], kinds.items(), strict=True):
        image = panel.imshow(matrix)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("key's position")
        panel.grid(False)
        bar = figure.colorbar(image, ax=panel, orientation="horizontal")
        bar.ax.tick_params(labelsize=8)
    panels[0, 0].set_ylabel("query's position")
    return figure


def draw_masks(tokens: Sequence[str], padded: int = 1) -> Figure:
    """Draw who may look at whom: encoder with padding, decoder, and a decoder's step with cached keys.

    Parameters
    ----------
    tokens : sequence of t str
    padded : int
        How many positions of padding the encoder's text has.

    Examples
    --------
    >>> figure = draw_masks(["a", "b", "c"])
    >>> plt.close(figure)
    """
    t = len(tokens)
    encoder = np.ones((t + padded, t + padded))
    encoder[:, t:] = 0
    steps = np.full((t, t), 0.5)
    steps[-1] = 1
    kinds = {
        "encoder: both directions": (encoder, [*tokens, *["[PAD]"] * padded]),
        "decoder: causal": (np.tril(np.ones((t, t))), list(tokens)),
        "decoder with KV cache:\nthe newest row alone": (np.tril(steps), list(tokens)),
    }
    figure, panels = plt.subplots(1, 3, figsize=(9.2, 3.1))
    for panel, (title, (allowed, names)) in zip(panels, kinds.items(), strict=True):
        colours = np.array([[0.93, 0.93, 0.93], [0.81, 0.89, 0.94], [0.34, 0.65, 0.83]])
        panel.imshow(colours[(2 * allowed).astype(int)])
        for (i, j), value in np.ndenumerate(allowed):
            sign = {0: "−∞", 0.5: "done", 1: "✓"}[float(value)]
            panel.text(j, i, sign, ha="center", va="center", fontsize=8.5, color=INK)
        panel.set_title(title, fontsize=10)
        panel.set_xticks(range(len(names)), names, rotation=90, fontsize=8.5)
        panel.set_yticks(range(len(names)), names, fontsize=8.5)
        panel.tick_params(length=0)
        panel.grid(False)
    panels[0].set_ylabel("query: who looks")
    panels[1].set_xlabel("key: who is looked at")
    return figure
