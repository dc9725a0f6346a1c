"""Another correct way of writing each exercise of hnsw."""

import numpy as np


def draw_levels(chances, m):
    levels = np.zeros(len(chances), np.int32)
    for layer in range(1, 64):
        levels += (1 - chances) <= float(m) ** -layer
    return levels


def recall_at_k(found, exact):
    return float((found[:, :, None] == exact[:, None, :]).any(axis=1).mean())


def search_layer(query, entries, ef, vectors, layer):
    distance = {int(i): float(-np.dot(query, vectors[i])) for i in entries}
    expanded = set()
    while True:
        beam = sorted((d, i) for i, d in distance.items())[:ef]
        waiting = [i for _, i in beam if i not in expanded]
        if not waiting:
            return beam, set(distance)
        expanded.add(waiting[0])
        for j in layer[waiting[0]]:
            distance.setdefault(j, float(-np.dot(query, vectors[j])))


def select_neighbours(candidates, m, vectors, keep_pruned=False):
    order = [i for _, i in sorted(candidates)]
    distance = {i: d for d, i in candidates}
    chosen = []
    for i in order:
        if len(chosen) < m and (not chosen or (vectors[chosen] @ vectors[i]).max() <= -distance[i]):
            chosen.append(i)
    rest = [i for i in order if i not in chosen]
    return chosen + rest[: m - len(chosen)] if keep_pruned else chosen
