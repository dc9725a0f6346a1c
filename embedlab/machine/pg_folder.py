"""The folder of a PostgreSQL: its data, its password, its log; made whole or not at all, and checked."""

import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from embedlab.machine.pg_install import (
    WHEEL,
    Account,
    PostgresError,
    account,
    closed_to,
    postgres_programs,
    run,
)

USER = "embedlab"
ASIDE = "data.new-"  # what is being made; left behind where that was interrupted
OURS = {"data", "password", "server.log", "server.log.old", "lock"}


def default_folder() -> Path:
    """Return where ``embedlab db`` keeps its data: ``$EMBEDLAB_DB``, or the user's folder for data.

    Examples
    --------
    >>> os.environ["EMBEDLAB_DB"] = "somewhere"
    >>> default_folder().name
    'somewhere'
    >>> del os.environ["EMBEDLAB_DB"]
    """
    if place := os.environ.get("EMBEDLAB_DB"):
        return Path(place)
    folder = user_data_path("embedlab") / "postgres"
    return Path("/var/lib/embedlab/postgres") if closed_to(account(), folder.parent) else folder


def url_of(folder: Path, port: int) -> str:
    """Return what programs connect with."""
    return f"postgresql://{USER}:{(folder / 'password').read_text()}@127.0.0.1:{port}/{USER}"


@contextmanager
def locked(folder: Path):
    """Let one process at a time make a folder or start what is in it."""
    try:
        with FileLock(folder / "lock", timeout=120):
            yield
    except Timeout:
        raise PostgresError(f"another process has been starting PostgreSQL in {folder} for minutes") from None


def make(folder: Path, durable: bool) -> None:
    """Make the data folder, unless it is there and complete: aside, then renamed.

    Connections need a password, a random one: every user of the computer reaches a port of 127.0.0.1, and who
    is PostgreSQL's superuser runs programs as its account. A Unix socket in a closed folder would do without,
    but its path may have no more than about 100 characters, and many programs want a host and a port.

    Parameters
    ----------
    folder : Path
        Exists. Belongs to the caller; only ``data`` in it to the account that PostgreSQL runs as.
    durable : bool
        Whether all is on disk when this returns.

    Raises
    ------
    PostgresError
        See `check`.
    """
    who = account()
    check(folder, who)
    for half in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(half, ignore_errors=True)
    if (folder / "data").exists():
        return
    if who:
        folder.chmod(folder.stat().st_mode | 0o011)  # to pass through, not to look around
    aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=folder))
    try:
        password = aside / "password"
        password.write_text(secrets.token_urlsafe(16))
        password.chmod(0o600)
        for path in (aside, password) if who else ():
            os.chown(path, who.user, who.group)
        run(
            postgres_programs(who) / "initdb",
            *("--pgdata", aside / "data", "--username", USER, "--encoding", "UTF8", "--locale", "C"),
            *("--auth", "scram-sha-256", "--pwfile", password),
            *(() if durable else ("--no-sync",)),
            who=who,
            folder=aside,
        )
        if who:
            os.chown(password, os.geteuid(), os.getegid())
        password.replace(folder / "password")
        (aside / "data").rename(folder / "data")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check(folder: Path, who: Account | None) -> None:
    """Refuse a folder in which our PostgreSQL could not start, or that is not its own; change nothing.

    Raises
    ------
    PostgresError
        If the account may not enter it, it holds other files, or its data are of another version, of another
        user, or incomplete.
    """
    if closed := closed_to(who, folder.parent):
        raise PostgresError(
            f"the caller is root, so PostgreSQL runs as 'nobody', who may not enter {closed}; "
            f"choose a folder below /var/lib, /srv or /tmp instead of {folder}"
        )
    data, major = folder / "data", version(WHEEL).split(".")[0]
    if not data.exists():
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in OURS)
        if foreign := [name for name in foreign if not name.startswith(ASIDE)]:
            raise PostgresError(f"{folder} holds {foreign[0]!r}; PostgreSQL needs a folder of its own")
        return
    made_by = data / "PG_VERSION"
    if not made_by.exists() or not (data / "global" / "pg_control").exists():
        raise PostgresError(
            f"{data} is no complete data folder of PostgreSQL (PG_VERSION or global/pg_control is missing); "
            "it was left as it is"
        )
    if (found := made_by.read_text().strip()) != major:
        raise PostgresError(
            f"{data} was made by PostgreSQL {found}, this is {major}: move the data with pg_dump of version "
            f"{found}, or name another folder"
        )
    if not (folder / "password").exists():
        raise PostgresError(f"{folder / 'password'} is missing; without it, nobody gets into {data}")
    owner, runs_as = data.stat().st_uid, who.user if who else getattr(os, "geteuid", lambda: 0)()
    if os.name != "nt" and owner != runs_as:
        raise PostgresError(f"{data} belongs to user {owner}, but PostgreSQL would run as user {runs_as}")
