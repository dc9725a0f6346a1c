"""Minutes of load without a break: what a claim costs while dead rows come and are cleared away, or are not.

A feeder edits documents as fast as the workers keep up, so that each job has a text to embed and a vector to
write; the queue is never empty. The phases change what stands between dead rows and `VACUUM`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from embedlab.machine import postgres
from embedlab.pipelines.changes import capture
from embedlab.pipelines.corpus import short_texts
from embedlab.pipelines.loading import load
from embedlab.pipelines.queue import CLAIM_LOCKED, EDITS
from embedlab.pipelines.schema import connect, create
from embedlab.pipelines.users import background
from embedlab.pipelines.worker import Orders
from embedlab.pipelines.workers import fleet

if TYPE_CHECKING:
    from psycopg import Connection

# Name, share of the run, what is set at its start.
PHASES = (
    ("autovacuum by default", 0.43, ""),
    ("autovacuum each second", 0.21, "ALTER SYSTEM SET autovacuum_naptime = '1s'; SELECT pg_reload_conf()"),
    ("the same, a snapshot held", 0.22, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs"),
    ("the snapshot is gone", 0.14, "COMMIT"),
)
# Counts finished jobs without reading a table: a sequence, moved by each row of `effects`.
DONE = """
CREATE SEQUENCE finished;
CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM nextval('finished'); RETURN NULL; END $$;
CREATE TRIGGER count_it AFTER INSERT ON effects FOR EACH ROW EXECUTE FUNCTION count_it();
"""
FINISHED = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM finished"
EDIT = "UPDATE documents SET text = md5(random()::text) WHERE id >= %s AND id < %s"
CLAIM = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + CLAIM_LOCKED.format(**EDITS)
TABLE = (
    "SELECT pg_relation_size('jobs') / 1e6, autovacuum_count FROM pg_stat_user_tables WHERE relname = 'jobs'"
)


def sustained(
    seconds: float = 240.0,
    *,
    documents: int = 20_000,
    waiting: int = 2_000,
    every: float = 2.0,
    orders: Orders | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> dict:
    """Keep a queue busy, and look at it all the while.

    Parameters
    ----------
    seconds : float
        Of all `PHASES` together.
    documents : int
        Edited in turn, a page of a quarter of ``waiting`` at a time.
    waiting : int
        Jobs that wait, about.
    every : float
        Seconds between two looks.
    orders : Orders, optional
        By default `hashed`, two workers, claims of 64, leases.
    report : callable
        Gets a line for each look.

    Returns
    -------
    dict
        ``phases``: name and first second. Of each look: ``at`` (seconds), ``rate`` (jobs a second since the
        last one), ``pages`` and ``ms`` of a claim of 64, ``mb`` of the table of jobs, ``vacuums`` so far.

    Raises
    ------
    ValueError
        If there is no time for two looks in each phase.

    Examples
    --------
    >>> sustained(10)
    Traceback (most recent call last):
    ValueError: 10 seconds, a look every 2.0: too short for 4 phases
    """
    if seconds * min(share for _, share, _ in PHASES) < 2 * every:
        raise ValueError(f"{seconds} seconds, a look every {every}: too short for {len(PHASES)} phases")
    orders = orders or Orders("m", "hashed")
    with postgres() as url, connect(url) as connection, connect(url) as other:
        create(connection)
        load(connection, short_texts(documents))
        capture(connection)
        connection.execute(DONE)

        def feed(stopped: Callable[[], bool]) -> None:
            put, page = 0, waiting // 4
            with connect(url) as own:
                while not stopped():
                    if put - own.execute(FINISHED).fetchone()[0] > waiting - page:
                        time.sleep(0.005)
                        continue
                    first = put % documents + 1
                    put += own.execute(EDIT, (first, first + page)).rowcount

        with fleet(url, 2, orders), background(feed):
            return _watch(connection, other, seconds, every, report)


def _watch(
    connection: Connection, other: Connection, seconds: float, every: float, report: Callable[[str], None]
) -> dict:
    phases, found = [], {name: [] for name in ("at", "rate", "pages", "ms", "mb", "vacuums")}
    begin = before = time.perf_counter()
    done_before, next_phase = 0, 0.0
    while (now := time.perf_counter()) - begin < seconds:
        if len(phases) < len(PHASES) and now - begin >= next_phase:
            name, share, statements = PHASES[len(phases)]
            for statement in filter(None, statements.split("; ")):
                other.execute(statement)
            phases.append([name, round(now - begin, 1)])
            next_phase += share * seconds
        time.sleep(max(0.0, before + every - time.perf_counter()))
        (done,), now = connection.execute(FINISHED).fetchone(), time.perf_counter()
        plan = connection.execute(CLAIM, {"limit": 64, "queue": "default"}).fetchone()[0][0]
        pages = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        size, vacuums = connection.execute(TABLE).fetchone()
        row = now - begin, (done - done_before) / (now - before), pages, plan["Execution Time"], size, vacuums
        before, done_before = now, done
        for each, value in zip(found.values(), row, strict=True):
            each.append(round(float(value), 2))
        report(" ".join(f"{name} {each[-1]:,g}" for name, each in found.items()) + f" {phases[-1][0]}")
    return {"phases": phases, **found}
