"""Searches side by side, additions alone: compiled code must not read links while they are written."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ReadWriteLock:
    """Any number of threads may read at the same time; one that writes is alone.

    Who waits to write goes before new readers, else a stream of searches would keep it out for ever. When it
    has written, the readers that waited go before the next to write, else a long addition, which writes piece
    by piece, would keep all searches out until it is through.

    Examples
    --------
    >>> lock = ReadWriteLock()
    >>> with lock.reading(), lock.reading():
    ...     print("two at once")
    two at once
    """

    def __init__(self):
        self._changed = threading.Condition()
        self._readers, self._writing = 0, False
        self._waiting = {"read": 0, "write": 0}
        self._readers_turn = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the lock together with others that read."""
        self._wait("read", lambda: not self._writing and (self._readers_turn or not self._waiting["write"]))
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._readers_turn = False
                self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock alone."""
        self._wait(
            "write",
            lambda: (
                not self._writing and not self._readers and not (self._readers_turn and self._waiting["read"])
            ),
        )
        try:
            yield
        finally:
            with self._changed:
                self._writing, self._readers_turn = False, True
                self._changed.notify_all()

    def _wait(self, what, may_go):
        with self._changed:
            self._waiting[what] += 1
            try:
                self._changed.wait_for(may_go)
                if what == "read":
                    self._readers += 1
                else:
                    self._writing = True
            finally:  # also where Ctrl-C ends the waiting
                self._waiting[what] -= 1
                self._changed.notify_all()
