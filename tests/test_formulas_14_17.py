"""Each formula of topics 14 to 17, computed by another route."""

import numpy as np
import pytest

from embedlab.study.formulas import FORMULAS


@pytest.mark.parametrize(("requests", "ms", "percent"), [(120, 15, 60), (800, 40, 70)])
def test_workers_needed_from_simulated_seconds(requests, ms, percent):
    """Deal the requests of a minute to that many workers, and look how busy they are."""
    workers = FORMULAS["workers_needed"](requests, ms, percent)
    busy = np.zeros(round(workers * 1000))  # thousandths of workers, so that nothing is rounded
    for request in range(requests * 60):
        busy[request % len(busy)] += ms * 1000
    assert 100 * busy.sum() / (len(busy) * 60_000) == pytest.approx(percent, rel=1e-3)


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


@pytest.mark.parametrize(
    ("n", "dims", "replicas", "percent", "dollars"), [(20_000, 384, 2, 20, 2), (5_000, 1536, 3, 50, 4)]
)
def test_memory_dollars_of_real_arrays(n, dims, replicas, percent, dollars):
    copies = [np.zeros((n, dims), dtype=np.float32) for _ in range(replicas)]
    gigabytes = sum(copy.nbytes for copy in copies) / 1e9
    expected = (gigabytes + gigabytes * percent / 100) * dollars
    assert FORMULAS["memory_dollars"](n, dims, replicas, percent, dollars) == pytest.approx(expected)
