"""Row-level security: a reader never sees the rows of another tenant, whatever it searches."""

import pytest

psycopg = pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.vector_databases import acting_as, configure, create_hnsw, nearest, tenant_policies  # noqa: E402

DIMS = 8


@pytest.fixture
def guarded(connection, table):
    for _ in range(2):  # twice is as good as once
        for statement in tenant_policies(table):
            connection.execute(statement)
    return table


def seen(connection, statement, query, k=200):
    return {row[0] for row in connection.execute(statement, {"query": query, "k": k})}


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("tenant", ["tenant0", "tenant1"])
def test_a_reader_sees_its_own_rows(connection, guarded, rows, query, tenant, index):
    if index:
        connection.execute(create_hnsw(guarded, dims=DIMS))
        configure(connection, {"enable_seqscan": "off", "hnsw.ef_search": 200})
    own = {row.id for row in rows if row.tenant == tenant}
    with acting_as(connection, "reader", tenant):
        assert seen(connection, nearest(guarded, dims=DIMS), query) == own
        assert seen(connection, nearest(guarded, dims=DIMS, where="true OR tenant <> ''"), query) == own


@pytest.mark.parametrize("tenant", [None, "", "nobody", "tenant0' OR '1'='1"])
def test_without_a_tenant_there_is_nothing(connection, guarded, query, tenant):
    with acting_as(connection, "reader", tenant):
        assert seen(connection, nearest(guarded, dims=DIMS), query) == set()


def test_a_tenant_ends_with_its_transaction(connection, guarded, query):
    with acting_as(connection, "reader", "tenant1"):
        assert connection.execute("SELECT current_user").fetchone() == ("reader",)
    assert connection.execute("SELECT current_setting('app.tenant', true)").fetchone()[0] in (None, "")
    assert connection.execute("SELECT current_user").fetchone() != ("reader",)
    with pytest.raises(ZeroDivisionError), acting_as(connection, "reader", "tenant1"):
        raise ZeroDivisionError
    with acting_as(connection, "reader"):
        assert seen(connection, nearest(guarded, dims=DIMS), query) == set()


def test_a_tenant_that_ended_does_not_see_rows_of_the_empty_tenant(connection, guarded, query):
    connection.execute(f"UPDATE {guarded} SET tenant = '' WHERE id < 5")
    with acting_as(connection, "reader", "tenant1"):
        pass
    assert connection.execute("SELECT current_setting('app.tenant', true)").fetchone() == ("",)
    with acting_as(connection, "reader"):
        assert seen(connection, nearest(guarded, dims=DIMS), query) == set()


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("reader", "DELETE FROM {}"),
        ("reader", "UPDATE {} SET tenant = 'tenant1'"),
        ("writer", "UPDATE {} SET tenant = 'tenant2'"),  # given away
        (
            "writer",
            "INSERT INTO {} VALUES (999, '', '', 'tenant2', DEFAULT, array_fill(1, array[8])::vector)",
        ),
        ("writer", "TRUNCATE {}"),
        ("writer", "ALTER TABLE {} DISABLE ROW LEVEL SECURITY"),
        ("auditor", "SELECT text FROM {}"),
        ("auditor", "SELECT id FROM {} ORDER BY embedding <#> '[1,1,1,1,1,1,1,1]' LIMIT 1"),
        ("auditor", "DELETE FROM {}"),
    ],
)
def test_what_is_refused(connection, guarded, role, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), acting_as(connection, role, "tenant1"):
        connection.execute(statement.format(guarded))


def test_a_writer_writes_its_own_and_touches_no_other(connection, guarded):
    with acting_as(connection, "writer", "tenant1"):
        assert connection.execute(f"DELETE FROM {guarded} WHERE id < 8").rowcount == 2
        assert connection.execute(f"UPDATE {guarded} SET text = 'mine'").rowcount == 48
    assert connection.execute(f"SELECT count(*) FROM {guarded} WHERE text = 'mine'").fetchone() == (48,)


def test_an_auditor_counts_all(connection, guarded):
    with acting_as(connection, "auditor"):
        assert connection.execute(f"SELECT count(DISTINCT tenant), count(id) FROM {guarded}").fetchone() == (
            4,
            200,
        )


def test_roles_that_there_are_not(connection):
    with pytest.raises(ValueError, match="role must be one of writer, reader, auditor, but is 'admin'"):
        acting_as(connection, "admin").__enter__()
