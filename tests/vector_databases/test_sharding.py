"""Where documents are placed, what a query has to ask, and how even it is."""

import numpy as np
import pytest
from vectors import unit

from embedlab.index import top_k
from embedlab.vector_databases import (
    by_cluster,
    by_id,
    by_tenant,
    fit_centroids,
    gini,
    imbalance,
    recall_by_asked,
    shards_to_ask,
)


def test_by_id_is_even_and_the_same_for_the_same_id():
    ids = [f"document {i}" for i in range(8000)]
    placed = by_id(ids, 8)
    assert imbalance(placed, 8) < 1.15
    np.testing.assert_array_equal(by_id(ids[::-1], 8)[::-1], placed)


def test_a_tenant_lies_on_one_shard():
    tenants = [f"tenant {i % 50}" for i in range(500)]
    placed = by_tenant(tenants, 8)
    assert all(len(set(placed[i::50])) == 1 for i in range(50))


def test_clusters_need_fewer_shards_than_random_places():
    rng = np.random.default_rng(0)
    middles = unit(8, 1)
    vectors = middles[rng.integers(0, 8, 800)] + 0.1 * rng.normal(size=(800, 16))
    vectors = np.float32(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    queries, centroids = vectors[:50], fit_centroids(vectors, 8)
    exact = top_k(queries @ vectors.T, 10)[1]
    recall = {}
    for name, placed in (
        ("cluster", by_cluster(vectors, centroids)),
        ("id", by_id(list(map(str, range(800))), 8)),
    ):
        recall[name] = recall_by_asked(exact, placed, shards_to_ask(queries, centroids, 8))
        assert recall[name].shape == (50, 8)
        np.testing.assert_allclose(recall[name][:, -1], 1)
        assert (np.diff(recall[name], axis=1) >= -1e-12).all()
    assert recall["cluster"][:, 0].mean() > 0.8
    assert abs(recall["id"][:, 3].mean() - 4 / 8) < 0.1


def test_how_unequal():
    assert gini([1] * 9) == 0
    assert gini([0] * 9 + [1]) == pytest.approx(0.9)
    assert gini([1, 2, 3]) == pytest.approx(
        sum(abs(a - b) for a in (1, 2, 3) for b in (1, 2, 3)) / (2 * 9 * 2)
    )
    assert imbalance(np.zeros(0, int), 3) == 0
