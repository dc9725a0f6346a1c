"""The kill test: workers and the database end with SIGKILL at random moments, and every vector is checked.

Workers are also suspended for a while, with jobs in hand: they come back late, and do not know it.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embedlab.machine import needs, server
from embedlab.pipelines.changes import capture
from embedlab.pipelines.checking import Check, check
from embedlab.pipelines.counting import NOTED, doubled_by
from embedlab.pipelines.encoders import CRASHES, RAISES, encoder
from embedlab.pipelines.filling import Limits, backfill
from embedlab.pipelines.loading import load
from embedlab.pipelines.schema import connect, create
from embedlab.pipelines.users import Writer, background
from embedlab.pipelines.worker import Orders
from embedlab.pipelines.workers import Fleet, drain, fleet

if TYPE_CHECKING:
    from psycopg import Connection

    from embedlab.machine import Server

# Each job that was ever committed: the sequence of its ids has gaps, where transactions were undone.
CREATED = """
CREATE TABLE created (job bigint NOT NULL);
CREATE FUNCTION note_the_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO created VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER note_the_job AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION note_the_job();
"""
JOBS = "SELECT (SELECT count(*) FROM created), count(*) FILTER (WHERE attempts > %s) FROM effects"
NOTES = "SELECT count(*), count(*) - count(DISTINCT job) FROM noted WHERE way = %s"
LEASE = 2.0  # seconds
DEAD = "SELECT coalesce(text, '') FROM dead LEFT JOIN documents ON documents.id = document"
POISON = (f"{CRASHES} one", f"{CRASHES} two", f"{RAISES} three")


@dataclass(frozen=True)
class Outcome:
    """What the kill test found."""

    way: str  # "leased" or "locked"
    seed: int
    fenced: bool
    naps: int  # workers that were suspended
    kills_of_workers: int
    kills_of_database: int
    crashes: int  # workers that a poison text ended
    edits: int  # acknowledged, of these three
    inserts: int
    deletes: int
    lost_writes: int  # acknowledged, and not there in the end
    jobs: int
    within: int  # lines noted in the transaction that deletes the job
    within_twice: int
    apart: int  # by the same statement, in a transaction of its own: the control
    apart_twice: int
    outside: int  # in a file
    outside_twice: int
    outside_twice_by: dict[str, int]  # whether its worker was killed, or alive: without a database, or asleep
    late: int  # texts of a version older than the row's: refused by the fence
    lost: int  # jobs completed too late, when the lease was somebody else's: refused by the token
    overtaken: int  # jobs in hand when "unchanged" was no longer true: undone, and done again
    tried_again: int  # jobs that took more than one attempt
    dead: int
    dead_innocent: int  # without poison
    check: Check
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, stale, or wrong."""
        exact = self.within + self.dead == self.jobs and not self.within_twice
        return self.check.clean and exact and not self.lost_writes and not self.dead_innocent


