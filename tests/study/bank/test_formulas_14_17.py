"""Each formula of topics 14 to 17, computed by another route."""

import heapq

import numpy as np
import pytest

from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("requests", "workers"), [(40, 3), (300, 20)])
def test_mean_milliseconds_inside_of_a_simulated_queue(requests, workers):
    """Workers on one queue: requests inside are counted at random moments, and times kept for each."""
    rng = np.random.default_rng(0)
    arrivals = np.cumsum(rng.exponential(1 / requests, 40_000))
    services = rng.gamma(2.0, 0.8 * workers / requests / 2, 40_000)  # no exponential, and 80 % busy
    free, left = [0.0] * workers, []
    heapq.heapify(free)
    for arrival, service in zip(arrivals, services, strict=True):
        left.append(max(arrival, heapq.heappop(free)) + service)
        heapq.heappush(free, left[-1])
    moments = rng.uniform(0, arrivals[-1], 100_000)
    inside = np.searchsorted(arrivals, moments) - np.searchsorted(np.sort(left), moments)
    rate = len(arrivals) / arrivals[-1]
    expected = 1000 * np.mean(np.array(left) - arrivals)
    assert FORMULAS["mean_milliseconds_inside"](rate, inside.mean()) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("shards", "percent"), [(4, 5), (16, 2)])
def test_slow_queries_percent_from_simulated_shards(shards, percent):
    slow = np.random.default_rng(0).random((200_000, shards)) < percent / 100
    expected = 100 * slow.any(axis=1).mean()
    assert FORMULAS["slow_queries_percent"](shards, percent) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("documents", "rate", "workers", "percent"), [(2_000_000, 120, 8, 25), (5_000_000, 50, 20, 40)]
)
def test_backfill_hours_counted_second_by_second(documents, rate, workers, percent):
    left, seconds = documents, 0
    while left > 0:
        left -= sum(rate * (100 - percent) / 100 for _ in range(workers))
        seconds += 1
    hours = FORMULAS["backfill_hours"](documents, rate, workers, percent)
    assert hours == pytest.approx(seconds / 3600, rel=1e-3)


@pytest.mark.parametrize(("hourly", "rate", "percent"), [(0.9, 200, 20), (3.5, 600, 80)])
def test_dollars_per_million_texts_hour_by_hour(hourly, rate, percent):
    """Pay for a month of hours, in each of which some seconds are busy, and count the texts."""
    bill, texts = 0.0, 0
    for _ in range(30 * 24):
        bill += hourly
        texts += sum(rate for second in range(3600) if second % 100 < percent)
    expected = bill / (texts / 1e6)
    assert FORMULAS["dollars_per_million_texts"](hourly, rate, percent) == pytest.approx(expected)
