"""Each attack reads another tenant's rows through the careless application, and fails where it should."""

import pytest

psycopg = pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.security.attacks import ATTACKS, leaked_rows  # noqa: E402
from embedlab.security.shared_login import harmed  # noqa: E402
from embedlab.security.signed_tenants import (  # noqa: E402
    audited,
    close_temp,
    login_url,
    make_view,
    signed_policies,
    tenant_token,
    with_token,
)
from embedlab.security.tenant_apps import CarelessApp, CleanApp, PolicyApp, SignedApp  # noqa: E402
from embedlab.vector_databases import acting_as, connect, tenant_policies  # noqa: E402

PAST_A_TOKEN = {"view left behind"}
PAST_A_POLICY = {"setting overwritten", "role reset", *PAST_A_TOKEN}  # all need SQL of the attacker's own


@pytest.fixture
def signed(connection, table, url):
    key = signed_policies(connection, table)
    with connect(login_url(connection, url)) as login:
        yield SignedApp(login, table, key)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_careless_application_falls(connection, table, query, name):
    assert leaked_rows(ATTACKS[name], CarelessApp(connection, table), "tenant0", "tenant1", query) > 0


@pytest.mark.parametrize("name", ATTACKS)
def test_a_policy_stops_what_was_forgotten_but_not_what_is_injected(connection, table, query, name):
    for statement in tenant_policies(table):
        connection.execute(statement)
    leaked = leaked_rows(ATTACKS[name], PolicyApp(connection, table), "tenant0", "tenant1", query)
    assert (leaked > 0) == (name in PAST_A_POLICY)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_signed_token_on_a_login_of_its_own_stops_all_that_leaves_nothing_behind(signed, query, name):
    leaked = leaked_rows(ATTACKS[name], signed, "tenant0", "tenant1", query)
    assert (leaked > 0) == (name in PAST_A_TOKEN)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_clean_session_stops_all(signed, query, name):
    app = CleanApp(signed.connection, signed.table, signed.key)
    assert leaked_rows(ATTACKS[name], app, "tenant0", "tenant1", query) == 0
    assert len(app.search("tenant0", query)) == 10


def test_without_the_right_to_temporary_objects_no_view_is_left_behind(connection, signed, query):
    close_temp(connection)
    try:
        attack = ATTACKS["view left behind"]
        assert leaked_rows(attack, signed, "tenant0", "tenant1", query) == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="temporary"):
            signed.connection.execute("CREATE TEMP TABLE mine (id int)")
    finally:  # the database is shared by all tests
        database = connection.execute("SELECT current_database()").fetchone()[0]
        connection.execute(f'GRANT TEMP ON DATABASE "{database}" TO PUBLIC')


@pytest.mark.parametrize("app_type", ["careless", "policy", "signed"])
def test_honest_searches_find_the_same(connection, table, query, signed, app_type):
    right = CarelessApp(connection, table).search("tenant0", query)
    if app_type == "policy":
        for statement in tenant_policies(table):
            connection.execute(statement)
    app = {"careless": CarelessApp, "policy": PolicyApp}.get(app_type, lambda *_: signed)(connection, table)
    assert app.search("tenant0", query) == right
    assert len(right) == 10


def counted(app, token):
    with with_token(app.connection, token):
        return app.connection.execute(f'SELECT count(*) FROM "{app.table}"').fetchone()[0]


def test_tokens(signed):
    good = tenant_token("tenant1", signed.key)
    assert counted(signed, good) == 50
    mac = good.rsplit(":", 1)[1]
    later = f"tenant1:99999999999:{mac}"
    wrong = [
        "",
        "tenant1",
        good.replace("tenant1", "tenant2"),
        later,
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        tenant_token("tenant1", signed.key, -5),
        tenant_token("tenant1", bytes(64)),
        tenant_token("tenant1' OR '1'='1", signed.key),
    ]
    assert [counted(signed, token) for token in wrong] == [0] * len(wrong)
    with pytest.raises(ValueError, match="64 bytes, but has 3"):
        tenant_token("a", b"abc")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT key FROM app_key",
        "SET ROLE writer",
        "SET ROLE auditor",
        "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
        "CREATE OR REPLACE FUNCTION app_tenant() RETURNS text LANGUAGE sql AS $$ SELECT 'tenant1' $$",
    ],
)
def test_what_the_login_cannot_do(signed, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        signed.connection.execute(statement.format(signed.table))


def test_a_function_that_tells_on_rows_is_not_run_on_hidden_ones(signed):
    """A policy comes before conditions that are not leakproof: their errors would quote what they saw."""
    statement = f"SELECT count(*) FROM \"{signed.table}\" WHERE 1 / (tenant = 'tenant0')::int >= 0"
    with with_token(signed.connection, tenant_token("tenant0", signed.key)):
        assert signed.connection.execute(statement).fetchone() == (50,)  # a hidden row would divide by zero


def test_a_view_reads_as_its_owner_unless_told_otherwise(connection, table, signed):
    views = {as_owner: make_view(connection, table, as_owner=as_owner) for as_owner in (True, False)}
    with with_token(signed.connection, tenant_token("tenant0", signed.key)):
        seen = {
            one: signed.connection.execute(f'SELECT count(*) FROM "{view}"').fetchone()[0]
            for one, view in views.items()
        }
    assert seen == {True: 200, False: 50}


def test_the_record_of_searches(connection, table, signed):
    audited(connection, table)
    signed.connection.execute(
        f"INSERT INTO {table}_audit (tenant, question, rows) VALUES ('tenant0', 'h', 3)"
    )
    for statement in ("SELECT * FROM {}_audit", "DELETE FROM {}_audit", "UPDATE {}_audit SET rows = 0"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            signed.connection.execute(statement.format(table))
    with acting_as(connection, "auditor"):
        row = connection.execute(f"SELECT who, tenant, rows FROM {table}_audit").fetchone()
        assert row == ("reader_login", "tenant0", 3)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), acting_as(connection, "auditor"):
        connection.execute(f"SELECT text FROM {table}")


def test_one_login_for_all_lets_one_harm_all_and_a_login_each_does_not(connection, table, url):
    signed_policies(connection, table)
    mine, other = (login_url(connection, url, login=f"reader_of_{one}") for one in ("tenant0", "tenant1"))
    shared = harmed(connection, mine, mine)
    assert [name for name, harm in shared.items() if not harm] == ["values read, bound by the server"]
    assert not any(harmed(connection, mine, other).values())
    with connect(mine) as again:  # all is put back
        assert again.execute("SHOW statement_timeout").fetchone() == ("0",)
