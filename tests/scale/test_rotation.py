"""Rotations keep inner products; a balanced one balances; a learned one has the error of FAISS's or less."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import unit

from embedlab.quantization import ProductQuantizer
from embedlab.scale import balanced_rotation, opq_rotation, random_rotation, rotate
from embedlab.scale.rotation import procrustes, refitted


@pytest.fixture(scope="module")
def stretched():
    """Vectors whose first numbers say most, mixed a little."""
    rng = np.random.default_rng(0)
    mix = np.linalg.qr(rng.normal(size=(16, 16)))[0] * 0.2 + np.eye(16)
    return (rng.normal(size=(4000, 16)) * np.geomspace(4, 0.25, 16) @ mix).astype(np.float32)


def error(vectors, matrix, m=4):
    rotated = rotate(vectors, matrix)
    quantizer = ProductQuantizer.fit(rotated, m)
    return ((quantizer.decode(quantizer.encode(rotated)) - rotated) ** 2).sum(axis=1).mean()


@given(kind=st.sampled_from(["random", "balanced", "opq"]), seed=st.integers(0, 20))
def test_inner_products_stay(kind, seed):
    vectors = unit(60, seed)
    matrix = {
        "random": lambda: random_rotation(16, seed=seed),
        "balanced": lambda: balanced_rotation(vectors, 4),
        "opq": lambda: opq_rotation(vectors, 4, iterations=2, seed=seed),
    }[kind]()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(16), atol=1e-5)
    rotated = rotate(vectors, matrix)
    np.testing.assert_allclose(rotated @ rotated.T, vectors @ vectors.T, atol=1e-5)


def test_random_rotations_lean_to_no_side():
    drawn = np.stack([random_rotation(3, seed=seed) for seed in range(2000)])
    assert np.abs(drawn.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 2000)
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 3, atol=0.03)
    np.testing.assert_array_equal(random_rotation(5, seed=1), random_rotation(5, seed=1))


def test_a_balanced_rotation_balances_and_decorrelates(stretched):
    rotated = rotate(stretched, balanced_rotation(stretched, 4))
    covariance = np.cov(rotated.T)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.01 * covariance.max()
    products = np.log(np.diag(covariance)).reshape(4, 4).sum(axis=1)
    plain = np.log(stretched.var(axis=0)).reshape(4, 4).sum(axis=1)
    assert np.ptp(products) < 0.2 * np.ptp(plain)


def test_errors_fall_from_none_to_learned(stretched):
    errors = [
        error(stretched, matrix)
        for matrix in (None, balanced_rotation(stretched, 4), opq_rotation(stretched, 4, iterations=10))
    ]
    assert errors == sorted(errors)[::-1]
    assert errors[2] < 0.8 * errors[0]


@pytest.mark.slow
def test_as_good_as_faiss(stretched):
    theirs = faiss.OPQMatrix(16, 4)
    theirs.niter = 20
    theirs.train(stretched)
    matrix = faiss.vector_to_array(theirs.A).reshape(16, 16)
    assert error(stretched, opq_rotation(stretched, 4)) < 1.02 * error(stretched, matrix)


def test_each_half_step_lowers_the_error(stretched):
    vectors = stretched[:1000]
    quantizer, matrix = ProductQuantizer.fit(vectors, 4), np.eye(16, dtype=np.float32)
    last = np.inf
    for _ in range(3):
        rotated = rotate(vectors, matrix)
        codes = quantizer.encode(rotated)
        quantizer = refitted(quantizer, rotated, codes)
        with_codebooks = ((quantizer.decode(codes) - rotated) ** 2).sum()
        matrix = procrustes(vectors, quantizer.decode(codes))
        with_rotation = ((quantizer.decode(codes) - rotate(vectors, matrix)) ** 2).sum()
        assert last * 1.0001 >= with_codebooks >= with_rotation * 0.9999
        last = with_rotation
