"""A queue that is a table: claim, beat, complete, fail. Two ways to own a job while you work on it.

**locked**: the row's lock is the lease. One transaction claims, works and deletes. A worker that dies gives
its jobs back at once, and all that it wrote is undone; but the transaction stays open while it works, and its
attempts are undone, too: a document that crashes its worker is tried for ever.

**leased**: a claim is committed, with a time when it ends. The work is done outside of any transaction, and
may take long; completing asks whether the lease is still ours (its token, Kleppmann 2016's fencing token).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

COLUMNS = "id, document, version, priority, attempts, token, wanted_at"

# The queue in one statement (PostgreSQL's documentation, SELECT, "The Locking Clause"). FOR UPDATE: nobody
# else gets these rows until we commit. SKIP LOCKED: and nobody waits for us, they take the next ones.
CLAIM_LOCKED = """
SELECT {columns} FROM jobs
WHERE queue = %(queue)s AND due <= now() AND {which}
ORDER BY {order} LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

# ANY(ARRAY(...)) and not IN (...): the planner may run a subquery within IN again, and claim too much.
CLAIM_LEASED = """
UPDATE jobs SET token = (SELECT nextval('tokens')), attempts = attempts + 1,
                due = clock_timestamp() + %(lease)s * interval '1 second'
WHERE id = ANY(ARRAY(SELECT id FROM jobs
                     WHERE queue = %(queue)s AND due <= now() AND {which}
                     ORDER BY {order} LIMIT %(limit)s
                     FOR UPDATE SKIP LOCKED))
RETURNING {columns}
"""

# Three lines, asked in this order. Suspects stand behind what users change, or a thousand of them would hold
# it up; each is claimed alone: if it crashes the worker again, no other job is suspected.
EDITS = {"columns": COLUMNS, "which": "attempts = 0 AND priority = 0", "order": "due, id"}
TRIED = {"columns": COLUMNS, "which": "attempts > 0", "order": "priority, due, id"}
FRESH = {"columns": COLUMNS, "which": "attempts = 0", "order": "priority, due, id"}

# One statement, one snapshot: what is deleted is what is counted. A lost lease deletes nothing.
COMPLETE = """
WITH done AS (
    DELETE FROM jobs WHERE id = ANY(%(ids)s) AND token IS NOT DISTINCT FROM %(token)s RETURNING *
)
INSERT INTO effects (job, document, priority, attempts, embedded, wanted_at)
SELECT id, document, priority, attempts, document = ANY(%(embedded)s), wanted_at FROM done
RETURNING job
"""

BEAT = """
UPDATE jobs SET due = clock_timestamp() + %(lease)s * interval '1 second'
WHERE id = ANY(%(ids)s) AND token = %(token)s
"""

RETRY = """
UPDATE jobs SET attempts = %(attempts)s, error = %(error)s, token = NULL,
                due = clock_timestamp() + %(wait)s * interval '1 second'
WHERE id = %(id)s AND token IS NOT DISTINCT FROM %(token)s
"""

BURY = """
WITH gone AS (DELETE FROM jobs WHERE id = %(id)s AND token IS NOT DISTINCT FROM %(token)s RETURNING *)
INSERT INTO dead (job, queue, document, version, priority, attempts, error)
SELECT id, queue, document, version, priority, %(attempts)s, %(error)s FROM gone
"""

REQUEUE = """
WITH back AS (DELETE FROM dead WHERE %(document)s::bigint IS NULL OR document = %(document)s RETURNING *)
INSERT INTO jobs (queue, document, version, priority) SELECT queue, document, version, priority FROM back
"""


@dataclass(frozen=True)
class Job:
    """A row of the queue, as the worker that claimed it sees it; in the order of `COLUMNS`."""

    id: int
    document: int
    version: int
    priority: int
    attempts: int  # leased: this one included. locked: those before it
    token: int | None  # of the lease; None where the lock is the lease
    wanted_at: datetime


