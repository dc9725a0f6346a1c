"""RaBitQ: FAISS finds the same from the same rotation, errors as often as the theorem says, rescoring."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from vectors import unit

from embedlab.benchmark import docsearch, recall_at_k
from embedlab.embedder import Embedder
from embedlab.index import Index
from embedlab.machine import StoreError, files
from embedlab.quantization import BinaryIndex, PQIndex
from embedlab.scale import (
    RaBitQIndex,
    RaBitQuantizer,
    error_bound,
    estimate,
    product_of_bits,
    quantize_query,
    rotate,
    sign_codes,
)
from embedlab.scale.rabitq_plain import as_words, bit_planes


def filled(vectors, **options):
    index = RaBitQIndex(vectors.shape[1], **options)
    index.add(vectors)
    return index


@pytest.fixture(scope="module")
def real():
    """Document vectors, dev queries, and the exact ten best of each."""
    benchmark, embedder = docsearch(), Embedder.load()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut", show_progress=False)
    queries = embedder.encode(benchmark.split("dev")[1], cache=True, show_progress=False)
    return documents, queries, np.argsort(-(queries @ documents.T), axis=1, kind="stable")[:, :10]


@pytest.mark.parametrize("dims", [32, 64, 100])
@pytest.mark.parametrize("bits", [1, 4, 8])
def test_compiled_estimates_are_the_plain_ones(dims, bits):
    vectors, queries = unit(200, 0, dims) + np.float32(0.1), unit(10, 1, dims)
    index = filled(vectors, bits_of_query=bits)
    centroid, matrix = index.quantizer.centroid, index.quantizer.matrix
    signs, scales, _ = sign_codes(rotate(vectors - centroid, matrix))
    levels, lows, steps = quantize_query(rotate(queries - centroid, matrix), bits)
    rounded = lows[:, None] + steps[:, None] * levels
    others = (queries @ centroid)[:, None] + (vectors - centroid) @ centroid
    np.testing.assert_allclose(index.estimates(queries), others + estimate(signs, scales, rounded), atol=1e-5)
    codes, planes = as_words(signs), bit_planes(levels, bits)
    assert product_of_bits(codes[3], planes[2]) == levels[2][signs[3]].sum()
    np.testing.assert_array_equal(index.codes[:, :-2], codes)


@pytest.mark.parametrize(("bits", "qb"), [(1, 1), (4, 4), (8, 8), (8, 0)])
def test_faiss_finds_the_same(bits, qb):
    vectors, queries = unit(2000, 0, 128) + np.float32(0.05), unit(50, 1, 128)
    index = filled(vectors, bits_of_query=bits)
    theirs = faiss.IndexRaBitQ(128, faiss.METRIC_INNER_PRODUCT)
    theirs.qb = qb  # 0: the query stays as it is
    rotated = [np.ascontiguousarray(rotate(part, index.quantizer.matrix)) for part in (vectors, queries)]
    theirs.train(rotated[0])
    theirs.add(rotated[0])
    their_scores, their_ids = theirs.search(rotated[1], 10)
    scores, ids = index.search(queries, 10)
    np.testing.assert_allclose(scores, their_scores, atol=1e-4 if qb else 5e-3)
    assert (ids == their_ids).mean() > (0.99 if qb else 0.9)
    assert theirs.code_size == 128 // 8 + 8  # without our error and number of ones
    assert index.codes.nbytes == 2000 * (128 // 8 + 16)


def errors_of(dims, rotations, n=100, *, bits=None):
    """Errors of estimates, and bounds for epsilon 1, of n vectors and 5 queries under many rotations."""
    vectors, queries = unit(n, 999, dims), unit(5, 1000, dims) + 0.2 * unit(5, 999, dims)
    return errors_on(vectors, queries.astype(np.float32), rotations, bits)


def errors_on(vectors, queries, rotations, bits=None):
    exact, found = queries @ vectors.T, []
    for seed in range(rotations):
        quantizer = RaBitQuantizer.fit(vectors, seed=seed)
        centroid, matrix = quantizer.centroid, quantizer.matrix
        signs, scales, errors = sign_codes(rotate(vectors - centroid, matrix))
        asked = rotate(queries - centroid, matrix)
        if bits:
            levels, lows, steps = quantize_query(asked, bits)
            asked = lows[:, None] + steps[:, None] * levels
        others = (queries @ centroid)[:, None] + (vectors - centroid) @ centroid
        off = estimate(signs, scales, asked) + others - exact
        found.append((off, error_bound(errors, np.linalg.norm(queries - centroid, axis=1), 1)))
    return [np.array(part) for part in zip(*found, strict=True)]


def test_estimates_are_right_on_average_over_rotations():
    errors, bounds = errors_of(64, 300, n=40)
    deviations = np.sqrt(300) * errors.mean(axis=0) / bounds.mean(axis=0)  # each pair's, in standard errors
    assert np.abs(deviations).max() < 4.5  # 200 pairs: 3 is usual
    assert 0.8 < deviations.std() < 1.1


def test_signs_alone_are_wrong_on_average():
    """What the scale is for: decoded to the length of the residual, signs make inner products too small."""
    vectors = unit(200, 999, 128)  # not the seed of the rotation: it must know nothing of the vectors
    rotated = rotate(vectors, RaBitQuantizer.fit(vectors).matrix)
    signs = np.where(rotated > 0, 1, -1) / np.sqrt(128)
    assert (signs * rotated).sum(axis=1).mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.01)
    own = np.diag(estimate(*sign_codes(rotated)[:2], rotated))
    np.testing.assert_allclose(own, 1, atol=1e-5)  # a vector's product with itself is exact


@pytest.mark.parametrize("epsilon", [1.0, 1.9, 3.0])
def test_the_bound_is_exceeded_as_seldom_as_normal_numbers_exceed_it(epsilon):
    errors, bounds = errors_of(128, 60)
    rate = (np.abs(errors) > epsilon * bounds).mean()
    assert rate < 2 * norm.sf(epsilon) * 1.05 + 1e-3
    assert rate > 2 * norm.sf(epsilon) / 2  # and not because it is loose


def test_errors_fall_with_the_root_of_the_dimensions():
    deviations = [errors_of(dims, 10)[0].std() * np.sqrt(dims - 1) for dims in (64, 256, 1024)]
    assert max(deviations) / min(deviations) < 1.1


@settings(max_examples=30)
@given(n=st.integers(1, 40), dims=st.sampled_from([2, 16, 64, 70]), seed=st.integers(0, 99))
def test_what_is_missing_stands_at_a_right_angle(n, dims, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    signs, scales, errors = sign_codes(vectors)
    missing = vectors - scales[:, None] * np.where(signs, 1, -1)
    squares = (vectors**2).sum(axis=1)
    np.testing.assert_allclose((missing * vectors).sum(axis=1) / squares, 0, atol=1e-5)
    lengths = np.linalg.norm(missing, axis=1) / np.sqrt(dims - 1)
    np.testing.assert_allclose(errors / np.sqrt(squares), lengths / np.sqrt(squares), atol=1e-3)


@settings(max_examples=30)
@given(n=st.integers(1, 60), k=st.integers(1, 20), bits=st.integers(1, 8), seed=st.integers(0, 99))
def test_a_bound_that_holds_finds_all(n, k, bits, seed):
    vectors, queries = unit(n, seed), unit(3, seed + 1)
    index = filled(vectors, bits_of_query=bits, keep=True, epsilon=1e6)
    scores, ids = index.search(queries, k)
    order = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :k]
    np.testing.assert_allclose(scores[:, :n], np.take_along_axis(queries @ vectors.T, order, 1), atol=1e-5)
    np.testing.assert_array_equal(ids[:, n:], -1)
    assert index.rescored == n or n > k  # one whose error is 0 needs no look


def test_a_larger_epsilon_looks_at_more_and_finds_more(vectors, queries, exact):
    index = filled(vectors, keep=True)
    found = []
    for index.epsilon in (0, 1, 1.9, 3):
        recall = recall_at_k(index.search(queries, 10)[1], exact)
        found.append((index.rescored, recall))
    assert found == sorted(found)
    assert found[0][0] >= 10
    assert found[2][1] > 0.97
    assert found[3][0] < 3000


def test_rescoring_looks_at_those_whose_bound_reaches_the_best(vectors, queries):
    index = filled(vectors, keep=True)
    scores, _ = index.search(queries, 10)
    reach = index.estimates(queries) + index.error_bounds(queries)
    must = (reach >= scores[:, -1:]).sum(axis=1).mean()  # the k-th best at the end: the highest hurdle
    assert index.rescored >= must - 1e-6
    assert index.rescored < 2 * must + 10


def test_bytes_count_all_that_search_reads(vectors):
    for keep in (False, True):
        index = filled(vectors, keep=keep)
        held = [index.codes, index.quantizer.centroid, index.quantizer.matrix] + [index._kept] * keep
        assert index.bytes_per_vector == pytest.approx(sum(part.nbytes for part in held) / 3000)


@pytest.mark.parametrize("portions", [[1, 3, 3, 400], [500, 999, 1000], [1200]])
def test_filled_bit_by_bit(vectors, queries, portions, tmp_path):
    index, at = RaBitQIndex(32, keep=True), 0
    for end in [*portions, 2000]:
        index.add(vectors[at:end])
        index.search(queries, 2)
        index.save(tmp_path / "index")
        index, at = Index.load(tmp_path / "index"), end
    whole = filled(vectors[:2000], keep=True)
    np.testing.assert_allclose(index.search(queries, 5)[0], whole.search(queries, 5)[0], atol=0.02)
    assert len(index) == 2000


def test_damaged_files_are_named(vectors, tmp_path):
    arrays, about = filled(vectors, keep=True).state()
    files.save(tmp_path / "wrong", "index", arrays | {"kept": vectors[:5]}, {"class": "RaBitQIndex", **about})
    with pytest.raises(StoreError, match="5 vectors are kept for 3000 codes"):
        Index.load(tmp_path / "wrong")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 1}, "dims must be at least 2, but is 1"),
        ({"bits_of_query": 0}, "bits_of_query must be at least 1, but is 0"),
        ({"bits_of_query": 9}, "bits_of_query must be at most 8, but is 9"),
        ({"epsilon": -1}, "epsilon must be at least 0 and finite, but is -1"),
        ({"epsilon": np.nan}, "but is nan"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        RaBitQIndex(**{"dims": 16} | options)


@pytest.mark.slow
def test_the_bound_holds_at_its_rate_on_real_vectors(real):
    documents, queries, _ = real
    some = documents[:: len(documents) // 300]
    errors, bounds = errors_on(some, queries[:40], 8)
    rate, wanted = (np.abs(errors) > 1.9 * bounds).mean(), 2 * norm.sf(1.9)
    assert 0.8 * wanted < rate < 1.1 * wanted
    assert abs(errors.mean()) < 0.1 * errors.std()
    rounded, _ = errors_on(some, queries[:40], 8, bits=4)
    assert wanted < (np.abs(rounded) > 1.9 * bounds).mean() < 1.25 * wanted
    assert 1 < rounded.std() / errors.std() < 1.05  # what 4 bits cost


@pytest.mark.slow
def test_better_than_signs_on_real_vectors(real):
    documents, queries, exact = real
    index = filled(documents, keep=True)
    recalls = []
    for signs in (BinaryIndex(384), BinaryIndex(384, bits_of_query=False)):
        signs.add(documents)
        recalls.append(recall_at_k(signs.search(queries, 10)[1], exact))
    estimated = recall_at_k(np.argsort(-index.estimates(queries), axis=1, kind="stable")[:, :10], exact)
    assert estimated > recalls[0] + 0.08
    assert estimated > recalls[1]
    assert recall_at_k(index.search(queries, 10)[1], exact) > 0.99
    assert index.rescored < 0.02 * len(documents)


@pytest.mark.slow
def test_trained_codebooks_say_more_in_the_same_bytes(real):
    documents, queries, exact = real
    index, trained = filled(documents), PQIndex(384, 64)  # 64 bytes each
    trained.add(documents)
    recalls = [recall_at_k(one.search(queries, 10)[1], exact) for one in (index, trained)]
    assert recalls[1] > recalls[0] + 0.05
