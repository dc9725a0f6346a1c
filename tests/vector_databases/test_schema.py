"""Tables of documents: hostile names, wrong vectors, all rows or none."""

import secrets

import numpy as np
import pytest

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow  # all share a server

from embedlab.vector_databases import (  # noqa: E402
    Row,
    connect,
    copy_rows,
    create_partition,
    create_table,
    name_of,
)

HOSTILE = ['docs"; DROP TABLE docs; --', "docs'; --", "SELECT", "dOcS", "таблица", "a b", "%s", "{}"]


def count(connection, table):
    return connection.execute(f"SELECT count(*) FROM {name_of(table).as_string()}").fetchone()[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_a_name(connection, rows, name):
    connection.execute("CREATE TABLE IF NOT EXISTS docs (id int)")
    connection.execute(create_table(name, 8))
    assert copy_rows(connection, name, rows[:3]) == 3
    assert count(connection, name) == 3
    assert count(connection, "docs") == 0, "still there"
    connection.execute(f"DROP TABLE {name_of(name).as_string()}")


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "x" * 64, "ä" * 32])
def test_what_is_no_name(name):
    with pytest.raises(ValueError, match="a name must have 1 to 63 bytes"):
        create_table(name)


@pytest.mark.parametrize("dims", [0, -1, 16_001])
def test_dims_that_no_column_has(dims):
    with pytest.raises(ValueError, match=str(dims)):
        create_table("docs", dims)


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (np.ones(3, np.float32), "expected 8 dimensions, not 3"),
        (np.full(8, np.nan, np.float32), "NaN or infinity"),
        (np.full(8, np.inf, np.float32), "NaN or infinity"),
        (np.zeros(0, np.float32), "dimension"),
    ],
)
def test_one_bad_vector_and_none_is_written(connection, table, rows, vector, message):
    with pytest.raises(ValueError, match=message):
        copy_rows(connection, table, [rows[0]._replace(id=900), Row(901, "", "", "", vector)])
    assert count(connection, table) == 200
    assert copy_rows(connection, table, []) == 0, "the connection still works"


def test_what_is_written_is_read_back(connection, table, rows):
    found = connection.execute(f"SELECT * FROM {table} ORDER BY id", binary=True).fetchall()
    for row, (i, text, package, tenant, words, vector) in zip(rows, found, strict=True):
        assert (i, text, package, tenant) == row[:4]
        np.testing.assert_array_equal(vector.to_numpy(), row.embedding)
        assert words
    words = connection.execute(f"SELECT words FROM {table} WHERE id = 0").fetchone()
    assert words == ("'cat':2 'mat':6 'sat':3",)


def test_the_words_follow_the_text(connection, table):
    connection.execute(f"UPDATE {table} SET text = 'wolves' WHERE id = 0")
    assert connection.execute(f"SELECT words FROM {table} WHERE id = 0").fetchone() == ("'wolv':1",)


def test_each_tenant_gets_a_partition(connection, rows):
    name = f"by_tenant_{secrets.token_hex(6)}"  # other tests have tables in this server, too
    connection.execute(create_table(name, 8, by_tenant=True))
    for tenant in ("tenant0", "tenant1", "tenant2", "o'neill\"; --"):
        connection.execute(create_partition(name, tenant))
    mine = [row for row in rows if row.tenant != "tenant3"]
    copy_rows(connection, name, mine)
    assert count(connection, f"{name}_tenant1") == 50
    plan = f"EXPLAIN SELECT * FROM {name} WHERE tenant = 'tenant1'"
    read = "\n".join(line for (line,) in connection.execute(plan))
    assert f"{name}_tenant1" in read
    assert f"{name}_tenant0" not in read
    with pytest.raises(Exception, match="no partition of relation"):
        copy_rows(connection, name, [row for row in rows if row.tenant == "tenant3"])
    connection.execute(f"DROP TABLE {name}")


def test_no_server_and_no_extension(url, connection):
    with pytest.raises(ConnectionError, match="no PostgreSQL answers there"):
        connect("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(ConnectionError, match="lacks pgvector"):
        connect(url.rpartition("/")[0] + "/postgres")
