"""What injected SQL does to others who use the same login, although no row of theirs is read by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from embedlab.machine import needs

psycopg, sql = needs("psycopg"), needs("psycopg.sql")

QUESTION = "is the merger off?"  # of another tenant, while it runs
SLOW = "59s"  # a setting that nobody else has


def harmed(owner: Any, mine: str, other: str) -> dict[str, bool]:
    """Do what a login may do to itself, and tell whether it is seen or felt on another tenant's connection.

    PostgreSQL shows a role the running statements of sessions of the *same* role (``pg_stat_activity``), and
    lets it change its own settings and its own password; no REVOKE takes that away, and ``DISCARD ALL`` ends
    settings of the session only. With a login for each tenant, all of it stays with the one who did it.

    Parameters
    ----------
    owner : Connection
        Who puts all back afterwards.
    mine, other : str
        Addresses to connect with: the attacker's, and that of another tenant; the same if the login is
        shared.
    """
    found = {}
    in_text, bound = (f"SELECT '{QUESTION}'",), ("SELECT %s", [QUESTION])
    for name, asked, cursor in (
        ("statement read, values in its text", in_text, psycopg.Cursor),
        ("values read, bound by the client", bound, psycopg.ClientCursor),  # who writes them into the text
        ("values read, bound by the server", bound, psycopg.Cursor),
    ):
        with psycopg.connect(other, cursor_factory=cursor) as busy, psycopg.connect(mine) as attacker:
            busy.execute(*asked)
            statement = "SELECT query FROM pg_stat_activity WHERE pid = %s"
            seen = attacker.execute(statement, [busy.info.backend_pid]).fetchone()
            found[name] = QUESTION in seen[0]
    with _put_back(owner, mine):
        _run(mine, f"ALTER ROLE CURRENT_USER SET statement_timeout = '{SLOW}'")
        with psycopg.connect(other) as later:
            found["settings of new sessions"] = later.execute("SHOW statement_timeout").fetchone() == (SLOW,)
        _run(mine, "ALTER ROLE CURRENT_USER PASSWORD 'of my choice'")
        try:
            psycopg.connect(other).close()
            found["locked out by a new password"] = False
        except psycopg.OperationalError:
            found["locked out by a new password"] = True
    return found


def _run(url: str, statement: str) -> None:
    """Run one statement, and clear the session as a pool does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
        connection.execute("DISCARD ALL")


@contextmanager
def _put_back(owner: Any, url: str) -> Iterator[None]:
    """Give a login its old password and no settings, whatever happens in between."""
    old = psycopg.conninfo.conninfo_to_dict(url)
    try:
        yield
    finally:
        login, password = sql.Identifier(old["user"]), sql.Literal(old["password"])
        owner.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(login))
        owner.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(login, password))
