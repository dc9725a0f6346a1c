"""A worker: claims jobs, reads their documents, embeds, writes. A process, that may end at any moment.

python -m embedlab.pipelines.worker, with its orders as a line of JSON on standard input: `Fleet` starts it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embedlab.machine import needs
from embedlab.pipelines.counting import die, note_apart, note_late, note_refused, note_within
from embedlab.pipelines.encoders import Encode, encoder, fragile
from embedlab.pipelines.queue import Job, beat, claim, complete, fail
from embedlab.pipelines.schema import connect
from embedlab.pipelines.writing import Overtaken, Write, checked, write

if TYPE_CHECKING:
    from psycopg import Connection

NAME = "embedlab worker"  # how the database lists its connections

READ = """
SELECT wanted.id, documents.version, documents.text, vectors.content_hash
FROM unnest(%(documents)s::bigint[]) AS wanted (id)
LEFT JOIN documents ON documents.id = wanted.id
LEFT JOIN vectors ON vectors.document = wanted.id AND vectors.model = %(model)s
"""


@dataclass(frozen=True)
class Orders:
    """How a worker works.

    Parameters
    ----------
    model : str
        The name under which vectors are stored.
    encoder : str
        See `encoder`.
    queue : str
        From which it claims.
    limit : int
        Jobs to a claim.
    lease : float or None
        Seconds; None: the row's lock is the lease.
    most : int
        Attempts before a job goes to the dead letters.
    fragile, seconds : bool, float
        Whether poison texts do harm, and what a text takes in addition: see `fragile`.
    counted : str or None
        A folder: each job that is done leaves lines that can be counted, in a file there and in the database;
        see `counting`.
    fenced : bool
        False: late writes are not refused; the kill test's control.
    dies : str
        Where the worker dies when the folder's file ``die`` asks for it: one of `POINTS`.
    """

    model: str = "words"
    encoder: str = "words"
    limit: int = 64
    lease: float | None = 10.0
    most: int = 5
    fragile: bool = False
    seconds: float = 0.0
    counted: str | None = None
    dies: str = ""
    queue: str = "default"
    fenced: bool = True

    def make(self) -> Encode:
        """Load the encoder."""
        encode = encoder(self.encoder)
        return fragile(encode, seconds=self.seconds) if self.fragile or self.seconds else encode


def step(connection: Connection, encode: Encode, orders: Orders) -> int:
    """Claim once, and work on what was claimed; return the number of jobs."""
    if orders.lease is None:  # everything in one transaction, or nothing
        with connection.transaction():
            jobs = claim(connection, orders.limit, queue=orders.queue)
            if jobs:
                work(connection, jobs, encode, orders)
            return len(jobs)
    jobs = claim(connection, orders.limit, lease=orders.lease, most=orders.most, queue=orders.queue)
    if jobs:
        with beating(connection, jobs, orders.lease):
            work(connection, jobs, encode, orders)
    return len(jobs)


def work(connection: Connection, jobs: Sequence[Job], encode: Encode, orders: Orders) -> None:
    """Embed the documents of the jobs; write their vectors and delete the jobs in one transaction.

    Where the encoder raises, each job is tried alone, so that one bad text costs only itself.
    """
    writes = read(connection, jobs, orders.model)
    die(orders.counted, orders.dies, "before the encoder")
    texts = [one.text for one in writes if one.must_embed]
    try:
        vectors = checked(encode(texts)) if texts else np.empty((0, 0), np.float32)
    except Exception as error:
        if len(jobs) == 1:
            fail(connection, jobs[0], f"{type(error).__name__}: {error}", most=orders.most)
        else:
            for job in jobs:
                work(connection, [job], encode, orders)
        return
    if orders.counted:  # what no transaction of ours takes back
        note_apart(connection, orders.counted, [job.id for job in jobs], orders.dies)
    try:
        with connection.transaction():
            embedded = [one.document for one in writes if one.must_embed]
            done = set(complete(connection, jobs, embedded))
            ours = {job.document for job in jobs if job.id in done}  # a lease that was lost writes nothing
            kept = [document in ours for document in embedded]
            mine = [one for one in writes if one.document in ours]
            write(connection, orders.model, mine, vectors[kept], fenced=orders.fenced)
            if orders.counted:
                note_refused(connection, "lost", [job.id for job in jobs if job.id not in done])
                came = [(one.document, one.version) for one in mine if one.must_embed]
                note_late(connection, orders.model, came)
                note_within(connection, orders.counted, list(done), orders.dies)
    except Overtaken:  # all of it was undone, the jobs are still ours: look again
        if orders.counted:
            note_refused(connection, "overtaken", [job.id for job in jobs])
        work(connection, jobs, encode, orders)


def read(connection: Connection, jobs: Sequence[Job], model: str) -> list[Write]:
    """Read the documents of jobs as they are now, and the hashes that their vectors were made of."""
    versions = {job.document: job.version for job in sorted(jobs, key=lambda job: job.version)}
    values = {"documents": list(versions), "model": model}
    return [
        Write(document, versions[document] if version is None else version, text, known)
        for document, version, text, known in connection.execute(READ, values)
    ]


@contextmanager
def beating(connection: Connection, jobs: Sequence[Job], lease: float, *, beats: int = 100) -> Iterator[None]:
    """Extend the lease of jobs every third of it, on a connection of its own, while the block runs.

    At most ``beats`` times: a worker that hangs would keep its jobs for ever, its heart still beating.
    """
    ended, info, psycopg = threading.Event(), connection.info, needs("psycopg")

    def loop() -> None:
        # Most work ends before the first beat is due; then no connection is opened.
        if ended.wait(lease / 3):
            return
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(info.dsn, password=info.password, autocommit=True) as own,
        ):
            for _ in range(beats):
                if beat(own, jobs, lease) == 0 or ended.wait(lease / 3):
                    return

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def run(url: str, orders: Orders, stopped: Callable[[], bool]) -> None:
    """Work until ``stopped()``; wait where there is nothing to do, connect again where the database died."""
    psycopg = needs("psycopg")
    encode = orders.make()
    while not stopped():
        try:
            with connect(url) as connection:
                connection.execute(f"SET application_name = '{NAME}'; LISTEN jobs")
                while not stopped():
                    done = step(connection, encode, orders)
                    die(orders.counted if done else None, orders.dies, "after the commit")
                    if not done:  # a notice wakes us; the time-out makes sure
                        for _ in connection.notifies(timeout=0.2, stop_after=1):
                            pass
        except psycopg.OperationalError:
            time.sleep(0.1)


def main() -> None:
    """Read orders, work, and finish the batch in hand when asked to stop (SIGTERM)."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # a rollback without a connection is no news here
    asked = threading.Event()
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: asked.set())
    # The URL holds a password, and everybody on the machine can read arguments: so it comes by this pipe.
    orders = json.loads(sys.stdin.readline())
    url = orders.pop("url")

    def end_with_the_parent() -> None:
        os.read(0, 1)  # returns when nobody holds the other end any more, however the parent ended
        os._exit(1)

    threading.Thread(target=end_with_the_parent, daemon=True).start()
    run(url, Orders(**orders), asked.is_set)


if __name__ == "__main__":
    main()
