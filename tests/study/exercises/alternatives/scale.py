"""Another correct way of writing each exercise of scale."""

import math

import numpy as np


def spherical_step(vectors, centroids):
    groups = [[] for _ in centroids]
    for vector in vectors:
        groups[int(np.argmax([float(np.dot(vector, centroid)) for centroid in centroids]))].append(vector)
    moved = []
    for group, old in zip(groups, centroids, strict=True):
        mean = np.mean(group, axis=0) if group else old
        moved.append(mean / math.hypot(*mean.tolist()) if group else old)
    return np.array(moved, np.float32), np.array([len(group) for group in groups])


def search_lists(query, centroids, lists, vectors, k, nprobe):
    left, numbers = list(range(len(centroids))), np.zeros(len(vectors), bool)
    for _ in range(min(nprobe, len(left))):
        best = max(left, key=lambda number: (float(centroids[number] @ query), -number))
        left.remove(best)
        numbers[lists[best]] = True
    found = np.flatnonzero(numbers)
    return found[np.argsort(-(vectors[found] @ query), kind="stable")][:k].tolist()


def smallest_nprobe(ranks, target):
    found = np.sort(ranks[ranks > 0])
    need = next((n for n in range(1, ranks.size + 1) if n / ranks.size >= target), ranks.size + 1)
    if need > len(found):
        raise ValueError(f"{target} is out of reach")
    return int(found[need - 1])


def score_residuals(query, centroids, codebooks, numbers, codes):
    rebuilt = [
        centroids[number] + np.concatenate([book[c] for book, c in zip(codebooks, code, strict=True)])
        for number, code in zip(numbers, codes, strict=True)
    ]
    return np.array([float(vector @ query) for vector in rebuilt], np.float32)


def estimate_by_signs(residuals, query, epsilon):
    found = []
    for residual in residuals.astype(float):
        signs = np.array([1.0 if x > 0 else -1.0 for x in residual])
        if not residual.any():
            found.append((0.0, 0.0))
            continue
        along = residual @ signs / (np.linalg.norm(residual) * math.sqrt(len(residual)))  # the paper's x*o
        product = signs @ query / math.sqrt(len(residual)) / along
        bound = math.sqrt(max(1 - along**2, 0) / (len(residual) - 1)) / along
        length = np.linalg.norm(residual)
        found.append((length * product, epsilon * length * np.linalg.norm(query) * bound))
    pairs = np.array(found, np.float32)
    return pairs[:, 0], pairs[:, 1]


def robust_prune(i, candidates, vectors, alpha, degree):
    def square(a, b):
        return float(((vectors[a] - vectors[b]) ** 2).sum())

    left, links = sorted((square(i, j), j) for j in candidates - {i}), []
    for factor in (1.0, alpha):
        passed = []
        for direct, j in left:
            free = len(links) < degree and all(factor * square(p, j) > direct for p in links)
            (links.append if free else passed.append)(j if free else (direct, j))
        left = passed
    return links
