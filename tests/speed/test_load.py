"""Load as it is measured: rules, commands and tables; and a short run for real."""

import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from embedlab.serving import Answered, Batching, Service, poisson, server_process
from embedlab.speed import (
    LOAD,
    OPEN,
    WAYS,
    on_paper,
    one_run,
    pinned,
    quick_load,
    shipped_load,
    summary,
    two_cores,
)


def test_on_paper_batches_help_under_load_only():
    service, lengths = Service(0.01, 0.0001), [8, 10, 12]
    for rate, needed in ((10, False), (120, True)):
        times = poisson(rate, 20, seed=0)
        single, free = (on_paper(times, lengths, Batching(max_texts=n), service) for n in (1, 32))
        assert (single["p95"] > 5 * free["p95"]) == needed
        assert free["batch"] >= single["batch"] == 1


def test_a_row_has_the_median_run_and_every_run_by_itself():
    """One run that went wrong shows in the spread, and does not move the row."""
    counted = Counter(requests=300, server=30, cpu=0.3, texts=300, batches=150, seconds=1, stolen=0.5)
    runs = [(answered(np.full(100, seconds)), counted) for seconds in (0.01, 0.02, 1.0)]
    row = summary(runs)
    assert (row["requests"], row["p50"], row["p95"], row["p99"]) == (300, 20, 20, 20)
    assert [run["p95"] for run in row["runs"]] == [10, 20, 1000]
    assert [run["stolen"] for run in row["runs"]] == [0.5] * 3
    assert row["runs"][0]["server"] == pytest.approx(0.3, abs=0.01)  # 0.3 s in a run of one second
    assert row["stages"]["batch"] == 2
    stages = {name: row["stages"][name] for name in ("count", "queue", "run", "rest", "outside")}
    assert sum(stages.values()) == pytest.approx(1000 * 1.03 / 3, abs=0.01)


def answered(latency):
    """Return requests sent at their planned times, one each 10 ms."""
    planned = np.arange(len(latency)) / 100
    return Answered(planned, planned, planned + latency, np.full(len(latency), 200))


@pytest.mark.slow
def test_a_server_counts_what_it_was_asked_and_where_the_time_went():
    command = ["-m", "embedlab.serving.standin", "--call-ms=20", "--max-texts=1"]
    with server_process(command) as (url, _):
        run = one_run(url, {"users": 2, "seconds": 1.0, "texts": ["a text"]}, "nap")
    row = summary([run])
    assert run[1]["requests"] == row["requests"] + 1  # and one before the clock starts
    assert row["stages"]["run"] >= 20
    assert row["stages"]["queue"] > 10  # two users, one worker: one of them waits
    assert row["stages"]["batch"] == 1


@pytest.mark.slow
def test_a_quick_run_shows_the_queue_that_batches_avoid():
    for _ in range(3):  # other programs may take the cores from one of the two
        single, free = quick_load()
        assert single["ok"] == free["ok"] == 1
        assert single["simulated p95"] > free["simulated p95"]
        # A nap is never shorter than asked, and HTTP comes on top: paper is the lower bound.
        assert single["p50"] > 0.9 * single["simulated p50"]
        if single["p95"] > free["p95"]:
            return
    raise AssertionError(f"p95 {single['p95']} one by one, {free['p95']} in batches")


@pytest.mark.skipif(not LOAD.exists(), reason="embedlab bench load --write has not been run")
def test_the_shipped_run_is_whole_and_says_where_it_was_made():
    shipped = shipped_load()
    assert {"machine", "versions", "command", "conditions", "load average after"} <= set(shipped)
    table = shipped["table"]
    assert {(row["rule"], row["load"]) for row in table} == set(OPEN)
    assert {row["way"] for row in shipped["closed"]} == set(WAYS)
    for row in table:
        assert len(row["runs"]) >= 3
        assert all(run["stolen"] < 0.05 for run in row["runs"])
        assert row["p50"] <= row["p95"] <= row["p99"]
        assert row["simulated p50"] <= row["simulated p95"] <= row["simulated p99"]


@pytest.mark.skipif(two_cores() is None, reason="needs two cores, and a system that lets one choose")
def test_a_process_stays_on_the_core_on_which_it_was_started():
    one, other = two_cores()
    with pinned(one):
        child = subprocess.run(
            [sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"],
            capture_output=True,
            text=True,
            check=True,
        )
    assert child.stdout.strip() == str(sorted(one))
    assert os.sched_getaffinity(0) >= one | other
