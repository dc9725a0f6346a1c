"""Each formula of formulas_vectors, computed by another route."""

import math

import numpy as np
import pytest

from embedlab.hnsw import HNSWIndex
from embedlab.quantization import (
    BinaryIndex,
    Float16Index,
    Int8Index,
    ProductQuantizer,
    binarize,
    hamming,
    look_up,
)
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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("make", "bits", "dims", "gigabytes"),
    [
        (BinaryIndex, 1, 384, 2),
        (BinaryIndex, 1, 768, 16),
        (Int8Index, 8, 384, 8),
        (Float16Index, 16, 128, 32),
    ],
)
def test_millions_of_vectors_is_what_real_indexes_would_hold(make, bits, dims, gigabytes):
    index = make(dims)
    index.add(np.random.default_rng(0).normal(size=(50, dims)).astype(np.float32))
    held = gigabytes * 10**9 // int(index.bytes_per_vector)
    assert FORMULAS["millions_of_vectors"](gigabytes, dims, bits) == pytest.approx(held / 1e6, rel=1e-6)


@pytest.mark.parametrize(("dims", "gigabytes"), [(384, 1), (1024, 4)])
def test_millions_of_vectors_of_four_bits_fill_the_memory(dims, gigabytes):
    levels = np.random.default_rng(0).integers(0, 16, (100, dims)).astype(np.uint8)
    packed = levels[:, ::2] << 4 | levels[:, 1::2]  # two numbers of four bits in a byte
    fitting = FORMULAS["millions_of_vectors"](gigabytes, dims, 4) * 1e6
    assert packed.nbytes / 100 * fitting == pytest.approx(gigabytes * 1e9)


@pytest.mark.slow
@pytest.mark.parametrize(("dims", "m"), [(384, 16), (768, 32)])
def test_hnsw_gb_is_what_a_real_index_holds(dims, m):
    index = HNSWIndex(dims, m=m)
    index.add(np.random.default_rng(0).normal(size=(2000, dims)).astype(np.float32))
    held = 2000 * index.bytes_per_vector / 1e9  # with upper layers and the lengths of the lists
    assert FORMULAS["hnsw_gb"](2000, dims, m) == pytest.approx(held, rel=0.02)


@pytest.mark.parametrize(("n", "wanted", "per_place"), [(1_000_000, 40, 10), (250_000, 64, 16)])
def test_allowed_where_exact_is_as_cheap_is_where_the_costs_cross(n, wanted, per_place):
    allowed = np.arange(1, n + 1)
    walk = per_place * n * wanted / allowed
    last_cheaper = allowed[allowed <= walk].max()  # by trying every number
    assert FORMULAS["allowed_where_exact_is_as_cheap"](n, wanted, per_place) == pytest.approx(
        last_cheaper, rel=0.001
    )


@pytest.mark.parametrize(("factor", "walks"), [(0.97, False), (1.03, True)])
def test_the_index_itself_changes_over_at_that_number(factor, walks, monkeypatch):
    n, ef, m = 2000, 20, 16
    index = HNSWIndex(8, m=m)
    index.add(np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32))
    allowed = round(factor * FORMULAS["allowed_where_exact_is_as_cheap"](n, ef, m))
    walked = []
    walk = index._walk
    monkeypatch.setattr(index, "_walk", lambda *given: walked.append(1) or walk(*given))
    index.search(np.ones((1, 8), np.float32), 10, ef=ef, mask=np.arange(n) < allowed)
    assert bool(walked) == walks


@pytest.mark.parametrize(("lists", "probes"), [(8, 2), (16, 3)])
def test_ivf_comparisons_are_what_faiss_counts(lists, probes):
    faiss = pytest.importorskip("faiss")
    rng = np.random.default_rng(0)
    vectors = np.repeat(10 * np.eye(lists, 32), 50, axis=0) + 0.1 * rng.normal(size=(50 * lists, 32))
    quantizer = faiss.IndexFlatL2(32)
    quantizer.add((10 * np.eye(lists, 32)).astype(np.float32))  # lists of 50 each
    index = faiss.IndexIVFFlat(quantizer, 32, lists)
    index.train(vectors.astype(np.float32))
    index.add(vectors.astype(np.float32))
    index.nprobe = probes
    faiss.cvar.indexIVF_stats.reset()
    index.search(vectors[:1].astype(np.float32), 1)
    compared = lists + faiss.cvar.indexIVF_stats.ndis
    assert FORMULAS["ivf_comparisons"](50 * lists, lists, probes) == compared


@pytest.mark.parametrize("m", [4, 8])
def test_ivf_pq_gb_is_what_faiss_writes_for_each_vector(m):
    faiss = pytest.importorskip("faiss")
    vectors = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    index = faiss.IndexIVFPQ(faiss.IndexFlatL2(16), 16, 4, m, 8)
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1
    index.train(vectors)
    index.add(vectors[:500])
    before = len(faiss.serialize_index(index))
    index.add(vectors[500:])
    grown = len(faiss.serialize_index(index)) - before
    assert FORMULAS["ivf_pq_gb"](1500, m) * 1e9 == pytest.approx(grown, rel=0.01)


@pytest.mark.parametrize(("n", "milliseconds", "threads"), [(90_000, 4, 3), (250_000, 2, 5)])
def test_hnsw_build_hours_are_those_of_the_busiest_thread(n, milliseconds, threads):
    shares = [len(range(thread, n, threads)) for thread in range(threads)]
    hours = max(shares) * milliseconds / 1000 / 60 / 60
    assert FORMULAS["hnsw_build_hours"](n, milliseconds, threads) == pytest.approx(hours, rel=1e-3)
