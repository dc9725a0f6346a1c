"""Row-level security by a signed token: a setting that whoever can run SQL cannot forge.

PostgreSQL lets every role write settings such as ``app.tenant``. A policy that believes it is safe from a
forgotten WHERE, and open to injected SQL. Here the setting is a token of the service that knows the users.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from embedlab.machine import needs
from embedlab.vector_databases import name_of, tenant_policies

psycopg, sql = needs("psycopg"), needs("psycopg.sql")

KEY_BYTES = 64  # 32 for the inner hash, 32 for the outer one
TOKEN = "app.token"  # the setting of a transaction
VIEW_COLUMNS = "id, package, tenant"

FUNCTION = """CREATE OR REPLACE FUNCTION app_tenant() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text[] := regexp_match(current_setting('app.token', true), '^(.*):(\\d{{1,12}}):([0-9a-f]{{64}})$');
    secret bytea := (SELECT key FROM {schema}.app_key);
    message bytea := convert_to(part[1] || ':' || part[2], 'UTF8');
BEGIN
    IF part[2]::bigint > extract(epoch FROM clock_timestamp()) AND part[3] = encode(
        sha256(substr(secret, 33) || sha256(substr(secret, 1, 32) || message)), 'hex') THEN
        RETURN part[1];
    END IF;
    RETURN NULL;  -- no tenant has this name: nothing is seen
END $$"""


def tenant_token(tenant: str, key: bytes, seconds: float = 60.0) -> str:
    """Sign who a request is for, and until when: ``tenant:expires:mac``.

    The mac is two nested SHA-256 under two halves of the key (NMAC; Bellare, Canetti and Krawczyk 1996), as
    PostgreSQL has SHA-256 without an extension, but no HMAC.

    Parameters
    ----------
    tenant : str
    key : bytes
        64 of them, drawn at random.
    seconds : float
        How long it is good.

    Raises
    ------
    ValueError
        If the key has another length.

    Examples
    --------
    >>> tenant, expires, mac = tenant_token("a", bytes(64)).rsplit(":", 2)
    >>> tenant, len(mac)
    ('a', 64)
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key must have {KEY_BYTES} bytes, but has {len(key)}")
    message = f"{tenant}:{int(time.time() + seconds)}"
    inner = hashlib.sha256(key[:32] + message.encode()).digest()
    return f"{message}:{hashlib.sha256(key[32:] + inner).hexdigest()}"


def signed_policies(connection: psycopg.Connection, table: str) -> bytes:
    """Let a table's policies believe tokens only, and return the key that signs them.

    Roles and rights are those of `tenant_policies`; the key lies in a table that none of them can read, and
    the function that reads it runs with the rights of its owner (``SECURITY DEFINER``). The policy asks for
    ``(SELECT app_tenant())``, once for a statement; without the parentheses it would be once for each row.
    There is one key for all tables of a schema: a second call replaces it, and old tokens are void.
    """
    schema = sql.Identifier(connection.execute("SELECT current_schema()").fetchone()[0])
    for statement in tenant_policies(table):
        connection.execute(statement)
    key = secrets.token_bytes(KEY_BYTES)
    name = name_of(table)
    connection.execute("CREATE TABLE IF NOT EXISTS app_key (key bytea NOT NULL)")
    connection.execute("REVOKE ALL ON app_key FROM PUBLIC, reader, writer, auditor")
    with connection.transaction():
        connection.execute("DELETE FROM app_key")
        connection.execute("INSERT INTO app_key VALUES (%s)", (key,))
    connection.execute(sql.SQL(FUNCTION).format(schema=schema))
    connection.execute(sql.SQL("DROP POLICY own_rows ON {}").format(name))
    connection.execute(
        sql.SQL("""CREATE POLICY own_rows ON {} TO reader, writer
            USING (tenant = (SELECT app_tenant())) WITH CHECK (tenant = (SELECT app_tenant()))""").format(
            name
        )
    )
    return key


def login_url(connection: psycopg.Connection, url: str, role: str = "reader", login: str = "") -> str:
    """Make a login that can only be one role, and return the address to connect with.

    A connection that *becomes* a reader by SET ROLE can become its owner again by RESET ROLE; one that logs
    in as nobody better has nothing to go back to.

    Parameters
    ----------
    connection : Connection
        Of the owner.
    url : str
        The owner's.
    role : str
        What the login may become, and is from the start.
    login : str
        Its name, such as one for each tenant; by default ``reader_login`` for all.
    """
    login, password = login or f"{role}_login", secrets.token_hex(16)
    there = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (login,)).rowcount
    statement = "ALTER ROLE {} PASSWORD {}" if there else "CREATE ROLE {} LOGIN NOBYPASSRLS PASSWORD {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(login), sql.Literal(password)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(login)))
    return psycopg.conninfo.make_conninfo(url, user=login, password=password)


def close_temp(connection: psycopg.Connection) -> None:
    """Take from all roles the right to make temporary objects in the database, or anything in the schema.

    By default every role may make temporary tables, functions and views, and names are looked up among them
    first: injected SQL leaves a view of a table's name to whoever uses the connection next (PostgreSQL 18,
    section 5.8, and CREATE VIEW).
    """
    database, schema = connection.execute("SELECT current_database(), current_schema()").fetchone()
    for text, name in (("TEMP ON DATABASE", database), ("CREATE ON SCHEMA", schema)):
        connection.execute(sql.SQL(f"REVOKE {text} {{}} FROM PUBLIC").format(sql.Identifier(name)))


@contextmanager
def with_token(connection: psycopg.Connection, token: str) -> Iterator[None]:
    """Carry a token until the end of one transaction."""
    with connection.transaction():
        connection.execute("SELECT set_config(%s, %s, true)", (TOKEN, token))
        yield


def audited(connection: psycopg.Connection, table: str) -> None:
    """Let readers leave a line for each search, and auditors read who asked, when, and how many rows came.

    A reader may append to the record, neither read nor change it; the question is kept as a hash only.
    """
    name = name_of(table, "audit")
    connection.execute(
        sql.SQL("""CREATE TABLE {} (
        at timestamptz NOT NULL DEFAULT clock_timestamp(), who text NOT NULL DEFAULT session_user,
        tenant text NOT NULL, question text NOT NULL, rows int NOT NULL)""").format(name)
    )
    connection.execute(sql.SQL("REVOKE ALL ON {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("GRANT INSERT (tenant, question, rows) ON {} TO reader").format(name))
    connection.execute(sql.SQL("GRANT SELECT ON {} TO auditor").format(name))


def make_view(connection: psycopg.Connection, table: str, *, as_owner: bool) -> str:
    """Make a view of a guarded table that readers may read, and return its name.

    A view reads with the rights of its *owner*, to whom no policy may apply; with ``security_invoker`` (since
    PostgreSQL 15) it reads with the rights of whoever asks.
    """
    view = f"{table}_{'owner' if as_owner else 'asker'}s"
    options = sql.SQL("" if as_owner else " WITH (security_invoker = true)")
    statement = f"CREATE OR REPLACE VIEW {{}}{{}} AS SELECT {VIEW_COLUMNS} FROM {{}}"
    connection.execute(sql.SQL(statement).format(name_of(view), options, name_of(table)))
    connection.execute(sql.SQL("GRANT SELECT ON {} TO reader").format(name_of(view)))
    return view
