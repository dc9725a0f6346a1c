"""What to answer with while the remote model is away: a ladder, each step worse and surer than the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Step(Generic[T]):
    """A way to answer.

    Attributes
    ----------
    name : str
        It goes into the answer and the metrics: a fallback that nobody sees stays for weeks.
    run : callable
        ``run(seconds)`` with the seconds that it may take.
    reserve : float
        Seconds that are kept back for the steps below it.
    """

    name: str
    run: Callable[[float], T]
    reserve: float = 0.0


@dataclass(frozen=True)
class StepAnswer(Generic[T]):
    """An answer, the step that gave it, and why those above it did not."""

    answer: T
    step: str
    failed: tuple[tuple[str, str], ...] = ()

    @property
    def degraded(self) -> bool:
        """Whether it is not from the first step."""
        return bool(self.failed)


class NothingAnsweredError(Exception):
    """Every step failed; the message names each with its reason."""


def first_answer(
    steps: Sequence[Step[T]], deadline: float, *, clock: Callable[[], float] = time.monotonic
) -> StepAnswer[T]:
    """Go down the ladder until a step answers.

    Parameters
    ----------
    steps : sequence of Step
        Best first.
    deadline : float
        Seconds for all of them. A step for which no time is left is left out, so that the last one, which
        reserves nothing, is always tried while there is any.

    Raises
    ------
    NothingAnsweredError

    Examples
    --------
    >>> def remote(seconds):
    ...     raise TimeoutError("no answer in time")
    >>> steps = [Step("remote", remote, reserve=0.1), Step("bm25", lambda seconds: ["a", "b"])]
    >>> first_answer(steps, deadline=1.0)
    StepAnswer(answer=['a', 'b'], step='bm25', failed=(('remote', 'TimeoutError: no answer in time'),))
    """
    until, failed = clock() + deadline, []
    for step in steps:
        left = until - clock() - step.reserve
        if left <= 0:
            failed.append((step.name, "no time left"))
            continue
        try:
            return StepAnswer(step.run(left), step.name, tuple(failed))
        except Exception as error:
            failed.append((step.name, f"{type(error).__name__}: {error}"))
    raise NothingAnsweredError("; ".join(f"{name}: {why}" for name, why in failed) or "there is no step")
