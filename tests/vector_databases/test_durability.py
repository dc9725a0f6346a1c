"""What crash safety costs: a small run on both servers, and what is shipped."""

import json

import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")

from embedlab.vector_databases import (
    measure_durability,
    shipped_clients,
    shipped_deletes,
    shipped_durability,
    shipped_recall,
    shipped_shards,
    shipped_walks,
    write_durability,
)

WHATS = {"INSERT, a commit each", "INSERT, one by one", "INSERT, in a pipeline", "COPY, text", "COPY, binary"}
WHATS |= {"build", "VACUUM", "REINDEX"}


@pytest.mark.slow
def test_a_small_run(tmp_path):
    result = measure_durability(unit(300, dims=32), unit(5, seed=1, dims=32), 400, rows=80, rounds=1)
    assert {row["what"] for row in result["rows"]} == WHATS
    assert all(row["on"] >= 0 and row["off"] >= 0 for row in result["rows"])
    write_durability(result, tmp_path / "durability.json")
    assert json.loads((tmp_path / "durability.json").read_text())["rows"] == result["rows"]


def test_what_comes_with_the_course():
    rows = {row["what"]: row for row in shipped_durability()["rows"]}
    assert set(rows) == WHATS
    assert rows["INSERT, a commit each"]["on"] < rows["INSERT, a commit each"]["off"]


@pytest.mark.parametrize(
    "shipped",
    [
        shipped_recall,
        shipped_clients,
        shipped_shards,
        shipped_deletes,
        shipped_walks,
        shipped_durability,
    ],
)
def test_each_says_on_which_machine_and_how(shipped):
    about = shipped()["about"]
    assert about["cpu"].startswith(about["machine"].split(",")[0])
    assert "family" in about["cpu"]
    assert about["command"].startswith("embedlab bench ")
