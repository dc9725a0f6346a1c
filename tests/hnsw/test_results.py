"""From codes to results: what is not scored with the float vectors could not have been among the best."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import filled, unit

from embedlab.hnsw import HNSWIndex
from embedlab.hnsw import graph as hnsw
from embedlab.hnsw.results import SURE, Codes, pick, step_and_error
from embedlab.hnsw.storage import padded


def coded(vectors) -> HNSWIndex:
    index = HNSWIndex(vectors.shape[1], codes="int8")
    index.add(vectors, show_progress=False)
    return index


def picked(index, queries, k, ef, codes) -> tuple:
    """Walk, pick; return scores, ids and how many were scored."""
    found = np.empty((len(queries), ef), np.int64)
    hnsw.search(index.graph, index._queries(padded(queries)), index._new_visits(), found)
    scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
    allowed = ~index.deleted[: len(index)]
    many = pick(index.vectors, padded(queries), found, index.graph.twins, allowed, codes, scores, ids)
    return scores, ids, many


def estimates(index, queries) -> tuple:
    """Return what the codes say of each product, and the standard error that is stated for each query."""
    rows = index.graph.rows[: len(index), : index.dims].astype(int) - 128
    numbers = index._queries(padded(queries)).numbers[:, : index.dims].astype(int)
    codes = Codes(index.scale, index.longest)
    steps, errors = np.transpose([step_and_error(codes, query) for query in padded(queries)])
    return steps[:, None] * (numbers @ rows.T), errors[:, None]


@given(st.integers(1, 200), st.floats(0.01, 100), st.floats(0.01, 100), st.integers(0, 100), st.booleans())
@settings(max_examples=30, deadline=None)
def test_errors_are_as_large_as_stated(dims, of_vectors, of_queries, seed, same_length):
    rng = np.random.default_rng(seed)
    vectors, queries = rng.normal(size=(200, dims)), rng.normal(size=(20, dims))
    if same_length:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors, queries = np.float32(vectors * of_vectors), np.float32(queries * of_queries)
    index = coded(vectors)
    estimated, stated = estimates(index, queries)
    errors = (vectors @ queries.T).T - estimated
    # 4000 errors, of which at most one in 3000 may be larger; the queries' own errors are shared by all rows
    assert (np.abs(errors) > SURE * stated).mean() < 0.01
    assert np.sqrt(np.mean((errors / stated) ** 2)) < 1.6
    if same_length and dims >= 50:
        assert np.sqrt(np.mean((errors / stated) ** 2)) > 0.6  # and not much larger than they are


def test_it_ends_early_and_finds_the_same():
    vectors, queries = unit(3000, dims=64), unit(300, 1, dims=64)
    index = coded(vectors)
    all_of_them = picked(index, queries, 10, 100, Codes(0.0, 0.0))
    some = picked(index, queries, 10, 100, Codes(index.scale, index.longest))
    np.testing.assert_array_equal(some[0], all_of_them[0])
    np.testing.assert_array_equal(some[1], all_of_them[1])
    assert all_of_them[2] == 300 * 100
    assert some[2] < all_of_them[2] / 3


def test_errors_seen_widen_the_margin():
    # One long vector makes the steps so coarse that the others' numbers, all but alike, lose the same sign.
    rng = np.random.default_rng(0)
    vectors = np.float32(0.45 + rng.uniform(-0.04, 0.04, size=(500, 64)))
    vectors[0, 0] = 127
    queries = np.float32(rng.uniform(0.5, 1, size=(20, 64)))
    index = coded(vectors)
    for k in (1, 10):
        expected = picked(index, queries, k, 200, Codes(0.0, 0.0))
        scores, ids, _ = picked(index, queries, k, 200, Codes(index.scale, index.longest))
        np.testing.assert_array_equal(scores, expected[0])
        np.testing.assert_array_equal(ids, expected[1])


def test_vectors_of_equal_codes_are_told_apart():
    # Half a step apart at most: each has the same codes, and an own score.
    rng = np.random.default_rng(0)
    vectors = np.float32(rng.normal(size=(1, 32)).round(1) + rng.uniform(-1e-4, 1e-4, size=(40, 32)))
    queries = np.float32(rng.normal(size=(30, 32)))
    index = filled(vectors, codes="int8")
    scores, _ = index.search(queries, 40)
    np.testing.assert_allclose(scores, -np.sort(-(queries @ vectors.T)), rtol=1e-5, atol=1e-5)


def test_zeros_and_few():
    index = HNSWIndex(8, codes="int8")
    index.add(np.zeros((5, 8), np.float32))
    scores, ids = index.search(np.zeros((2, 8), np.float32), 3)
    assert not scores.any()
    assert all(len(set(row)) == 3 for row in ids.tolist())
    index.add(np.eye(8, dtype=np.float32))
    assert index.search(np.eye(8, dtype=np.float32), 1)[1].ravel().tolist() == list(range(5, 13))
    assert (index.search(np.zeros((1, 8), np.float32), 13)[1] >= 0).all()
