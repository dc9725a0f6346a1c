"""Risk and coverage: against trying all thresholds, a mean over all depths, and scipy's exact intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from embedlab.rag import aurc, risk_bound, risk_coverage, threshold_for

scored = st.lists(
    st.tuples(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]) | st.floats(allow_nan=False), st.booleans()),
    min_size=1,
    max_size=20,
).map(lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True)))


@given(scored)
def test_each_distinct_score_is_one_step(pair):
    scores, right = pair
    coverage, risk = risk_coverage(scores, right)
    for at, threshold in enumerate(sorted(set(scores.tolist()), reverse=True)):
        answered = scores >= threshold
        assert coverage[at] == answered.mean()
        assert risk[at] == (~right[answered]).sum() / answered.sum()
    assert len(coverage) == len(risk) == len(set(scores.tolist()))
    assert (coverage[-1], (np.diff(coverage) > 0).all()) == (1, True)


@given(scored, st.randoms())
def test_the_order_of_the_questions_and_the_scale_of_the_scores_do_not_matter(pair, random):
    scores, right = pair
    mixed = random.sample(range(len(scores)), len(scores))
    ranks = np.unique(scores, return_inverse=True)[1] * 10.0 - 3
    for one, two in zip(risk_coverage(scores, right), risk_coverage(ranks[mixed], right[mixed]), strict=True):
        assert np.array_equal(one, two)


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_without_ties_the_area_is_the_mean_risk_over_all_depths(right):
    risks = [np.mean([not one for one in right[:depth]]) for depth in range(1, len(right) + 1)]
    assert aurc(range(len(right), 0, -1), right) == pytest.approx(np.mean(risks))
    assert aurc([7] * len(right), right) == pytest.approx(risks[-1])


def test_scores_that_say_nothing_give_the_share_of_wrong_answers_and_good_ones_less():
    rng = np.random.default_rng(0)
    right = rng.random(400) < 0.7
    by_chance = [aurc(rng.random(400), right) for _ in range(200)]
    assert np.mean(by_chance) == pytest.approx((~right).mean(), abs=0.01)
    assert aurc(right + rng.normal(0, 0.3, 400), right) < min(by_chance) / 2


@given(scored, st.floats(0, 1))
def test_no_lower_threshold_keeps_the_risk(pair, risk):
    scores, right = pair
    threshold = threshold_for(scores, right, risk)
    kept = [one for one in set(scores.tolist()) if (~right[scores >= one]).mean() <= risk]
    assert threshold == min(kept, default=np.inf)


def test_a_threshold_below_a_bad_stretch_is_found():
    right = [True, True, True, False, True, True, False, True, False, False]
    coverage, risk = risk_coverage(range(10, 0, -1), right)
    assert coverage[risk <= 0.2].tolist() == [0.1, 0.2, 0.3, 0.5, 0.6]
    assert threshold_for(range(10, 0, -1), right, 0.2) == 5
    assert threshold_for([1, 2], [True, False], 0.2) == np.inf


def test_a_threshold_is_riskier_on_new_questions_than_where_it_was_chosen():
    here, there = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        dev, test = rng.random((2, 50))  # the score is the chance of being right
        right, right_new = rng.random((2, 50)) < (dev, test)
        threshold = threshold_for(dev, right, 0.2)
        if (dev >= threshold).any() and (test >= threshold).any():
            here.append((~right[dev >= threshold]).mean())
            there.append((~right_new[test >= threshold]).mean())
    assert np.mean(here) < 0.2 < np.mean(there)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_the_bound_is_scipys_exact_one(counts, confidence):
    interval = binomtest(*counts, alternative="less").proportion_ci(confidence, method="exact")
    assert risk_bound(*counts, confidence) == pytest.approx(interval.high, abs=1e-6)


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_the_bound_holds_as_often_as_it_says(answered, risk):
    counts = np.arange(answered + 1)
    held = np.array([risk_bound(wrong, answered) >= risk for wrong in counts])
    assert binom.pmf(counts, answered, risk)[held].sum() >= 0.95 - 1e-9


def test_few_answers_prove_little():
    assert [risk_bound(0, answered) for answered in (0, 1)] == [1, pytest.approx(0.95)]
    assert risk_bound(7, 7) == 1
    for answered in (30, 71, 300):
        assert risk_bound(0, answered) == pytest.approx(3 / answered, rel=0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: risk_coverage([1, 2], [True]), "need a verdict for each score, but got 1 for 2"),
        (lambda: aurc([], []), "got 0 for 0"),
        (lambda: risk_coverage([1, np.nan], [True, False]), r"score 1 \(from 0\) is NaN"),
        (lambda: aurc([1, 2], [True, 0.5]), r"right\[1\] must be True or False, but is 0.5"),
        (lambda: aurc([1, 2], ["yes", True]), r"right\[0\] must be True or False, but is 'yes'"),
        (lambda: threshold_for([1], [True], 5), "risk must be between 0 and 1, but is 5"),
        (lambda: threshold_for([1], [True], np.nan), "but is nan"),
        (lambda: risk_bound(4, 3), "a count from 0 to the 3 answered, but is 4"),
        (lambda: risk_bound(-1, 3), "but is -1"),
        (lambda: risk_bound(0.05, 60), "a count from 0 to the 60 answered, but is 0.05"),
        (lambda: risk_bound(1, 3, confidence=95), "above 0 and below 1, but is 95"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
