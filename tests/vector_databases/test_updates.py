"""What updates and deletes leave behind."""

import numpy as np
import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.vector_databases import bloat, build_memory, deletes, snapshots  # noqa: E402


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))


def test_each_transaction_sees_its_own_version(url):
    assert [row[1:] for row in snapshots(url)] == [
        ("near", "near"),
        ("near", "second"),
        ("near", "second"),
        ("second", "second"),
    ]


def test_dead_rows_crowd_out_the_living_until_vacuum(url):
    vectors = unit(900, dims=16)
    queries = np.repeat(vectors[:1], 4, axis=0)
    deleted = np.zeros(900, bool)
    deleted[np.argsort(-(vectors @ vectors[0]))[:200]] = True  # all around the queries
    rows = {row["stage"]: row for row in deletes(url, vectors, queries, deleted)}
    assert list(rows) == ["before", "deleted", "vacuumed", "reindexed"]
    assert rows["deleted"]["rows"] == 0, "all of the 40 that the graph gives are dead"
    assert rows["vacuumed"]["rows"] == rows["reindexed"]["rows"] == 10
    assert rows["vacuumed"]["recall"] > 0.8
    assert rows["vacuumed"]["graph_bytes"] == rows["before"]["graph_bytes"] > rows["reindexed"]["graph_bytes"]


def test_updates_write_new_versions(url):
    vectors = unit(600, dims=64)
    plain = bloat(url, vectors, rounds=2)
    assert plain[2]["dead"] == 1200
    assert plain[2]["table_bytes"] > 2.5 * plain[0]["table_bytes"]
    assert plain[2]["graph_bytes"] > 2.5 * plain[0]["graph_bytes"]
    text = bloat(url, vectors, rounds=2, changed=False)
    assert text[2]["graph_bytes"] < 1.5 * text[0]["graph_bytes"], "equal vectors share a node"
    clean = bloat(url, vectors, rounds=2, vacuum=True)
    assert clean[2]["graph_bytes"] < plain[2]["graph_bytes"]


def test_a_graph_that_does_not_fit(url):
    small, enough = build_memory(url, unit(2500, dims=384), megabytes=(2, 64))
    assert 0 < small["fitted"] < 2500
    assert "no longer fits into maintenance_work_mem" in small["notice"]
    assert (enough["fitted"], enough["notice"]) == (2500, None)
