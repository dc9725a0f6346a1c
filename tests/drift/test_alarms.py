"""Thresholds, sums over time and delays: against their distributions, and against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import drift


@given(st.integers(119, 2000), st.integers(2, 120))
def test_as_many_windows_lie_above_the_threshold_as_the_rank_says(n, month):
    null = np.random.default_rng(n).permutation(float(n) * np.linspace(0, 1, n))
    limit = drift.alarm_threshold(null, month)
    assert (null > limit).sum() == drift.allowed_above(n, month) - 1


def test_the_rate_of_a_threshold_is_as_wide_as_is_said():
    rng, n, month = np.random.default_rng(0), 1199, 120
    rates = [(1 - drift.alarm_threshold(rng.random(n), month)) for _ in range(4000)]
    low, high = drift.rate_interval(n, drift.allowed_above(n, month))
    inside = np.mean([low <= rate <= high for rate in rates])
    assert np.mean(rates) == pytest.approx(1 / month, rel=0.05)
    assert 0.93 < inside < 0.97


def test_too_few_windows_are_refused():
    with pytest.raises(ValueError, match=r"118 windows are too few.*119 are needed"):
        drift.alarm_threshold(np.arange(118.0), 120)
    with pytest.raises(ValueError, match="do not divide"):
        drift.a_month(700)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.floats(0, 2))
def test_a_cusum_is_the_largest_sum_of_a_last_part(values, slack):
    excess = np.array(values) - slack
    ends = [max(0.0, *(excess[i : t + 1].sum() for i in range(t + 1))) for t in range(len(values))]
    assert np.allclose(drift.cusum(np.array(values), slack), ends)


def test_a_cusum_calls_once_a_month_and_sees_a_small_shift_sooner():
    null, month = np.random.default_rng(0).normal(size=4000), 120
    limit = drift.cusum_threshold(null, month)
    waits = drift.cusum_delays(null, limit, windows=20 * month)
    assert 0.8 * month < np.minimum(waits, 20 * month).mean() < 1.2 * month
    summed = np.median(drift.cusum_delays(null + 1, limit, windows=20 * month))
    single = np.median(drift.delays(null + 1, drift.alarm_threshold(null, month), windows=20 * month))
    assert summed < single


def test_single_windows_wait_geometrically():
    values = np.r_[np.ones(10), np.zeros(90)]
    waits = drift.delays(values, 0.5, windows=400, runs=20_000)
    assert waits.mean() == pytest.approx(10, rel=0.05)
    assert np.median(waits) == np.ceil(np.log(0.5) / np.log(0.9))


def test_a_blind_detector_calls_within_most_months():
    null = np.random.default_rng(0).normal(size=40_000)
    waits = drift.delays(null, drift.alarm_threshold(null, 120), windows=120, runs=20_000)
    assert np.isfinite(waits).mean() == pytest.approx(1 - np.exp(-1), abs=0.02)
