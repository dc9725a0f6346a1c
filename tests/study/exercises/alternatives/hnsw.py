"""Another correct way of writing each exercise of hnsw."""

import numpy as np


def draw_levels(chances, m):
    levels = np.zeros(len(chances), np.int32)
    for layer in range(1, 64):
        levels += (1 - chances) <= float(m) ** -layer
    return levels


def recall_at_k(found, exact):
    return float((found[:, :, None] == exact[:, None, :]).any(axis=1).mean())
