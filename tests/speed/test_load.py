"""Load as it is measured: rules, commands and tables; and a short run for real."""

from itertools import product

import pytest

from embedlab.serving import Batching, Service, poisson
from embedlab.speed import LOAD, LOADS, RULES, load_table, on_paper, quick_load, shipped_load


def test_on_paper_batches_help_under_load_only():
    service, lengths = Service(0.01, 0.0001), [8, 10, 12]
    for rate, needed in ((10, False), (120, True)):
        times = poisson(rate, 20, seed=0)
        single, free = (on_paper(times, lengths, Batching(max_texts=n), service) for n in (1, 32))
        assert (single["p95"] > 5 * free["p95"]) == needed
        assert free["batch"] >= single["batch"] == 1


def test_the_table_takes_medians_over_rounds():
    runs = [{"rule": "a", "load": 0.5, "round": i, "p95": value} for i, value in enumerate([1, 9, 2])]
    assert load_table({"runs": runs}) == [{"rule": "a", "load": 0.5, "p95": 2}]


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
    table = load_table(shipped)
    assert {(row["rule"], row["load"]) for row in table} == set(product(RULES, LOADS))
    for row in table:
        assert row["p50"] <= row["p95"] <= row["p99"]
        assert row["simulated p50"] <= row["simulated p95"] <= row["simulated p99"]
