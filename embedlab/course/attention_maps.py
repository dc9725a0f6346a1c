"""All heads of an encoder on one text, as a table of maps."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

MARK = "#D55E00"


def draw_heads(attention: Sequence[ArrayLike], named: Mapping[tuple[int, int], str]) -> Figure:
    """Draw the weights of all heads: a row for each layer, a column for each head, some of them named.

    Parameters
    ----------
    attention : sequence of layers, each (h, t, t)
    named : {(layer, head): name}
        Both count from one, as the axes do.

    Examples
    --------
    >>> figure = draw_heads([np.full((2, 3, 3), 1 / 3)], {(1, 2): "even"})
    >>> figure.axes[0].get_xlabel()
    'head'
    >>> plt.close(figure)
    """
    layers = [np.asarray(layer, dtype=float) for layer in attention]
    (heads, t, _), gap = layers[0].shape, max(1, len(layers[0][0]) // 7)
    step = t + gap
    table = np.full((len(layers) * step - gap, heads * step - gap), np.nan)
    for row, layer in enumerate(layers):
        for column, weights in enumerate(layer):
            table[row * step : row * step + t, column * step : column * step + t] = weights
    figure, axes = plt.subplots(figsize=(9.4, 5.2))
    image = axes.imshow(table, vmin=0, vmax=1)
    axes.set(xlabel="head", ylabel="layer")
    axes.set_xticks(t / 2 - 0.5 + step * np.arange(heads), range(1, heads + 1))
    axes.set_yticks(t / 2 - 0.5 + step * np.arange(len(layers)), range(1, len(layers) + 1))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    for (layer, head), name in named.items():
        corner = (step * (head - 1) - 0.9, step * (layer - 1) - 0.9)
        axes.add_patch(Rectangle(corner, t + 0.8, t + 0.8, fill=False, edgecolor=MARK, linewidth=2.5))
        label = {"facecolor": "white", "edgecolor": MARK, "boxstyle": "round,pad=0.15"}
        place = (corner[0] + t / 2, corner[1] + t + 1.2)
        axes.text(*place, name, ha="center", va="top", fontsize=8, color="#222222", bbox=label)
    figure.colorbar(image, label="weight", shrink=0.6, pad=0.02)
    return figure