def chaos(
    documents: int = 5_000,
    kills: int = 50,
    seed: int = 0,
    *,
    leased: bool = True,
    fenced: bool = True,
    workers: int = 2,
    seconds: float = 0.02,
    report: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Re-embed documents while workers and the database are killed, then check every vector by its hash.

    Parameters
    ----------
    documents : int
        At the start; a user edits, inserts and deletes while the test runs.
    kills : int
        With SIGKILL, at random moments: one in four ends the database, the others a worker. Before every
        fourth, a worker is suspended for up to two leases, and comes back; before every eighth for two to
        three, while the user rests: no edit goes before the sleeper's jobs then, and others may claim them.
    seed : int
        Of the victims, the moments and the edits.
    leased : bool
        Leases, and three poison texts; False: the lock is the lease, and one poison text that raises.
    fenced : bool
        False: `UPSERT` without its last line, so that late writes are stored: the control.
    workers : int
    seconds : float
        What a text takes: workers that have nothing to do are killed in vain.
    report : callable
        Gets a line for each kill.

    Raises
    ------
    ValueError
        If there is nothing to kill or to embed.

    Examples
    --------
    >>> chaos(5)
    Traceback (most recent call last):
    ValueError: 5 documents, 50 kills: the test needs ten and one at least
    """
    if documents < 10 or kills < 1:
        raise ValueError(f"{documents} documents, {kills} kills: the test needs ten and one at least")
    dice, start = random.Random(seed), time.perf_counter()
    poison = POISON if leased else POISON[2:]
    texts = [f"the text of document {i}" for i in range(documents - len(poison))] + list(poison)
    dice.shuffle(texts)
    with tempfile.TemporaryDirectory() as folder, server() as database:
        outside = Path(folder) / "outside"
        outside.touch()
        ended: list[int | None] = []  # the process of each worker that was killed; None: the database
        how = {"fragile": True, "seconds": seconds, "counted": folder, "fenced": fenced}
        orders = Orders("chaos", "hashed", 16, LEASE if leased else None, **how)
        naps = 0
        with connect(database.url) as connection:
            create(connection)
            connection.execute(CREATED + NOTED)
            load(connection, texts)
            capture(connection)
        healthy = [i for i, text in enumerate(texts, start=1) if text not in poison]
        writer = Writer(database.url, healthy, seed)
        with fleet(database.url, workers, orders) as running:
            with background(writer.run), background(lambda stopped: _fill(database.url, stopped)):
                for number in range(1, kills + 1):
                    if number % 4 == 0:
                        writer.rests = number % 8 == 0
                        naps += _nap(running, dice, *((2, 3) if writer.rests else (0.1, 2)))
                        writer.rests = False
                    ended.append(_kill(database, running, dice))
                    report(f"{number}: {'a worker' if ended[-1] else 'the database'}")
            with connect(database.url) as connection:
                backfill(connection, "chaos")  # what the last kill left of it
            drain(database.url, running, seconds=600)
            running.tend()
            workers_killed = kills - ended.count(None)
            crashes = running.restarts - workers_killed
        with connect(database.url) as connection:
            return Outcome(
                way="leased" if leased else "locked",
                seed=seed,
                fenced=fenced,
                naps=naps,
                kills_of_workers=workers_killed,
                kills_of_database=ended.count(None),
                crashes=crashes,
                **_counted(connection, writer, first=int(leased)),
                **_outside(outside.read_text().splitlines(), ended),
                seconds=round(time.perf_counter() - start, 1),
            )


def _outside(lines: list[str], ended: list[int | None]) -> dict:
    twice = doubled_by(lines, ended)
    return {"outside": len(lines), "outside_twice": sum(twice.values()), "outside_twice_by": twice}


def _counted(connection: Connection, writer: Writer, first: int) -> dict:
    jobs, again = connection.execute(JOBS, (first,)).fetchone()
    within, apart = (connection.execute(NOTES, (way,)).fetchone() for way in ("within", "apart"))
    refused = {way: connection.execute(NOTES, (way,)).fetchone()[0] for way in ("late", "lost", "overtaken")}
    dead = [text for (text,) in connection.execute(DEAD)]
    now = dict(connection.execute("SELECT id, text FROM documents"))
    return {
        "edits": writer.counts["edit"],
        "inserts": writer.counts["insert"],
        "deletes": writer.counts["delete"],
        "lost_writes": sum(now.get(document) != text for document, text in writer.acknowledged.items()),
        "jobs": jobs,
        "within": within[0],
        "within_twice": within[1],
        "apart": apart[0],
        "apart_twice": apart[1],
        **refused,
        "tried_again": again,
        "dead": len(dead),
        "dead_innocent": sum(CRASHES not in text and RAISES not in text for text in dead),
        "check": check(connection, "chaos", encoder("hashed")),
    }


def _fill(url: str, stopped: Callable[[], bool]) -> None:
    psycopg = needs("psycopg")
    while not stopped():
        try:
            with connect(url) as connection:
                backfill(connection, "chaos", limits=Limits(waiting=400, largest=100), stopped=stopped)
            return
        except psycopg.OperationalError:
            time.sleep(0.05)


def _nap(running: Fleet, dice: random.Random, least: float, most: float) -> bool:
    """Suspend a worker for so many leases, and wait until it is back; return whether this system can."""
    slept = running.suspend(dice.randrange(running.count), dice.uniform(least, most) * LEASE)
    while running.asleep:
        running.tend()
        time.sleep(0.01)
    return slept


def _kill(database: Server, running: Fleet, dice: random.Random) -> int | None:
    """End a worker or the database at a random moment; return the worker's process, None for the database."""
    until = time.monotonic() + dice.uniform(0.2, 1.5)
    while time.monotonic() < until:
        running.tend()
        time.sleep(0.01)
    if dice.random() < 0.25:
        database.kill()
        database.start()
        return None
    which = dice.randrange(running.count)
    process = running.processes[which].pid
    running.kill(which)
    return process


def as_json(outcome: Outcome) -> dict:
    """Return an outcome as what JSON can hold."""
    return asdict(outcome) | {"clean": outcome.clean}
