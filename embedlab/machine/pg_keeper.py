"""The process between a program and its PostgreSQL: when the program ends, however it ends, so does the server.

The program holds the other end of a pipe, the keeper's standard input. It closes the pipe to stop the server;
if it is killed, the operating system closes it. So there is one way to stop, and every stop tests it.

Run as a script, with the standard library only (``python -I -S pg_keeper.py CONFIG``): it starts within a few
hundredths of a second.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

PATIENCE = (("INT", 20.0), ("QUIT", 10.0))  # PostgreSQL's fast shutdown; its immediate one: as if it crashed


def send(pg_ctl: str, name: str, pid: int) -> None:
    """Send PostgreSQL's process a signal; Windows has none, there PostgreSQL's own program imitates them."""
    if os.name == "nt":
        subprocess.run([pg_ctl, "kill", name, str(pid)], check=False, capture_output=True)
        return
    try:
        os.kill(pid, getattr(signal, f"SIG{name}"))
    except ProcessLookupError:
        pass


def stop(pg_ctl: str, pid: int, ended: Callable[[float], bool]) -> str:
    """End PostgreSQL: ask for a fast shutdown, then for an immediate one, then kill.

    Parameters
    ----------
    pg_ctl : str
        PostgreSQL's program of that name.
    pid : int
        Of the first process, the postmaster.
    ended : callable
        ``ended(seconds)`` waits so long at most, and says whether the postmaster has ended.

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


def main(config: dict) -> None:
    """Run PostgreSQL until standard input ends.

    Parameters
    ----------
    config : dict
        command (list of str), log (a file's name), user and group (or None), pg_ctl, remove (a folder that goes
        with the server, or None).
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the same as the end of the pipe: to `finally`
    as_whom = {"user": config["user"], "group": config["group"], "extra_groups": []} if config["user"] else {}
    with open(config["log"], "ab") as log:
        server = subprocess.Popen(
            config["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=config["cwd"], **as_whom
        )
    threading.Thread(target=server.wait, daemon=True).start()  # so that a dead server is no zombie
    print(server.pid, flush=True)
    last_word = b""
    try:
        last_word = sys.stdin.buffer.read()
    finally:

        def ended(seconds: float) -> bool:
            try:
                server.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True

        if not ended(0):
            stop(config["pg_ctl"], server.pid, ended)
        if config["remove"] and last_word != b"stay":
            shutil.rmtree(config["remove"], ignore_errors=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
