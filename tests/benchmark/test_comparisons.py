"""Paired comparisons, against what scipy, statsmodels' definition and scikit-learn say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score

from embedlab.benchmark import (
    Difference,
    auc,
    auc_interval,
    grouped_interval,
    holm,
    p_text,
    paired_difference,
    seeded_sample,
)

draw = np.random.default_rng(0)


def test_a_small_gain_on_every_query_is_seen_where_the_means_overlap():
    easy = draw.uniform(0, 0.9, 200)
    difference = paired_difference(easy + draw.uniform(0, 0.04, 200), easy)
    assert 0 < difference.low < difference.mean < difference.high < 0.04
    assert difference.p < 0.001
    assert difference.n == 200


def test_two_that_are_alike_get_an_interval_around_zero():
    difference = paired_difference(draw.uniform(size=300), draw.uniform(size=300))
    assert difference.low < 0 < difference.high
    assert difference.p > 0.05


@pytest.mark.slow
def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(100):
        drawing = np.random.default_rng(seed)
        found = paired_difference(drawing.normal(0.1, 1, 80), np.zeros(80), seed=seed)
        held += found.low <= 0.1 <= found.high
    assert 88 <= held <= 99


def test_p_is_printed_as_far_as_it_is_known():
    assert [p_text(p) for p in (0.0, 0.001, 0.05, 1)] == ["< 0.001", "= 0.001", "= 0.050", "= 1.00"]


def differences_of(p_values):
    return {i: Difference(0.0, -1.0, 1.0, p, 10) for i, p in enumerate(p_values)}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_no_correction_and_bonferroni(p_values):
    corrected = [holm(differences_of(p_values))[i].p for i in range(len(p_values))]
    for p, found in zip(p_values, corrected, strict=True):
        assert p <= found <= min(1, p * len(p_values)) + 1e-12
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(corrected)[order]) >= 0).all()
    # Benjamini and Hochberg control less, and so never reject less.
    assert (false_discovery_control(p_values) <= np.array(corrected) + 1e-9).all()


def test_holm_of_a_known_case():
    # Holm 1979 by hand: 0.01 * 4, max(0.04, 0.015 * 3), max(0.045, 0.03 * 2), max(0.06, 0.2)
    corrected = holm(differences_of([0.03, 0.01, 0.2, 0.015]))
    assert [round(corrected[i].p, 6) for i in range(4)] == [0.06, 0.04, 0.2, 0.045]


SCORES = st.lists(st.integers(-5, 5), min_size=1, max_size=30)


@given(SCORES, SCORES)
def test_auc_equals_that_of_scikit_learn(right, wrong):
    labels = [1] * len(right) + [0] * len(wrong)
    assert auc(right, wrong) == pytest.approx(roc_auc_score(labels, right + wrong))


def test_auc_says_what_is_missing():
    with pytest.raises(ValueError, match="got 0 right, 1 wrong"):
        auc([], [1.0])
    with pytest.raises(ValueError, match="score 1"):
        auc([0.0, float("nan")], [1.0])


@given(st.integers(1, 60), st.integers(0, 5))
def test_a_sample_is_the_same_for_a_seed_and_keeps_the_order(n, seed):
    items = [f"{i:02}" for i in range(40)]
    drawn = seeded_sample(items, n, seed)
    assert drawn == seeded_sample(items, n, seed) == sorted(set(drawn))
    assert len(drawn) == min(n, 40)


def test_a_sample_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        seeded_sample("abc", 0)


def test_the_interval_of_an_auc_holds_it_and_shrinks_with_n():
    few, many = ((draw.normal(1, 1, n), draw.normal(0, 1, n)) for n in (20, 500))
    wide, narrow = auc_interval(*few), auc_interval(*many)
    assert wide[0] < auc(*few) < wide[1]
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 2
    assert narrow == auc_interval(*many)  # seeded


def test_five_answers_to_one_question_are_not_five_questions():
    groups = np.repeat(np.arange(40), 5)
    values = draw.normal(size=40)[groups]
    low, high = grouped_interval(lambda rows: values[rows].mean(), groups)
    alone = grouped_interval(lambda rows: values[rows].mean(), range(len(values)))
    assert high - low > 1.8 * (alone[1] - alone[0])  # the square root of five, up to chance


def test_draws_without_a_statistic_are_left_out():
    def sometimes(rows):
        if 0 not in rows:
            raise ValueError("not defined")
        return 1.0

    assert grouped_interval(sometimes, range(5)) == (1.0, 1.0)


def test_one_group_cannot_be_resampled():
    with pytest.raises(ValueError, match="at least 2 groups are needed, but there is 1"):
        grouped_interval(len, ["a", "a"])
