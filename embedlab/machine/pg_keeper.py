"""The process between a program and its PostgreSQL: however the program ends, the server ends with it.

The keeper's standard input is a pipe whose other end the program holds. The program closes it to stop the
server; if the program is killed, the operating system closes it. So both ways to stop are one, and every use
tests it.

Run as a script, with nothing but the standard library (``python -I -S pg_keeper.py CONFIG``): that starts
within a few hundredths of a second.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# PostgreSQL's fast shutdown, then its immediate one (the next start recovers, as after a crash).
PATIENCE = (("INT", 30.0), ("QUIT", 10.0))  # signal, seconds
STAY = b"stay"  # the program's last word where the folder is still needed


@dataclass(frozen=True)
class PidFile:
    """What ``postmaster.pid`` says; it stays behind where the server was killed."""

    pid: int
    started: int  # seconds since 1970
    port: int
    shared_memory: int | None  # System V's id of the segment that keeps two servers out of one folder
    status: str  # "starting", "ready", "stopping"


def pid_file(data: Path) -> PidFile | None:
    """Read ``postmaster.pid`` in a data folder; None where there is none, or not all of it yet.

    Its lines are described in PostgreSQL's src/include/utils/pidfile.h.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        ids = lines[6].split()
        return PidFile(
            int(lines[0]), int(lines[2]), int(lines[3]), int(ids[1]) if ids else None, lines[7].strip()
        )
    except (OSError, IndexError, ValueError):
        return None


def send(pg_ctl: str, name: str, pid: int) -> None:
    """Send a signal; Windows has none, there PostgreSQL's own program imitates them."""
    if os.name == "nt":
        subprocess.run([pg_ctl, "kill", name, str(pid)], check=False, capture_output=True)
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, getattr(signal, f"SIG{name}"))


def stop(pg_ctl: str, pid: int, ended: Callable[[float], bool]) -> str:
    """End PostgreSQL: ask for a fast shutdown, then for an immediate one, then kill it.

    Parameters
    ----------
    pg_ctl : str
        PostgreSQL's program of that name.
    pid : int
        Of its first process, the postmaster.
    ended : callable
        ``ended(seconds)`` waits for its end, so long at most, and says whether it came.

    Returns
    -------
    str
        The signal that was enough: "INT", "QUIT" or "KILL".
    """
    for name, seconds in PATIENCE:
        send(pg_ctl, name, pid)
        if ended(seconds):
            return name
    send(pg_ctl, "KILL", pid)
    ended(10.0)
    return "KILL"


def release_shared_memory(data: Path, pid: int) -> None:
    """Give back the 56 bytes that a killed server leaves in the system's table of shared memory."""
    left = pid_file(data)
    if left and left.pid == pid and left.shared_memory is not None and os.name != "nt":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).shmctl(left.shared_memory, 0, None)  # 0: IPC_RMID, on Linux and macOS


def tell(server: subprocess.Popen, data: Path, begun: float) -> None:
    """Write "ready" or "ended" to standard output, then wait for the end: a dead server is no zombie."""
    word = b"ended\n"
    while server.poll() is None:
        now = pid_file(data)  # a killed server's file may name the same process: then its time is older
        if now and now.pid == server.pid and now.started >= int(begun) and now.status == "ready":
            word = b"ready\n"
            break
        time.sleep(0.02)
    with contextlib.suppress(OSError):
        os.write(1, word)


def main(config: dict) -> None:
    """Run PostgreSQL until standard input ends.

    Parameters
    ----------
    config : dict
        command (list of str), data, log and pg_ctl (paths), account ([user, group] or None), remove (a folder
        that goes with the server, or None), background (bool: the server outlives keeper and program).
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # on to `finally`, as where the pipe ends
    as_whom = {}
    if config["account"]:
        as_whom = dict(zip(("user", "group"), config["account"], strict=True), extra_groups=[])
    data, begun, last_word = Path(config["data"]), time.time(), b""
    with open(config["log"], "ab") as log:
        server = subprocess.Popen(
            config["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=data,
            **as_whom,
        )
    if config["background"]:
        tell(server, data, begun)
        return

    def ended(seconds: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)
        return server.returncode is not None

    def watch() -> None:
        tell(server, data, begun)
        server.wait()

    threading.Thread(target=watch, daemon=True).start()
    try:
        last_word = sys.stdin.buffer.read()
    finally:
        if not ended(0):
            stop(config["pg_ctl"], server.pid, ended)
        if last_word != STAY:
            release_shared_memory(data, server.pid)
            if config["remove"]:
                shutil.rmtree(config["remove"], ignore_errors=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
