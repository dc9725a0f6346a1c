"""TLS between a client and PostgreSQL, where one with TLS is installed: the packaged one has none."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedlab.machine import free_port, needs
from embedlab.security.tls import Authority, Pair

PROGRAMS = Path("/usr/lib/postgresql")
SETTINGS = {"ssl": "on", "ssl_min_protocol_version": "TLSv1.2", "fsync": "off", "unix_socket_directories": ""}
RULES = """hostssl all all 127.0.0.1/32 scram-sha-256
hostnossl all all 127.0.0.1/32 reject
"""


def tls_programs() -> Path | None:
    """Return the folder of a PostgreSQL that has TLS; None where none is installed."""
    found = sorted(PROGRAMS.glob("*/bin/postgres")) if PROGRAMS.exists() else []
    return found[-1].parent if found else None


@contextmanager
def tls_database(folder: Path, pair: Pair, authority: Path) -> Iterator[str]:
    """Run a PostgreSQL that refuses connections without TLS, for as long as a block lasts.

    Parameters
    ----------
    folder : Path
        A new one for the data; where the caller is root, "nobody" has to be able to enter it.
    pair : Pair
        The server's certificate and key.
    authority : Path
        The certificate of who issued it.

    Yields
    ------
    str
        The address, with the password, without ``sslmode``.

    Raises
    ------
    FileNotFoundError
        If there is no such PostgreSQL.
    """
    programs = tls_programs()
    if not programs:
        raise FileNotFoundError(f"no PostgreSQL with TLS below {PROGRAMS}")
    import pwd  # there is none on Windows, and no such folder of programs either

    who = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # PostgreSQL does not run as root
    data, password = folder / "data", folder / "password"
    password.write_text("a-password")
    as_whom = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
    if who:
        for path in (folder, password):
            shutil.chown(path, who.pw_uid, who.pw_gid)
    command = [programs / "initdb", "-D", data, "-U", "embedlab", "-A", "scram-sha-256"]
    command += [f"--pwfile={password}", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **as_whom)
    for name, path in (("server.crt", pair.certificate), ("server.key", pair.key), ("ca.crt", authority)):
        (data / name).write_bytes(path.read_bytes())
        (data / name).chmod(0o600)
        if who:
            shutil.chown(data / name, who.pw_uid, who.pw_gid)
    (data / "pg_hba.conf").write_text(RULES)
    port = free_port()
    options = [f"-c{name}={value}" for name, value in {**SETTINGS, "port": port}.items()]
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-clisten_addresses=127.0.0.1", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **as_whom,
    )
    try:
        url = f"postgresql://embedlab:a-password@127.0.0.1:{port}/postgres"
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen, seconds: float = 30) -> None:
    psycopg, deadline = needs("psycopg"), time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(url, sslmode="require", sslrootcert="").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def database_handshakes() -> dict[str, str]:
    """Connect in each way, to a server with a right certificate; return {way: what happened}.

    Raises
    ------
    FileNotFoundError
        See `tls_database`.
    """
    psycopg = needs("psycopg")
    with tempfile.TemporaryDirectory(prefix="embedlab-tls-") as place:
        Path(place).chmod(0o755)
        (folder := Path(place) / "server").mkdir()
        ours, theirs = Authority(Path(place) / "ours"), Authority(Path(place) / "theirs", "another CA")
        pair = ours.issue("database", hosts=("127.0.0.1",))
        right, wrong = ours.pair.certificate, theirs.pair.certificate
        ways = {
            "without TLS": {"sslmode": "disable"},
            "encrypted, unchecked (sslmode=require)": {"sslmode": "require"},
            "checked (verify-full)": {"sslmode": "verify-full", "sslrootcert": str(right)},
            "checked, another authority": {"sslmode": "verify-full", "sslrootcert": str(wrong)},
        }
        found = {}
        with tls_database(folder, pair, right) as url:
            for name, options in ways.items():
                try:
                    with psycopg.connect(url, **options) as connection:
                        statement = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                        found[name] = connection.execute(statement).fetchone()[0]
                except psycopg.OperationalError as error:
                    found[name] = str(error).strip().splitlines()[0].split("failed: ", 1)[-1]
        return found
