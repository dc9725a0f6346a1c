"""Load as it is measured: rules, commands and tables; and a short run for real."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from embedlab.serving import Answered, Batching, Service, poisson, server_process
from embedlab.speed import LOAD, LOADS, RULES, WAYS, on_paper, one_run, quick_load, shipped_load, summary


def test_on_paper_batches_help_under_load_only():
    service, lengths = Service(0.01, 0.0001), [8, 10, 12]
    for rate, needed in ((10, False), (120, True)):
        times = poisson(rate, 20, seed=0)
        single, free = (on_paper(times, lengths, Batching(max_texts=n), service) for n in (1, 32))
        assert (single["p95"] > 5 * free["p95"]) == needed
        assert free["batch"] >= single["batch"] == 1


def test_latencies_are_pooled_and_not_their_percentiles():
    """A slow round of ten requests must not weigh as much as a quick one of a thousand."""
    counted = Counter(requests=1010, server=10.1, texts=1010, batches=505)
    runs = [
        (answered(np.full(1000, 0.01)), counted),
        (answered(np.full(10, 1.0)), Counter()),
    ]
    row = summary(runs)
    assert (row["requests"], row["p50"], row["p95"], row["p99"]) == (1010, 10, 10, 10)
    assert row["p95s"] == [10, 1000]
    assert row["stages"]["batch"] == 2
    stages = {name: row["stages"][name] for name in ("count", "queue", "run", "rest", "outside")}
    assert sum(stages.values()) == pytest.approx(1000 * (1000 * 0.01 + 10) / 1010, abs=0.01)


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
    assert {(row["rule"], row["load"]) for row in table} == set(product(RULES, LOADS))
    assert {row["way"] for row in shipped["closed"]} == set(WAYS)
    assert all(len(row["p95s"]) >= 5 for row in table)
    for row in table:
        assert row["p50"] <= row["p95"] <= row["p99"]
        assert row["simulated p50"] <= row["simulated p95"] <= row["simulated p99"]
