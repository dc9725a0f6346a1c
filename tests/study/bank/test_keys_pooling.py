"""What questions on pooling claim beyond the notebook's own measurements, on small random vectors."""

import numpy as np
import pytest

from embedlab.pooling import l2_normalize as unit

RNG = np.random.default_rng(0)


def test_means_of_many_are_short():
    tokens = unit(RNG.normal(size=(250, 384)) + 0.3 * RNG.normal(size=384))  # with a small common part
    lengths = [np.linalg.norm(tokens[:n].mean(axis=0)) for n in (5, 50, 250)]
    assert lengths[0] > 1.2 * lengths[1] > 1.2 * lengths[2]


def test_a_randomisation_test_has_a_floor():
    differences, swaps = RNG.normal(0.3, 0.2, size=200), 9999
    drawn = RNG.choice([-1, 1], size=(swaps, 200)) @ differences / 200
    extreme = (np.abs(drawn) >= abs(differences.mean())).sum()
    assert (extreme + 1) / (swaps + 1) == pytest.approx(0.0001)


def test_a_loud_component_is_tamed_by_scaling_and_not_by_centring():
    topics = RNG.normal(size=(400, 64))
    documents = topics + 0.5 * RNG.normal(size=(400, 64))
    queries = topics + 0.5 * RNG.normal(size=(400, 64))
    documents[:, 0] = 10 * RNG.normal(size=400)  # a component that follows the length
    queries[:, 0] = -10 + RNG.normal(size=400)  # queries are short
    mean, spread = documents.mean(axis=0), documents.std(axis=0)

    def found(q, d):
        return np.mean((unit(q) @ unit(d).T).argmax(axis=1) == np.arange(400))

    plain, centred = found(queries, documents), found(queries - mean, documents - mean)
    scaled = found((queries - mean) / spread, (documents - mean) / spread)
    assert scaled > 0.95
    assert max(plain, centred) < scaled - 0.2


def test_attention_pooling_starts_as_the_mean():
    hidden, scores = RNG.normal(size=(7, 16)), np.zeros(7)
    weights = np.exp(scores) / np.exp(scores).sum()
    assert np.allclose(weights @ hidden, hidden.mean(axis=0))


def test_sum_and_mean_have_one_direction():
    hidden = RNG.normal(size=(7, 16))
    assert np.allclose(unit(hidden.sum(axis=0)[None]), unit(hidden.mean(axis=0)[None]))
