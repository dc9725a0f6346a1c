"""Vectors of length 1 from a seed, and exact search among them, for the tests of indexes."""

import numpy as np

from embedlab.hnsw import HNSWIndex
from embedlab.index import FlatIndex


def unit(n, seed=0, dims=16):
    vectors = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def filled(vectors, **options):
    index = HNSWIndex(vectors.shape[1], **options)
    index.add(vectors)
    return index


def exact(vectors, queries, k):
    index = FlatIndex(vectors.shape[1])
    index.add(vectors)
    return index.search(queries, k)


def recall(ids, expected):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(ids, expected, strict=True)])
