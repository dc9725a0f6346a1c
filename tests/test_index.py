"""Exact search against sorting everything; and the contract that every index keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from indexes import DIMS, KINDS, assert_equal_results, every_index, filled
from vectors import unit

from embedlab.index import FlatIndex, Index, top_k


@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 4), st.integers(0, 12)), elements=st.sampled_from([0, 1, 2, 3])
    ),
    st.integers(1, 15),
)
def test_top_k_equals_a_full_sort(scores, k):
    best, ids = top_k(scores, k)
    assert best.shape == ids.shape == (len(scores), k)
    for row, mine, places in zip(scores, best, ids, strict=True):
        expected = sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]
        assert places.tolist() == expected + [-1] * (k - len(expected))
        assert mine.tolist() == [row[i] for i in expected] + [-np.inf] * (k - len(expected))


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 8))
def test_top_k_refuses_nan_anywhere(n, bad, k):
    scores = np.arange(n, dtype=np.float32)[None]
    scores[0, :bad] = np.nan
    with pytest.raises(ValueError, match="the scores of query 0 hold NaN"):
        top_k(scores, k)


@pytest.mark.parametrize("scores", [[np.nan, 1, 1, 1], [1, 1, np.nan, 1], [np.inf, np.nan], [np.nan] * 3])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_nan_is_refused_also_where_enough_others_are_equal(scores, k):
    with pytest.raises(ValueError, match="the scores of query 1 hold NaN"):
        top_k(np.float32([[0] * len(scores), scores]), k)


@pytest.mark.parametrize("scores", [np.float32([1, 2]), np.float32(1), np.array([[1, 2]]), [["a"]]])
def test_scores_are_a_matrix_of_floats(scores):
    with pytest.raises(ValueError, match=r"expected floats of shape \(q, n\), but got "):
        top_k(scores, 1)


@pytest.mark.parametrize("k", [1.0, "1", None, True, np.float32(1)])
def test_k_is_a_whole_number(k):
    with pytest.raises(TypeError, match="k must be a whole number, but is"):
        top_k(np.float32([[1, 2]]), k)
    assert top_k(np.float32([[1, 2]]), np.int64(1))[1] == 1


def test_flat_index_equals_faiss_order():
    rng = np.random.default_rng(0)
    vectors, queries = rng.normal(size=(500, 16)), rng.normal(size=(300, 16))
    index = FlatIndex(16)
    index.add(vectors[:200])
    index.add(vectors[200:])
    scores, ids = index.search(queries, 7)
    exact = queries @ vectors.T
    np.testing.assert_array_equal(ids, np.argsort(-exact, axis=1)[:, :7])
    np.testing.assert_allclose(scores, -np.sort(-exact, axis=1)[:, :7], rtol=1e-4, atol=1e-5)
    assert scores.dtype == np.float32
    assert ids.dtype == np.int64


# What every index does alike.


@every_index
def test_an_index_finds_what_was_put_in(make):
    vectors = unit(300)
    index = filled(make, vectors)
    assert len(index) == 300
    scores, ids = index.search(vectors[:50], 300)
    assert scores.dtype == np.float32
    assert ids.dtype == np.int64
    assert (np.diff(scores[scores > -np.inf].reshape(50, -1), axis=1) <= 0).all(), "best first"
    for row in ids:
        found = row[row >= 0]
        assert len(set(found)) == len(found)
    # Itself among the first: codes of few bits have many doubles.
    assert np.mean([i in row[:60] for i, row in enumerate(ids)]) > 0.9


@every_index
@settings(deadline=None, max_examples=15)
@given(n=st.integers(1, 40), k=st.integers(1, 60), seed=st.integers(0, 99))
def test_scores_are_those_of_the_decoded_vectors(make, n, k, seed):
    index = filled(make, unit(n, seed))
    scores, ids = index.search(unit(3, seed + 1), k)
    assert scores.shape == ids.shape == (3, k)
    reachable = min(k, n)
    assert (ids[:, :reachable] >= 0).all()
    assert (ids[:, reachable:] == -1).all()
    assert (scores[:, reachable:] == -np.inf).all()
    if hasattr(index, "scores") and type(index).scores is not Index.scores:
        assert_equal_results(top_k(index.scores(unit(3, seed + 1)), k), (scores, ids))
    if hasattr(index, "vectors_of") and not getattr(index, "bits_of_query", False):
        decoded = index.vectors_of(np.arange(n))
        exact = unit(3, seed + 1) @ decoded.T
        np.testing.assert_allclose(scores[:, :reachable], -np.sort(-exact)[:, :reachable], atol=1e-4)


@every_index
def test_one_by_one_or_all_at_once(make):
    vectors = unit(60)
    index = filled(make, vectors[:40])  # what is learnt, such as a scale, comes from the first
    index.add(vectors[40:50])
    for vector in vectors[50:]:
        index.add(vector[None])
    assert len(index) == 60
    other = filled(make, vectors[:40])
    other.add(vectors[40:])
    assert_equal_results(index.search(unit(5, 1), 10), other.search(unit(5, 1), 10))


@every_index
def test_an_empty_index_finds_nothing(make, tmp_path):
    index = make()
    index.add(np.zeros((0, DIMS)))
    for _ in range(2):
        scores, ids = index.search(unit(2), 3)
        assert ids.tolist() == [[-1] * 3] * 2
        assert (scores == -np.inf).all()
        assert index.search(np.zeros((0, DIMS)), 3)[1].shape == (0, 3)
        index.save(tmp_path / "empty")
        index = Index.load(tmp_path / "empty")


@every_index
@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((2, 3)), r"\(n, 16\), but got \(2, 3\)"),
        (np.ones(16), r"but got \(16,\)"),
        ([[np.nan] * 16], "vector 0 holds NaN"),
        ([[1] * 16, [np.inf] * 16], "vector 1 holds NaN or infinity"),
    ],
)
def test_bad_vectors_are_refused(make, vectors, message):
    index = make()
    with pytest.raises(ValueError, match=message):
        index.add(vectors)
    assert len(index) == 0
    with pytest.raises(ValueError, match=message):
        index.search(vectors, 1)
    with pytest.raises(ValueError, match="k must be at least 1, but is 0"):
        index.search(unit(1), 0)


@every_index
def test_other_layouts_and_types_are_read_as_float32(make):
    vectors = unit(40)
    strange = np.asfortranarray(vectors.astype(np.float64))
    expected = filled(make, vectors).search(vectors, 5)
    assert_equal_results(filled(make, strange).search(strange, 5), expected)
    sliced = np.repeat(vectors, 2, axis=1)[:, ::2]
    assert_equal_results(filled(make, sliced).search(sliced, 5), expected)


@every_index
def test_zero_and_double_vectors(make):
    vectors = np.concatenate([np.zeros((3, DIMS)), np.repeat(unit(1), 5, axis=0)])
    scores, ids = filled(make, vectors).search(unit(1), 8)
    assert sorted(ids[0]) == list(range(8))
    assert np.isfinite(scores).all()
    assert ids[0, :5].tolist() == [3, 4, 5, 6, 7], "of equal scores the earlier"


def test_results_do_not_depend_on_the_batch():
    vectors, queries = unit(100), unit(600, 1)
    index = filled(KINDS["binary"], vectors)
    whole = index.search(queries, 5)
    single = [index.search(query[None], 5) for query in queries]
    assert_equal_results(whole, [np.concatenate(part) for part in zip(*single, strict=True)])
