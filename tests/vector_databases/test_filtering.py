"""Search with a condition: too few rows after the index, enough where the scan goes on."""

import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")

from embedlab.vector_databases import deal, filters


def test_deal():
    tenants = deal(1000, (0.1, 0.005))
    assert [tenants.count(f"share {share}") for share in (0.1, 0.005)] == [100, 5]
    assert tenants == deal(1000, (0.1, 0.005))
    assert tenants != deal(1000, (0.1, 0.005), seed=1)


@pytest.mark.slow
def test_ways_to_filter(url, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    vectors, queries = unit(1500, dims=24), unit(12, seed=1, dims=24)
    rows = filters(url, vectors, queries, shares=(0.5, 0.02))
    by_way = {(row["way"], row["share"]): row for row in rows}
    few = by_way["after the index", 0.02]
    assert few["short"] == 1
    assert few["rows"] < 5
    assert few["recall"] < 0.5
    for way in ("strict order", "relaxed order", "B-tree", "B-tree, iterative", "partial index", "partition"):
        assert by_way[way, 0.02]["short"] == 0
        assert by_way[way, 0.02]["recall"] > 0.9
    assert by_way["B-tree", 0.02]["index"] == "tenant"
    assert by_way["B-tree, iterative", 0.5]["short"] == 0, "whichever index the planner takes"
    assert by_way["partial index", 0.02]["index"] == "graph"
    assert filters("no server", vectors, queries, shares=(0.5, 0.02)) == rows, "kept"
