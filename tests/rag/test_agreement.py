"""Judges: kappa against scikit-learn, a corrected rate that finds the truth, and the order of two answers."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from embedlab.rag import corrected_rate, kappa, kappa_interval, position_bias

labels = st.sampled_from(["right", "partly", "wrong"])
pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=30).map(
    lambda both: list(zip(*both, strict=True))
)
orders = st.lists(st.tuples(*[st.sampled_from(["A", "B", "tie"])] * 2), min_size=1, max_size=12)
shares = st.floats(0, 1)


@given(pairs)
def test_kappa_is_scikit_learns(both):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is undefined
        expected = cohen_kappa_score(*both)
    if math.isnan(expected):
        with pytest.raises(ValueError, match=f"both gave '{both[0][0]}' to all {len(both[0])} items"):
            kappa(*both)
    else:
        assert kappa(*both) == kappa(*both[::-1]) == pytest.approx(expected)


@given(pairs)
def test_the_names_of_labels_do_not_matter(both):
    assume(len({*both[0], *both[1]}) > 1)
    names = {"right": 2, "partly": None, "wrong": (0, 1)}
    renamed = [[names[label] for label in one] for one in both]
    assert kappa(*renamed) == pytest.approx(kappa(*both))


def test_who_always_says_right_agrees_often_and_no_better_than_chance():
    person = ["right"] * 95 + ["wrong"] * 5
    assert kappa(person, ["right"] * 100) == 0
    assert kappa_interval(person, ["right"] * 100) == (0, 0, 0)
    assert kappa(person, person) == 1
    assert kappa([True, False], [False, True]) == -1


def test_of_few_other_labels_no_interval_is_told():
    with pytest.raises(
        ValueError, match=r"undefined in 1\d% of the resamples, as nearly all of the 100 pairs"
    ):
        kappa_interval(["right"] * 98 + ["wrong"] * 2, ["right"] * 98 + ["wrong"] * 2)


def test_the_interval_is_repeatable_and_narrows_with_more_items():
    person, judge = ["right", "right", "wrong", "wrong"] * 10, ["right", "right", "right", "wrong"] * 10
    value, low, high = kappa_interval(person, judge)
    assert (value, low, high) == kappa_interval(np.array(person), np.array(judge))
    assert kappa_interval(person, judge, seed=1)[1:] == pytest.approx((low, high), abs=0.02)
    more = kappa_interval(person * 4, judge * 4)
    assert low < more[1] < value == more[0] < more[2] < high


@pytest.mark.slow
@pytest.mark.parametrize(("n", "held"), [(60, 0.91), (100, 0.94)])
def test_how_often_the_interval_holds_the_truth(n, held):
    table, truth = np.array([0.85, 0.05, 0.03, 0.07]), (0.92 - 0.804) / (1 - 0.804)
    found = []
    for seed in range(300):
        counts = np.random.default_rng(seed).multinomial(n, table)
        person, judge = (np.repeat(values, counts) for values in ([1, 1, 0, 0], [1, 0, 1, 0]))
        _, low, high = kappa_interval(person, judge, seed=seed)
        found.append(low <= truth <= high)
    assert np.mean(found) == pytest.approx(held, abs=0.02)


@given(shares, shares, shares)
def test_a_corrected_rate_finds_the_truth_behind_the_judge(truth, sensitivity, specificity):
    assume(sensitivity + specificity > 1.01)
    judged = truth * sensitivity + (1 - truth) * (1 - specificity)
    assert corrected_rate(judged, sensitivity, specificity) == pytest.approx(truth, abs=1e-9)
    assert corrected_rate(judged, 1, 1) == judged


def test_a_rate_that_the_judges_errors_do_not_allow_is_clipped():
    assert corrected_rate(0.95, 0.9, 0.6) == 1
    assert corrected_rate(0.1, 0.9, 0.6) == 0


@given(orders)
def test_swapping_the_systems_mirrors_the_win_rate_and_keeps_the_rest(verdicts):
    first, second = zip(*verdicts, strict=True)
    other = {"A": "B", "B": "A", "tie": "tie"}
    one = position_bias(first, second)
    two = position_bias([other[verdict] for verdict in second], [other[verdict] for verdict in first])
    assert one.low <= one.win_rate <= one.high
    assert (one.pairs, one.consistent) == (two.pairs, two.consistent)
    assert one.win_rate + two.win_rate == pytest.approx(1)
    assert one.first_place == pytest.approx(two.first_place, nan_ok=True)


def test_a_judge_that_reads_only_the_place_and_one_that_reads_only_the_answer():
    place = position_bias(["A"] * 9, ["B"] * 9)
    assert (place.consistent, place.first_place, place.win_rate) == (0, 1, 0.5)
    answer = position_bias(["A"] * 9, ["A"] * 9)
    assert (answer.consistent, answer.first_place, answer.win_rate) == (1, 0.5, 1)
    ties = position_bias(["tie"], ["tie"])
    assert (ties.consistent, math.isnan(ties.first_place), ties.win_rate) == (1, True, 0.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: kappa(["x"], ["x", "y"]), "two labels for each item, but got 1 and 2"),
        (lambda: kappa_interval([], []), "but got 0 and 0"),
        (lambda: kappa([1, 2.0], [1, math.nan]), r"label 1 \(from 0\) of b is NaN"),
        (lambda: corrected_rate(75, 0.9, 0.9), "judged_rate must be between 0 and 1, but is 75"),
        (lambda: corrected_rate(0.5, 0.5, 0.5), "must be above 1, but is 1.0"),
        (lambda: position_bias(["A"], []), "in both orders, but got 1 and 0"),
        (lambda: position_bias(["A"], ["first"]), "one of A, tie, B, but is 'first'"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
