"""PostgreSQL with pgvector, started by the course itself: no service, no root, no Docker.

``with postgres() as url`` is the short form; `server` gives the handle that can also kill it.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from embedlab.machine import pg_keeper
from embedlab.machine.extras import needs
from embedlab.machine.pg_folder import USER, default_folder, url_of
from embedlab.machine.pg_install import PostgresError, account, open_temporary
from embedlab.machine.pg_server import FIXED, Server

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

EXTENSIONS = ("vector", "pg_trgm")


def new_server(
    folder: str | Path | None = None, *, port: int | None = None, settings: Mapping[str, object] | None = None
) -> Server:
    """Check what is asked for, and return a server that is not started yet; see `server`.

    Examples
    --------
    >>> new_server("somewhere", settings={"fsync": "off"})
    Traceback (most recent call last):
    ValueError: fsync=off is for a temporary folder only: a power cut would ruin 'somewhere'
    """
    settings = {name: str(value) for name, value in (settings or {}).items()}
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"a port is a number from 1 to 65535, not {port}")
    if fixed := sorted({"port", "data_directory", *FIXED} & settings.keys()):
        raise ValueError(f"{fixed[0]} is set by embedlab, it cannot be {settings[fixed[0]]!r}")
    if folder is not None and settings.get("fsync", "on").lower() not in ("on", "true", "yes", "1"):
        raise ValueError(f"fsync=off is for a temporary folder only: a power cut would ruin {str(folder)!r}")
    if folder is None:
        place = Path(tempfile.mkdtemp(prefix="embedlab-postgres-", dir=open_temporary(account())))
    else:
        place = Path(folder).expanduser().absolute()
        try:
            place.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise PostgresError(f"{place} is a file; PostgreSQL needs a folder of its own") from None
    return Server(place, port, settings, temporary=folder is None)


@contextmanager
def server(
    folder: str | Path | None = None, *, port: int | None = None, settings: Mapping[str, object] | None = None
) -> Iterator[Server]:
    """Start PostgreSQL; stop it in the end, however that comes: the handle can kill it and start it again.

    Parameters
    ----------
    folder : str or Path, optional
        Kept, and started again with what is in it. Without, a temporary folder that is removed. Where the
        caller is root, user "nobody" has to be able to enter the folders above it.
    port : int, optional
        Without, one that is free.
    settings : mapping, optional
        PostgreSQL's own, by name, such as ``{"maintenance_work_mem": "256MB"}``. ``fsync=off`` is faster, and
        refused for a kept folder.

    Yields
    ------
    Server
        With ``url``, ``pid``, ``log``, ``kill()``, ``stop()``, ``start()``.

    Raises
    ------
    ImportError
        If the extra ``production`` is not installed.
    ValueError
        If the port or a setting is none that can be chosen.
    PostgresError
        See `Server.start` and `prepare`.
    """
    needs("psycopg")
    db = new_server(folder, port=port, settings=settings)
    try:
        db.start()
        prepare(db.url)
        yield db
    finally:
        db.close()


@contextmanager
def postgres(
    folder: str | Path | None = None, *, settings: Mapping[str, object] | None = None
) -> Iterator[str]:
    """Start PostgreSQL with pgvector and pg_trgm, and give the URL of its database; see `server`."""
    with server(folder, settings=settings) as db:
        yield db.url


def prepare(url: str) -> None:
    """Make the database and its extensions, where they are missing; bring older extensions up to date.

    Raises
    ------
    PostgresError
        If the database has an extension in a version from which no way leads to the installed one.
    """
    psycopg = needs("psycopg")
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [USER]).rowcount:
            connection.execute(f"CREATE DATABASE {USER}")
    with psycopg.connect(url, autocommit=True) as connection:
        for name in EXTENSIONS:
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
        rows = connection.execute(
            "SELECT name, installed_version, default_version FROM pg_available_extensions"
            " WHERE name = ANY(%s) AND installed_version <> default_version",
            [list(EXTENSIONS)],
        ).fetchall()
        for name, there, ours in rows:
            try:
                connection.execute(f"ALTER EXTENSION {name} UPDATE")
            except psycopg.Error as error:
                raise PostgresError(
                    f"the database has {name} {there}, embedlab's is {ours}: {error.diag.message_primary}"
                ) from None
            warnings.warn(f"extension {name} updated from {there} to {ours}", stacklevel=3)


def running(folder: str | Path | None = None) -> Server | None:
    """Return the server that runs in a folder, whoever started it; None where none does.

    Parameters
    ----------
    folder : str or Path, optional
        Without, the one of ``embedlab db``.
    """
    place = Path(folder).expanduser().absolute() if folder else default_folder()
    db = Server(place)
    noted = pg_keeper.pid_file(place / "data")
    if not noted or db.pid != noted.pid:
        return None
    db.port, db.url, db._pid = noted.port, url_of(place, noted.port), noted.pid
    return db


@contextmanager
def borrowed(pool: ConnectionPool) -> Iterator[psycopg.Connection]:
    """Borrow a connection from a pool: committed and given back at the end, rolled back if that is an error.

    The same as ``pool.connection()``, with an error that says what to do.

    Raises
    ------
    PostgresError
        If none became free within the pool's ``timeout``.
    """
    exhausted = needs("psycopg_pool").PoolTimeout
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(pool.connection())
        except exhausted:
            size, most = pool.get_stats().get("pool_size", 0), pool.max_size
            raise PostgresError(
                f"no connection came free within {pool.timeout:g} s; {size} of the pool's {most} are open: "
                "give them back sooner, wait longer (timeout), or allow more (max_size)"
            ) from None
        yield connection
