"""Pictures of chapter 19 that show how a thing works: versions of a row in time, a hash ring."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from embedlab.vector_databases import Ring, make_ring, position

BLUE, GREEN, RED, PINK, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#AA4499", "#666666", "#222222"
SMALL = 9.5  # points
NODE_COLOURS = (BLUE, GREEN, PINK, RED)
MOMENTS = ((1.5, "reader's\nsnapshot"), (3.0, "UPDATE\ncommits"), (6.0, "reader\nends"), (9.0, "VACUUM"))


def draw_versions() -> Figure:
    """Draw two versions of a row in time: alive, kept for a reader, dead but still in the graph, and gone.

    Examples
    --------
    >>> figure = draw_versions()
    >>> [text.get_text() for text in figure.axes[0].texts][:3]
    ['version 1: vector a', 'alive', 'kept for the reader']
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(10.5, 2.8), layout="constrained")
    style = {"va": "center", "fontsize": SMALL}
    snapshot, update, end, vacuum = (at for at, _ in MOMENTS)
    ax.text(-0.15, 1.9, "version 1: vector a", ha="right", color=INK, **style)
    for start, stop, what, look in (
        (0, update, "alive", {"facecolor": GREEN}),
        (update, end, "kept for the reader", {"facecolor": "#BFE5D6", "edgecolor": GREEN}),
        (end, vacuum, "dead, in table and graph", {"facecolor": "#F6D5BF", "edgecolor": RED}),
    ):
        ax.broken_barh([(start, stop - start)], (1.68, 0.44), **look)
        ink = {"color": "white"} if what == "alive" else {"color": INK}
        ax.text((start + stop) / 2, 1.9, what, ha="center", **ink, **style)
    ax.text(vacuum + 0.1, 1.9, "gone: its place\ncan be used again", ha="left", color=GREY, **style)
    ax.text(-0.15, 1.1, "version 2: vector b", ha="right", color=INK, **style)
    ax.broken_barh([(update, 11.5 - update)], (0.88, 0.44), facecolor=GREEN)
    ax.text((update + 11.5) / 2, 1.1, "alive", ha="center", color="white", **style)
    ax.text(-0.15, 0.4, "the reader sees", ha="right", color=INK, **style)
    ax.annotate("", (end, 0.4), (snapshot, 0.4), arrowprops={"arrowstyle": "<->", "color": BLUE, "lw": 1.5})
    ax.text((snapshot + end) / 2, 0.5, "version 1, to its end", ha="center", va="bottom", color=BLUE)
    for at, what in MOMENTS:
        ax.axvline(at, ymax=0.86, color=GREY, lw=1, ls=":", zorder=0)
        ax.text(at, 2.75, what, ha="center", va="center", fontsize=SMALL)
    ax.set(xlim=(-2.3, 11.6), ylim=(0.1, 3.05))
    ax.axis("off")
    return figure


def draw_ring(before: Sequence[str], joins: str, *, virtual: int = 3, key: str = "numpy.dot") -> Figure:
    """Draw a hash ring, and the same one after a node has joined: whose arc is whose, and which arcs move.

    Parameters
    ----------
    before : sequence of str
        Nodes, three at most.
    joins : str
        The node that joins.
    virtual : int
        Points of each node.
    key : str
        A document to look up.

    Examples
    --------
    >>> figure = draw_ring(["a", "b"], "c")
    >>> [ax.get_title("center") for ax in figure.axes]
    ['a, b', 'a, b, c']
    >>> plt.close(figure)
    """
    colours = dict(zip([*before, joins], NODE_COLOURS, strict=False))
    figure, panels = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
    old = make_ring(before, virtual)
    for ax, ring in zip(panels, (old, make_ring([*before, joins], virtual)), strict=True):
        for start, end, node in arcs(ring):
            angles = np.linspace(start, end, 60)
            ax.plot(np.sin(angles), np.cos(angles), lw=7, color=colours[node], solid_capstyle="butt")
            ax.plot(np.sin(end), np.cos(end), "o", ms=8, color=colours[node], mec="white")
            ax.text(
                1.14 * np.sin(end), 1.14 * np.cos(end), node, ha="center", va="center", color=colours[node]
            )
        angle = 2 * np.pi * position(key) / 2**64
        ax.plot(np.sin(angle), np.cos(angle), "D", ms=7, color=INK)
        ax.annotate(
            f"{key}\nlies on {ring.owner(key)}",
            (np.sin(angle), np.cos(angle)),
            (0, 0),
            ha="center",
            va="center",
            arrowprops={"arrowstyle": "-", "color": INK, "lw": 0.8},
        )
        ax.set(aspect="equal", xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
        ax.set_title(", ".join(dict.fromkeys([*before, *ring.nodes])), loc="center")
        ax.axis("off")
    return figure


def arcs(ring: Ring) -> list[tuple[float, float, str]]:
    """Return the arcs of a ring: from which angle to which (radians, clockwise from the top), whose they are.

    Examples
    --------
    >>> found = arcs(make_ring(["a", "b"], 2))
    >>> len(found), round(sum(end - start for start, end, _ in found) / (2 * np.pi), 6)
    (4, 1.0)
    """
    ends = [2 * np.pi * point / 2**64 for point in ring.points]
    starts = [ends[-1] - 2 * np.pi, *ends[:-1]]
    return list(zip(starts, ends, ring.nodes, strict=True))


__all__ = ["draw_ring", "draw_versions"]
