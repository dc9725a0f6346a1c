"""Another correct way of writing each exercise of quantization."""

import numpy as np


def encode_int8(vectors, lo, step):
    codes = np.empty(vectors.shape, dtype=np.int8)
    for (i, j), x in np.ndenumerate(vectors):
        codes[i, j] = min(max(round(float((x - lo[j]) / step[j])), 0), 255) - 128
    return codes


def decode_int8(codes, lo, step):
    return (lo + 128 * step) + step * codes


def hamming(a, b):
    signs = [np.unpackbits(x, axis=1).astype(np.int64) * 2 - 1 for x in (a, b)]
    return (8 * a.shape[1] - signs[0] @ signs[1].T) // 2


def look_up(tables, codes):
    return tables[:, np.arange(codes.shape[1]), codes].sum(axis=2)


def kmeans_step(vectors, centroids):
    groups = [[] for _ in centroids]
    for vector in vectors:
        groups[int(np.argmin([np.linalg.norm(vector - centroid) for centroid in centroids]))].append(vector)
    pairs = zip(groups, centroids, strict=True)
    return np.array([np.mean(group, axis=0) if group else old for group, old in pairs], np.float32)


def encode_pq(vectors, codebooks):
    codes = []
    for codebook, part in zip(codebooks, np.split(vectors, len(codebooks), axis=1), strict=True):
        codes.append([np.linalg.norm(codebook - row, axis=1).argmin() for row in part])
    return np.array(codes, np.uint8).T


def score_tables(query, codebooks):
    parts = np.split(query, len(codebooks))
    return np.stack([codebook @ part for codebook, part in zip(codebooks, parts, strict=True)])


def rescore(query, candidates, vectors, k):
    scored = sorted((-float(vectors[row] @ query), int(row)) for row in candidates if row >= 0)
    return np.array([row for _, row in scored[:k]], np.int64)
