"""Run a function that may do anything at all, and say how what it did differs from what was wanted.

`within` runs work under a time limit, `call` turns one call into an `Outcome` whatever happens in it, and
`difference` compares values: arrays, tensors, numbers, strings; lists, tuples, sets and dicts of them.
"""

import contextlib
import copy
import ctypes
import dis
import inspect
import io
import linecache
import numbers
import re
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPE = "the values are right, the dtype is not: "


class Stop(SystemExit):
    """Thrown into a thread whose time is up; a SystemExit, since ``except Exception`` lets those through."""


@dataclass(frozen=True)
class Outcome:
    """What one call did: a value or an error (and where), what it printed, the arguments that it changed."""

    value: Any = None
    error: BaseException | None = None
    where: str = ""
    printed: str = ""
    changed: tuple[int, ...] = ()


def within(seconds: float, work: Callable[[io.StringIO], Any]) -> Any:
    r"""Return ``work(screen)``, where ``screen`` collects all that is printed meanwhile.

    A thread does it, since alarm signals exist neither on Windows nor outside of the main thread. Work
    that is inside one long call into C code, or that swallows `Stop`, cannot be ended and stays behind.

    Raises
    ------
    TimeoutError
        If it takes longer.

    Examples
    --------
    >>> within(1, lambda screen: print("hello") or screen.getvalue())
    'hello\n'
    """
    result, failure, screen = [], [], io.StringIO()

    def run():
        try:
            result.append(work(screen))
        except Stop:
            pass
        except BaseException as error:
            failure.append(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    thread = threading.Thread(target=run, daemon=True)
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        thread.start()
        try:
            thread.join(seconds)
        finally:  # also when the reader presses the stop button
            if thread.is_alive():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident), ctypes.py_object(Stop)
                )
                thread.join(1)
    if failure:
        raise failure[0]
    if not result:
        rest = "; it goes on until the kernel is restarted" if thread.is_alive() else ""
        raise TimeoutError(f"It took longer than {seconds:g} s{rest}")
    return result[0]


def call(function: Callable, arguments: tuple, screen: io.StringIO | None = None) -> Outcome:
    """Call the function with copies of the arguments; whatever happens becomes an outcome.

    Examples
    --------
    >>> call(lambda x: 1 / x, (0,)).error
    ZeroDivisionError('division by zero')
    >>> call(lambda x: x.pop(), ([1, 2],))
    Outcome(value=2, error=None, where='', printed='', changed=(0,))
    """
    given = copy.deepcopy(arguments)
    if screen is not None:
        screen.seek(screen.truncate(0))
    try:
        value, error, where = function(*given), None, ""
    except Stop:
        raise
    except BaseException as raised:  # exit() in a learner's function must not end the notebook
        value, error, where = None, raised, _where(raised, function)
    if inspect.iscoroutine(value):
        value.close()  # or Python complains about it, at some later time
    changed = tuple(i for i, (a, b) in enumerate(zip(arguments, given, strict=True)) if difference(a, b))
    return Outcome(value, error, where, screen.getvalue() if screen is not None else "", changed)


def innermost(function: Any) -> Any:
    """Return the function within decorators or a partial."""
    with contextlib.suppress(Exception):  # wrapped in a circle
        return inspect.unwrap(getattr(function, "func", function))
    return function


def does_nothing(function: Any) -> bool:
    """Tell whether the body is a stub: ``...``, ``pass``, ``return None`` or ``raise NotImplementedError``.

    The byte code tells, so that it works without the source, too.

    Examples
    --------
    >>> does_nothing(lambda x: ...), does_nothing(lambda x: x)
    (True, False)
    """
    code = getattr(innermost(function), "__code__", None)
    if not inspect.iscode(code):
        return False
    steps = {step.opname for step in dis.get_instructions(code)}
    if "RAISE_VARARGS" in steps:
        return code.co_names == ("NotImplementedError",) and steps <= IDLE | RAISING
    returned = {
        step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_CONST", "RETURN_CONST")
    }
    return steps <= IDLE and returned <= {None, Ellipsis}


# Instructions of a body that does nothing, or only raises, in Python 3.11 and later.
IDLE = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "COPY_FREE_VARS"}
RAISING = {"LOAD_GLOBAL", "LOAD_COMMON_CONSTANT", "PUSH_NULL", "PRECALL", "CALL", "RAISE_VARARGS"}


