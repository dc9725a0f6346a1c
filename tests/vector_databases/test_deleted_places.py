"""A deleted cluster at several places."""

import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")

from embedlab.vector_databases import deleted_places, shipped_deletes, write_deletes


@pytest.mark.slow
def test_places(url, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    rows = deleted_places(url, unit(700, dims=16), places=2, size=150, asked=4)
    assert len({row["place"] for row in rows}) == 2
    assert [row["stage"] for row in rows] == ["before", "deleted", "vacuumed", "reindexed"] * 2
    assert all((row["rows"] < 10) == (row["stage"] == "deleted") for row in rows)
    write_deletes({"rows": rows}, tmp_path / "deletes.json")
    assert (tmp_path / "deletes.json").exists()


def test_what_comes_with_the_course():
    shipped = shipped_deletes()
    assert len({row["place"] for row in shipped["rows"]}) == 10
    assert shipped["about"]["versions"]["pgvector, extension"]
    for row in shipped["rows"]:
        assert (row["rows"] < 10) == (row["stage"] == "deleted")
