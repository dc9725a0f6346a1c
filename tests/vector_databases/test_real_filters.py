"""Conditions that follow the geometry, and partitions that a plan leaves out."""

import numpy as np
import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.vector_databases import package_filters, partition_plans  # noqa: E402


def test_own_rows_are_near_and_others_far(url, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    middles = unit(2, seed=3, dims=24)
    owners, asked_of = np.arange(1200) % 2, np.arange(12) % 2
    vectors = middles[owners] + unit(1200, dims=24) * 0.5
    queries = middles[asked_of] + unit(12, seed=1, dims=24) * 0.5
    vectors, queries = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (vectors, queries))
    rows = package_filters(url, vectors.astype("f4"), queries.astype("f4"), owners, asked_of)
    by = {(row["condition"], row["way"]): row for row in rows}
    assert len(by) == len(rows) == 9
    assert by["own", "after the index"]["rows"] == by["at random", "after the index"]["rows"] == 10
    assert by["another", "after the index"]["rows"] < 3
    assert by["another", "relaxed order"]["rows"] == 10
    assert by["own", "after the index"]["recall"] > by["another", "after the index"]["recall"]


def test_partitions_are_left_out_in_each_way(url):
    tenants = [f"t{i % 3}" for i in range(300)]
    plans = partition_plans(url, unit(300, dims=8), unit(1, seed=1, dims=8)[0], tenants)
    assert list(plans) == ["a literal", "a generic plan", "the policy alone"]
    assert plans["a literal"] == [line for line in plans["a literal"] if "docs_t0" in line]
    for way in ("a generic plan", "the policy alone"):
        assert "Subplans Removed: 2" in plans[way]
        assert sum(" Scan " in line for line in plans[way]) == 1
