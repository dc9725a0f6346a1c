"""Pooling against torch written the obvious way, and against sentence-transformers' own module."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embedlab.pooling import POOLINGS, cosine, dot, euclidean, l2_normalize

finite = st.floats(-100, 100, width=32)


@st.composite
def padded(draw, side="right"):
    n, t, d = draw(st.integers(1, 4)), draw(st.integers(1, 6)), draw(st.integers(1, 5))
    hidden = draw(arrays(np.float32, (n, t, d), elements=finite))
    lengths = draw(st.lists(st.integers(1, t), min_size=n, max_size=n))
    mask = (np.arange(t) < np.array(lengths)[:, None]).astype(np.int64)
    return (hidden, mask[:, ::-1].copy()) if side == "left" else (hidden, mask)


@pytest.mark.slow
@pytest.mark.parametrize("name", POOLINGS)
@given(batch=padded())
def test_equals_sentence_transformers(name, batch):
    from sentence_transformers.sentence_transformer.modules import Pooling

    hidden, mask = batch
    module = Pooling(hidden.shape[2], pooling_mode=name)
    features = {"token_embeddings": torch.tensor(hidden), "attention_mask": torch.tensor(mask)}
    theirs = module(features)["sentence_embedding"].numpy()
    np.testing.assert_allclose(POOLINGS[name](hidden, mask), theirs, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", POOLINGS)
@given(batch=padded())
def test_padding_does_not_matter(name, batch):
    hidden, mask = batch
    filled = np.where(mask[:, :, None] == 1, hidden, np.float32(1e9))
    np.testing.assert_array_equal(
        POOLINGS[name](hidden * mask[:, :, None], mask), POOLINGS[name](filled, mask)
    )


@given(batch=padded(side="left"))
def test_last_token_with_padding_on_the_left(batch):
    hidden, mask = batch
    np.testing.assert_array_equal(POOLINGS["lasttoken"](hidden, mask), hidden[:, -1])


@pytest.mark.parametrize("name", POOLINGS)
def test_empty_mask_gives_zero(name):
    pooled = POOLINGS[name](np.ones((1, 3, 2), np.float32), np.zeros((1, 3), int))
    np.testing.assert_array_equal(pooled, np.zeros((1, 2)))
    assert pooled.dtype == np.float32


@pytest.mark.parametrize("name", POOLINGS)
def test_refuses_what_does_not_fit(name):
    with pytest.raises(ValueError, match=r"\(1, 3, 2\) and \(1, 4\)"):
        POOLINGS[name](np.ones((1, 3, 2)), np.ones((1, 4)))
    with pytest.raises(ValueError, match="only 0 and 1"):
        POOLINGS[name](np.ones((1, 2, 2)), np.array([[1, 2]]))


@given(arrays(np.float32, (3, 4), elements=st.floats(-(2.0**120), 2.0**120, width=32)))
def test_normalised_rows_have_length_one_or_zero(vectors):
    lengths = np.linalg.norm(l2_normalize(vectors), axis=1)
    expected = np.abs(vectors).max(axis=1) > 0
    np.testing.assert_allclose(lengths, expected, atol=1e-5)


@given(arrays(np.float32, (3, 4), elements=finite), arrays(np.float32, (2, 4), elements=finite))
def test_similarities_agree_on_unit_vectors(a, b):
    a, b = l2_normalize(a), l2_normalize(b)
    np.testing.assert_allclose(cosine(a, b), dot(a, b), atol=1e-5)
    brute = np.linalg.norm(a[:, None].astype(float) - b[None], axis=2)
    np.testing.assert_allclose(euclidean(a, b), brute, atol=1e-3)


def test_similarities_refuse_other_dimensions():
    for similarity in (dot, cosine, euclidean):
        with pytest.raises(ValueError, match="3 dimensions cannot be compared with 2"):
            similarity(np.ones((1, 3)), np.ones((1, 2)))
