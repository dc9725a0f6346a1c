"""Who may see which rows: roles, and row-level security by tenant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from embedlab.machine import needs
from embedlab.vector_databases.schema import name_of

psycopg, sql = needs("psycopg"), needs("psycopg.sql")

ROLES = ("writer", "reader", "auditor")
SETTING = "app.tenant"  # of a transaction: whose rows it sees


def tenant_policies(table: str) -> list[sql.Composed]:
    """Write the statements that give each tenant its own rows of a table, and nobody more.

    A reader sees the rows of its tenant; a writer also writes them, and can give none away; an auditor sees
    of all rows who owns them, neither text nor vector. Without a tenant nothing is seen: a setting that was
    never made is NULL; one that ended with its transaction is the empty string on that connection, and
    ``nullif`` makes NULL of it. With NULL the condition is NULL, and no row passes. ``FORCE`` holds the owner
    of the table to the policies, too; a superuser or a role with ``BYPASSRLS`` is never held (PostgreSQL 18,
    section 5.9), so no program connects as one.

    Examples
    --------
    >>> print(tenant_policies("docs")[-2].as_string())
    CREATE POLICY own_rows ON "docs" TO reader, writer
        USING (tenant = nullif(current_setting('app.tenant', true), ''))
        WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
    """
    name = name_of(table)
    roles = [
        sql.SQL("""DO $$ BEGIN CREATE ROLE {0} NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$""").format(sql.Identifier(role))
        for role in ROLES
    ]
    statements = [
        "ALTER TABLE {} ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE {} FORCE ROW LEVEL SECURITY",
        "REVOKE ALL ON {} FROM PUBLIC, reader, writer, auditor",
        "GRANT SELECT ON {} TO reader, writer",
        "GRANT INSERT, UPDATE, DELETE ON {} TO writer",
        "GRANT SELECT (id, package, tenant) ON {} TO auditor",
        "DROP POLICY IF EXISTS own_rows ON {}",
        "DROP POLICY IF EXISTS who_owns ON {}",
        """CREATE POLICY own_rows ON {} TO reader, writer
    USING (tenant = nullif(current_setting('app.tenant', true), ''))
    WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))""",
        "CREATE POLICY who_owns ON {} FOR SELECT TO auditor USING (true)",
    ]
    return roles + [sql.SQL(statement).format(name) for statement in statements]


@contextmanager
def acting_as(connection: psycopg.Connection, role: str, tenant: str | None = None) -> Iterator[None]:
    """Be a role, for a tenant, until the end of one transaction: a pool's next user inherits neither.

    Parameters
    ----------
    connection : Connection
    role : {"writer", "reader", "auditor"}
    tenant : str, optional

    Raises
    ------
    ValueError
        If there is no such role.
    """
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}, but is {role!r}")
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        if tenant is not None:
            connection.execute("SELECT set_config(%s, %s, true)", (SETTING, tenant))
        yield
