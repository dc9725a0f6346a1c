"""A PostgreSQL that we start, stop, kill and start again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from embedlab.machine import pg_keeper
from embedlab.machine.extras import needs
from embedlab.machine.pg_folder import locked, make, url_of
from embedlab.machine.pg_install import PostgresError, account, postgres_programs

if TYPE_CHECKING:
    import psutil

SETTINGS = {"shared_buffers": "64MB", "max_connections": "50", "timezone": "UTC"}
FIXED = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
PORTS = 5  # how many are tried, where another program takes one between our choice and the start


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens at this moment.

    Examples
    --------
    >>> 0 < free_port() < 65536
    True
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def over(process: psutil.Process) -> bool:
    """Say whether a process has ended; one that nobody has asked for its exit status has, too."""
    import psutil

    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_over(processes: list[psutil.Process], seconds: float) -> bool:
    """Wait for the end of all processes, so long at most; say whether it came."""
    deadline = time.monotonic() + seconds
    while not (done := all(map(over, processes))) and time.monotonic() < deadline:
        time.sleep(0.02)
    return done


_WITH_PIPES: weakref.WeakSet[Server] = weakref.WeakSet()


def _let_parent_decide() -> None:
    """Forget the servers in a forked child: with a copy of the pipe's end, it would keep them running."""
    for one in list(_WITH_PIPES):
        if one._pipe is not None:
            os.close(one._pipe)
        one._pipe = one._keeper = one._pid = None
        one.temporary = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_parent_decide)


@dataclass(eq=False)
class Server:
    """A PostgreSQL of our own on 127.0.0.1; get one from `server` or `running`.

    Parameters
    ----------
    folder : Path
        Holds ``data``, ``password`` and ``server.log``.
    port : int, optional
        Without, one that is free at the first start; then it stays the same.
    settings : mapping
        Of PostgreSQL, by name; beside `SETTINGS`.

    Attributes
    ----------
    url : str
        What programs connect with. The password is in it.
    """

    folder: Path
    port: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    temporary: bool = False
    url: str = field(default="", repr=False)
    _pid: int | None = field(default=None, repr=False)
    _pipe: int | None = field(default=None, repr=False)
    _keeper: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def process(self) -> psutil.Process | None:
        """The postmaster, PostgreSQL's first process, as `psutil` shows it; None where none is running."""
        psutil, noted = needs("psutil"), pg_keeper.pid_file(self.folder / "data")
        with contextlib.suppress(psutil.NoSuchProcess):
            found = psutil.Process(noted.pid) if noted else None
            if found and found.name().startswith("postgres") and not over(found):  # not a later one's number
                return found
        return None

    @property
    def pid(self) -> int | None:
        """The postmaster's number; None where none is running."""
        return (process := self.process) and process.pid

    @property
    def log(self) -> str:
        """What PostgreSQL has said since it was last started."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def start(self, background: bool = False) -> None:
        """Start it, recover what a crash left, and return when it answers; on the same port as before.

        Parameters
        ----------
        background : bool
            It goes on when the program ends. Else it ends with the program, however that ends.

        Raises
        ------
        PostgresError
            If it is running, the port is taken, the folder is refused (see `pg_folder.check`), or PostgreSQL
            does not start; with the reason from its log.
        """
        with locked(self.folder):
            self._refuse_second()
            make(self.folder, durable=not self.temporary)
            self._let_go(pg_keeper.STAY)  # the keeper of one that was killed
            for port in [self.port] if self.port else (free_port() for _ in range(PORTS)):
                if self._launch(port, background):
                    break
                reasons = [line for line in self.log.splitlines() if "FATAL" in line or "bind" in line]
                self._let_go(pg_keeper.STAY)
                if "could not create any TCP/IP sockets" not in self.log:
                    raise PostgresError(f"PostgreSQL does not start: {' '.join(reasons) or self.log[-2000:]}")
            else:
                raise PostgresError(f"port {port} is taken, or not allowed: {reasons[0]}")
        self.port, self.url = port, url_of(self.folder, port)

    def _refuse_second(self) -> None:
        """Raise where one is running in the folder; wait for one that is about to stop."""
        deadline = time.monotonic() + 45
        while self.process:
            noted = pg_keeper.pid_file(self.folder / "data")
            if noted and (noted.status != "stopping" or time.monotonic() > deadline):
                raise PostgresError(f"PostgreSQL is already running in {self.folder}, as process {noted.pid}")
            time.sleep(0.05)

    def _launch(self, port: int, background: bool) -> bool:
        who, log = account(), self.folder / "server.log"
        if log.exists():
            log.replace(f"{log}.old")
        options = {**SETTINGS, **self.settings, **FIXED, "port": port}
        command = [str(postgres_programs(who) / "postgres"), "-D", str(self.folder / "data")]
        config = {
            "command": command + [part for name in options for part in ("-c", f"{name}={options[name]}")],
            "data": str(self.folder / "data"),
            "log": str(log),
            "pg_ctl": str(postgres_programs(who) / "pg_ctl"),
            "account": who and [who.user, who.group],
            "remove": str(self.folder) if self.temporary else None,
            "background": background,
        }
        reading, self._pipe = os.pipe()  # our end is inherited by no program that we start
        _WITH_PIPES.add(self)
        try:
            with open(log, "ab") as errors:
                self._keeper = subprocess.Popen(
                    [sys.executable, "-I", "-S", pg_keeper.__file__, json.dumps(config)],
                    stdin=reading,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,  # Ctrl-C is for the program: it stops the server itself
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
        finally:
            os.close(reading)
        ready = self._keeper.stdout.readline() == b"ready\n"
        self._pid = self.pid if ready else None
        if background:  # its keeper has ended
            self._let_go(pg_keeper.STAY)
        return ready

    def _let_go(self, last_word: bytes) -> None:
        """Close the pipe, and wait for the keeper to end what it keeps."""
        if self._pipe is not None:
            pipe, self._pipe = self._pipe, None
            with contextlib.suppress(BrokenPipeError):  # the keeper was killed, or has nothing left to keep
                os.write(pipe, last_word)
            os.close(pipe)
        if self._keeper:
            with self._keeper:  # waits, and closes its output
                self._keeper = None

    def stop(self) -> None:
        """Stop it in good order; the folder stays, so that it can be started again."""
        self._end(pg_keeper.STAY)

    def close(self) -> None:
        """Stop it for good; a temporary folder is removed."""
        self._end(b"")

    def _end(self, last_word: bytes) -> None:
        self._let_go(last_word)
        left = self.process  # one without a keeper, or whose keeper was killed
        if left and left.pid == self._pid:
            pg_ctl = str(postgres_programs(account()) / "pg_ctl")
            pg_keeper.stop(pg_ctl, left.pid, lambda seconds: all_over([left], seconds))
        if last_word != pg_keeper.STAY:
            if self._pid:
                pg_keeper.release_shared_memory(self.folder / "data", self._pid)
            if self.temporary:
                shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL the postmaster and all its processes at once; `start` then recovers from the log.

        What the server had handed to the operating system survives, with ``fsync=off``, too: only a power cut
        would tell the difference.

        Raises
        ------
        PostgresError
            If it is not running.
        """
        if not (postmaster := self.process):
            raise PostgresError(f"no PostgreSQL is running in {self.folder}")
        postmaster.suspend()  # else it could start another process between the two lines below
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with contextlib.suppress(needs("psutil").NoSuchProcess):
                process.kill()
        all_over(family, 10)
