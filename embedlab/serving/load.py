"""Load for a server: open, whose clients do not wait for each other; and closed, whose users do.

In a process of its own: python -m embedlab.serving.load URL --model NAME, with a plan on standard input.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedlab.serving.raw_client import RawClient


@dataclass(frozen=True)
class Answered:
    """What became of the requests of a run; arrays of n, seconds from its start.

    Parameters
    ----------
    planned : float64 array
        When each was to be sent.
    sent : float64 array
        When it was.
    done : float64 array
    status : int array
        Of HTTP; 0 where there was no answer.
    cpu : float
        Processor seconds that the generator took from the first request to the last answer.
    """

    planned: np.ndarray
    sent: np.ndarray
    done: np.ndarray
    status: np.ndarray
    cpu: float = 0.0

    @property
    def latency(self) -> np.ndarray:
        """Seconds from when a request was to be sent to its answer, of those answered with 200.

        From ``sent`` it would leave out what a client that is late itself makes its users wait.
        """
        return (self.done - self.planned)[self.status == 200]

    def summary(self) -> dict[str, float]:
        """Return the rates a second, the share answered, and percentiles of `latency` in milliseconds.

        Examples
        --------
        >>> planned, done, status = np.array([0.0, 1.0]), np.array([0.5, 2.0]), np.array([200, 429])
        >>> Answered(planned, planned, done, status).summary()
        {'offered': 1.0, 'answered': 0.5, 'ok': 0.5, 'p50': 500.0, 'p95': 500.0, 'p99': 500.0, 'late_ms': 0.0}
        """
        span, ok = float(self.done.max()), self.status == 200
        percentiles = np.percentile(self.latency, [50, 95, 99]) if ok.any() else [np.nan] * 3
        return {
            "offered": round(len(ok) / span, 2),
            "answered": round(float(ok.sum()) / span, 2),
            "ok": round(float(ok.mean()), 4),
            **{f"p{q}": round(1000 * float(v), 2) for q, v in zip((50, 95, 99), percentiles, strict=True)},
            "late_ms": round(1000 * float(np.percentile(self.sent - self.planned, 99)), 2),
        }


def _client(url: str, model: str, timeout: float):
    """Return a function that posts a text and returns the status, and the client to close."""
    client = RawClient(url, timeout)

    async def post(text: str) -> int:
        asked = {"input": text, "model": model, "encoding_format": "base64"}
        return await client.post("/v1/embeddings", json.dumps(asked).encode())

    return post, client


async def open_load(
    url: str, times: Sequence[float], texts: Sequence[str], model: str, timeout: float = 30.0
) -> Answered:
    """Send each text at its time, whatever has been answered by then: as many clients as it takes.

    Parameters
    ----------
    url : str
    times : sequence of n float
        Seconds from the start, ascending; see `poisson`.
    texts : sequence of str
        Taken in turn.
    model : str
    timeout : float

    Returns
    -------
    Answered
    """
    post, client = _client(url, model, timeout)
    rows = np.zeros((len(times), 4))

    async def send(i: int) -> None:
        sent = time.perf_counter() - start
        status = await post(texts[i % len(texts)])
        rows[i] = times[i], sent, time.perf_counter() - start, status

    async with client, asyncio.TaskGroup() as group:
        await post(texts[0])  # a connection is there, the code is loaded
        start, cpu = time.perf_counter(), time.process_time()
        for i, moment in enumerate(times):
            await asyncio.sleep(max(0.0, moment - (time.perf_counter() - start)))
            group.create_task(send(i))
    planned, sent, done, status = rows.T
    return Answered(planned, sent, done, status.astype(int), time.process_time() - cpu)


async def closed_load(
    url: str, users: int, seconds: float, texts: Sequence[str], model: str, timeout: float = 30.0
) -> Answered:
    """Let users send a text each, and the next as soon as it is answered.

    A user has no plan: it "plans" a request when it sends it. What it would have sent while it waited for a
    slow answer is missing from the figures.

    Returns
    -------
    Answered
    """
    post, client = _client(url, model, timeout)
    rows: list[tuple] = []

    async def user(number: int) -> None:
        turn = number
        while (sent := time.perf_counter() - start) < seconds:
            status = await post(texts[turn % len(texts)])
            rows.append((sent, sent, time.perf_counter() - start, status))
            turn += users

    async with client:
        await post(texts[0])
        start, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(user(number) for number in range(users)))
    planned, sent, done, status = np.array(rows).T
    return Answered(planned, sent, done, status.astype(int), time.process_time() - cpu)


def load_process(url: str, plan: dict, model: str, timeout: float = 30.0) -> Answered:
    """Run a load from a process of its own, so that it does not share the server's interpreter.

    It does share its cores, unless both were told to keep to their own.

    Parameters
    ----------
    url : str
    plan : dict
        ``texts``, and either ``times`` (open) or ``users`` and ``seconds`` (closed).
    model : str
    timeout : float
        Of a request.

    Raises
    ------
    RuntimeError
        If the process fails.
    """
    command = [
        sys.executable,
        "-m",
        "embedlab.serving.load",
        url,
        "--model",
        model,
        "--timeout",
        str(timeout),
    ]
    length = plan["times"][-1] if "times" in plan else plan["seconds"]
    ran = subprocess.run(
        command, input=json.dumps(plan), capture_output=True, text=True, timeout=length + 2 * timeout + 60
    )
    if ran.returncode:
        raise RuntimeError(f"the load generator failed: {ran.stderr.strip().splitlines()[-1:]}")
    *columns, cpu = json.loads(ran.stdout)
    return Answered(*(np.array(column) for column in columns), cpu)


def main() -> None:
    """Read a plan, carry it out, and write what `Answered` holds, in its order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--model", required=True)
    parser.add_argument("--timeout", type=float, default=30.0)
    given = parser.parse_args()
    plan = json.load(sys.stdin)
    texts, model, timeout = plan["texts"], given.model, given.timeout
    if "times" in plan:
        run = asyncio.run(open_load(given.url, plan["times"], texts, model, timeout))
    else:
        run = asyncio.run(closed_load(given.url, plan["users"], plan["seconds"], texts, model, timeout))
    columns = [column.tolist() for column in (run.planned, run.sent, run.done, run.status)]
    json.dump([*columns, run.cpu], sys.stdout)


if __name__ == "__main__":
    main()
