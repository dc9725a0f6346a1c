"""The kill test: workers and the database end with SIGKILL at random moments, and the result is checked by hash."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from embedlab.machine import needs, server
from embedlab.pipelines.backfill import Limits, backfill
from embedlab.pipelines.changes import capture
from embedlab.pipelines.checking import Check, check
from embedlab.pipelines.encoders import CRASHES, RAISES, encoder
from embedlab.pipelines.fleet import Fleet, drain, fleet
from embedlab.pipelines.loading import load
from embedlab.pipelines.schema import connect, create
from embedlab.pipelines.worker import Orders

if TYPE_CHECKING:
    from embedlab.machine import Server

POISON = (f"{CRASHES} one", f"{CRASHES} two", f"{RAISES} three")


@dataclass(frozen=True)
class Outcome:
    """What the kill test found."""

    way: str  # "leased" or "locked"
    kills_of_workers: int
    kills_of_database: int
    crashes: int  # workers that a poison text ended
    edits: int  # acknowledged, of these three
    inserts: int
    deletes: int
    lost_writes: int  # acknowledged, and not there in the end
    jobs: int
    effects: int  # in the same transaction as the vector
    effects_twice: int
    tried_again: int  # jobs that took more than one attempt
    dead: int
    dead_innocent: int  # without poison
    outside: int  # effects outside of the database
    outside_twice: int
    check: Check
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, stale, or wrong."""
        exact = self.effects + self.dead == self.jobs and not self.effects_twice
        return self.check.clean and exact and not self.lost_writes and not self.dead_innocent


class Writer:
    """A user who edits, inserts and deletes documents all the while, and remembers what was acknowledged."""

    def __init__(self, url: str, documents: int, seed: int, *, pause: float = 0.02):
        self.url, self.pause, self.random = url, pause, random.Random(seed)
        self.ids, self.next = list(range(1, documents + 1)), documents + 1
        self.acknowledged: dict[int, str | None] = {}
        self.counts: Counter[str] = Counter()

    def write(self, connection: object) -> None:
        """Make one change. What the database did not acknowledge may have happened, or not: it is not counted."""
        kind = self.random.choices(["edit", "insert", "delete"], [6, 2, 2])[0]
        document = self.random.choice(self.ids)
        text = f"version {self.random.random()} of a text"
        if kind == "insert":
            document, self.next = self.next, self.next + 1
            connection.execute("INSERT INTO documents (id, text) VALUES (%s, %s)", (document, text))
            self.ids.append(document)
        elif kind == "edit":
            self.acknowledged.pop(document, None)  # until we know
            connection.execute("UPDATE documents SET text = %s WHERE id = %s", (text, document))
        else:
            self.ids.remove(document)
            self.acknowledged.pop(document, None)
            connection.execute("DELETE FROM documents WHERE id = %s", (document,))
        self.acknowledged[document] = None if kind == "delete" else text
        self.counts[kind] += 1

    def run(self, stopped: Callable[[], bool]) -> None:
        """Write until stopped; connect again where the database died."""
        psycopg = needs("psycopg")
        while not stopped():
            try:
                with connect(self.url) as connection:
                    while not stopped():
                        self.write(connection)
                        time.sleep(self.pause)
            except psycopg.OperationalError:
                time.sleep(0.05)


