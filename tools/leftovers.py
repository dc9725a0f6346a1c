"""Processes that a run of tests has started and not ended: they fail the run, and are ended.

python tools/leftovers.py COMMAND ...

Every process inherits the environment of the one that started it. So a run puts a token there, and looks in
the end who else carries it. A run within a run carries both tokens.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time

import psutil

VARIABLE = "EMBEDLAB_TESTS"
HELPERS = ("resource_tracker", "loky")  # joblib's and multiprocessing's: they end with the process they help


def new_token() -> str:
    """Return what the processes of a run carry: what the run itself carries, and more."""
    return f"{os.environ.get(VARIABLE, '')}{secrets.token_hex(8)}/"


def carriers(token: str) -> list[psutil.Process]:
    """Return the living processes that carry a token, and those below them, but not ourselves.

    Those below, too: a process that writes its title where its environment was (PostgreSQL's, Ray's workers)
    carries it no longer.
    """
    ourselves = psutil.Process()
    ours, found = {ourselves, *ourselves.parents()}, set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(VARIABLE, "").startswith(token) and process not in ours:
                found |= {process, *process.children(recursive=True)}
    return sorted((one for one in found if is_left(one)), key=lambda one: one.pid)


def is_left(process: psutil.Process) -> bool:
    """Say whether a process is still at work, and is no helper."""
    try:
        line = " ".join(process.cmdline())
        return process.status() != psutil.STATUS_ZOMBIE and not any(name in line for name in HELPERS)
    except psutil.Error:
        return False


def leftovers(token: str, seconds: float = 15.0) -> list[str]:
    """Give the carriers of a token time to end, then describe those that are left, and kill them."""
    deadline = time.monotonic() + seconds
    while (left := carriers(token)) and time.monotonic() < deadline:
        time.sleep(0.2)
    lines = []
    for process in left:
        with contextlib.suppress(psutil.Error):
            lines.append(f"{process.pid} {process.name()}: {' '.join(process.cmdline())[:200]}")
            process.kill()
    return lines


def complain(lines: list[str]) -> None:
    """Print what was left."""
    print("\nstill running after the tests, and killed now:", *lines, sep="\n  ", file=sys.stderr)


def main(command: list[str]) -> int:
    """Run a command; return its exit status, or 1 where it was well but has left processes."""
    token = new_token()
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the command, too: wait for it
    status = subprocess.Popen(command, env={**os.environ, VARIABLE: token}).wait()
    if lines := leftovers(token):
        complain(lines)
    return status or bool(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
