"""The exercises of rag: what their references promise; libraries and the package agree on the same."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, cohen_kappa_score
from study.exercises.alternatives import rag as written

import embedlab.rag as package
from embedlab.study.exercises import exercises
from embedlab.study.exercises.rag import pack_prompt, sides
from embedlab.study.exercises.rag_choosing import mmr
from embedlab.study.exercises.rag_citing import cited
from embedlab.study.exercises.rag_f1 import token_f1
from embedlab.study.exercises.rag_precision import context_precision
from embedlab.study.exercises.rag_raters import kappa
from embedlab.study.exercises.rag_refusing import risk_coverage

EIGHTHS = st.integers(0, 8).map(lambda n: n / 8)
MARKED = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1)
ANSWERED = st.lists(st.tuples(st.integers(-3, 3).map(float), st.booleans()))
PHRASES = st.lists(st.sampled_from(["the", "A", "snow", "Snow.", "ice", "ice", "melts!"])).map(" ".join)


@given(st.lists(st.integers(1, 9)), st.integers(0, 60), st.integers(0, 5))
def test_a_prompt_is_within_the_budget_and_misses_nothing_better(costs, budget, header):
    read = pack_prompt(costs, budget, header)
    assert read == list(range(len(read))) == written.pack_prompt(costs, budget, header)
    assert sum(costs[i] + header for i in read) <= budget
    assert len(read) == len(costs) or sum(costs[: len(read) + 1]) + header * (len(read) + 1) > budget


@given(st.integers(0, 30))
def test_ranks_rise_to_the_middle_and_fall_again(n):
    order = sides(list(range(n)))
    assert sorted(order) == list(range(n))
    top = order.index(n - 1) if n else 0
    assert all(a < b for a, b in pairwise(order[: top + 1]))
    assert all(a > b for a, b in pairwise(order[top:]))
    assert not n or (order[0], order[-1]) == (0, min(1, n - 1))


@given(st.data(), st.integers(1, 7), st.integers(0, 8), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
def test_mmr_is_that_of_the_package(data, n, k, weight):
    relevance = data.draw(st.lists(EIGHTHS, min_size=n, max_size=n))
    drawn = np.array(data.draw(st.lists(EIGHTHS, min_size=n * n, max_size=n * n))).reshape(n, n)
    similarity = np.triu(drawn, 1) + np.triu(drawn, 1).T + np.eye(n)
    expected = package.mmr(np.array(relevance), similarity, k, weight)
    assert mmr(relevance, similarity.tolist(), k, weight) == expected
    assert written.mmr(relevance, similarity.tolist(), k, weight) == expected


def test_citations_are_found_where_the_package_finds_them():
    text = "Snow is white [1][2]. Ice floats! It is 3.5 m thick [12]. Cold?"
    assert [number for number, _ in cited(text, [])] == [one.number for one in package.citations(text)]


@given(st.lists(st.tuples(PHRASES, st.integers(0, 4))), st.lists(PHRASES, max_size=3))
def test_a_citation_holds_only_by_its_own_passage(sentences, passages):
    text = " ".join(f"{words.rstrip('.!')} [{number}]." for words, number in sentences)
    found = cited(text, passages)
    assert found == written.cited(text, passages)
    assert all(1 <= number <= len(passages) for number, supported in found if supported)


@given(PHRASES, PHRASES)
def test_f1_is_the_same_from_both_sides(answer, reference):
    value = token_f1(answer, reference)
    assert value == pytest.approx(written.token_f1(reference, answer))
    assert token_f1(answer, answer.upper()) == 1
    assert 0 <= value <= 1


@given(st.lists(st.booleans(), min_size=1))
def test_context_precision_is_average_precision(useful):
    expected = average_precision_score(useful, -np.arange(len(useful))) if any(useful) else 0.0
    assert context_precision(useful) == pytest.approx(expected)
    assert context_precision(sorted(useful, reverse=True)) == any(useful)


@given(MARKED)
def test_kappa_is_that_of_scikit_learn(pairs):
    a, b = (list(one) for one in zip(*pairs, strict=True))
    if len({*a, *b}) > 1:  # scikit-learn gives NaN for one label
        assert kappa(a, b) == pytest.approx(cohen_kappa_score(a, b))
    assert kappa(a, a) == 1
    assert kappa(a, b) == pytest.approx(kappa(b, a))


@given(ANSWERED)
def test_the_curve_ends_with_all_answers(pairs):
    scores, right = [score for score, _ in pairs], [ok for _, ok in pairs]
    curve = risk_coverage(scores, right)
    assert np.allclose(curve, written.risk_coverage(scores, right))
    assert len(curve) == len(set(scores))
    assert all(a < b for (a, _), (b, _) in pairwise(curve))
    assert not pairs or curve[-1] == pytest.approx((1, 1 - np.mean(right)))
    tripled = [3 * score + 1 for score in scores]  # only the order counts
    assert risk_coverage(tripled, right) == curve


def test_they_come_in_the_order_of_the_chapter():
    own = [one.name for one in exercises().values() if one.chapter == "11_rag"]
    assert own == [
        "pack_prompt",
        "sides",
        "mmr",
        "cited",
        "token_f1",
        "context_precision",
        "kappa",
        "risk_coverage",
        "broken_stage",
    ]
