"""PostgreSQL with pgvector, started by the course: ``with postgres() as url:``."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from embedlab.machine import pg_keeper
from embedlab.machine.extras import needs
from embedlab.machine.pg_install import account, programs, run

NAME = "embedlab"  # of the user and of the database
EXTENSIONS = ("vector", "pg_trgm")
SETTINGS = {"shared_buffers": "64MB", "max_connections": "50", "timezone": "UTC"}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A PostgreSQL of our own."""

    folder: Path
    port: int
    settings: dict[str, str]
    remove: bool = False
    _keeper: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """What programs connect with; the password is in it."""
        password = (self.folder / "password").read_text()
        return f"postgresql://{NAME}:{password}@127.0.0.1:{self.port}/{NAME}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process, or None where none is running."""
        try:
            return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        who = account()
        bin_folder = programs(who)
        settings = SETTINGS | self.settings | {"port": str(self.port), "listen_addresses": "127.0.0.1"}
        settings["unix_socket_directories"] = ""
        command = [str(bin_folder / "postgres"), "-D", str(self.folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        config = {
            "command": command,
            "log": str(self.folder / "server.log"),
            "user": who and who.user,
            "group": who and who.group,
            "pg_ctl": str(bin_folder / "pg_ctl"),
            "remove": str(self.folder) if self.remove else None,
            "cwd": str(self.folder),
        }
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", pg_keeper.__file__, json.dumps(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        pid = int(self._keeper.stdout.readline())
        deadline = time.monotonic() + 60
        while True:
            try:
                lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) >= 8 and int(lines[0]) == pid and lines[7].strip() == "ready":
                return
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / "server.log").read_text()[-2000:])
            time.sleep(0.02)

    def stop(self, keep: bool = False) -> None:
        """Stop it in good order."""
        if self._keeper:
            if keep:
                self._keeper.stdin.write(b"stay")
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper.stdout.close()
            self._keeper = None

    def kill(self) -> None:
        """SIGKILL the postmaster and its children at one moment, as a power cut would end them."""
        import psutil

        postmaster = psutil.Process(self.pid)
        postmaster.suspend()  # so that no child is born meanwhile
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=10)
        self.stop(keep=True)


def _create(folder: Path) -> None:
    who = account()
    aside = Path(tempfile.mkdtemp(prefix="data.new-", dir=folder))
    password = folder / "password"
    password.touch(0o600)
    password.write_text(secrets.token_urlsafe(16))
    handle, pwfile = tempfile.mkstemp(dir=aside)
    os.write(handle, password.read_bytes())
    os.close(handle)
    if who:
        os.chown(aside, who.user, who.group)
        os.chown(pwfile, who.user, who.group)
    run(
        programs(who) / "initdb",
        *("-D", str(aside / "data"), "-U", NAME, "-E", "UTF8", "--locale=C"),
        *("--auth=scram-sha-256", "--pwfile", pwfile, "--no-sync"),
        who=who,
        cwd=aside,
    )
    (aside / "data").rename(folder / "data")
    shutil.rmtree(aside)


@contextmanager
def server(folder: str | Path | None = None, *, settings: dict[str, str] | None = None) -> Iterator[Server]:
    """Start PostgreSQL, and stop it in the end: the handle that can also kill it and start it again."""
    psycopg = needs("psycopg")
    place = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="embedlab-postgres-"))
    place.mkdir(exist_ok=True, parents=True)
    place.chmod(0o711 if account() else 0o700)
    if not (place / "data").exists():
        _create(place)
    db = Server(place, free_port(), settings or {}, remove=folder is None)
    try:
        db.start()
        with psycopg.connect(db.url, dbname="postgres", autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")
        with psycopg.connect(db.url, autocommit=True) as connection:
            for extension in EXTENSIONS:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        yield db
    finally:
        db.stop()


@contextmanager
def postgres(folder: str | Path | None = None, *, settings: dict[str, str] | None = None) -> Iterator[str]:
    """Start PostgreSQL with pgvector; give its URL."""
    with server(folder, settings=settings) as db:
        yield db.url
