"""The drawings of chapter 00 in the plane: queries among documents, and three measures with three winners."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

INK, GREY = "#222222", "#767676"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")


def plane(vectors: NDArray) -> tuple[NDArray, float]:
    """Project vectors (n, d) onto the two directions in which they differ most (PCA).

    Returns
    -------
    places : array (n, 2)
    share : float
        How much of the vectors' variance the plane holds.

    Examples
    --------
    >>> places, share = plane(np.float32([[0, 0, 1], [2, 0, 1], [0, 1, 1], [2, 1, 1]]))
    >>> places.shape, round(share, 3)
    ((4, 2), 1.0)
    """
    centred = vectors - vectors.mean(axis=0)
    left, lengths, right = np.linalg.svd(centred, full_matrices=False)
    # A component may point either way: let its largest coordinate be positive, on every machine.
    signs = np.sign(right[[0, 1], np.abs(right[:2]).argmax(axis=1)])
    return left[:, :2] * lengths[:2] * signs, float((lengths[:2] ** 2).sum() / (lengths**2).sum())


def draw_map(
    queries: Sequence[str], vectors: NDArray, documents: NDArray, nearest: NDArray, relevant: Sequence[int]
) -> tuple[Figure, float]:
    """Draw queries as stars among the documents nearest to them; a ring marks the relevant one.

    Parameters
    ----------
    queries : sequence of q str
    vectors : array (q, d)
    documents : array (n, d)
    nearest : int array (q, k)
        Rows of ``documents``.
    relevant : sequence of q int
        A row of ``documents`` each.

    Returns
    -------
    figure, share
        The share of the variance that two dimensions keep.

    Examples
    --------
    >>> x = np.eye(6, 8, dtype=np.float32)
    >>> figure, share = draw_map(["one", "two"], x[:2], x, np.array([[2, 3], [4, 5]]), [2, 4])
    >>> share < 1
    True
    >>> plt.close(figure)
    """
    q, k = nearest.shape
    shown = np.concatenate([vectors, documents[nearest.ravel()], documents[list(relevant)]])
    places, share = plane(shown)
    stars, rings = places[:q], places[q + q * k :]
    figure, axes = plt.subplots(figsize=(7.4, 5.4))
    axes.margins(0.12)
    for i in range(q):
        colour = COLOURS[i % len(COLOURS)]
        own = places[q + i * k : q + (i + 1) * k]
        axes.plot(*own.T, "o", color=colour, ms=4, alpha=0.55, mew=0)
        axes.plot(*zip(stars[i], rings[i], strict=True), color=colour, lw=0.9, ls=":")
        axes.plot(*rings[i], "o", mfc="none", mec=INK, ms=10, mew=1.4)
        axes.plot(*stars[i], "*", color=colour, ms=17, mec=INK, mew=0.7)
    axes.set(xlabel="first principal component", ylabel="second")
    axes.set_aspect("equal", adjustable="datalim")
    ways = np.linspace(stars, rings, 12)[2:].reshape(-1, 2)  # the dotted lines
    _write_beside(axes, queries, stars, np.concatenate([places, ways]))
    return figure, share


def _write_beside(axes: Axes, texts: Sequence[str], at: NDArray, points: NDArray) -> None:
    """Write each text above, below, left or right of its place: where it hides fewest points."""
    axes.figure.canvas.draw()  # only now is known where on the page a point lies
    taken = axes.transData.transform(points)
    halo = [withStroke(linewidth=3.5, foreground="white")]
    for text, place in zip(texts, at, strict=True):
        tried = []
        for x, y, side in ((0, 11, "center"), (0, -23, "center"), (13, -4, "left"), (-13, -4, "right")):
            style = {"xytext": (x, y), "textcoords": "offset points", "ha": side, "path_effects": halo}
            label = axes.annotate(text, place, color=INK, fontsize=9.5, weight="bold", zorder=5, **style)
            box = label.get_window_extent().padded(9)
            outside = not (axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1)
            tried.append((int(box.count_contains(taken)) + 100 * outside, len(tried), label, box))
        *others, best = sorted(tried, reverse=True, key=lambda one: one[:2])
        for other in others:
            other[2].remove()
        box = best[3]
        corners = np.array([(x, y) for x in np.linspace(box.x0, box.x1, 8) for y in (box.y0, box.y1)])
        taken = np.concatenate([taken, corners])


def winners(query: NDArray, documents: Mapping[str, NDArray]) -> dict[str, str]:
    """Name the document that each measure prefers.

    Examples
    --------
    >>> found = winners(np.array([1.0, 0.0]), {"near": np.array([0.9, 0.3]), "long": np.array([3.0, 3.0])})
    >>> found
    {'dot product': 'long', 'cosine': 'near', 'Euclidean distance': 'near'}
    """
    value = {
        "dot product": lambda x: query @ x,
        "cosine": lambda x: query @ x / np.linalg.norm(query) / np.linalg.norm(x),
        "Euclidean distance": lambda x: -np.linalg.norm(query - x),
    }
    return {name: max(documents, key=lambda d: of(documents[d])) for name, of in value.items()}


def draw_measures(query: NDArray, documents: Mapping[str, NDArray]) -> Figure:
    """Draw a query and documents, as they are and scaled to length 1, with the winner of each measure.

    Examples
    --------
    >>> figure = draw_measures(np.array([1.0, 0.0]), {"a": np.array([0.9, 0.3]), "b": np.array([3.0, 3.0])})
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 2, figsize=(9, 4.2))
    scaled = {name: x / np.linalg.norm(x) for name, x in documents.items()}
    unit = query / np.linalg.norm(query)
    for axes, title, q, found in (
        (panels[0], "as they are", query, documents),
        (panels[1], "scaled to length 1", unit, scaled),
    ):
        axes.add_patch(Circle((0, 0), 1, fill=False, color=GREY, lw=0.9))
        _arrow(axes, q, "query", INK, below=True)
        for i, (name, x) in enumerate(found.items()):
            _arrow(axes, x, name, COLOURS[i])
        best = [f"{measure}: {name}" for measure, name in winners(q, found).items()]
        axes.set_title(f"{title}\n" + "\n".join(best), fontsize=10, weight="normal")
        axes.set(xlim=(-0.15, 2.3), ylim=(-0.15, 1.75), aspect="equal")
        axes.set_xticks([0, 1, 2])
        axes.set_yticks([0, 1])
    return figure


def _arrow(axes: Axes, x: NDArray, name: str, colour: str, *, below: bool = False) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", x, (0, 0), arrowprops=style)
    axes.annotate(
        name, x, xytext=(5, 3), textcoords="offset points", color=colour, weight="bold", fontsize=10
    )
