"""Drawings of chapters 04 and 05: which numbers of a vector enter which loss, and how a code is scored."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#D9D9D9", "#222222"


def _canvas(width: float, height: float) -> Axes:
    """Return an empty axes whose units are hundredths of an inch, so that boxes and text fit each other."""
    axes = plt.subplots(figsize=(width, height))[1]
    axes.set(xlim=(0, 100 * width), ylim=(0, 100 * height), aspect="equal")
    axes.axis("off")
    return axes


def _box(axes: Axes, x: float, y: float, width: float, height: float, text: str = "", **style) -> None:
    style = {"facecolor": "white", "edgecolor": INK, "linewidth": 1.2} | style
    axes.add_patch(Rectangle((x, y), width, height, **style))
    if text:
        axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=9.5, color=INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], text: str = "") -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": INK, "lw": 1.2})
    if text:
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 8
        axes.text(*middle, text, ha="center", va="bottom", fontsize=9, color=INK)


def draw_matryoshka(dims: Sequence[int] = (384, 128, 64, 32), batch: int = 64) -> Axes:
    """Draw how one batch of vectors enters a loss for each prefix, and how these are averaged.

    Parameters
    ----------
    dims : sequence of int
        The prefixes, the longest first.
    batch : int
        Queries of a batch, and documents.

    Examples
    --------
    >>> axes = draw_matryoshka((8, 4))
    >>> [text.get_text() for text in axes.texts][0]
    'one vector of 8 numbers'
    >>> plt.close(axes.figure)
    """
    axes = _canvas(8.6, 0.75 * len(dims) + 0.7)
    full, top = 260, 75 * len(dims) + 15
    axes.text(10, top + 22, f"one vector of {max(dims)} numbers", fontsize=10, color=INK)
    for row, d in enumerate(dims):
        y, kept = top - 75 * (row + 1) + 30, max(full * d / max(dims), 14)
        _box(axes, 10, y, full, 32, facecolor=GREY, edgecolor="none")
        _box(axes, 10, y, kept, 32, facecolor=BLUE, edgecolor=INK, alpha=0.85)
        axes.text(16 + max(kept, 0) if kept < full else 16, y + 16, f"first {d}", va="center", fontsize=9.5)
        if kept == full:
            axes.texts[-1].set_color("white")
        _arrow(axes, (275, y + 16), (345, y + 16), "normalise")
        _box(axes, 350, y, 130, 32, f"cosines {batch} x {batch}")
        _arrow(axes, (485, y + 16), (540, y + 16))
        _box(axes, 545, y, 120, 32, "cross-entropy")
        _arrow(axes, (670, y + 16), (745, top - 75 * len(dims) / 2 + 8))
    _box(axes, 750, top - 75 * len(dims) / 2 - 12, 90, 40, "mean: loss", facecolor="#FFE8D6")
    return axes


def draw_lookup(
    code: Sequence[int],
    entries: Sequence[float],
    *,
    dims: int,
    centroids: int = 256,
    of: int | None = None,
) -> Axes:
    """Draw how a document is encoded by product quantization, and how its code is scored.

    Parameters
    ----------
    code : sequence of m int
        The centroids' numbers of one document, the first few subspaces of it.
    entries : sequence of m float
        What the query's tables say for these numbers.
    dims : int
        Numbers in a subspace.
    centroids : int
        In each codebook.
    of : int, optional
        How many subspaces there are, if only the first few are drawn: the sum is then not the score.

    Raises
    ------
    ValueError
        If there is not one entry for each number of the code.

    Examples
    --------
    >>> axes = draw_lookup([3, 1], [0.5, -0.25], dims=8)
    >>> axes.texts[-1].get_text()
    'score: sum = +0.250'
    >>> plt.close(axes.figure)
    """
    if len(code) != len(entries):
        raise ValueError(f"{len(code)} numbers need as many entries, but got {len(entries)}")
    axes, step = _canvas(1.75 * len(code) + 1.6, 4.3), 175
    names = ("document", "codebook", "code", "query's table", "score")
    for name, y in zip(names, (385, 300, 215, 110, 30), strict=True):
        axes.text(5, y, name, fontsize=10, va="center", color=INK, fontweight="bold")
    for j, (number, entry) in enumerate(zip(code, entries, strict=True)):
        x, colour = 115 + step * j, (BLUE, ORANGE, GREEN, "#CC79A7")[j % 4]
        _box(axes, x, 370, 150, 30, f"subvector {j}: {dims} floats", facecolor=colour, alpha=0.35)
        _arrow(axes, (x + 75, 368), (x + 75, 322))
        _box(axes, x, 285, 150, 34, f"nearest of {centroids}", edgecolor=colour)
        _arrow(axes, (x + 75, 283), (x + 75, 234))
        _box(axes, x + 40, 202, 70, 30, f"{number}", facecolor=colour, alpha=0.35)
        axes.text(x + 116, 217, "1 byte", fontsize=8.5, va="center", color=INK)
        _arrow(axes, (x + 75, 200), (x + 75, 132))
        _box(axes, x, 96, 150, 34, f"entry {number}: {entry:+.3f}", edgecolor=colour)
        _arrow(axes, (x + 75, 94), (115 + step * len(code) / 2 - 12, 48))
    x, name = (
        115 + step * len(code) / 2 - 100,
        "score: sum" if of is None else f"sum of these {len(code)} of {of}",
    )
    wide = 199 if of is None else 265  # the longer text
    _box(axes, x + 87.5 - wide / 2, 12, wide, 34, f"{name} = {sum(entries):+.3f}", facecolor="#FFE8D6")
    return axes
