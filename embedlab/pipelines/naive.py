"""Three queues that look alike: two workers take the same job, two workers wait, two workers work."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass

from embedlab.pipelines.schema import connect

TICKETS = """
DROP TABLE IF EXISTS tickets;
CREATE TABLE tickets (id bigint PRIMARY KEY, taken boolean NOT NULL DEFAULT false);
INSERT INTO tickets SELECT generate_series(1, {count});
"""

# Each is run in one transaction, before the work; the work ends the transaction.
WAYS = {
    "no lock": "SELECT id FROM tickets WHERE NOT taken ORDER BY id LIMIT 1",
    "FOR UPDATE": "SELECT id FROM tickets WHERE NOT taken ORDER BY id LIMIT 1 FOR UPDATE",
    "SKIP LOCKED": "SELECT id FROM tickets WHERE NOT taken ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
}


@dataclass(frozen=True)
class Race:
    """What came of a race of workers for the same tickets."""

    way: str
    tickets: int
    done: int  # times that a ticket was worked on
    twice: int  # times too many
    seconds: float


def race(url: str, way: str, *, tickets: int = 200, workers: int = 2, work: float = 0.005) -> Race:
    """Let workers (threads, a connection each) work on tickets, claimed in one of three `WAYS`.

    Parameters
    ----------
    url : str
    way : str
        A name of `WAYS`.
    tickets, workers : int
    work : float
        Seconds that a ticket takes; the worker sleeps, so that cores play no part.

    Raises
    ------
    ValueError
        If there is no such way.

    Examples
    --------
    >>> race("", "optimism")
    Traceback (most recent call last):
    ValueError: there is no way 'optimism', but no lock, FOR UPDATE, SKIP LOCKED
    """
    if way not in WAYS:
        raise ValueError(f"there is no way {way!r}, but {', '.join(WAYS)}")
    done: list[int] = []
    start = threading.Barrier(workers + 1)

    def loop() -> None:
        with connect(url) as connection:
            start.wait()
            row = True
            while row:  # none: done, or (SKIP LOCKED) somebody else is at the last ones
                with connection.transaction():
                    row = connection.execute(WAYS[way]).fetchone()
                    if row:
                        time.sleep(work)
                        connection.execute("UPDATE tickets SET taken = true WHERE id = %s", row)
                        done.append(row[0])

    with connect(url) as connection:
        connection.execute(TICKETS.format(count=int(tickets)))
    threads = [threading.Thread(target=loop) for _ in range(workers)]
    for thread in threads:
        thread.start()
    start.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    twice = sum(times - 1 for times in Counter(done).values())
    return Race(way, tickets, len(done), twice, seconds)
