"""Freshness: how long after its commit a document can be found, with and without a back-fill beside it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from embedlab.machine import postgres
from embedlab.pipelines.changes import capture
from embedlab.pipelines.encoders import hashed
from embedlab.pipelines.filling import Limits, backfill
from embedlab.pipelines.loading import load
from embedlab.pipelines.schema import connect, create
from embedlab.pipelines.users import background
from embedlab.pipelines.worker import Orders
from embedlab.pipelines.workers import fleet, wait_until

if TYPE_CHECKING:
    from psycopg import Connection

# What a back-fill is to live work: its priority, and when it holds back.
CONDITIONS: dict[str, tuple[int, Limits | None] | None] = {
    "no back-fill": None,
    "in one line": (0, None),
    "behind": (1, None),
    "behind, held back": (1, Limits(live_age=0.25, query_ms=50.0, waiting=32, largest=32)),
}
# An encoder of a transformer's speed: one claim of 64 takes more than a second.
SLOW = Orders(limit=64, seconds=0.02)
# From commit to commit (track_commit_timestamp), by the database's clock: of the write, and of its vector.
AGES = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(vectors.xmin)
                          - pg_xact_commit_timestamp(documents.xmin))::float8
FROM documents JOIN vectors ON vectors.document = documents.id WHERE documents.id >= %s
"""
# What users search meanwhile: the old model's vectors, a table of its own, of one size in all conditions.
SERVED = """
CREATE TABLE served (document bigint PRIMARY KEY, embedding vector(384) NOT NULL)
"""
NEAREST = "SELECT document FROM served ORDER BY embedding <=> %s LIMIT 10"


@dataclass(frozen=True)
class Freshness:
    """Seconds from the commit of a write to that of its vector, and what queries took meanwhile."""

    condition: str
    writes: int
    p50: float  # seconds
    p95: float
    within: float  # the share of writes that was searchable within the objective
    query_p50_ms: float
    query_p95_ms: float
    filled: int  # jobs of the back-fill that were done meanwhile
    looks: int = 0  # how often the back-fill looked whether users wait; 0 without limits
    shrunk: int = 0  # how often its page was smaller after the look than before


def share_within(ages: np.ndarray, objective: float) -> float:
    """Return the share of ages (seconds) within an objective: the figure that a freshness SLO is about.

    Raises
    ------
    ValueError
        If there are no ages: no writes is not a success.

    Examples
    --------
    >>> share_within(np.array([0.1, 0.5, 3.0, 0.2]), objective=1.0)
    0.75
    """
    if len(ages) == 0:
        raise ValueError("no ages: a share of nothing cannot be given")
    return float(np.mean(np.asarray(ages) <= objective))


def freshness(
    condition: str,
    texts: list[str],
    *,
    seconds: float = 8.0,
    rate: float = 20.0,
    objective: float = 1.0,
    orders: Orders | None = None,
    limits: Limits | None = None,
    workers: int = 2,
) -> Freshness:
    """Insert documents at a steady rate while a back-fill runs and queries are asked, and measure both.

    Parameters
    ----------
    condition : str
        A name of `CONDITIONS`.
    texts : list of str
        What is back-filled.
    seconds, rate : float
        How long, and writes a second.
    objective : float
        Seconds within which a write should be searchable.
    orders : Orders, optional
        By default the word table, and 2 ms more for each text, as a remote encoder would take.
    limits : Limits, optional
        In place of the condition's.
    workers : int

    Raises
    ------
    ValueError
        If there is no such condition.

    Examples
    --------
    >>> freshness("hurried", [])
    Traceback (most recent call last):
    ValueError: there is no condition 'hurried', but no back-fill, in one line, behind, behind, held back
    """
    if condition not in CONDITIONS:
        raise ValueError(f"there is no condition {condition!r}, but {', '.join(CONDITIONS)}")
    orders = orders or Orders(limit=32, seconds=0.002)
    first, took, recent, pages = len(texts) + 1, [], deque([0.0], maxlen=20), []
    with postgres(settings={"track_commit_timestamp": "on"}) as url:
        with connect(url) as connection:
            create(connection)
            load(connection, texts)
            _serve(connection, texts)
            capture(connection)

        def fill(stopped: Callable[[], bool]) -> None:
            if CONDITIONS[condition]:
                priority, usual = CONDITIONS[condition]
                how = {"limits": limits or usual, "priority": priority, "looked": pages.append}
                with connect(url) as own:
                    late = lambda: float(np.quantile(list(recent), 0.95))  # noqa: E731
                    backfill(own, "f", query_ms=late, stopped=stopped, **how)

        def ask(stopped: Callable[[], bool]) -> None:
            with connect(url) as own:
                while not stopped():
                    start = time.perf_counter()
                    own.execute(NEAREST, (hashed(["a query"])[0],)).fetchall()
                    took.append(1000 * (time.perf_counter() - start))
                    recent.append(took[-1])
                    time.sleep(0.05)

        with fleet(url, workers, orders) as running, connect(url) as connection:
            with background(fill), background(ask):
                writes = _write(connection, first, seconds, rate)
                done = connection.execute("SELECT count(*) FROM effects WHERE document < %s", (first,))
                (filled,) = done.fetchone()
            left = "SELECT NOT EXISTS (SELECT FROM jobs WHERE document >= %s AND priority = 0)"
            wait_until(url, left, (first,), running)
            ages = np.array([age for (age,) in connection.execute(AGES, (first,))])
    p50, p95 = np.quantile(ages, [0.5, 0.95])
    q50, q95 = np.quantile(took, [0.5, 0.95])
    within = share_within(ages, objective)
    shrunk = sum(after < before for before, after in pairwise(pages))
    times = float(p50), float(p95), within, float(q50), float(q95)
    return Freshness(condition, writes, *times, filled, len(pages), shrunk)


def _serve(connection: Connection, texts: list[str]) -> None:
    """Store a vector of the old model for each text, to be searched while the new ones are made."""
    connection.execute(SERVED)
    with connection.cursor().copy("COPY served FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "vector"])
        for i, vector in enumerate(hashed(texts), start=1):
            copy.write_row((i, vector))
    connection.execute("ANALYZE served")


def _write(connection: Connection, first: int, seconds: float, rate: float) -> int:
    """Insert documents at the times that the rate says, however long the last one took."""
    start, count, wait = time.perf_counter(), int(seconds * rate), threading.Event().wait
    for i in range(count):
        wait(max(0.0, start + i / rate - time.perf_counter()))
        values = (first + i, f"a new document, number {i}")
        connection.execute("INSERT INTO documents (id, text) VALUES (%s, %s)", values)
    return count
