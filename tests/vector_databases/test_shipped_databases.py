"""What chapter 19 ships about LanceDB, shards and the choice of a database says what the chapter says."""

import numpy as np
import pytest
import yaml

from embedlab.machine import data_path
from embedlab.vector_databases import shipped_lance, shipped_shards, tail_rows


def test_lance():
    shipped = shipped_lance()
    rows = {(row["engine"], row["value"]): row["recall"] for row in shipped["rows"]}
    assert shipped["about"]["vectors"] == 100_000
    assert rows["lance exact", 0] > 0.999
    assert rows["lance IVF_HNSW_SQ", 320] > rows["lance IVF_HNSW_SQ", 20]
    for share in (0.5, 0.01):
        before, after = (row for row in shipped["filters"] if row["share"] == share)
        assert before["rows"] == 10 > after["rows"]
    written, deleted, _, cleaned = shipped["disk"]
    assert deleted["bytes"] >= written["bytes"] > cleaned["bytes"]


def test_shards():
    shipped = shipped_shards()
    for row in shipped["merging"]:
        if row["scores"] != "BM25, local idf":
            assert (row["shared"] == 1) == (row["merge"] == "scores as they are")
        assert row["low"] <= row["lost"] <= row["high"]
    calls = shipped["calls"]
    assert calls["crash"]["answered"] == 7 / 8
    assert calls["empty_ms"] < np.median(calls["latencies"])
    one, hundred = tail_rows(calls["latencies"], (1, 100), requests=2000)
    assert hundred.p50 > one.p50
    assert hundred.slow == pytest.approx(1 - 0.99**100, abs=0.06)


def test_every_statement_about_databases_has_a_source():
    choices = yaml.safe_load((data_path("vector_databases") / "choices.yaml").read_text(encoding="utf-8"))
    assert [one["shape"] for one in choices] == [
        "library",
        "embedded",
        "in your database",
        "a cluster",
        "managed",
        "an object store",
    ]
    for one in choices:
        assert one["examples"]
        assert one["switch_when"]
        for statement in one["statements"]:
            file = statement["source"].split(",")[0]
            assert file.startswith("https://") or (data_path("vector_databases") / file).exists(), statement