def difference(expected: Any, got: Any) -> str:
    """Say how ``got`` differs from ``expected`` in type, shape, values or dtype; "" if it does not.

    Floats may differ by 1e-4 of their size, or 1e-5; NaN equals NaN.

    Examples
    --------
    >>> difference([1, 2], [1, 3])
    'at position 1: 3 instead of 2'
    >>> difference(np.zeros((2, 3)), np.zeros(3))
    'shape (3,) instead of (2, 3)'
    >>> difference(0.1 + 0.2, 0.3)
    ''
    """
    if isinstance(expected, np.ndarray) or hasattr(expected, "detach"):
        return _array_difference(expected, got)
    for kind in (bool, np.bool_), numbers.Integral, numbers.Real:  # in this order: a bool is an Integral, too
        if isinstance(expected, kind):
            if not isinstance(got, kind) or (kind is numbers.Integral and isinstance(got, bool)):
                return _other_type(expected, got)
            same = expected == got if kind is not numbers.Real else bool(_alike(expected, got))
            return "" if same else f"{brief(got)} instead of {brief(expected)}"
    if not isinstance(got, type(expected)):
        return _other_type(expected, got)
    if isinstance(expected, dict):
        if expected.keys() != got.keys():
            return f"keys {brief(list(got))} instead of {brief(list(expected))}"
        return next(
            (f"at {key!r}: {d}" for key in expected if (d := difference(expected[key], got[key]))), ""
        )
    if isinstance(expected, list | tuple):
        if len(expected) != len(got):
            return f"length {len(got)} instead of {len(expected)}"
        pairs = enumerate(zip(expected, got, strict=True))
        return next((f"at position {i}: {d}" for i, (a, b) in pairs if (d := difference(a, b))), "")
    return "" if expected == got else f"{brief(got, 60)} instead of {brief(expected, 60)}"


def brief(value: Any, width: int = 400) -> str:
    """Write a value in one short line, arrays with dtype and shape.

    Examples
    --------
    >>> brief(np.array([[1, 2]], dtype=np.float32))
    'float32 (1, 2): [[1., 2.]]'
    """
    try:
        if isinstance(value, float):
            text = f"{value:.6g}"
        elif isinstance(value, BaseException):
            text = f"{type(value).__name__}: {value}".removesuffix(": ")
        elif isinstance(value, np.ndarray) or hasattr(value, "detach"):
            text = np.array2string(_numpy(value), precision=6, threshold=60, edgeitems=2, separator=", ")
            text = f"{value.dtype} {tuple(value.shape)}: " + re.sub(r"\s*\n\s*", " ", text)
        else:
            text = repr(value)
    except Exception as error:
        return f"a {type(value).__name__} that cannot be printed ({type(error).__name__})"
    return text if len(text) <= width else f"{text[: width - 20]} ... ({len(text)} characters)"


def _array_difference(expected: Any, got: Any) -> str:
    if not isinstance(got, np.ndarray | np.generic if isinstance(expected, np.ndarray) else type(expected)):
        return _other_type(expected, got)
    if expected.shape != got.shape:
        return f"shape {tuple(got.shape)} instead of {tuple(expected.shape)}"
    a, b = _numpy(expected), _numpy(got)
    if b.dtype.kind not in "fciub" + a.dtype.kind:  # objects, text: nothing to calculate with
        return f"dtype {b.dtype} instead of {a.dtype}"
    same = _alike(a, b) if a.dtype.kind in "fc" else np.asarray(a == b)
    if not same.all():
        at = np.unravel_index(np.argmin(same), a.shape)  # the first False
        place = f"at {[int(i) for i in at]}: " if at else ""
        return f"{place}{brief(b[at].item())} instead of {brief(a[at].item())}"
    return "" if expected.dtype == got.dtype else f"{DTYPE}{got.dtype} instead of {expected.dtype}"


def _alike(a: Any, b: Any) -> Any:
    return np.isclose(b, a, rtol=1e-4, atol=1e-5, equal_nan=True)


def _numpy(value: Any) -> np.ndarray:
    """Turn a torch tensor into numpy; this module does not import torch, so it asks for its methods."""
    if not hasattr(value, "detach"):
        return np.asarray(value)
    value = value.detach().cpu()
    return (value.float() if value.is_floating_point() else value).numpy()  # numpy has no bfloat16


def _other_type(expected: Any, got: Any) -> str:
    return f"type {type(got).__name__} instead of {type(expected).__name__}"


def _where(error: BaseException, function: Callable) -> str:
    """Name the line within the function, counted from its def or decorator, that was running last."""
    code, number = getattr(innermost(function), "__code__", None), 0
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code is code:
            number = line
    if not number:
        return ""
    text = linecache.getline(code.co_filename, number).strip()
    return f"line {number - code.co_firstlineno + 1}" + (f": {text}" if text else "")