def chaos(
    documents: int = 5_000,
    kills: int = 50,
    seed: int = 0,
    *,
    leased: bool = True,
    workers: int = 2,
    report: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Re-embed documents while workers and the database are killed, then check every vector by its hash.

    Parameters
    ----------
    documents : int
        At the start; a user edits, inserts and deletes while the test runs.
    kills : int
        With SIGKILL, at random moments: one in four ends the database, the others a worker.
    seed : int
        Of the victims, the moments and the edits.
    leased : bool
        Leases, and three poison texts; False: the lock is the lease, and one poison text that raises.
    workers : int
    report : callable
        Gets a line for each kill.

    Raises
    ------
    ValueError
        If there is nothing to kill or to embed.
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
        orders = Orders("chaos", "hashed", limit=16, lease=2.0 if leased else None, fragile=True, seconds=0.002)
        with connect(database.url) as connection:
            create(connection)
            load(connection, texts)
            capture(connection)
        writer = Writer(database.url, documents, seed)
        with fleet(database.url, workers, replace(orders, outside=str(outside))) as running:
            with background(writer.run), background(lambda stopped: _fill(database.url, stopped)) as fills:
                killed = _kill(database, running, kills, dice, report)
            del fills
            with connect(database.url) as connection:  # what the last kill left of the back-fill
                backfill(connection, "chaos")
            drain(database.url, running, seconds=300)
            crashes = running.restarts - killed["worker"]
        with connect(database.url) as connection:
            return _outcome(connection, writer, outside.read_text().splitlines(), killed, crashes, leased, start)


@contextmanager
def background(work: Callable[[Callable[[], bool]], None]) -> Iterator[None]:
    """Run ``work(stopped)`` in a thread while the block runs; what it raises is raised at the end."""
    ended, errors = threading.Event(), []

    def guarded() -> None:
        try:
            work(ended.is_set)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if errors:
        raise errors[0]


def _fill(url: str, stopped: Callable[[], bool]) -> None:
    psycopg = needs("psycopg")
    while not stopped():
        try:
            with connect(url) as connection:
                backfill(connection, "chaos", limits=Limits(waiting=400, largest=100), stopped=stopped)
            return
        except psycopg.OperationalError:
            time.sleep(0.05)


def _kill(
    database: Server, running: Fleet, kills: int, dice: random.Random, report: Callable[[str], None]
) -> Counter[str]:
    killed: Counter[str] = Counter()
    for number in range(1, kills + 1):
        moment = time.monotonic() + dice.uniform(0.2, 1.5)
        while time.monotonic() < moment:
            running.tend()
            time.sleep(0.01)
        victim = "database" if dice.random() < 0.25 else "worker"
        if victim == "database":
            database.kill()
            database.start()
        else:
            running.kill(dice.randrange(running.count))
        killed[victim] += 1
        report(f"{number}: {victim}")
    return killed


def _outcome(
    connection: object, writer: Writer, lines: list[str], killed: Counter[str], crashes: int, leased: bool, start: float
) -> Outcome:
    effects, distinct, again = connection.execute(
        "SELECT count(*), count(DISTINCT job), count(*) FILTER (WHERE attempts > %s) FROM effects", (int(leased),)
    ).fetchone()
    dead = [text or "" for (text,) in connection.execute(
        "SELECT text FROM dead LEFT JOIN documents ON documents.id = document"
    )]
    now = dict(connection.execute("SELECT id, text FROM documents"))
    return Outcome(
        way="leased" if leased else "locked",
        kills_of_workers=killed["worker"],
        kills_of_database=killed["database"],
        crashes=crashes,
        edits=writer.counts["edit"],
        inserts=writer.counts["insert"],
        deletes=writer.counts["delete"],
        lost_writes=sum(now.get(document) != text for document, text in writer.acknowledged.items()),
        jobs=connection.execute("SELECT last_value FROM pg_sequences WHERE sequencename = 'jobs_id_seq'").fetchone()[0],
        effects=effects,
        effects_twice=effects - distinct,
        tried_again=again,
        dead=len(dead),
        dead_innocent=sum(CRASHES not in text and RAISES not in text for text in dead),
        outside=len(lines),
        outside_twice=len(lines) - len(set(lines)),
        check=check(connection, "chaos", encoder("hashed")),
        seconds=round(time.perf_counter() - start, 1),
    )


def as_json(outcome: Outcome) -> dict:
    """Return an outcome as what JSON can hold."""
    return asdict(outcome) | {"clean": outcome.clean}