def claim(
    connection: Connection,
    limit: int = 64,
    *,
    lease: float | None = None,
    most: int = 5,
    queue: str = "default",
) -> list[Job]:
    """Take up to ``limit`` jobs that nobody else has: users' changes, else one that was tried, else any.

    Parameters
    ----------
    connection : psycopg.Connection
        For ``lease=None`` within a transaction, that ends when the work is done.
    limit : int
    lease : float, optional
        Seconds until the jobs may be claimed again; None: the lock is the lease.
    most : int
        A leased job that was tried so often goes to the dead letters.
    queue : str
        Only jobs of this queue.

    Raises
    ------
    ValueError
        If ``limit`` or ``lease`` is not positive.

    Examples
    --------
    >>> claim(None, 0)
    Traceback (most recent call last):
    ValueError: limit is 0: claim at least one job
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}: claim at least one job")
    if lease is not None and not lease > 0:
        raise ValueError(f"lease is {lease}: a lease lasts some seconds")
    statement = CLAIM_LOCKED if lease is None else CLAIM_LEASED
    for line, size in ((EDITS, limit), (TRIED, 1), (FRESH, limit)):
        jobs = _claimed(connection, statement.format(**line), size, lease, queue)
        while line is TRIED and lease and jobs and jobs[0].attempts > most:
            bury(connection, jobs[0], f"no worker came back from it, {most} times", attempts=most)
            jobs = _claimed(connection, statement.format(**line), size, lease, queue)
        if jobs:
            break
    return sorted(jobs, key=lambda job: (job.priority, job.id))  # UPDATE ... RETURNING keeps no order


def complete(connection: Connection, jobs: Sequence[Job], embedded: Sequence[int] = ()) -> list[int]:
    """Delete jobs that are done, and note an effect for each; within the transaction that wrote the vectors.

    Parameters
    ----------
    connection : psycopg.Connection
    jobs : sequence of Job
        Of one claim.
    embedded : sequence of int
        The documents among them whose text was embedded.

    Returns
    -------
    list of int
        The jobs that were still ours. Any other was claimed by somebody else when our lease had ended.
    """
    ids = {"ids": [job.id for job in jobs], "token": jobs[0].token, "embedded": list(embedded)}
    return [job for (job,) in connection.execute(COMPLETE, ids)]


def beat(connection: Connection, jobs: Sequence[Job], lease: float) -> int:
    """Extend the lease of jobs by ``lease`` seconds from now; return how many are still ours."""
    ids = {"ids": [job.id for job in jobs], "token": jobs[0].token, "lease": lease}
    return connection.execute(BEAT, ids).rowcount


def backoff(attempts: int, *, first: float = 0.2, longest: float = 60.0) -> float:
    """Return the seconds to wait after so many failed attempts: doubled each time.

    Examples
    --------
    >>> [backoff(attempts) for attempts in (1, 2, 3, 20)]
    [0.2, 0.4, 0.8, 60.0]
    """
    return min(longest, first * 2.0 ** (attempts - 1))


def fail(connection: Connection, job: Job, error: str, *, most: int = 5) -> bool:
    """Give a job back, to be tried later; after ``most`` attempts, bury it. Return whether it was buried."""
    attempts = job.attempts + (job.token is None)
    if attempts >= most:
        bury(connection, job, error, attempts=attempts)
        return True
    values = {"id": job.id, "token": job.token, "attempts": attempts, "error": error}
    connection.execute(RETRY, values | {"wait": backoff(attempts)})
    return False


def bury(connection: Connection, job: Job, error: str, *, attempts: int) -> None:
    """Move a job to the dead letters, with the reason."""
    values = {"id": job.id, "token": job.token, "attempts": attempts, "error": error}
    connection.execute(BURY, values)


def requeue(connection: Connection, document: int | None = None) -> int:
    """Put dead letters back into the queue, all or those of one document; return how many."""
    return connection.execute(REQUEUE, {"document": document}).rowcount


def _claimed(
    connection: Connection, statement: str, limit: int, lease: float | None, queue: str
) -> list[Job]:
    values = {"limit": limit, "lease": lease, "queue": queue}
    return [Job(*row) for row in connection.execute(statement, values)]
