"""What chapter 07 sets beside ColBERT: pooled tokens."""

import numpy as np
import pytest

from embedlab.engine import pool_tokens
from embedlab.pooling import l2_normalize


def token_vectors(t, seed=0, d=8):
    return l2_normalize(np.random.default_rng(seed).normal(size=(t, d)).astype(np.float32))


def test_equal_vectors_are_merged_first_and_cls_stays():
    cls, a, b = token_vectors(3)
    pooled = pool_tokens(np.stack([cls, a, b, a, b]), 2)
    assert len(pooled) == 3
    np.testing.assert_allclose(pooled[0], cls, atol=1e-6)
    for vector in (a, b):
        assert (pooled[1:] @ vector).max() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("t", "factor", "left"), [(1, 2, 1), (2, 4, 2), (9, 4, 3), (75, 2, 38)])
def test_a_factor_th_is_left_each_of_length_1(t, factor, left):
    pooled = pool_tokens(token_vectors(t), factor)
    assert pooled.shape == (left, 8)
    np.testing.assert_allclose(np.linalg.norm(pooled, axis=1), 1, atol=1e-5)


def test_pooled_as_sentence_transformers_pools():
    torch = pytest.importorskip("torch")
    modules = pytest.importorskip("sentence_transformers.multi_vector_encoder.modules")
    vectors = token_vectors(40)
    [theirs] = modules.HierarchicalTokenPooling(pool_factor=2).pool([torch.from_numpy(vectors)])
    ours = pool_tokens(vectors, 2)
    np.testing.assert_allclose(np.sort(ours, axis=0), np.sort(theirs.numpy(), axis=0), atol=1e-5)
