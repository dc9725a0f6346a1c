"""Each formula of formulas_pipelines, computed by another route."""

from collections import deque

import numpy as np
import pytest

from embedlab.pipelines import lost_to_interruptions
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("kills", "batch"), [(20, 64), (50, 256)])
def test_effects_done_again_by_killing_a_simulated_worker(kills, batch):
    rng, twice = np.random.default_rng(0), []
    for _ in range(500):
        again = 0
        for moment in rng.uniform(0, batch, kills):  # in units of one effect
            again += int(moment)  # stored, and not yet acknowledged
        twice.append(again)
    assert FORMULAS["effects_done_again"](kills, batch) == pytest.approx(np.mean(twice), rel=0.03)


@pytest.mark.parametrize(("outage", "arrivals", "capacity"), [(10, 30, 50), (20, 45, 60)])
def test_catch_up_minutes_second_by_second(outage, arrivals, capacity):
    waiting, seconds = arrivals * outage * 60, 0
    while waiting > 0:
        waiting += arrivals - capacity
        seconds += 1
    assert FORMULAS["catch_up_minutes"](outage, arrivals, capacity) == pytest.approx(seconds / 60, rel=0.01)


@pytest.mark.parametrize(("backlog", "workers", "rate"), [(9_000, 2, 25), (30_000, 4, 60)])
def test_backlog_wait_minutes_job_by_job(backlog, workers, rate):
    queue, free = deque(range(backlog + 1)), [0.0] * workers  # the last one is the edit
    while queue:
        queue.popleft()
        worker = free.index(min(free))
        start, free[worker] = free[worker], free[worker] + 1 / rate
    assert FORMULAS["backlog_wait_minutes"](backlog, workers, rate) == pytest.approx(start / 60, rel=0.01)


@pytest.mark.parametrize(("lease", "beat"), [(10, 5), (60, 8)])
def test_takeover_seconds_of_simulated_kills(lease, beat):
    kills = np.random.default_rng(0).uniform(0, 10_000, 100_000)
    beats = np.arange(0, 10_000, beat)
    last = beats[np.searchsorted(beats, kills, side="right") - 1]
    left = last + lease - kills
    assert FORMULAS["takeover_seconds"](lease, beat) == pytest.approx(left.mean(), rel=0.01)


@pytest.mark.parametrize(("per_day", "part", "restart"), [(6, 60, 5), (12, 10, 2)])
def test_spot_lost_percent_of_a_simulated_month(per_day, part, restart):
    rng, minutes = np.random.default_rng(0), 1000 * 24 * 60
    lost = sum(rng.uniform(0, part) + restart for _ in range(rng.poisson(per_day * minutes / (24 * 60))))
    found = FORMULAS["spot_lost_percent"](per_day, part, restart)
    assert found == pytest.approx(100 * lost / minutes, rel=0.05)
    assert found == pytest.approx(100 * lost_to_interruptions(per_day / 24, 60 * part, 60 * restart))


@pytest.mark.parametrize(
    ("documents", "hours", "edits", "rate"), [(2_000_000, 12, 5, 25), (10_000_000, 24, 80, 60)]
)
def test_workers_for_backfill_is_the_smallest_number_that_is_enough(documents, hours, edits, rate):
    def enough(workers):
        return 3600 * hours * (workers * rate - edits) >= documents

    found = FORMULAS["workers_for_backfill"](documents, hours, edits, rate)
    assert enough(found)
    assert not enough(found - 1)
