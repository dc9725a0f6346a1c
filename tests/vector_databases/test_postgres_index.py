"""The index in PostgreSQL, beyond the contract that all indexes keep (test_index.py)."""

import gc
import threading

import numpy as np
import pytest
from vectors import exact, unit

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.engine import Engine, build_engine  # noqa: E402
from embedlab.hnsw import HNSWIndex  # noqa: E402
from embedlab.index import FlatIndex  # noqa: E402
from embedlab.vector_databases import PostgresIndex, transfer  # noqa: E402


def tables(connection):
    return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables")}


def test_recall_of_the_graph_and_more_than_it_gives(url):
    vectors, queries = unit(3000, dims=32), unit(50, seed=1, dims=32)
    index = PostgresIndex(32, url)
    index.add(vectors)
    found = index.search(queries, 10)[1]
    expected = exact(vectors, queries, 10)[1]
    assert np.mean([len(set(a) & set(b)) for a, b in zip(found, expected, strict=True)]) > 8.5
    scores, ids = index.search(queries[:2], 2500)  # more than hnsw.ef_search can be
    assert (ids >= 0).all()
    assert (np.diff(scores) <= 0).all()
    assert len(set(ids[0])) == 2500


def test_exact_search_equals_ours(url):
    vectors, queries = unit(500), unit(20, seed=1)
    index = PostgresIndex(16, url, kind="exact")
    index.add(vectors)
    scores, ids = index.search(queries, 7)
    expected = exact(vectors, queries, 7)
    np.testing.assert_array_equal(ids, expected[1])
    np.testing.assert_allclose(scores, expected[0], atol=1e-6)


def test_a_named_table_stays_and_is_taken_over(url, connection):
    index = PostgresIndex(16, url, table="kept; --")
    index.add(unit(30))
    expected = index.search(unit(3, 1), 5)
    again = PostgresIndex(16, url, table="kept; --")
    assert len(again) == 30
    np.testing.assert_array_equal(again.search(unit(3, 1), 5)[1], expected[1])
    with pytest.raises(ValueError, match="'kept; --' has 16 dims, but 8 dims are expected"):
        len(PostgresIndex(8, url, table="kept; --"))
    del index, again
    gc.collect()
    assert "kept; --" in tables(connection)
    connection.execute('DROP TABLE "kept; --"')


def test_a_table_without_a_name_goes_with_the_index(url, connection):
    index = PostgresIndex(16, url)
    index.add(unit(3))
    name = index.table
    assert name in tables(connection)
    del index
    gc.collect()
    assert name not in tables(connection)


def test_two_that_add_at_the_same_time(url, connection):
    one, other = (PostgresIndex(16, url, table="busy", kind="exact") for _ in range(2))
    work = [threading.Thread(target=lambda i=i: [i.add(unit(20)) for _ in range(5)]) for i in (one, other)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(one) == 200
    assert connection.execute("SELECT count(DISTINCT id), max(id) FROM busy").fetchone() == (200, 199)
    connection.execute("DROP TABLE busy")


def test_moving_in_and_out(url):
    vectors, queries = unit(300), unit(10, seed=2)
    here = FlatIndex(16)
    here.add(vectors)
    there = transfer(here, PostgresIndex(16, url, kind="exact"), rows=70)
    back = transfer(there, FlatIndex(16), rows=70)
    np.testing.assert_array_equal(back.vectors, vectors)
    np.testing.assert_array_equal(there.search(queries, 5)[1], here.search(queries, 5)[1])
    assert len(transfer(there, HNSWIndex(16))) == 300
    with pytest.raises(ValueError, match="already holds 300 vectors"):
        transfer(here, back)


def test_an_engine_moves_in_and_out(tmp_path):
    texts = ["the cat sat on the mat", "stocks fell on Monday", "how to bake bread"]
    engine = build_engine("postgres", texts)
    expected = [hit.id for hit in engine.search("a kitten resting", k=3)]
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    assert isinstance(loaded.index, PostgresIndex)
    assert [hit.id for hit in loaded.search("a kitten resting", k=3)] == expected
    loaded.add(["kittens sleep all day"])
    assert loaded.search("a kitten resting", k=1)[0].id in ("0", "3")


@pytest.mark.parametrize("wrong", [{"kind": "ivf"}, {"dims": 0}, {"table": ""}])
def test_what_is_no_index(wrong):
    with pytest.raises(ValueError, match=r"kind must be|dims must be|a name must"):
        PostgresIndex(**{"dims": 16} | wrong)
