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
