"""On which shard a document lies: by its id, by its tenant, or by what it is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints, top_k
from embedlab.pooling import l2_normalize
from embedlab.vector_databases.ring import jump, position


def by_id(ids: Sequence[str], shards: int) -> Ints:
    """Place documents by the hash of their id: even, and every query has to ask all shards.

    Examples
    --------
    >>> by_id(["numpy.abs", "numpy.acos", "numpy.add"], 4)
    array([1, 3, 1])
    """
    return np.array([jump(position(i), shards) for i in ids], np.int64)


def by_tenant(tenants: Sequence[str], shards: int) -> Ints:
    """Place documents by the hash of their tenant: a query asks one shard, and is as slow as its neighbours.

    Examples
    --------
    >>> by_tenant(["ada", "ada", "bob"], 4)
    array([1, 1, 3])
    """
    named = {tenant: jump(position(tenant), shards) for tenant in set(tenants)}
    return np.array([named[tenant] for tenant in tenants], np.int64)


def fit_centroids(vectors: Floats, shards: int, *, seed: int = 0) -> Floats:
    """Find the middles of as many clusters as there are shards, each of length 1, (shards, d); by k-means.

    Examples
    --------
    >>> fit_centroids(np.eye(3, dtype=np.float32), 3).shape
    (3, 3)
    """
    from sklearn.cluster import KMeans

    found = KMeans(shards, n_init=1, random_state=seed).fit(vectors)
    return l2_normalize(found.cluster_centers_.astype(np.float32))


def by_cluster(vectors: Floats, centroids: Floats) -> Ints:
    """Place documents at the nearest centroid, (n,): a query need ask only the shards next to it.

    Examples
    --------
    >>> by_cluster(np.float32([[0.9, 0.1], [0, 1]]), np.eye(2, dtype=np.float32))
    array([0, 1])
    """
    return np.asarray(vectors @ centroids.T).argmax(axis=1)


def shards_to_ask(queries: Floats, centroids: Floats, count: int) -> Ints:
    """Return which shards are asked: those of the nearest centroids, (q, count), nearest first.

    Examples
    --------
    >>> shards_to_ask(np.float32([[0.9, 0.1]]), np.eye(2, dtype=np.float32), 1)
    array([[0]])
    """
    return top_k(queries @ centroids.T, count)[1]


def recall_by_asked(exact: Ints, placed: Ints, order: Ints) -> NDArray[np.float64]:
    """Return which share of the exact results is found by the first 1, 2 ... shards of an order, (q, shards).

    Parameters
    ----------
    exact : int array (q, k)
        What a search of all shards finds.
    placed : int array (n,)
        The shard of each document.
    order : int array (q, shards)
        For each query the shards in the order in which they are asked.

    Examples
    --------
    >>> recall_by_asked(np.array([[0, 1]]), np.array([2, 0, 1]), np.array([[2, 1, 0]]))
    array([[0.5, 0.5, 1. ]])
    """
    there = placed[exact][:, :, None] == order[:, None, :]  # (q, k, shards)
    return there.mean(axis=1).cumsum(axis=1)


def imbalance(placed: Ints, shards: int) -> float:
    """Return how many times the mean the fullest shard holds; 1 is even.

    Examples
    --------
    >>> imbalance(np.array([0, 0, 0, 1]), 2)
    1.5
    """
    return float(np.bincount(placed, minlength=shards).max() * shards / max(len(placed), 1))


def gini(sizes: Sequence[float]) -> float:
    """Return how unequal sizes are: 0 if all are the same, near 1 if one has all (Gini 1912).

    Examples
    --------
    >>> gini([5, 5, 5]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    ordered = np.sort(np.asarray(sizes, float))
    n, ranks = len(ordered), np.arange(1, len(ordered) + 1)
    return float(((2 * ranks - n - 1) * ordered).sum() / (n * max(ordered.sum(), 1e-300)))
