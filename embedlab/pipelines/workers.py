"""Several workers, started, watched, killed on purpose, and ended for certain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import TracebackType

from embedlab.pipelines.schema import connect
from embedlab.pipelines.worker import NAME, Orders

# Native threads of several workers would fight for the same cores.
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
TOO_MANY = 200


class Fleet:
    """Worker processes of one database. They end with the block, and with the process that started them.

    Parameters
    ----------
    url : str
    count : int
    orders : Orders
    """

    def __init__(self, url: str, count: int, orders: Orders):
        if count < 1:
            raise ValueError(f"count is {count}: a fleet has at least one worker")
        self.url, self.count, self.orders = url, count, orders
        self.processes: list[subprocess.Popen] = []
        self.restarts = 0
        self.asleep: dict[int, float] = {}  # process: when it is woken

    def __enter__(self) -> Fleet:
        self.processes = [self._start() for _ in range(self.count)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "embedlab.pipelines.worker"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | ALONE, text=True)
        process.stdin.write(json.dumps({"url": self.url} | asdict(self.orders)) + "\n")
        process.stdin.flush()  # the pipe stays open: when it closes, the worker ends
        return process

    def kill(self, which: int) -> None:
        """End a worker with SIGKILL, whatever it is doing."""
        self.processes[which].kill()
        self.processes[which].wait()

    def suspend(self, which: int, seconds: float) -> bool:
        """Stop a worker where it is; `tend` wakes it. False: this system has no SIGSTOP."""
        if not hasattr(signal, "SIGSTOP"):
            return False
        self.processes[which].send_signal(signal.SIGSTOP)
        self.asleep[self.processes[which].pid] = time.monotonic() + seconds
        return True

    def wake(self, now: float = float("inf")) -> None:
        """Let workers go on whose sleep is over by ``now``; all of them by default."""
        rested = [pid for pid, until in self.asleep.items() if until <= now]
        for pid in rested:
            del self.asleep[pid]
        for process in self.processes:
            if process.pid in rested:
                process.send_signal(signal.SIGCONT)

    def tend(self) -> int:
        """Wake who has slept long enough, start a new worker for each that has ended; return how many ended.

        Raises
        ------
        RuntimeError
            If more than `TOO_MANY` had to be started: they end by a fault of ours.
        """
        self.wake(time.monotonic())
        ended = [i for i, process in enumerate(self.processes) if process.poll() is not None]
        for i in ended:
            self.processes[i].stdin.close()
            self.processes[i] = self._start()
        self.restarts += len(ended)
        if self.restarts > TOO_MANY:
            raise RuntimeError(f"{self.restarts} workers have ended: see what they said")
        return len(ended)

    def stop(self, patience: float = 15.0) -> list[int]:
        """Ask all workers to finish their batch and end; kill those that do not. Return their exit codes."""
        self.wake()
        for process in self.processes:
            process.terminate()  # SIGTERM; on Windows there is only the hard way
        limit = time.monotonic() + patience
        for process in self.processes:
            try:
                process.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with suppress(OSError):
                process.stdin.close()
        codes = [process.returncode for process in self.processes]
        self.processes = []
        return codes


READY = "SELECT count(*) >= %s FROM pg_stat_activity WHERE application_name = %s"


@contextmanager
def fleet(url: str, count: int = 2, orders: Orders | None = None) -> Iterator[Fleet]:
    """Run ``count`` workers while the block runs, and wait until each of them is connected."""
    with Fleet(url, count, orders or Orders()) as started:
        wait_until(url, READY, (count, NAME), started)
        yield started


def wait_until(
    url: str, question: str, values: tuple = (), tended: Fleet | None = None, seconds: float = 120.0
) -> float:
    """Ask the database until it answers true; return the seconds that it took.

    Raises
    ------
    TimeoutError
        If it has not after ``seconds``.
    """
    start = time.perf_counter()
    with connect(url) as connection:
        while not connection.execute(question, values).fetchone()[0]:
            if time.perf_counter() - start > seconds:
                raise TimeoutError(f"after {seconds:.0f} s still not true: {question}")
            if tended:
                tended.tend()
            time.sleep(0.02)
    return time.perf_counter() - start


EMPTY = "SELECT NOT EXISTS (SELECT FROM jobs)"


def drain(url: str, tended: Fleet | None = None, seconds: float = 120.0) -> float:
    """Wait until the queue is empty; return the seconds that it took."""
    return wait_until(url, EMPTY, (), tended, seconds)
