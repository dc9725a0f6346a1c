"""A circuit breaker: after too many failures nobody calls any more, and now and then one call tries.

Source: Nygard, "Release It!", 2007, chapter 5. A retry asks whether *this call* may still succeed; a breaker
asks whether *any* call is worth its time: it fails at once what would fail after a timeout, and gives a
service that is down the quiet to come back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Breaker:
    """The state of a breaker; `allow` and `record` return the next one.

    Attributes
    ----------
    threshold : int
        So many failures in a row open it.
    pause : float
        Seconds that it stays open.
    state : {"closed", "open", "half-open"}
        All calls pass; none does; one does, whose end decides.
    failures : int
        In a row.
    since : float
        When it opened, or let its probe pass.
    """

    threshold: int = 5
    pause: float = 10.0
    state: Literal["closed", "open", "half-open"] = "closed"
    failures: int = 0
    since: float = 0.0

    def __post_init__(self):
        if self.threshold < 1 or not self.pause > 0:
            raise ValueError(
                f"need a threshold of 1 or more and a positive pause, but got {self.threshold}, {self.pause}"
            )


def allow(breaker: Breaker, now: float) -> tuple[Breaker, bool]:
    """Say whether a call may pass at a time (seconds): the next state, and yes or no.

    A probe that never reports back (its thread died) counts as lost after another pause.

    Examples
    --------
    >>> opened = Breaker(pause=10, state="open", since=100.0)
    >>> allow(opened, 105.0)[1]
    False
    >>> probing, passed = allow(opened, 110.0)
    >>> probing.state, passed, allow(probing, 111.0)[1]  # one probe, not a crowd
    ('half-open', True, False)
    """
    if breaker.state == "closed":
        return breaker, True
    if now - breaker.since >= breaker.pause:
        return replace(breaker, state="half-open", since=now), True
    return breaker, False


def record(breaker: Breaker, ok: bool, now: float) -> Breaker:
    """Take note of how a call ended: the next state.

    Examples
    --------
    >>> breaker = Breaker(threshold=2)
    >>> for ok in (False, True, False, False):
    ...     breaker = record(breaker, ok, now=3.0)
    >>> breaker.state, breaker.since
    ('open', 3.0)
    >>> record(replace(breaker, state="half-open"), True, now=14.0).state
    'closed'
    """
    if breaker.state == "open":  # a call that had passed before: too late to say anything
        return breaker
    if ok:
        return replace(breaker, state="closed", failures=0)
    failures = breaker.failures + 1
    if breaker.state == "half-open" or failures >= breaker.threshold:
        return replace(breaker, state="open", failures=failures, since=now)
    return replace(breaker, failures=failures)


class BreakerOpenError(Exception):
    """The call was not made, as the breaker is open."""


class Guarded:
    """A function behind a breaker; safe with threads.

    Which errors count is the caller's choice: a 400 says nothing about the service's health.

    Examples
    --------
    >>> guarded = Guarded(Breaker(threshold=1), clock=lambda: 0.0)
    >>> def failing():
    ...     raise TimeoutError
    >>> for _ in range(2):
    ...     try:
    ...         guarded.call(failing)
    ...     except (TimeoutError, BreakerOpenError) as error:
    ...         print(type(error).__name__)
    TimeoutError
    BreakerOpenError
    """

    def __init__(
        self,
        breaker: Breaker | None = None,
        *,
        counts: Callable[[Exception], bool] = lambda error: True,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.breaker, self.counts, self.clock = breaker or Breaker(), counts, clock
        self._lock = threading.Lock()

    def call(self, function: Callable[[], T]) -> T:
        """Return what the function returns.

        Raises
        ------
        BreakerOpenError
            If no call may pass now.
        """
        with self._lock:
            self.breaker, allowed = allow(self.breaker, self.clock())
            entered = self.breaker.since
        if not allowed:
            raise BreakerOpenError(f"open since {self.clock() - self.breaker.since:.1f} s")
        ok = False
        try:
            answer = function()
            ok = True
            return answer
        except Exception as error:
            ok = not self.counts(error)
            raise
        finally:
            with self._lock:
                if self.breaker.since == entered:  # else it began before the breaker opened: old news
                    self.breaker = record(self.breaker, ok, self.clock())
