"""Running an app: on a port, until SIGTERM; or in a thread or a process, for as long as a block lasts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from embedlab.machine import needs

if TYPE_CHECKING:
    from fastapi import FastAPI

PARENT = "EMBEDLAB_ENDS_WITH_PARENT"  # in the environment: standard input is a pipe of the parent's
START_S = 120.0  # a cold start loads torch and builds an index


def listening(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Open a port; 0 is one that the system chooses, so that two servers never want the same.

    Raises
    ------
    OSError
        If the port is taken; the message names it.
    """
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if sys.platform != "win32":  # there it would share the port with another server
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise OSError(f"port {port} of {host} cannot be had ({error.strerror}): choose another") from None
    return taken


def server_of(app: FastAPI, *, grace_s: float = 0.0, drain_s: float = 30.0):
    """Return a uvicorn server that ends in three steps.

    At SIGTERM or Ctrl-C it first says at ``/readyz`` that it is draining, and still answers everything: the
    load balancer needs ``grace_s`` to notice. Then it takes no new connections and answers what it has, for
    ``drain_s`` at most. Then it exits. A second Ctrl-C ends it at once.

    Parameters
    ----------
    app : FastAPI
    grace_s, drain_s : float
    """
    uvicorn = needs("uvicorn")

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: object) -> None:
            if app.state.draining or not self.started or grace_s == 0:
                super().handle_exit(sig, frame)
            else:
                self._captured_signals.append(sig)
                loop.call_soon_threadsafe(loop.call_later, grace_s, setattr, self, "should_exit", True)
            app.state.draining = True

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            nonlocal loop
            loop = asyncio.get_running_loop()
            await super().startup(sockets)

    loop: asyncio.AbstractEventLoop
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=int(drain_s), backlog=4096
    )
    return Server(config)


def serve(app: FastAPI, where: socket.socket, *, grace_s: float = 0.0) -> None:
    """Serve an app until a signal ends it; print the address as soon as it listens.

    uvicorn raises the signal once more when all is answered; that it was stopped is no error here.
    """
    host, port = where.getsockname()[:2]
    server = server_of(app, grace_s=grace_s)

    def say() -> None:
        while not (server.started or server.should_exit):
            time.sleep(0.02)
        if server.started:
            print(f"http://{host}:{port}", flush=True)

    def end_with_parent() -> None:
        sys.stdin.buffer.read()  # returns when nobody holds the other end any more, however the parent ended
        server.should_exit = app.state.draining = True

    threading.Thread(target=say, daemon=True).start()
    if os.environ.get(PARENT):
        threading.Thread(target=end_with_parent, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[where])


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app in a thread, on a port that the system chooses, while the block lasts.

    Yields
    ------
    str
        The address, such as "http://127.0.0.1:41234".
    """
    where = listening()
    server = server_of(app, drain_s=5)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [where]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start; the reason stands above")
            time.sleep(0.01)
        yield "http://{}:{}".format(*where.getsockname()[:2])
    finally:
        app.state.draining = True
        server.should_exit = True
        thread.join(timeout=20)
        where.close()


@contextlib.contextmanager
def server_process(
    command: Sequence[str], *, start_s: float = START_S
) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run ``python`` with arguments that start a server, in a process of its own, while the block lasts.

    Parameters
    ----------
    command : sequence of str
        Such as ("-m", "embedlab.cli", "serve", "--port", "0"); it prints its address first, see `serve`.
    start_s : float

    Yields
    ------
    str, Popen
        The address; the process, which is asked to end and then made to when the block is left. Where this
        process is killed, the server notices that its standard input has ended, and ends as well.

    Raises
    ------
    RuntimeError
        If it ends, or says no address in time.
    """
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, *command], env=os.environ | {PARENT: "1"}, **pipe)
    stop = threading.Timer(start_s, process.kill)
    stop.start()
    try:
        line = process.stdout.readline()
        stop.cancel()
        if not line.startswith("http"):
            raise RuntimeError(f"the server said {line!r} and no address; exit code {process.poll()}")
        yield line.strip(), process
    finally:
        stop.cancel()
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()
        process.stdout.close()


def status_of(url: str, timeout: float = 5.0) -> int:
    """Return the status of ``GET url``, or 0 where nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
