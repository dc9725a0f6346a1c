"""Trying again: which errors, after how long, how often at most, and within which deadline.

Sources: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (full jitter); Beyer et
al., "Site Reliability Engineering", 2016, chapter 21, "Handling Overload" (retries at most 10 % of a client's
requests).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")
# Worth a second try: too early, too many requests, and what a broken or overloaded server says.
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class CallError(Exception):
    """A call that failed: an HTTP status, or none where no answer came in time.

    Examples
    --------
    >>> print(CallError(429, retry_after=2.0))
    status 429, retry after 2.0 s
    >>> print(CallError(None))
    no answer in time
    """

    def __init__(self, status: int | None, *, retry_after: float | None = None):
        said = "no answer in time" if status is None else f"status {status}"
        super().__init__(said + (f", retry after {retry_after} s" if retry_after is not None else ""))
        self.status, self.retry_after = status, retry_after


def is_retried(status: int | None) -> bool:
    """Tell whether a second try may do better; None stands for a timeout or a broken connection.

    A 400 or 401 says the same every time. A timeout may have been a success whose answer was lost: retried,
    as embedding a text twice does no harm (the same text gives the same vector, and writing it again under
    the same key changes nothing). Sending an e-mail twice would.

    Examples
    --------
    >>> is_retried(503), is_retried(None), is_retried(400), is_retried(401)
    (True, True, False, False)
    """
    return status is None or status in RETRIED


def full_jitter(attempt: int, draw: random.Random, *, base: float = 0.1, cap: float = 10.0) -> float:
    """Return the seconds to wait after a failed attempt (the first is 0): uniform below an exponential.

    Clients that failed at the same moment would otherwise come back at the same moment.

    Examples
    --------
    >>> draw = random.Random(0)
    >>> [round(full_jitter(attempt, draw), 3) for attempt in range(4)]
    [0.084, 0.152, 0.168, 0.207]
    """
    if attempt < 0:
        raise ValueError(f"attempts count from 0, but attempt is {attempt}")
    return draw.uniform(0, min(cap, base * 2 ** min(attempt, 60)))  # beyond 2**60 it is the cap in any case


@dataclass(frozen=True)
class Budget:
    """Retries that may be made: each request earns a share of one, each retry costs one.

    Attributes
    ----------
    share : float
        0.1: over time, retries are at most a tenth of the requests.
    most : float
        So much may be saved up, for a short burst of failures.
    saved : float
    """

    share: float = 0.1
    most: float = 10.0
    saved: float = 10.0

    def __post_init__(self):
        if not 0 <= self.saved <= self.most:
            raise ValueError(f"saved must be from 0 to {self.most}, but is {self.saved}")

    def earned(self) -> Budget:
        """Return the budget after one more request."""
        return replace(self, saved=min(self.most, self.saved + self.share))

    def spent(self) -> tuple[Budget, bool]:
        """Return the budget after a retry, and whether there was enough for it.

        Examples
        --------
        >>> budget, allowed = Budget(saved=1.0).spent()
        >>> allowed, budget.spent()[1]
        (True, False)
        """
        if self.saved < 1 - 1e-9:  # ten times a tenth is one
            return self, False
        return replace(self, saved=max(0.0, self.saved - 1)), True


@dataclass(frozen=True)
class Policy:
    """When a client tries again; times in seconds."""

    attempts: int = 4  # with the first
    base: float = 0.1
    cap: float = 10.0
    timeout: float = 1.0  # of one attempt


def wait_before_retry(
    error: CallError, attempt: int, left: float, policy: Policy, draw: random.Random
) -> float | None:
    """Return the seconds to wait before the next attempt, or None: give up.

    Parameters
    ----------
    error : CallError
    attempt : int
        That failed, from 0.
    left : float
        Seconds until the caller's deadline. A wait that reaches beyond it is of no use to anybody.
    policy : Policy
    draw : random.Random

    Examples
    --------
    >>> draw, policy = random.Random(0), Policy()
    >>> wait_before_retry(CallError(429, retry_after=2.0), 0, 10.0, policy, draw) >= 2
    True
    >>> print(wait_before_retry(CallError(429, retry_after=2.0), 0, 1.0, policy, draw))
    None
    >>> print(wait_before_retry(CallError(400), 0, 10.0, policy, draw))
    None
    """
    if attempt + 1 >= policy.attempts or not is_retried(error.status):
        return None
    wait = full_jitter(attempt, draw, base=policy.base, cap=policy.cap)
    if error.retry_after is not None:  # all who were refused got the same number: jitter comes on top
        wait += error.retry_after
    return wait if wait < left else None


class Retrying:
    """Calls a function again as a policy says; budget, clock, sleep and draws are given, so it can be tested.

    Parameters
    ----------
    policy : Policy
    budget : Budget, optional
        Shared by all calls; None is without limit.
    seed : int
    clock, sleep : callable

    Examples
    --------
    >>> answers = iter([CallError(503), CallError(None), "vector"])
    >>> def call(timeout):
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> waited = []
    >>> Retrying(Policy(), sleep=waited.append).call(call, deadline=5.0)
    'vector'
    >>> len(waited)
    2
    """

    def __init__(
        self,
        policy: Policy | None = None,
        budget: Budget | None = None,
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.policy, self.budget = policy or Policy(), budget
        self.clock, self.sleep, self._draw = clock, sleep, random.Random(seed)

    def call(self, function: Callable[[float], T], *, deadline: float) -> T:
        """Return what ``function(timeout)`` returns, which fails with a CallError.

        Parameters
        ----------
        function : callable
            Gets the seconds that it may take: never more than are left until the deadline.
        deadline : float
            Seconds from now, for all attempts and waits together.

        Raises
        ------
        CallError
            The last one.
        """
        until, attempt = self.clock() + deadline, 0
        self.budget = self.budget and self.budget.earned()
        while True:
            try:
                left = until - self.clock()
                if left <= 0:  # slept too long: nobody waits for the answer any more
                    raise CallError(None)
                return function(min(self.policy.timeout, left))
            except CallError as error:
                wait = wait_before_retry(error, attempt, until - self.clock(), self.policy, self._draw)
                if wait is None:
                    raise
                if self.budget is not None:
                    self.budget, allowed = self.budget.spent()
                    if not allowed:
                        raise
                self.sleep(wait)
                attempt += 1


def amplification(failures: float, attempts: int) -> float:
    """Return the calls a request makes on average, if each fails by itself with the same chance.

    Examples
    --------
    >>> round(amplification(0.3, 4), 3), amplification(1.0, 4)
    (1.417, 4.0)
    """
    if not 0 <= failures <= 1:
        raise ValueError(f"failures is a share from 0 to 1, but is {failures}")
    return float(sum(failures**attempt for attempt in range(attempts)))
