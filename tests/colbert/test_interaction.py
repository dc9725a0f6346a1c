"""MaxSim against naive loops and PyLate; exact search over token vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_matrices import (
    DIMS,
    KINDS,
    LENGTHS,
    SEEDS,
    as_pairs,
    every_index,
    few_examples,
    filled,
    laid_end_to_end,
    naive_maxsim,
    naive_search,
    ragged,
    unit,
)

from embedlab.colbert import ResidualIndex, TokenIndex, maxsim
from embedlab.machine import StoreError, files


@few_examples
@given(st.lists(st.integers(0, 15), min_size=1, max_size=6), st.integers(0, 40), st.integers(1, 20), SEEDS)
def test_maxsim_equals_a_naive_loop(lengths, t, dims, seed):
    *documents, query = ragged([*lengths, t], seed, dims)
    scores = maxsim(query, *laid_end_to_end(documents))
    assert scores.dtype == np.float32
    assert scores.tolist() == naive_maxsim(query, documents)


@few_examples
@given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 13), SEEDS)
def test_equal_documents_get_equal_scores_wherever_they_lie(length, t, before, seed):
    document, query = unit(length, seed, 37), unit(t, seed + 1, 37)
    first, *_, last = maxsim(query, *laid_end_to_end([document, unit(before, seed + 2, 37), document]))
    assert first == last
    assert first == pytest.approx((document @ query.T).max(axis=0).sum(), abs=1e-5)


def test_tokens_that_are_no_contiguous_float32_are_scored_alike():
    tokens, query, offsets = unit(9, 1, 16), unit(3, 2, 16), np.array([0, 4, 9])
    expected = maxsim(query, tokens, offsets)
    for other in (tokens.astype(np.float64), np.asfortranarray(tokens), np.repeat(tokens, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(maxsim(query, other, offsets), expected)
    tokens.flags.writeable = False
    np.testing.assert_array_equal(maxsim(query[:, ::-1][:, ::-1], tokens, offsets.tolist()), expected)


def test_a_number_that_is_none_wins_no_maximum():
    tokens = np.float32([[np.nan, 0], [0.5, 0]])
    assert maxsim(np.float32([[1, 0]]), tokens, np.array([0, 2])).tolist() == [0.5]


def test_a_query_without_tokens_scores_0_and_a_document_without_tokens_minus_infinity():
    documents = ragged([2, 0, 1])
    tokens, offsets = laid_end_to_end(documents)
    assert maxsim(np.zeros((0, DIMS), np.float32), tokens, offsets).tolist() == [0, -np.inf, 0]
    assert maxsim(tokens[:2], tokens[:0], np.array([0, 0])).tolist() == [-np.inf]
    assert maxsim(tokens[:2], tokens[:0], np.array([0])).shape == (0,)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="the query has 3 dimensions, the documents 2"):
        maxsim(unit(2, dims=3), unit(4, dims=2), np.array([0, 4]))
    for offsets in ([0, 5], [-1, 4], [0, 3, 2, 4]):
        with pytest.raises(ValueError, match="the offsets do not divide 4 tokens"):
            maxsim(unit(2), unit(4), np.array(offsets))


def vectors_for_pylate():
    """Two queries and six documents, 16 numbers a token, each of length 1."""
    rng = np.random.default_rng(7)
    matrices = [rng.normal(size=(n, 16)).astype(np.float32) for n in (5, 3, 1, 3, 8, 2, 13, 5)]
    matrices = [matrix / np.linalg.norm(matrix, axis=1, keepdims=True) for matrix in matrices]
    return matrices[:2], matrices[2:]


def test_scores_are_those_recorded_from_pylate():
    queries, documents = vectors_for_pylate()
    # scores of PyLate 1.6.0, colbert_scores, of each query with each document, without padding
    recorded = [
        [0.501436, 2.028149, 1.968436, 0.739266, 1.757849, 1.614949],
        [0.54475, 0.502501, 0.941894, 0.168455, 1.349501, 0.575437],
    ]
    mine = [maxsim(query, *laid_end_to_end(documents)) for query in queries]
    np.testing.assert_allclose(mine, recorded, atol=1e-4)


def test_scores_are_those_of_pylate_where_it_is_installed():
    scores = pytest.importorskip("pylate.scores")
    queries, documents = vectors_for_pylate()
    for query in queries:
        theirs = [float(scores.colbert_scores(query[None], document[None])[0, 0]) for document in documents]
        np.testing.assert_allclose(maxsim(query, *laid_end_to_end(documents)), theirs, atol=1e-4)


# Exact search.


@few_examples
@given(LENGTHS, st.lists(st.integers(0, 4), max_size=3), st.integers(1, 12), SEEDS)
def test_search_equals_scoring_and_sorting_everything(lengths, query_lengths, k, seed):
    documents, queries = ragged(lengths, seed, 3), ragged(query_lengths, seed + 1, 3)
    index = filled(lambda: TokenIndex(3), documents)
    scores, ids = index.search(queries, k)
    assert scores.shape == ids.shape == (len(queries), k)
    assert (scores.dtype, ids.dtype) == (np.float32, np.int64)
    assert as_pairs((scores, ids)) == [naive_search(query, documents, k) for query in queries]


@few_examples
@given(LENGTHS, st.data(), st.integers(1, 12), SEEDS)
def test_rerank_scores_only_the_candidates_and_passes_over_minus_1(lengths, data, k, seed):
    documents, [query] = ragged(lengths, seed, 3), ragged([2], seed + 1, 3)
    candidates = data.draw(st.lists(st.sampled_from(range(len(documents))), unique=True))
    candidates = data.draw(st.permutations([*candidates, -1, -1]))
    index = filled(lambda: TokenIndex(3), documents)
    found = index.rerank([query, query], [np.array(candidates), None], k)
    expected = [naive_search(query, documents, k, candidates), naive_search(query, documents, k)]
    assert as_pairs(found) == expected


def test_a_candidate_named_twice_lends_its_id_to_no_other():
    documents = ragged([2, 2, 2])
    index = filled(KINDS["exact"], documents)
    scores, ids = index.rerank([documents[2]], [np.array([0, 0, 1])], 3)  # as many as there are documents
    exact = index.scores(documents[2])
    for score, i in zip(scores[0], ids[0], strict=True):
        assert score == (exact[i] if i >= 0 else -np.inf)
    assert 2 not in ids


@every_index
def test_scores_of_some_ids_come_in_their_order(make):
    index, ids = filled(make, [unit(n, n) for n in (3, 0, 5, 1, 4)]), np.array([4, 1, 0])
    some = index.scores(unit(2), ids)
    assert np.isneginf(some).tolist() == [False, True, False]
    np.testing.assert_allclose(some, index.scores(unit(2))[ids], rtol=1e-5)
    assert index.scores(unit(2), ids[:0]).shape == (0,)


@pytest.mark.parametrize("kind", [TokenIndex, ResidualIndex])
def test_there_must_be_a_dimension(kind):
    with pytest.raises(ValueError, match="dims must be at least 1, but is 0"):
        kind(0)


def test_sizes_are_those_of_the_numbers():
    index = filled(KINDS["exact"], [unit(3), unit(0), unit(5)])
    assert index.bytes_per_vector == 4 * DIMS
    assert index.bytes_per_doc == index.tokens.nbytes / 3 + 8


def test_files_of_another_format_or_that_lack_something_are_refused(tmp_path):
    index, file = filled(KINDS["exact"], [unit(3), unit(5)]), tmp_path / "index"
    arrays = {"tokens": index.tokens, "offsets": index.offsets}
    files.save(file, "TokenIndex", arrays, {"dims": DIMS})  # as the first version did
    assert TokenIndex.load(file).offsets.tolist() == [0, 3, 8]
    files.save(file, "TokenIndex", arrays, {"dims": DIMS, "format": 2})
    with pytest.raises(StoreError, match="has format 2, but this version reads 1"):
        TokenIndex.load(file)
    for wrong in (
        {"tokens": index.tokens},
        {"offsets": index.offsets},
        {**arrays, "offsets": np.array([0, 3, 9])},
    ):
        files.save(file, "TokenIndex", wrong, {"dims": DIMS})
        with pytest.raises(StoreError, match="holds no whole TokenIndex"):
            TokenIndex.load(file)
    files.save(file, "TokenIndex", arrays, {})
    with pytest.raises(StoreError, match="holds no whole TokenIndex"):
        TokenIndex.load(file)
