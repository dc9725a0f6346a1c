"""Keys of the questions on drift, measured."""

import numpy as np
import pytest

from embedlab.hnsw import HNSWIndex
from embedlab.pooling import l2_normalize as unit


def best(queries, documents, k):
    """Return the ids of the k nearest, best first: (q, k)."""
    return np.argsort(-(queries @ documents.T), axis=1)[:, :k]


def another_model(dims):
    """Return another model: the same geometry on other axes."""
    return np.linalg.qr(np.random.default_rng(1).normal(size=(dims, dims)))[0]


def test_half_a_migration_finds_its_half():
    rng = np.random.default_rng(0)
    documents = unit(rng.normal(size=(2000, 64)))
    queries = unit(documents[:500] + 0.05 * rng.normal(size=(500, 64)))
    turn = another_model(64)
    done = rng.random(2000) < 0.3
    stored = np.where(done[:, None], documents @ turn, documents)
    found = best(queries @ turn, stored, 1)[:, 0] == np.arange(500)
    assert found[done[:500]].mean() > 0.95
    assert found[~done[:500]].mean() < 0.02
    assert abs(found.mean() - 0.3) < 0.06


def test_fixed_texts_notice_another_model():
    rng = np.random.default_rng(0)
    texts = unit(rng.normal(size=(500, 64)))
    turned = texts @ another_model(64)
    assert turned.shape == texts.shape
    assert np.allclose(np.linalg.norm(turned, axis=1), 1)
    assert np.array_equal(best(texts, texts, 10), best(turned, turned, 10))  # all scores are what they were
    assert np.abs(np.sum(texts * turned, axis=1)).max() < 0.6  # but no text has the vector that it had
    rounded = unit(texts + 1e-4 * rng.normal(size=texts.shape))
    assert np.sum(texts * rounded, axis=1).min() > 0.999


@pytest.mark.slow
def test_many_tests_cry_wolf_and_miss_what_is_joint():
    from scipy import stats

    rng = np.random.default_rng(0)
    before, after = rng.normal(size=(2, 1000, 384))
    alarms = sum(stats.ttest_ind(before[:, i], after[:, i]).pvalue < 0.05 for i in range(384))
    assert 8 < alarms < 32
    large = rng.normal(size=(2, 4_000_000))
    assert stats.ttest_ind(large[0], large[1] + 0.005).pvalue < 1e-6  # 0.005 standard deviations
    joint = after.copy()
    joint[:, 1] = joint[:, 0]  # each dimension alone is distributed as ever
    assert stats.ks_2samp(before[:, 1], joint[:, 1]).pvalue > 0.01
    assert np.corrcoef(joint[:, 0], joint[:, 1])[0, 1] > 0.99


def test_random_vectors_pass_self_retrieval():
    rng = np.random.default_rng(0)
    random_vectors = unit(rng.normal(size=(2000, 64))).astype(np.float32)
    index = HNSWIndex(64)
    index.add(random_vectors)
    _, found = index.search(random_vectors[:500], 1)
    assert (found[:, 0] == np.arange(500)).mean() > 0.99
