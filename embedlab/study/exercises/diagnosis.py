"""What a learner's function gets wrong: the smallest case that shows it, and a hint."""

import dis
import html
import inspect
import io
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake
from embedlab.study.exercises.trial import DTYPE, Outcome, brief, call, difference, does_nothing, innermost

CHANGED = "the result is right, but an input is changed"


@dataclass(frozen=True)
class Result:
    """What `check` and `hint` answer: a word, a sentence, rows of detail, the name of a known mistake."""

    state: str  # "right", "wrong", "not attempted", "unknown" or "hint"
    name: str
    message: str
    rows: tuple[tuple[str, str], ...] = ()
    mistake: str = ""

    @property
    def _title(self) -> str:
        mark = {"right": "✓", "wrong": "✗"}.get(self.state, "○")
        return f"{mark} {self.name}: {self.state}."

    def __repr__(self) -> str:
        width = max((len(label) for label, _ in self.rows), default=0)
        rows = "".join(f"\n    {label.ljust(width)}  {text}" for label, text in self.rows)
        return f"{self._title} {self.message}{rows}"

    def _repr_html_(self) -> str:
        # The colours (Okabe & Ito) only repeat what the words say; text keeps the colour of the page.
        colour = {"right": "#009E73", "wrong": "#D55E00"}.get(self.state, "#0072B2")
        cell = "text-align: left; vertical-align: top; padding: 0.1em 0.8em 0.1em 0"
        rows = "".join(
            f'<tr><th scope="row" style="{cell}">{html.escape(label)}</th>'
            f'<td style="{cell}; white-space: pre-wrap">{html.escape(text)}</td></tr>'
            for label, text in self.rows
        )
        return (
            f'<div role="status" style="border-left: 5px solid {colour}; padding: 0.3em 0.9em">'
            f"<strong>{html.escape(self._title)}</strong> "
            + html.escape(self.message).replace("\n", "<br>")
            + (f'<table style="margin: 0.4em 0 0">{rows}</table>' if rows else "")
            + "</div>"
        )


def diagnose(
    exercise: Exercise, reference: Callable, function: Callable, screen: io.StringIO, current: list
) -> Result:
    """Run all cases, smallest first, and describe the first failure of the worst kind.

    Whatever the function prints goes to ``screen``; ``current`` is kept at the case that is being run.
    """
    todo = Result("not attempted", exercise.name, exercise.task)
    if does_nothing(function):
        return todo
    cases = sorted(exercise.cases(np.random.default_rng(0)), key=_size)
    if complaint := _signature_complaint(function, reference, cases[0]):
        return Result("wrong", exercise.name, complaint)
    wanted = [call(reference, case) for case in cases]
    got = []
    for case in cases:
        current[:] = [case]
        got.append(call(function, case, screen))
    if all(one.value is Ellipsis or isinstance(one.error, NotImplementedError) for one in got):
        return todo
    verdicts = [_judge(exercise, a, b) for a, b in zip(wanted, got, strict=True)]
    failed = [i for i, (rank, _) in enumerate(verdicts) if rank]
    if not failed:
        return Result(
            "right", exercise.name, f"All {len(cases)} cases agree.", (("think", exercise.follow_up),)
        )

    mistake, shown = _known_mistake(exercise, cases, wanted, got)
    if mistake is None:
        shown = min(failed, key=lambda i: (verdicts[i][0], i))
    outcome, message = got[shown], verdicts[shown][1]
    rows = [*inputs(reference, cases[shown]), ("expected", _told(wanted[shown])), ("got", _told(outcome))]
    if verdicts[shown][0] == 3:
        rows.append(("changed", ", ".join(_parameters(reference)[i] for i in outcome.changed)))
    if outcome.where:
        rows.append(("where", outcome.where))
    if outcome.printed:
        rows.append(("printed", " | ".join(outcome.printed.split("\n"))[:200].rstrip(" |")))
    if advice := mistake.hint if mistake else _advice(wanted[shown], outcome, message, function):
        rows.append(("hint", advice))
    message = f"{len(failed)} of {len(cases)} cases fail, such as this: {message}."
    return Result("wrong", exercise.name, message, tuple(rows), mistake.name if mistake else "")


