"""What an exercise is, and a mistake that is known in it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def lazily(reference: str) -> Callable:
    """Return the function "module:function", imported when it is first called: listing exercises stays quick.

    Examples
    --------
    >>> lazily("math:sqrt")(4.0)
    2.0
    """

    def called(*arguments, **options):
        module, _, name = reference.partition(":")
        return getattr(importlib.import_module(module), name)(*arguments, **options)

    return called


@dataclass(frozen=True)
class Mistake:
    """A known mistake: its name, a hint that helps to see it, and an implementation that makes it."""

    name: str
    hint: str
    wrong: Callable


@dataclass(frozen=True)
class Exercise:
    """A function to write; ``reference`` is the package's own as "module:function"."""

    name: str
    chapter: str
    task: str  # one sentence: what goes in, what comes out
    reference: str
    cases: Callable[[np.random.Generator], list[tuple]]
    hints: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    follow_up: str
    close: Callable[[Any, Any], bool] | None = None  # (expected, got); None: `trial.difference` decides

    def load(self) -> Callable:
        """Import the reference."""
        module, _, name = self.reference.partition(":")
        return getattr(importlib.import_module(module), name)
