"""Defences: what stays of inner products, how rotations are drawn, what noise promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from embedlab.pooling import l2_normalize
from embedlab.security import (
    Defence,
    Int8,
    Noise,
    Prefix,
    Rotation,
    Signs,
    gaussian_epsilon,
    random_rotation,
    told_apart,
)
from embedlab.serving import procrustes


@pytest.fixture
def vectors():
    return l2_normalize(np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32))


@pytest.mark.parametrize("defence", [Defence(), Int8(), Signs(), Prefix(48), Noise(0.5), Rotation(1)])
def test_what_is_stored_finds_itself(defence, vectors):
    scores = defence.asked(vectors) @ defence.stored(vectors).T
    assert (scores.argmax(1) == np.arange(50)).mean() > 0.9
    assert np.allclose(np.linalg.norm(defence.stored(vectors), axis=1), 1, atol=0.01)


def test_a_rotation_keeps_every_inner_product_and_hides_the_numbers(vectors):
    rotation = Rotation(key=5)
    assert np.allclose(rotation.asked(vectors) @ rotation.stored(vectors).T, vectors @ vectors.T, atol=1e-5)
    assert abs((rotation.stored(vectors) * vectors).sum(1)).max() < 0.3
    assert not np.allclose(Rotation(key=6).stored(vectors), rotation.stored(vectors), atol=0.01)


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_random_rotations_are_orthogonal_with_a_positive_triangle(seed, d):
    gaussian = np.random.default_rng(seed).normal(size=(d, d))
    q = random_rotation(gaussian)
    assert np.allclose(q.T @ q, np.eye(d))
    triangle = q.T @ gaussian
    assert np.allclose(np.tril(triangle, -1), 0)
    assert (np.diag(triangle) > 0).all()


def test_rotations_are_uniform_and_the_librarys_q_is_not():
    """In two dimensions, the angle of the first column is uniform on the circle: an exact test."""
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=(2000, 2, 2))
    ours = np.array([random_rotation(one)[:, 0] for one in drawn])
    raw = np.array([np.linalg.qr(one)[0][:, 0] for one in drawn])
    angles, raw_angles = (np.arctan2(*one.T) / (2 * np.pi) % 1 for one in (ours, raw))
    assert kstest(angles, "uniform").pvalue > 0.01
    assert kstest(raw_angles, "uniform").pvalue < 1e-9


def test_a_singular_or_oblong_matrix_is_refused():
    with pytest.raises(ValueError, match="singular"):
        random_rotation(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        random_rotation(np.ones((2, 3)))


def test_as_many_pairs_as_dimensions_undo_a_rotation():
    vectors = l2_normalize(np.random.default_rng(0).normal(size=(100, 16)).astype(np.float32))
    rotated = Rotation(key=3).stored(vectors)
    few, enough = (procrustes(rotated[:n], vectors[:n]) for n in (8, 16))
    assert np.allclose(rotated @ enough, vectors, atol=1e-4)
    assert not np.allclose(rotated @ few, vectors, atol=0.1)


def test_noise_has_the_length_it_says(vectors):
    long = np.concatenate([vectors] * 4)
    noisy = Noise(0.5).stored(long, seed=1)
    # v + e with |e| = 1/2 and e nearly orthogonal to v: the cosine is 1 / sqrt(1 + 1/4).
    assert (noisy * long).sum(1).mean() == pytest.approx(1 / np.sqrt(1.25), abs=0.01)
    assert np.array_equal(noisy, Noise(0.5).stored(long, seed=1))
    assert not np.array_equal(noisy, Noise(0.5).stored(long, seed=2))


@given(st.floats(0.05, 50), st.floats(1e-9, 0.1), st.floats(0.1, 4))
def test_epsilon_is_where_delta_is_reached(sigma, delta, sensitivity):
    """By the definition, with densities: the mass by which one normal exceeds e^epsilon times the other."""
    from scipy.stats import norm

    epsilon = gaussian_epsilon(sigma, sensitivity, delta)
    assert epsilon >= 0
    if epsilon > 0 and epsilon < 600:
        edge = epsilon * sigma**2 / sensitivity - sensitivity / 2
        reached = norm.sf(edge, -sensitivity, sigma), norm.sf(edge, 0, sigma)
        a, b = norm.sf(edge / sigma), norm.sf((edge + sensitivity) / sigma)
        assert a - np.exp(epsilon) * b == pytest.approx(delta, rel=1e-3, abs=1e-11)
        assert reached[0] <= reached[1]


def test_epsilon_is_below_the_textbook_formula_and_falls_with_noise():
    delta = 1e-5
    for epsilon in (0.2, 0.5, 0.99):
        sigma = 2 * np.sqrt(2 * np.log(1.25 / delta)) / epsilon
        assert gaussian_epsilon(sigma, 2.0, delta) < epsilon
    values = [gaussian_epsilon(sigma) for sigma in (0.01, 0.05, 0.5, 5, 50)]
    assert values == sorted(values, reverse=True)
    with pytest.raises(ValueError, match="got 0"):
        gaussian_epsilon(0)


def test_two_vectors_are_told_apart_as_often_as_the_formula_says():
    rng = np.random.default_rng(0)
    a, b = l2_normalize(rng.normal(size=(2, 30)))
    sigma = 0.6
    noisy = a + sigma * rng.normal(size=(20_000, 30))
    right = (np.linalg.norm(noisy - a, axis=1) < np.linalg.norm(noisy - b, axis=1)).mean()
    assert right == pytest.approx(told_apart(np.linalg.norm(a - b), sigma), abs=0.015)