def _known_mistake(
    exercise: Exercise, cases: list[tuple], wanted: list[Outcome], got: list[Outcome]
) -> tuple[Mistake | None, int]:
    """Return the mistake that explains most, and the smallest case that shows it; None, 0 if none fits."""
    found, shown, best = None, 0, (0.5, 0)
    for mistake in exercise.mistakes:
        made = [call(mistake.wrong, case) for case in cases]
        telling = [i for i in range(len(cases)) if _judge(exercise, wanted[i], made[i])[0] == 1]
        same = [
            i
            for i in telling
            if _judge(exercise, wanted[i], got[i])[0] == 1 and _judge(exercise, made[i], got[i])[0] != 1
        ]
        share = len(same) / max(len(telling), 1)  # less than 1 where two mistakes are made at once
        if (share, len(same)) > best:
            found, shown, best = mistake, same[0], (share, len(same))
    return found, shown


def _judge(exercise: Exercise, wanted: Outcome, got: Outcome) -> tuple[int, str]:
    """Return (0, "") if right; else its rank and what is wrong: 1 the result, 2 its dtype, 3 an input."""
    if wanted.error or got.error:
        same = type(wanted.error) is type(got.error)
        return (0, "") if same else (1, "it raises an error" if got.error else "it should raise an error")
    try:
        if exercise.close is not None:
            text = "" if exercise.close(wanted.value, got.value) else "the result differs"
        else:
            text = difference(wanted.value, got.value)
    except Exception as error:
        text = f"the result cannot be compared ({type(error).__name__}: {error})"
    if text:
        return (2 if text.startswith(DTYPE) else 1), text
    return (3, CHANGED) if set(got.changed) - set(wanted.changed) else (0, "")


def _advice(wanted: Outcome, got: Outcome, message: str, function: Callable) -> str:
    """Hint at what goes wrong in any exercise."""
    if isinstance(got.error, RecursionError):
        return "The function calls itself without end."
    if (got.error or got.value is None) and (stubs := _stubs_used(function)):
        return f"A function that you call is still an empty stub: {', '.join(stubs)}. Call the package's."
    if got.value is None and not got.error and wanted.value is not None:
        return "The function returns nothing: is a return missing?"
    if DTYPE in message:
        return "float32 with int64 gives float64: convert one of them before, or the result in the end."
    if message == CHANGED:
        return "+= and x[i] = ... write into the data of the caller: make a new array, or copy first."
    if "nan instead of" in message:
        return "NaN comes from 0 / 0 or inf - inf: where can that happen?"
    return ""


def _stubs_used(function: Callable) -> list[str]:
    """Name the learner's empty stubs that the function uses, in its own body or in a comprehension."""
    inner = innermost(function)
    todo, names = [getattr(inner, "__code__", None)], set()
    while todo:
        if isinstance(code := todo.pop(), CodeType):
            names |= {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
            todo += code.co_consts
    held = getattr(inner, "__globals__", {})
    return sorted(name for name in names if does_nothing(held.get(name)))


def _signature_complaint(function: Callable, reference: Callable, case: tuple) -> str:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""  # built-in functions have none
    try:
        signature.bind(*case)
    except TypeError as error:
        names = ", ".join(_parameters(reference)[: len(case)])
        return f"It is called with ({names}), but takes {signature}: {error}."
    return ""


def _parameters(reference: Callable) -> list[str]:
    return list(inspect.signature(reference).parameters)


def inputs(reference: Callable, case: tuple) -> tuple[tuple[str, str], ...]:
    """Return a row for each argument: its name, and its value in short."""
    return tuple(zip(_parameters(reference), map(brief, case), strict=False))


def _told(outcome: Outcome) -> str:
    return brief(outcome.value if outcome.error is None else outcome.error)


def _size(value: Any) -> int:
    if hasattr(value, "shape"):
        return int(np.prod(value.shape))
    if isinstance(value, dict):
        return 1 + _size(list(value.items()))
    if isinstance(value, list | tuple | set):
        return 1 + sum(_size(part) for part in value)
    return len(value) if isinstance(value, str | bytes) else 1
