"""Effects that are counted on their own side, and moments at which a worker dies: what the kill test needs.

A job that is done leaves three lines: in a file, in a table by a transaction of its own, and in that table by
the transaction that deletes the job. All three *add*: done twice, they are there twice. (Vectors cannot tell:
the second worker finds the hash of the text, and writes nothing.) The second is the control: the same
statement, one line higher. What was refused is noted as well: lost leases, late writes, looks overtaken.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embedlab.machine import needs

if TYPE_CHECKING:
    from psycopg import Connection

NOTED = "CREATE TABLE noted (way text NOT NULL, job bigint NOT NULL)"  # no key: it shows what comes twice
NOTE = "INSERT INTO noted SELECT %s, unnest(%s::bigint[])"
# Asked after the write: whoever finds a newer version in the row was refused.
LATE = """
INSERT INTO noted SELECT 'late', came.document
FROM unnest(%(documents)s::bigint[], %(versions)s::bigint[]) AS came (document, version)
JOIN vectors ON vectors.document = came.document AND vectors.model = %(model)s
WHERE vectors.version > came.version
"""

# In the order in which a worker passes them.
POINTS = (
    "before the encoder",
    "after the encoder",
    "after the file",
    "after its own commit",
    "before the commit",
    "after the commit",
)


def note_apart(connection: Connection, folder: str, jobs: Sequence[int], dies: str = "") -> None:
    """Leave a line for each job in a file, then in the table, committed at once: as a bill would be.

    Parameters
    ----------
    connection : psycopg.Connection
        Of the worker; the table is written on another one.
    folder : str
        Where the file ``outside`` lies.
    jobs : sequence of int
    dies : str
        One of `POINTS`; see `die`.
    """
    die(folder, dies, "after the encoder")
    with open(Path(folder) / "outside", "a", encoding="ascii") as file:  # one short write: lines do not mix
        batch = f"{os.getpid()} {time.time_ns()}"
        file.write("".join(f"{job} {batch}\n" for job in jobs))
    die(folder, dies, "after the file")
    info = connection.info
    with needs("psycopg").connect(info.dsn, password=info.password, autocommit=True) as own:
        own.execute(NOTE, ("apart", list(jobs)))
    die(folder, dies, "after its own commit")


def note_within(connection: Connection, folder: str, jobs: Sequence[int], dies: str = "") -> None:
    """Leave a line for each job in the table, within the transaction that deletes the jobs."""
    connection.execute(NOTE, ("within", list(jobs)))
    die(folder, dies, "before the commit")


def note_refused(connection: Connection, way: str, jobs: Sequence[int]) -> None:
    """Note jobs that were "lost" (their lease is somebody else's) or "overtaken" (their text was)."""
    if jobs:
        connection.execute(NOTE, (way, list(jobs)))


def note_late(connection: Connection, model: str, came: Sequence[tuple[int, int]]) -> None:
    """Note the documents, of (document, version) just written, whose row holds a newer version.

    For writes with a text only: a tombstone that comes late meets another tombstone, and harms nothing.
    """
    documents, versions = [document for document, _ in came], [version for _, version in came]
    connection.execute(LATE, {"documents": documents, "versions": versions, "model": model})


def doubled_by(lines: Sequence[str], killed: Collection[int]) -> dict[str, int]:
    """Count the lines of the file that came again, by what became of the worker that wrote the first.

    Parameters
    ----------
    lines : sequence of str
        "job process batch", as `note_apart` writes them.
    killed : collection of int
        The processes that were killed. One that was, right after this batch, counts as ``killed``; one that
        went on to another batch counts as ``alive``: it lost its database, not its life.

    Examples
    --------
    >>> doubled_by(["7 41 a", "8 42 b", "9 42 c", "7 42 d", "8 43 e"], killed=[41, 42])
    {'killed': 1, 'alive': 1}
    """
    rows = [line.split() for line in lines]
    ends = {process: batch for _, process, batch in rows}  # of each process, its last batch
    counts, before = {"killed": 0, "alive": 0}, {}
    for job, process, batch in rows:
        if job in before:
            first, its_batch = before[job]
            counts["killed" if int(first) in killed and ends[first] == its_batch else "alive"] += 1
        before[job] = process, batch
    return counts


def die(folder: str | None, wanted: str, here: str) -> None:
    """End this process with SIGKILL if ``here`` is where it shall die, and the file ``die`` asks for it.

    The file is removed first, so that one worker dies of it and not two.

    Examples
    --------
    >>> die(None, "", "before the encoder")
    """
    if folder is None or wanted != here:
        return
    try:
        os.unlink(Path(folder) / "die")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
