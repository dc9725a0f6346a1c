"""Metrics against ir_measures, on random runs with ties and missing queries."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from embedlab.benchmark import bootstrap_interval, mrr, ndcg, randomisation_test, recall

documents = st.sampled_from([f"d{i}" for i in range(12)])
queries = st.sampled_from([f"q{i}" for i in range(5)])
# Few different scores: many ties, some of them only in single precision.
SCORES = [0.0, 0.5, 1.0, 1.0 + 1e-9, 1.0 + 1e-6, -2.0, 1e300, 2e300]
runs = st.dictionaries(queries, st.dictionaries(documents, st.sampled_from(SCORES), min_size=1))
judgements = st.dictionaries(queries, st.dictionaries(documents, st.integers(0, 3), min_size=1), min_size=1)


@given(judgements, runs, st.integers(1, 12))
def test_equal_to_ir_measures(qrels, run, k):
    ours = {"nDCG": ndcg(qrels, run, k), "R": recall(qrels, run, k), "RR": mrr(qrels, run, k)}
    measures = {name: getattr(ir_measures, name) @ k for name in ours}
    theirs = {name: dict.fromkeys(qrels, 0.0) for name in ours}
    if run:
        for metric in ir_measures.iter_calc(list(measures.values()), qrels, run):
            name = next(name for name, measure in measures.items() if measure == metric.measure)
            theirs[name][metric.query_id] = metric.value
    for name in ours:
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9)


@given(judgements, runs)
def test_between_zero_and_one_and_perfect_for_the_ideal_run(qrels, run):
    for metric in (ndcg, recall, mrr):
        assert all(0 <= value <= 1 for value in metric(qrels, run, 10).values())
    ideal = {
        query: {document: float(gain) for document, gain in judged.items()} for query, judged in qrels.items()
    }
    answered = {query for query, judged in qrels.items() if any(judged.values())}
    assert {query for query, value in ndcg(qrels, ideal, 12).items() if value == pytest.approx(1)} == answered


def test_scores_closer_than_single_precision_tie():
    qrels, run = {"q": {"d0": 1}}, {"q": {"d62": 0.9222621453752586, "d0": 0.9222621453752586 + 1e-9}}
    found = ir_measures.calc_aggregate([ir_measures.nDCG @ 10, ir_measures.RR @ 10], qrels, run)
    assert ndcg(qrels, run)["q"] == pytest.approx(found[ir_measures.nDCG @ 10]) == pytest.approx(0.63093)
    assert mrr(qrels, run)["q"] == found[ir_measures.RR @ 10] == 1.0  # MS MARCO's script: double precision


def test_refuses_nan_and_bad_k():
    for metric in (ndcg, recall, mrr):
        with pytest.raises(ValueError, match="query 'q': the score of document 'b' is NaN"):
            metric({"q": {"a": 1}}, {"q": {"a": 1.0, "b": float("nan")}})
        with pytest.raises(ValueError, match="k must be at least 1, but is 0"):
            metric({"q": {"a": 1}}, {}, 0)


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        _, low, high = bootstrap_interval(rng.beta(2, 3, size=200), samples=500)
        covered += low <= 0.4 <= high
    assert 88 <= covered <= 100


def test_interval_of_equal_values_and_of_none():
    assert bootstrap_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval([])


def test_p_value_is_near_the_t_tests():
    rng = np.random.default_rng(1)
    a = rng.normal(size=100)
    for shift in (0.0, 0.05, 0.15):
        b = a + shift + rng.normal(scale=0.5, size=100)
        assert randomisation_test(a, b) == pytest.approx(ttest_rel(a, b).pvalue, abs=0.02)


def test_statistics_refuse_nan():
    nan = float("nan")
    with pytest.raises(ValueError, match=r"value 1 .* is NaN"):
        bootstrap_interval([1.0, nan])
    for a, b in (([1.0, nan], [1.0, 2.0]), ([1.0, 2.0], [1.0, nan])):
        with pytest.raises(ValueError, match=r"value 1 .* is NaN"):
            randomisation_test(a, b)


def test_test_refuses_what_is_not_paired():
    with pytest.raises(ValueError, match="3 and 2"):
        randomisation_test([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="0 and 0"):
        randomisation_test([], [])
