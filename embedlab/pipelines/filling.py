"""Back-fill: a job for every document that is already there, page by page, behind what users change.

A bookmark moves in the same transaction as the page's jobs, so whoever dies in between leaves neither. Pages
are found by key (id > bookmark): OFFSET would read all earlier rows again, and miss rows when others are
deleted. A document that is inserted while it runs may lie behind the bookmark; its trigger leaves its job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = """
WITH mark AS (SELECT after FROM bookmarks WHERE name = %(name)s FOR UPDATE),
page AS (SELECT id, version FROM documents WHERE id > (SELECT after FROM mark) ORDER BY id LIMIT %(limit)s),
put AS (INSERT INTO jobs (queue, document, version, priority)
        SELECT %(queue)s, id, version, %(priority)s FROM page)
UPDATE bookmarks SET after = coalesce((SELECT max(id) FROM page), after),
                     finished = (SELECT count(*) FROM page) < %(limit)s
WHERE name = %(name)s
RETURNING (SELECT count(*) FROM page), finished
"""

# attempts = 0: whom nobody has tried yet. A text that fails waits for its back-off, not for the back-fill.
STATE = """
SELECT count(*) FILTER (WHERE priority = 1 AND queue = %(queue)s),
       coalesce(extract(epoch FROM clock_timestamp() - min(wanted_at) FILTER (WHERE priority = 0)), 0)
FROM jobs WHERE attempts = 0
"""


@dataclass(frozen=True)
class Limits:
    """When a back-fill has to hold back.

    Parameters
    ----------
    live_age : float
        Seconds that the oldest change of a user may wait.
    query_ms : float
        Milliseconds that a query may take (its 95th percentile of late).
    waiting : int
        Jobs of the back-fill in the queue, and so in a page: more would only make the table larger.
    smallest, largest : int
        Documents to a page; 0: it may stop.
    """

    live_age: float = 1.0
    query_ms: float = 50.0
    waiting: int = 2_000
    smallest: int = 0
    largest: int = 1_000


def next_page(page: int, live_age: float, query_ms: float, limits: Limits) -> int:
    """Return the size of the next page: halved where users wait, else an eighth larger.

    TCP adds a constant instead of a share, which makes many senders fair to each other (Chiu & Jain 1989);
    here is one.

    Examples
    --------
    >>> limits = Limits()
    >>> next_page(400, live_age=0.1, query_ms=20, limits=limits)
    450
    >>> next_page(400, live_age=3.0, query_ms=20, limits=limits)
    200
    >>> next_page(1, live_age=3.0, query_ms=90, limits=limits)
    0
    >>> next_page(400, live_age=0.1, query_ms=20, limits=Limits(waiting=100))  # else it would never fit
    100
    """
    over = live_age > limits.live_age or query_ms > limits.query_ms
    wanted = page // 2 if over else page + max(1, page // 8)
    return min(limits.largest, limits.waiting, max(limits.smallest, wanted))


def put_page(
    connection: Connection, name: str, limit: int, *, priority: int = 1, queue: str = "default"
) -> tuple[int, bool]:
    """Leave a job for each of the next ``limit`` documents, and move the bookmark: one statement.

    Returns
    -------
    documents : int
    finished : bool
        Whether there are no more.
    """
    connection.execute("INSERT INTO bookmarks (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))
    values = {"name": name, "limit": limit, "priority": priority, "queue": queue}
    count, finished = connection.execute(PAGE, values).fetchone()
    connection.execute("NOTIFY jobs")
    return count, finished


def backfill(
    connection: Connection,
    name: str,
    *,
    limits: Limits | None = None,
    query_ms: Callable[[], float] = lambda: 0.0,
    priority: int = 1,
    queue: str = "default",
    stopped: Callable[[], bool] = lambda: False,
    looked: Callable[[int], object] = lambda page: None,
    pause: float = 0.05,
) -> list[int]:
    """Leave jobs for all documents after the bookmark ``name``, no faster than live work allows.

    Parameters
    ----------
    connection : psycopg.Connection
    name : str
        Of the bookmark: a run that was interrupted goes on where it was.
    limits : Limits, optional
        None: all at once, in pages of 1,000, whoever waits.
    query_ms : callable
        What queries take at the moment.
    priority : int
        0 puts the back-fill among what users change: to see what that costs.
    queue : str
        Into which the jobs go.
    stopped : callable
        Asked before each page.
    looked : callable
        Told the size of the next page after each look at the queue (with limits only).
    pause : float
        Seconds between two looks at the queue.

    Returns
    -------
    list of int
        The sizes of the pages.
    """
    pages, page, finished = [], limits.smallest if limits else 1_000, False
    while not finished and not stopped():
        if limits:
            time.sleep(pause)
            waiting, live_age = connection.execute(STATE, {"queue": queue}).fetchone()
            page = next_page(page, float(live_age), query_ms(), limits)
            looked(page)
            if page == 0 or waiting + page > limits.waiting:
                continue
        count, finished = put_page(connection, name, page, priority=priority, queue=queue)
        pages.append(count)
    return pages
