"""Users who change documents all the while, in the background of a measurement."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from embedlab.machine import needs
from embedlab.pipelines.schema import connect

if TYPE_CHECKING:
    from psycopg import Connection


class Writer:
    """A user who edits, inserts and deletes documents all the while, and remembers what was acknowledged.

    A share ``again`` of the changes goes to one of the ten documents that were changed last.
    """

    def __init__(self, url: str, ids: list[int], seed: int, *, pause: float = 0.02, again: float = 0.5):
        self.url, self.pause, self.random = url, pause, random.Random(seed)
        self.ids, self.next = list(ids), max(ids) + 1_000  # an id is never used again
        self.again, self.lately = again, deque(maxlen=10)
        self.acknowledged: dict[int, str | None] = {}
        self.undone: dict[int, str] = {}  # what a text was before its last edit
        self.counts: Counter[str] = Counter()
        self.rests = False  # whether to make no change for a while

    def write(self, connection: Connection) -> None:
        """Make one change. One that was not acknowledged may have happened, or not: it is not counted."""
        kind = self.random.choices(["edit", "insert", "delete"], [6, 2, 2])[0]
        again = self.lately and self.random.random() < self.again
        document = self.random.choice(self.lately if again else self.ids)
        text = f"version {self.random.random()} of a text"
        if kind == "insert":
            document, self.next = self.next, self.next + 1
            connection.execute("INSERT INTO documents (id, text) VALUES (%s, %s)", (document, text))
            self.ids.append(document)
        elif kind == "edit":
            before = self.acknowledged.pop(document, None)  # until we know
            if document in self.undone and self.random.random() < 0.3:
                text = self.undone.pop(document)  # an edit is taken back
            elif before is not None:
                self.undone[document] = before
            connection.execute("UPDATE documents SET text = %s WHERE id = %s", (text, document))
        else:
            self.ids.remove(document)
            self.lately = deque((other for other in self.lately if other != document), maxlen=10)
            self.acknowledged.pop(document, None)
            connection.execute("DELETE FROM documents WHERE id = %s", (document,))
        self.acknowledged[document] = None if kind == "delete" else text
        if kind != "delete" and document not in self.lately:
            self.lately.append(document)
        self.counts[kind] += 1

    def run(self, stopped: Callable[[], bool]) -> None:
        """Write until stopped; connect again where the database died."""
        psycopg = needs("psycopg")
        while not stopped():
            try:
                with connect(self.url) as connection:
                    while not stopped():
                        if not self.rests:
                            self.write(connection)
                        time.sleep(self.pause)
            except psycopg.OperationalError:
                time.sleep(0.05)


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
