"""Exercises: a learner writes a function of the package anew, and `check` compares the two.

To add the exercises of a chapter, write ``embedlab/study/exercises/TOPIC.py`` with a tuple ``EXERCISES``; it
is found by its name. ``pooling.py`` is an example. For each exercise:

- ``cases(rng)`` lists tuples of arguments: the edges that matter, then generated ones. Make many of them
  small and of small whole numbers, since the smallest that fails is shown to the learner.
- a ``Mistake`` is a small wrong implementation. Its hint is given to a learner who gets the same wrong
  results: at least half of those that the mistake makes, and a larger share than for other mistakes.
- ``hints`` lead on step by step; ``follow_up`` is what an interviewer would ask next.
- in ``tests/study/exercises/alternatives``, write it another correct way, under the same name.

The modules load neither torch nor transformers: references are imported when they are needed, and cases that
need torch import it inside the function.
"""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

import embedlab.study.exercises
from embedlab.study.exercises.diagnosis import Result, diagnose, inputs
from embedlab.study.exercises.exercise import Exercise
from embedlab.study.exercises.trial import brief, innermost, within

MECHANISM = {"checker", "diagnosis", "exercise", "trial"}  # all other files of this room hold exercises


@cache
def exercises() -> dict[str, Exercise]:
    """Return all exercises by name, gathered from the modules ``embedlab.study.exercises``."""
    found: dict[str, Exercise] = {}
    for module in pkgutil.iter_modules(embedlab.study.exercises.__path__, "embedlab.study.exercises."):
        file = module.name.rpartition(".")[2]
        if file not in MECHANISM:
            for exercise in importlib.import_module(module.name).EXERCISES:
                if exercise.name in found:
                    raise ValueError(f"two exercises are called {exercise.name!r}, one is in {module.name}")
                found[exercise.name] = exercise
    return found


def check(my_function: Any = None, *, seconds: float = 10.0) -> Result:
    """Compare a learner's function with the package's function of the same name. It never raises.

    Parameters
    ----------
    my_function : function
        Named as the exercise, or held by a variable of that name.
    seconds : float
        Time limit for all cases together.

    Returns
    -------
    Result
        ``state`` is "not attempted", "wrong" (with the smallest counter-example, and a hint if the mistake is
        a known one), "right" (with a follow-up thought) or "unknown" (no such exercise).

    Examples
    --------
    >>> def l2_normalize(vectors):
    ...     return vectors / (vectors**2).sum(axis=1, keepdims=True)
    >>> check(l2_normalize).state
    'wrong'
    """
    current: list[tuple] = []  # the case that is being run
    try:
        name = _name(my_function)
        if name not in exercises():
            return _unknown(my_function, name)
        exercise = exercises()[name]
        if inspect.isclass(my_function) or not callable(my_function):
            kind = "a class" if inspect.isclass(my_function) else brief(my_function, 60)
            return Result("wrong", name, f"Pass the function itself: check({name}), not {kind}.")
        reference = exercise.load()  # before the clock starts: it may import torch
        return within(seconds, lambda screen: diagnose(exercise, reference, my_function, screen, current))
    except TimeoutError as error:
        rows = inputs(reference, current[-1]) if current else ()
        return Result("wrong", name, f"{error}. Does a loop never end?", rows)
    except Exception as error:
        return Result("wrong", "check", f"It could not be checked: {brief(error)}")


def mine(my_function: Callable) -> Callable:
    """Return a learner's function if `check` finds it right, else the package's function of that name.

    So what is built further on runs with an empty stub, too, and with the learner's part as soon as it is
    right.

    Raises
    ------
    ValueError
        If no exercise is called so.

    Examples
    --------
    >>> def l2_normalize(vectors): ...
    >>> mine(l2_normalize).__module__
    'embedlab.pooling'
    """
    name = _name(my_function)
    if name not in exercises():
        raise ValueError(_unknown(my_function, name).message)
    return my_function if check(my_function).state == "right" else exercises()[name].load()


def hint(my_function: Any = None) -> Result:
    """Give the next hint for an exercise, named by the function or by a string."""
    name = _name(my_function)
    if name not in exercises():
        return _unknown(my_function, name)
    hints = exercises()[name].hints
    step = _hints_given[name] = min(_hints_given.get(name, 0) + 1, len(hints))
    last = "" if step < len(hints) else f' That is the last one: solution("{name}") shows the answer.'
    return Result("hint", name, f"{step} of {len(hints)}: {hints[step - 1]}{last}")


_hints_given: dict[str, int] = {}


def solution(my_function: Any = None) -> Result | None:
    """Show the package's own source of an exercise, named by the function or by a string."""
    name = _name(my_function)
    if name not in exercises():
        return _unknown(my_function, name)
    from embedlab.course import show

    return show(exercises()[name].load())


def _name(thing: Any) -> str:
    """Return the string, the function's name, or else the name of the learner's variable that holds it."""
    if isinstance(thing, str):
        return thing
    name = getattr(innermost(thing), "__name__", "")
    if isinstance(name, str) and name in exercises():
        return name
    frame = inspect.currentframe().f_back.f_back  # of whoever called check: a lambda has no other name
    variables = {**frame.f_globals, **frame.f_locals}
    held = (n for n in exercises() if n in variables and variables[n] is thing)
    return next(held, name if isinstance(name, str) else "")


def _unknown(thing: Any, name: str) -> Result:
    known = list(exercises())
    if not callable(thing) and not isinstance(thing, str):
        return Result(
            "unknown", "check", f"Pass a function, as in check({known[0]}), not {brief(thing, 60)}."
        )
    near = difflib.get_close_matches(name, known, n=3)
    advice = f"Do you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
    return Result("unknown", name or brief(thing, 60), f"No exercise is called so. {advice}")
