"""Three tests of two samples, against scipy and scikit-learn; what must hold for any samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

from embedlab import drift

seeds = st.integers(0, 2**32 - 1)


def samples(seed: int, n: int = 40, m: int = 50, d: int = 5, shift: float = 0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + shift


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_mmd_is_what_sklearns_kernel_gives(seed):
    x, y = samples(seed, shift=0.3)
    kxx, kyy, kxy = rbf_kernel(x, gamma=0.1), rbf_kernel(y, gamma=0.1), rbf_kernel(x, y, gamma=0.1)
    off = [k[~np.eye(len(k), dtype=bool)].mean() for k in (kxx, kyy)]
    assert drift.mmd2(x, y, 0.1) == pytest.approx(sum(off) - 2 * kxy.mean(), abs=1e-10)


def test_mmd_is_zero_on_average_without_a_shift():
    found = [drift.mmd2(*samples(seed), 0.1) for seed in range(400)]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(len(found))
    assert min(found) < 0  # unbiased, so it may be below


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_energy_distance_is_scipys_in_one_dimension(seed):
    x, y = samples(seed, d=1, shift=0.5)
    assert drift.energy_distance(x, y) == pytest.approx(
        stats.energy_distance(x[:, 0], y[:, 0]) ** 2, abs=1e-10
    )


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_energy_distance_is_the_mmd_of_minus_the_distance(seed):
    x, y = samples(seed, shift=0.2)
    kernel = -euclidean_distances(np.vstack([x, y]))
    n = len(x)
    biased = kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()
    assert drift.energy_distance(x, y) == pytest.approx(biased, abs=1e-6)
    assert drift.energy_distance(x, y) >= -1e-9


@given(seeds, st.floats(-2, 2))
@settings(max_examples=25, deadline=None)
def test_both_stay_when_the_space_is_rotated_and_moved(seed, move):
    x, y = samples(seed, shift=0.4)
    rotation = stats.special_ortho_group.rvs(5, random_state=seed)
    for compare in (drift.energy_distance, lambda a, b: drift.mmd2(a, b, 0.1)):
        assert compare(x @ rotation + move, y @ rotation + move) == pytest.approx(compare(x, y), abs=1e-6)


def test_logistic_is_sklearns():
    x, y = samples(0, shift=0.5)
    rows, labels = np.vstack([x, y]), np.arange(90) >= 40
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(rows, labels)
    ours = drift.logistic(rows, labels)
    assert np.allclose(ours, [*peer.coef_[0], peer.intercept_[0]], atol=1e-4)


def test_the_classifier_guesses_without_a_shift_and_knows_with_one():
    quiet = [drift.classifier_auc(*samples(seed)) for seed in range(60)]
    assert abs(np.mean(quiet) - 0.5) < 4 * np.std(quiet) / np.sqrt(60)
    assert drift.classifier_auc(*samples(0, shift=2.0)) > 0.95


def test_texts_on_both_sides_make_the_classifier_remember():
    rng = np.random.default_rng(0)
    reference, texts = rng.normal(size=(200, 20)), rng.normal(size=(30, 20))
    rows = rng.integers(30, size=200)  # each text some seven times, no shift at all
    apart = np.mean([drift.classifier_auc(reference, texts[rows], rows, seed=s) for s in range(20)])
    leaking = np.mean([drift.classifier_auc(reference, texts[rows], seed=s) for s in range(20)])
    assert leaking > apart + 0.1


def test_errors_name_the_value():
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(3, 4\)"):
        drift.mmd2(np.ones((3, 2)), np.ones((3, 4)), 1.0)
    with pytest.raises(ValueError, match="at least 2 vectors"):
        drift.mmd2(np.ones((1, 2)), np.ones((3, 2)), 1.0)
    with pytest.raises(ValueError, match="median distance"):
        drift.median_gamma(np.ones((5, 2)))
    with pytest.raises(ValueError, match="4 texts"):
        drift.classifier_auc(np.ones((9, 2)), np.ones((9, 2)), np.zeros(9, int))
