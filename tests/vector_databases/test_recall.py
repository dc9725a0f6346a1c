"""Recall against latency: a small run, what an interrupted one leaves, and what comes with the course."""

import numpy as np
import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")

from embedlab.vector_databases import (
    all_contenders,
    fresh_recall,
    interleaved,
    ms_at,
    recall_latency,
    shipped_recall,
    write_recall,
)


@pytest.mark.slow
def test_a_small_run_and_one_that_goes_on(database_folder, tmp_path):
    documents, queries = unit(400, dims=32), unit(10, seed=1, dims=32)
    steps = []
    options = {"folder": database_folder, "report": steps.append}
    some = recall_latency(documents, queries, 1000, only=["pgvector exact"], **options)
    assert [row["recall"] for row in some["rows"]] == [1.0]
    result = recall_latency(documents, queries, 1000, **options)
    assert steps.count("building pgvector exact") == 1, "taken over"
    assert set(result["built"]) == set(all_contenders())
    best = {row["engine"]: row["recall"] for row in result["rows"]}  # the widest setting of each
    assert min(best.values()) > 0.9
    assert all(row["ms"] <= row["p95"] for row in result["rows"])
    assert all(built["bytes"] > 0 for built in result["built"].values())
    write_recall(result, tmp_path / "new" / "recall.json")
    assert (tmp_path / "new" / "recall.json").exists()


@pytest.mark.slow
def test_a_fresh_run_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    documents, queries = unit(100, dims=16), unit(8, seed=1, dims=16)
    found = fresh_recall(documents, queries, 1000, only=["faiss HNSW", "pgvector exact"])
    assert list(found["built"]) == ["pgvector exact", "faiss HNSW"]
    monkeypatch.setattr("embedlab.vector_databases.recall.postgres", None)
    assert fresh_recall(documents, queries, 1000, only=["faiss HNSW", "pgvector exact"]) == found


def test_each_search_gets_each_query():
    asked = []
    searches = {name: lambda query, name=name: asked.append((name, query[0])) or [0] for name in "ab"}
    found, seconds = interleaved(searches, np.float32([[1], [2], [3]]))
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3}
    assert found == {"a": [[0]] * 3, "b": [[0]] * 3}
    assert asked.count(("a", 2.0)) == 2, "once to warm up"


@pytest.mark.parametrize(("recall", "expected"), [(0.85, None), (0.9, 1.0), (1.0, 4.0)])
def test_a_curve_is_read_between_its_points(recall, expected):
    rows = [{"engine": "a", "recall": r, "ms": ms} for r, ms in ((0.9, 1.0), (1.0, 4.0))]
    assert ms_at(rows, recall)["a"] == expected


def test_what_comes_with_the_course():
    shipped = shipped_recall()
    assert shipped["about"]["vectors"] == 100_000
    assert {row["engine"] for row in shipped["rows"]} == set(all_contenders()) == set(shipped["built"])
    assert "cores" in shipped["about"]["machine"]
    times = ms_at(shipped["rows"], 0.95)
    assert times["faiss HNSW"] < times["pgvector HNSW"] < times["pgvector exact"]
