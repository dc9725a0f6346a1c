"""From rows to runs, and from runs to quality."""

import numpy as np
import pytest
from tiny_benchmark import BENCHMARK, always

from embedlab.benchmark import Benchmark, ndcg, quality, run_of


def test_missing_results_are_left_out():
    assert run_of(BENCHMARK, always([1, -1])) == {q: {"b": 0.0} for q in ("q1", "q2", "q3")}


def test_a_query_that_is_a_document_does_not_find_itself():
    benchmark = Benchmark(
        name="duplicates",
        doc_ids=["a", "b", "c"],
        documents=["A", "B", "C"],
        queries={"a": "A", "q": "B?"},
        qrels={"a": {"b": 1}, "q": {"b": 1}},
        splits={"test": ["a", "q"]},
    )
    run = run_of(benchmark, always([0, 1, 2]), k=2)
    assert {query: list(found) for query, found in run.items()} == {"a": ["b", "c"], "q": ["a", "b"]}
    # BEIR's evaluate drops documents with the query's id, then asks trec_eval: 1 and 1 / log2(3).
    assert ndcg(benchmark.qrels, run) == {"a": 1.0, "q": pytest.approx(1 / np.log2(3))}
    assert list(run_of(BENCHMARK, always([0, 1, 2]), k=2)["q1"]) == ["a", "b"]


def test_quality_is_that_of_each_query_in_its_order():
    ranking = always([0, 1, 2])(["one", "two", "three"], 3)
    by_hand = [1, 1 / np.log2(3), 0.5]
    np.testing.assert_allclose(quality(BENCHMARK, ranking), by_hand)
    np.testing.assert_allclose(quality(BENCHMARK, ranking, k=2), [*by_hand[:2], 0])
    backwards = [side[::-1] for side in ranking]
    np.testing.assert_allclose(quality(BENCHMARK, backwards, ["q3", "q2", "q1"]), by_hand[::-1])
    other = {query: {"b": 1} for query in BENCHMARK.queries}
    np.testing.assert_allclose(quality(BENCHMARK, ranking, qrels=other), [by_hand[1]] * 3)


def test_a_ranking_of_fewer_queries_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        quality(BENCHMARK, always([0])(["one"], 1))
