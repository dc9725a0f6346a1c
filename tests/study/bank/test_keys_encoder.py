"""What questions on the encoder claim beyond the notebook's own measurements, on small random arrays."""

import numpy as np
import pytest
import torch

RNG = np.random.default_rng(0)


def test_shared_queries_and_keys_are_symmetric():
    x, w_q, w_k = RNG.normal(size=(6, 16)), RNG.normal(size=(16, 8)), RNG.normal(size=(16, 8))
    shared, separate = (x @ w_q) @ (x @ w_q).T, (x @ w_q) @ (x @ w_k).T
    assert np.allclose(shared, shared.T)
    assert not np.allclose(separate, separate.T)


def rotated(x, position):
    """Rotate pairs of components by the position times frequencies of their own (Su et al. 2021)."""
    angles = position * 10_000.0 ** (-np.arange(0, len(x), 2) / len(x))
    turned = (x[::2] + 1j * x[1::2]) * np.exp(1j * angles)
    return np.stack([turned.real, turned.imag], axis=1).ravel()


def test_rotary_scores_depend_on_the_distance():
    q, k = RNG.normal(size=(2, 64))
    score = lambda m, n: rotated(q, m) @ rotated(k, n)  # noqa: E731
    assert score(3, 10) == pytest.approx(score(503, 510))
    assert score(3, 10) != pytest.approx(score(3, 11), rel=0.01)
    assert score(7, 7) == pytest.approx(q @ k)


def test_softmax_overflows_without_its_maximum():
    scores = np.array([[100.0, 99.0, 0.0]], np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        naive = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    assert np.isnan(naive).any()
    stable = np.exp(scores - scores.max(axis=-1, keepdims=True))
    stable /= stable.sum(axis=-1, keepdims=True)
    assert np.allclose(stable, torch.from_numpy(scores).softmax(-1).numpy())
    assert np.exp(np.float32(88.7)) < np.inf


def test_splitting_and_merging_heads_is_a_round_trip():
    x = torch.from_numpy(RNG.normal(size=(2, 5, 12)))
    heads = x.view(2, 5, 3, 4).transpose(1, 2)
    assert torch.equal(heads.transpose(1, 2).reshape(2, 5, 12), x)
    assert torch.equal(heads[:, 0], x[:, :, :4])  # head after head
    assert not torch.equal(heads.transpose(2, 3).reshape(2, 5, 12), x)
