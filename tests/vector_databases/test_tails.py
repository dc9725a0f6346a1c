"""The slowest of many shards, hedges and deadlines, against formulas."""

import numpy as np
import pytest

from embedlab.vector_databases import by_deadline, chance_slow, draw_calls, hedge, tail_rows

LATENCIES = np.random.default_rng(0).lognormal(0, 0.5, 4000)


@pytest.mark.parametrize("shards", [1, 10, 100])
def test_the_share_of_slow_requests(shards):
    limit = np.percentile(LATENCIES, 99)
    slow = (draw_calls(LATENCIES, shards, 20_000).max(axis=1) > limit).mean()
    assert slow == pytest.approx(chance_slow(0.01, shards), abs=0.015)


def test_dean_and_barroso():
    assert chance_slow(0.01, 100) == pytest.approx(0.63, abs=0.005)


def test_a_row_for_each_number_of_shards():
    rows = tail_rows(LATENCIES, (1, 8, 64), requests=5000)
    assert [row.shards for row in rows] == [1, 8, 64]
    assert rows[0].p50 < rows[1].p50 < rows[2].p50
    for row in rows:
        assert row.hedged_p99 <= row.p99
        assert row.extra == pytest.approx(0.05, abs=0.01)
        assert row.answered == pytest.approx(0.99, abs=0.005)
        assert row.in_time == pytest.approx(0.99**row.shards, abs=0.03)
    assert rows == tail_rows(LATENCIES, (1, 8, 64), requests=5000), "seeded"


def test_a_hedge_never_makes_slower():
    first, second = (draw_calls(LATENCIES, 4, 1000, seed=seed) for seed in (1, 2))
    hedged, _ = hedge(first, second, after=1.5)
    assert (hedged <= first).all()
    assert (hedged >= np.minimum(first, second)).all()


def test_a_deadline_is_kept_and_tells_what_it_cost():
    times, answered = by_deadline(np.array([[1.0, 5.0, 9.0], [1.0, 1.0, 2.0]]), 5.0)
    assert times.tolist() == [5.0, 2.0]
    assert answered.tolist() == pytest.approx([2 / 3, 1.0])


@pytest.mark.parametrize("latencies", [[], [1.0, -1.0], [np.nan]])
def test_bad_latencies(latencies):
    with pytest.raises(ValueError, match="numbers from 0 on"):
        tail_rows(latencies)
