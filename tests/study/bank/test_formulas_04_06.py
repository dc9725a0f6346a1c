"""Each formula of chapters 04 to 06, computed by another route."""

import math

import numpy as np
import pytest

from embedlab.quantization import ProductQuantizer, binarize, hamming, look_up
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("n", "dims", "shorter", "dollars"), [(3000, 768, 128, 2), (500, 1024, 384, 5)])
def test_monthly_dollars_saved_is_the_difference_of_two_bills(n, dims, shorter, dollars):
    vectors = np.zeros((n, dims), np.float32)
    bills = [array.nbytes / 10**9 * dollars for array in (vectors, vectors[:, :shorter].copy())]
    assert FORMULAS["monthly_dollars_saved"](n, dims, shorter, dollars) == pytest.approx(bills[0] - bills[1])


@pytest.mark.parametrize(("n", "dims", "short", "shortlist"), [(2000, 384, 64, 100), (700, 768, 32, 500)])
def test_funnel_reading_percent_adds_up_the_arrays_of_both_passes(n, dims, short, shortlist):
    vectors = np.random.default_rng(0).normal(size=(n, dims)).astype(np.float32)
    query = vectors[0]
    first = vectors[:, :short]
    candidates = np.argsort(-(first @ query[:short]))[:shortlist]
    second = vectors[candidates]
    share = 100 * (first.size + second.size) / vectors.size
    assert FORMULAS["funnel_reading_percent"](n, dims, short, shortlist) == pytest.approx(share)


class Counted(float):
    """A number that counts, in ``Counted.products``, how often it is multiplied."""

    products = 0

    def __mul__(self, other):
        Counted.products += 1
        return float(self) * float(other)


@pytest.mark.parametrize(("n", "dims", "pieces"), [(300, 16, 4), (700, 24, 3)])
def test_pq_operations_percent_counts_operations_one_by_one(n, dims, pieces):
    rng = np.random.default_rng(0)
    documents, query = rng.normal(size=(n, dims)), rng.normal(size=dims)
    width = dims // pieces
    centroids = rng.normal(size=(pieces, 256, width)).astype(np.float32)
    codes = rng.integers(0, 256, (n, pieces)).astype(np.uint8)
    counted = [Counted(value) for value in query]

    Counted.products = 0
    for document in documents:
        sum(number * float(other) for number, other in zip(counted, document, strict=True))
    exact = Counted.products

    Counted.products = 0
    tables = [
        [
            sum(counted[piece * width + i] * float(value) for i, value in enumerate(centroid))
            for centroid in centroids[piece]
        ]
        for piece in range(pieces)
    ]
    looked_up, scores = 0, np.zeros(n)
    for document, code in enumerate(codes):
        for piece, name in enumerate(code):
            scores[document] += tables[piece][name]
            looked_up += 1
    share = 100 * (Counted.products + looked_up) / exact
    assert FORMULAS["pq_operations_percent"](n, dims, pieces) == pytest.approx(share)
    ours = ProductQuantizer(centroids).tables(query[None].astype(np.float32))  # the loops do real work
    assert look_up(ours, codes)[0] == pytest.approx(scores, abs=1e-4)


@pytest.mark.parametrize(("dims", "degrees"), [(128, 60), (384, 90), (1024, 30)])
def test_signs_error_degrees_is_the_spread_over_random_planes(dims, degrees):
    # Only the plane of the two vectors matters: there, each random plane cuts along a random direction.
    angle, rng, trials = math.radians(degrees), np.random.default_rng(0), 4000
    pair = np.float32([[1, 0], [math.cos(angle), math.sin(angle)]])
    normals = rng.normal(size=(2, trials * dims)).astype(np.float32)
    sides = (pair @ normals).reshape(2, trials, dims)
    bits = binarize(sides.reshape(-1, dims))
    estimates = [
        180 * hamming(a[None], b[None])[0, 0] / dims
        for a, b in zip(bits[:trials], bits[trials:], strict=True)
    ]
    assert np.mean(estimates) == pytest.approx(degrees, rel=0.02)
    assert FORMULAS["signs_error_degrees"](dims, degrees) == pytest.approx(np.std(estimates), rel=0.05)


@pytest.mark.parametrize(("m", "layer"), [(4, 1), (8, 2), (16, 1)])
def test_vectors_on_layer_by_drawing_levels_as_hnsw_does(m, layer):
    n = 1_000_000
    draws = 1 - np.random.default_rng(0).random(n)  # in (0, 1]
    levels = np.floor(-np.log(draws) / math.log(m))
    counted = (levels >= layer).sum()
    assert FORMULAS["vectors_on_layer"](n, m, layer) == pytest.approx(counted, rel=0.05)


@pytest.mark.parametrize(("k", "allowed_percent"), [(10, 20), (5, 50), (20, 8)])
def test_widened_beam_holds_k_allowed_vectors_on_average(k, allowed_percent):
    beam = round(FORMULAS["widened_beam"](k, allowed_percent))
    allowed = np.random.default_rng(0).random((5000, beam)) < allowed_percent / 100
    assert allowed.sum(axis=1).mean() == pytest.approx(k, rel=0.03)
