"""A second stage as arithmetic: what it may move, what it must not, and the bound of the perfect one."""

import numpy as np
import pytest

from embedlab.benchmark import Benchmark
from embedlab.course import quality
from embedlab.engine import score_matrix
from embedlab.reranking import oracle, rerank

RNG = np.random.default_rng(0)
SCORES = -np.sort(-RNG.normal(size=(5, 12)).astype(np.float32), axis=1)
FIRST = SCORES, np.stack([RNG.permutation(12) for _ in range(5)])
READ = RNG.normal(size=(5, 12)).astype(np.float32)


def test_weight_0_keeps_the_first_stage_and_weight_1_drops_it():
    for depth in (1, 5, 12, 20):
        np.testing.assert_array_equal(rerank(FIRST, READ, depth=depth, weight=0)[1], FIRST[1])
    alone = rerank(FIRST, READ, depth=12, weight=1)[1]
    np.testing.assert_array_equal(alone, np.take_along_axis(FIRST[1], np.argsort(-READ, axis=1), axis=1))


@pytest.mark.parametrize("weight", [0, 0.3, 1])
def test_what_was_not_read_stays_behind_in_its_order(weight):
    scores, ids = rerank(FIRST, READ, depth=4, weight=weight)
    np.testing.assert_array_equal(ids[:, 4:], FIRST[1][:, 4:])
    np.testing.assert_array_equal(np.sort(ids[:, :4]), np.sort(FIRST[1][:, :4]))
    assert (np.diff(scores, axis=1) <= 0).all()


def test_neither_scale_nor_offset_of_a_score_counts():
    """Raw scores must not be added up: the one that spreads more would decide."""
    other = FIRST[0] * 100 + 7, FIRST[1]
    expected = rerank(FIRST, READ, depth=6, weight=0.4)[1]
    np.testing.assert_array_equal(rerank(other, READ * 0.01 - 3, depth=6, weight=0.4)[1], expected)


def test_no_reranker_beats_the_oracle():
    ids = [str(i) for i in range(12)]
    queries = {f"q{i}": "?" for i in range(5)}
    qrels = {query: {str(RNG.integers(12)): 1, str(RNG.integers(12)): 1} for query in queries}
    benchmark = Benchmark("random", ids, ids, queries, qrels, {"test": list(queries)})
    right = np.array([[ids[j] in qrels[q] for j in row] for q, row in zip(queries, FIRST[1], strict=True)])
    for depth in (1, 3, 12):
        bound = quality(benchmark, oracle(FIRST, right, depth=depth))
        for weight in (0, 0.5, 1):
            assert (bound >= quality(benchmark, rerank(FIRST, READ, depth=depth, weight=weight)) - 1e-9).all()


def test_places_without_a_document_stay_last():
    rows = np.array([[3, 1, -1], [-1, -1, -1]])
    first = np.float32([[2, 1, -np.inf], [-np.inf] * 3]), rows
    read = np.float32([[0, 5, -np.inf], [-np.inf] * 3])
    np.testing.assert_array_equal(rerank(first, read, depth=3, weight=1)[1], [[1, 3, -1], [-1, -1, -1]])


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="weight 0 to 1"):
        rerank(FIRST, READ, depth=3, weight=1.5)
    with pytest.raises(ValueError, match="depth must be at least 1"):
        rerank(FIRST, READ, depth=0)
    with pytest.raises(ValueError, match="only 12 documents"):
        rerank((np.zeros((5, 20)), np.zeros((5, 20), int)), READ, depth=20)


def test_a_matrix_of_scores_stands_where_its_documents_do():
    class Longest:
        def score_pairs(self, pairs):
            return [len(query) + len(text) for query, text in pairs]

    rows = np.array([[2, 0], [1, -1]])
    found = score_matrix(Longest(), ["q", "qqq"], ["a", "bb", "cccc"], rows)
    np.testing.assert_array_equal(found, np.float32([[5, 2], [5, -np.inf]]))
