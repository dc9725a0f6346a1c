"""Another correct way of writing each exercise of pooling."""

import numpy as np


def mean_pool(hidden, mask):
    pooled = np.zeros((hidden.shape[0], hidden.shape[2]), dtype=np.float32)
    for i, row in enumerate(mask):
        if row.any():
            pooled[i] = np.mean(hidden[i, row == 1], axis=0)
    return pooled


def last_token_pool(hidden, mask):
    pooled = np.zeros_like(hidden[:, 0])
    for i, row in enumerate(mask):
        for position, is_token in enumerate(row):
            if is_token:
                pooled[i] = hidden[i, position]
    return pooled


def l2_normalize(vectors):
    squares = np.einsum("nd,nd->n", vectors, vectors)
    return (vectors.T / np.sqrt(np.where(squares == 0, 1, squares))).T


def cosine(a, b):
    cosines = np.zeros((len(a), len(b)), dtype=np.float32)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if x.any() and y.any():
                cosines[i, j] = np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y))
    return cosines


def max_pool(hidden, mask):
    pooled = np.zeros_like(hidden[:, 0])
    for i, row in enumerate(mask):
        if row.any():
            pooled[i] = hidden[i, row == 1].max(axis=0)
    return pooled


def weighted_mean_pool(hidden, mask, weights):
    pooled = np.zeros_like(hidden[:, 0])
    for i, row in enumerate(mask):
        if weights[i, row == 1].sum() > 0:
            pooled[i] = np.average(hidden[i, row == 1], axis=0, weights=weights[i, row == 1])
    return pooled


def top_k(scores, k):
    best = np.full((len(scores), k), -np.inf, np.float32)
    ids = np.full((len(scores), k), -1, np.int64)
    for i, row in enumerate(scores.tolist()):
        order = sorted(range(len(row)), key=lambda j: (-row[j], j))[:k]
        best[i, : len(order)], ids[i, : len(order)] = [row[j] for j in order], order
    return best, ids


def ndcg(qrels, run, k=10):
    values = dict.fromkeys(qrels, 0.0)
    for query in qrels.keys() & run.keys():
        order = np.array(sorted(run[query], key=run[query].get, reverse=True))[:k]
        gains = np.array([qrels[query].get(name, 0) for name in order], float)
        ideal = np.sort(list(qrels[query].values()))[::-1][:k]
        most = (ideal / np.log(np.arange(2, len(ideal) + 2))).sum()  # natural: the base cancels
        values[query] = float((gains / np.log(np.arange(2, len(gains) + 2))).sum() / most)
    return values


def bootstrap(values, draws):
    means = sorted(sum(values[j] for j in row) / len(row) for row in draws)
    found = []
    for share in (0.025, 0.975):
        place = share * (len(means) - 1)
        low = int(place)
        high = min(low + 1, len(means) - 1)
        found.append(float(means[low] + (place - low) * (means[high] - means[low])))
    return tuple(found)


def randomisation_p(a, b, signs):
    differences = [round(float(x - y), 9) for x, y in zip(a, b, strict=True)]
    seen = abs(round(sum(differences), 6))
    sums = [
        abs(round(sum(s * d for s, d in zip(row, differences, strict=True)), 6)) for row in signs.tolist()
    ]
    return (1 + sum(one >= seen for one in sums)) / (1 + len(signs))
