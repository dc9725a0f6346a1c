"""Clients that ask at once: what is counted, and a small run against a real server."""

import json

import numpy as np
import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")

from embedlab.vector_databases import (
    by_processes,
    client_rows,
    measure_clients,
    shipped_clients,
    write_clients,
)


def test_what_is_counted():
    taken = {1: [1.0] * 99 + [9.0], 2: [2.0] * 100}
    rows = client_rows({"a": lambda clients, seconds: taken[clients]}, counts=(1, 2), rounds=2, seconds=0.5)
    assert [(row["clients"], row["qps"], row["p50"]) for row in rows] == [(1, 200, 1.0), (2, 200, 2.0)]
    assert rows[0]["mean"] == pytest.approx(1.08)
    assert 1 < rows[0]["p99"] < 9


def test_rounds_give_the_spread():
    answers = iter([[1.0] * 10, [1.0] * 30, [1.0] * 20])
    (row,) = client_rows({"a": lambda *_: next(answers)}, counts=(1,), rounds=3, seconds=1)
    assert (row["low"], row["qps"], row["high"]) == (10, 20, 30)


@pytest.mark.slow
def test_processes_all_ask():
    one, four = (len(by_processes(lambda query: None, np.zeros((3, 2)))(count, 0.2)) for count in (1, 4))
    assert min(one, four) > 100


@pytest.mark.slow
def test_a_small_run(tmp_path):
    result = measure_clients(unit(300, dims=32), unit(20, seed=1, dims=32), 1000, rounds=1, seconds=1)
    assert min(result["recall"].values()) > 0.8
    engines = [(row["engine"], row["clients"]) for row in result["rows"]]
    assert engines.count(("pgvector HNSW", 8)) == engines.count(("faiss HNSW", 8)) == 1
    assert ("pgvector HNSW, 16 MB", 8) in engines
    for row in result["rows"]:
        assert row["qps"] > 0
        assert row["p50"] <= row["p99"]
    write_clients(result, tmp_path / "clients.json")
    assert json.loads((tmp_path / "clients.json").read_text())["rows"] == result["rows"]


def test_what_comes_with_the_course():
    shipped = shipped_clients()
    assert shipped["about"]["vectors"] == 100_000
    assert min(shipped["recall"].values()) > 0.93
    for row in shipped["rows"]:
        # Little's law: clients that wait = queries a second x seconds of a query (and what the client takes)
        # The mean is over all rounds, so the rate has to be: three rounds are least, middle and most.
        rate = (row["low"] + row["qps"] + row["high"]) / shipped["about"]["rounds"]
        assert rate * row["mean"] / 1000 == pytest.approx(row["clients"], rel=0.1)
