"""A condition inside the walk, after it and before any, on a small collection and in what is shipped."""

import json

import numpy as np
import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")

from embedlab.vector_databases import crossing, shipped_walks, walk_rows, write_walks
from embedlab.vector_databases.walk_filters import labels_of

WAYS = {"pgvector, after the walk", "pgvector, iterative", "pgvector, all that pass"}
WAYS |= {"faiss, after the walk", "faiss, in the walk", "ours, in the walk", "faiss, all that pass"}


def test_labels_are_shares_of_an_order():
    order = np.random.default_rng(0).permutation(5000)
    labels = labels_of(order)
    for share in (0.5, 0.01, 0.001):
        passing = np.flatnonzero(labels < round(1000 * share))
        assert set(passing) == set(order[: round(5000 * share)])


@pytest.mark.slow
def test_ways_on_a_small_collection(url):
    rows = walk_rows(
        url,
        unit(2000, dims=16),
        unit(60, seed=1, dims=16),
        shares=(0.5, 0.01),
        efs=(40, 400),
        topics=1,
        asked=12,
    )
    by = {(row["condition"], row["share"], row["way"], row["ef"]): row for row in rows}
    assert {row["way"] for row in rows} == WAYS
    for (_, _, way, _), row in by.items():
        if "all that pass" in way:
            assert row["recall"] == 1
    lot = {way: by["at random", 0.01, way, 40] for way in WAYS if "all" not in way}
    assert lot["faiss, after the walk"]["rows"] < lot["faiss, in the walk"]["rows"]
    assert lot["ours, in the walk"]["rows"] == lot["pgvector, iterative"]["rows"] == 10


def test_where_two_ways_cross():
    def row(share, way, ms):
        return {"condition": "c", "share": share, "way": way, "ef": 40 * (way == "w"), "ms": ms}

    never = [row(share, way, ms) for share in (0.1, 0.5) for way, ms in (("w", 1.0), ("all", 2.0))]
    assert crossing(never, ("w", 40), "all", "c") is None


def test_what_comes_with_the_course(tmp_path):
    shipped = shipped_walks()
    assert shipped["about"]["cpu"]
    by = {(row["condition"], row["way"], row["ef"], row["share"]): row for row in shipped["rows"]}
    for condition in ("at random", "own topic", "another topic"):
        for share in (0.5, 0.1, 0.01, 0.001):
            assert by[condition, "faiss, all that pass", 0, share]["recall"] > 0.999
            assert by[condition, "ours, in the walk", 40, share]["rows"] == 10
    assert by["at random", "faiss, in the walk", 40, 0.001]["rows"] < 3
    assert crossing(shipped["rows"], ("ours, in the walk", 40), "faiss, all that pass", "at random")
    write_walks(shipped, tmp_path / "filters.json")
    assert json.loads((tmp_path / "filters.json").read_text()) == shipped
