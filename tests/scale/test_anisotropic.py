"""ScaNN's loss: weights against integrals, codes that no single change improves, entries at their best."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from vectors import unit

from embedlab.benchmark import docsearch, recall_at_k
from embedlab.embedder import Embedder
from embedlab.quantization import ProductQuantizer
from embedlab.scale import (
    anisotropic_losses,
    encode_anisotropic,
    fit_anisotropic,
    parallel_weight,
    refit_codebooks,
)


def decoded(codebooks, codes):
    return ProductQuantizer(codebooks).decode(codes)


@pytest.mark.parametrize("dims", [2, 16, 384])
@pytest.mark.parametrize("threshold", [0, 0.1, 0.2, 0.5, 0.9])
def test_weights_are_the_integrals_of_the_paper(dims, threshold):
    end = np.arccos(threshold)
    along = quad(lambda t: np.cos(t) ** 2 * np.sin(t) ** (dims - 2), 0, end, epsabs=0, limit=200)[0]
    across = quad(lambda t: np.sin(t) ** dims, 0, end, epsabs=0, limit=200)[0] / (dims - 1)
    assert parallel_weight(dims, threshold) == pytest.approx(along / across, rel=1e-6)


def test_in_many_dimensions_the_weight_is_a_short_formula():
    for threshold in (0.2, 0.5):
        short = 4000 * threshold**2 / (1 - threshold**2)
        assert parallel_weight(4001, threshold) == pytest.approx(short, rel=0.03)


def test_the_loss_is_what_queries_that_find_the_vector_see():
    """Draw queries: the mean square error of those above the threshold, for errors along and across."""
    queries, threshold = unit(400_000, 3, 8), 0.4
    counted = queries[queries[:, 0] >= threshold]  # the vector is (1, 0, 0, ...)
    assert (counted[:, 0] ** 2).mean() / (counted[:, 1] ** 2).mean() == pytest.approx(
        parallel_weight(8, threshold), rel=0.02
    )


@settings(max_examples=25)
@given(n=st.integers(1, 20), m=st.sampled_from([1, 2, 4]), k=st.integers(1, 9), seed=st.integers(0, 99))
@pytest.mark.parametrize("weight", [1.0, 4.0, 30.0])
def test_no_single_change_improves_a_code(weight, n, m, k, seed):
    rng = np.random.default_rng(seed)
    vectors = unit(n, seed, 8)
    codebooks = rng.normal(size=(m, k, 8 // m)).astype(np.float32) / 3
    plain = ProductQuantizer(codebooks).encode(vectors)
    codes = encode_anisotropic(vectors, codebooks, weight)
    losses = anisotropic_losses(vectors, decoded(codebooks, codes), weight)
    assert (losses <= anisotropic_losses(vectors, decoded(codebooks, plain), weight) + 1e-4).all()
    if weight == 1:
        np.testing.assert_array_equal(codes, plain)
    for j in range(m):
        for c in range(k):
            other = codes.copy()
            other[:, j] = c
            changed = anisotropic_losses(vectors, decoded(codebooks, other), weight)
            assert (losses <= changed + 1e-4 * (1 + losses)).all()


@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_entries_are_at_their_best(vectors, weight):
    codebooks = fit_anisotropic(vectors[:500], 4, weight, iterations=1)
    codes = encode_anisotropic(vectors[:500], codebooks, weight)
    before = anisotropic_losses(vectors[:500], decoded(codebooks, codes), weight).sum()
    for _ in range(30):  # each piece depends on the others: round after round
        codebooks = refit_codebooks(vectors[:500], codes, codebooks, weight)
    after = anisotropic_losses(vectors[:500], decoded(codebooks, codes), weight).sum()
    assert after <= before + 1e-4
    rng = np.random.default_rng(0)
    for _ in range(20):
        moved = codebooks + 0.01 * rng.normal(size=codebooks.shape).astype(np.float32)
        assert anisotropic_losses(vectors[:500], decoded(moved, codes), weight).sum() > after - 1e-4


def test_with_weight_1_entries_are_means(vectors):
    codebooks = fit_anisotropic(vectors, 4, 1.0, iterations=0)
    codes = ProductQuantizer(codebooks).encode(vectors)
    moved = refit_codebooks(vectors, codes, codebooks, 1.0)
    for j, c in [(0, 0), (3, 7)]:
        np.testing.assert_allclose(
            moved[j, c], vectors[codes[:, j] == c, j * 8 : (j + 1) * 8].mean(axis=0), atol=1e-5
        )


def test_errors_point_across(vectors):
    plain, fitted = (fit_anisotropic(vectors, 8, weight) for weight in (1.0, 8.0))
    errors = [
        vectors - decoded(books, encode_anisotropic(vectors, books, weight))
        for books, weight in ((plain, 1.0), (fitted, 8.0))
    ]
    along = [np.abs((error * vectors).sum(axis=1)).mean() for error in errors]
    assert along[1] < 0.6 * along[0]
    assert (errors[1] ** 2).sum() > (errors[0] ** 2).sum()  # the price


def test_zero_vectors_have_no_direction():
    codes = encode_anisotropic(np.zeros((2, 4), np.float32), np.float32([[[1, 1], [0, 0]]] * 2), 5.0)
    np.testing.assert_array_equal(codes, 1)


def test_bad_values_are_named(vectors):
    with pytest.raises(ValueError, match="threshold must be at least 0 and less than 1, but is 1"):
        parallel_weight(16, 1)
    with pytest.raises(ValueError, match="no across in 1 dimensions"):
        parallel_weight(1, 0.2)
    with pytest.raises(ValueError, match=r"weight must be at least 1, but is 0\.5"):
        encode_anisotropic(vectors, np.zeros((4, 16, 8), np.float32), 0.5)
    with pytest.raises(ValueError, match="32 dimensions cannot be cut into 5 equal pieces"):
        fit_anisotropic(vectors, 5, 1.0)


@pytest.mark.slow
def test_on_real_vectors_a_mild_weight_helps():
    benchmark, embedder = docsearch(), Embedder.load()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut", show_progress=False)
    queries = embedder.encode(benchmark.split("dev")[1], cache=True, show_progress=False)
    exact = np.argsort(-(queries @ documents.T), axis=1, kind="stable")[:, :10]
    recalls = {}
    for threshold in (0, 0.1):
        weight = parallel_weight(384, threshold)
        codebooks = fit_anisotropic(documents, 96, weight, iterations=2)
        codes = encode_anisotropic(documents, codebooks, weight)
        found = np.argsort(-(queries @ decoded(codebooks, codes).T), axis=1, kind="stable")[:, :10]
        recalls[threshold] = recall_at_k(found, exact)
    assert recalls[0.1] > recalls[0] + 0.015
