import time
from functools import partial, wraps

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embedlab.study.exercises import brief, call, difference, does_nothing, within

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
f32, i64 = np.float32, np.int64


@given(values)
def test_a_value_does_not_differ_from_itself(value):
    assert difference(value, value) == ""


@given(values, values)
def test_difference_and_brief_take_anything(a, b):
    assert isinstance(difference(a, b), str)
    assert len(brief(a, 60)) <= 80
    if type(a) is type(b) and isinstance(a, str | bytes | int) and a != b:
        assert difference(a, b)


@pytest.mark.parametrize(
    ("expected", "got", "text"),
    [
        (30000, 30001, "30001 instead of 30000"),  # ids are exact
        (np.array([30000, 5]), np.array([30001, 5]), "at [0]: 30001 instead of 30000"),
        (1.0, 1.00001, ""),
        (1.0, 1.001, "1.001 instead of 1"),
        (float("nan"), float("nan"), ""),
        (1, True, "type bool instead of int"),
        (True, 1, "type int instead of bool"),
        (1, np.int64(1), ""),
        (2.0, 2, ""),
        (1, 1.0, "type float instead of int"),
        ("a", None, "type NoneType instead of str"),
        ([1, 2], (1, 2), "type tuple instead of list"),
        ([1, 2], [1], "length 1 instead of 2"),
        ([[1], ["a"]], [[1], ["b"]], "at position 1: at position 0: 'b' instead of 'a'"),
        ({"a": 1}, {"b": 1}, "keys ['b'] instead of ['a']"),
        ({"a": 1}, {"a": 2}, "at 'a': 2 instead of 1"),
        ({1, 2}, {1}, "{1} instead of {1, 2}"),
        (np.zeros((2, 3), f32), np.zeros(3, f32), "shape (3,) instead of (2, 3)"),
        (np.zeros(2, f32), [0, 0], "type list instead of ndarray"),
        (np.zeros(2, f32), np.zeros(2), "the values are right, the dtype is not: float64 instead of float32"),
        (np.zeros(2, f32), np.array([None, 1]), "dtype object instead of float32"),
        (np.zeros(2, f32), np.array([0, np.nan], f32), "at [1]: nan instead of 0"),
        (np.array([np.nan, np.inf], f32), np.array([np.nan, np.inf], f32), ""),
        (np.array(["a"]), np.array(["b"]), "at [0]: 'b' instead of 'a'"),
        (np.array([True]), np.array([1]), "the values are right, the dtype is not: int64 instead of bool"),
        (np.zeros((0, 3), f32), np.zeros((0, 3), f32), ""),
        (np.array(1.0), np.array(2.0), "2 instead of 1"),
        (torch.ones(2), torch.ones(2, requires_grad=True), ""),
        (torch.ones(2), np.ones(2, f32), "type ndarray instead of Tensor"),
        (np.ones(2, f32), torch.ones(2), "type Tensor instead of ndarray"),
        (torch.ones(2), torch.ones(2, 1), "shape (2, 1) instead of (2,)"),
        (torch.ones(1, dtype=torch.bfloat16), torch.zeros(1, dtype=torch.bfloat16), "at [0]: 0 instead of 1"),
        (
            torch.ones(1),
            torch.ones(1, dtype=torch.float64),
            "the values are right, the dtype is not: torch.float64 instead of torch.float32",
        ),
    ],
    ids=repr,
)
def test_difference(expected, got, text):
    assert difference(expected, got) == text


def test_brief_is_short():
    assert brief(np.zeros((2, 2), f32)) == "float32 (2, 2): [[0., 0.], [0., 0.]]"
    assert brief(torch.ones(1, dtype=torch.bfloat16)) == "torch.bfloat16 (1,): [1.]"
    assert brief("x" * 10_000) == repr("x" * 10_000)[:380] + " ... (10002 characters)"
    assert len(brief(np.arange(1e6).reshape(1000, 1000))) < 300


def test_stubs():
    def doc():
        """Words."""

    def dots():
        """Words."""
        ...

    def none():
        return None

    def later():
        raise NotImplementedError("to do")

    def closure():
        return wrapped if False else None

    def later_bare(x, *, y=3):
        raise NotImplementedError

    @wraps(dots)
    def wrapped(*arguments):
        return dots(*arguments)

    stubs = [doc, dots, none, later, later_bare, wrapped, partial(dots), lambda x: ..., lambda: None]
    assert all(map(does_nothing, stubs))

    def zero():
        return 0

    def local():
        x = 3  # noqa: F841

    def printing():
        print()

    def wrong_error():
        raise ValueError(NotImplementedError)

    def calls():
        dots()

    for attempt in (
        zero,
        local,
        printing,
        wrong_error,
        calls,
        lambda x: x,
        lambda x: [],
        lambda: "",
        len,
        int,
        3,
    ):
        assert not does_nothing(attempt)


def test_call_leaves_the_arguments_alone_and_tells_who_changes_them():
    vector, words = np.ones(2), ["a"]

    def greedy(a, b, c):
        a += 1
        b.append("b")

    assert call(greedy, (vector, words, 3)).changed == (0, 1)
    assert vector.tolist() == [1, 1]
    assert words == ["a"]


def test_call_names_the_line_of_the_function():
    def helper(x):
        return 1 / x

    def outer(x):
        y = x
        return helper(y)

    outcome = call(outer, (0,))
    assert isinstance(outcome.error, ZeroDivisionError)
    assert outcome.where == "line 3: return helper(y)"
    assert call(lambda: exit(), ()).error.__class__ is SystemExit


def test_within_collects_prints_and_passes_errors_on(capsys):
    assert within(5, lambda screen: print("one") or screen.getvalue()) == "one\n"
    with pytest.raises(ValueError, match="two"):
        within(5, lambda screen: int("two"))
    with pytest.raises(RuntimeError, match="SystemExit"):
        within(5, lambda screen: exit())
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_within_ends_an_endless_loop(capsys):
    beats = []

    def forever(screen):
        while True:
            beats.append(time.sleep(0.001))

    with pytest.raises(TimeoutError, match=r"^It took longer than 0.1 s$"):
        within(0.1, forever)
    count = len(beats)
    time.sleep(0.05)
    assert len(beats) == count  # it has ended
    with pytest.raises(TimeoutError, match="goes on until the kernel is restarted"):
        within(0.1, lambda screen: time.sleep(2))
    print("visible")
    assert capsys.readouterr() == ("visible\n", "")
