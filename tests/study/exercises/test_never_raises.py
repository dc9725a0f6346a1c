"""Whatever is checked, `check` never raises."""

import functools
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from study.exercises.alternatives import pooling
from study.exercises.attempts import named, rows

from embedlab.study.exercises import check, checker, exercises


def never_raises(function, **options):
    result = check(function, **options)
    assert result.state in {"right", "wrong", "not attempted", "unknown"}
    assert "could not be checked" not in result.message
    assert repr(result).count(result.name)
    assert result._repr_html_().startswith("<div")
    return result


anything = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.lists(st.floats())),
    st.dictionaries(st.text(), st.integers()),
    arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_dims=4, max_side=3)),
    st.sampled_from(
        [object(), int, len, ..., NotImplemented, (i for i in "ab"), itertools.count(), np.ma.ones(2)]
    ),
)


@pytest.mark.slow
@given(anything, st.sampled_from(sorted(exercises())))
@settings(max_examples=150, deadline=None)
def test_any_result(value, name):
    assert never_raises(named(name, lambda *arguments: value)).state != "right"


@given(anything)
@settings(max_examples=100, deadline=None)
def test_any_object(value):
    never_raises(value)


@pytest.mark.slow
@given(st.text(), st.sampled_from(sorted(exercises())))
def test_any_text_is_escaped(text, name):
    def shout(*arguments):
        raise ValueError(f"<script>{text}")

    assert "<script>" not in never_raises(named(name, shout))._repr_html_()


class Hostile:
    """Raises at every turn."""

    def _no(self, *arguments):
        raise RuntimeError("no")

    __eq__ = __len__ = __repr__ = __str__ = __bool__ = __array__ = __iter__ = __getitem__ = __hash__ = _no
    __getattr__ = __call__ = __float__ = __index__ = __deepcopy__ = _no


class Silent(BaseException):
    def __str__(self):
        raise RuntimeError("no")


def test_hostile_things(capfd):
    assert check(Hostile()).message == "It could not be checked: RuntimeError: no"
    never_raises(type("mean_pool", (Hostile,), {}))
    hostile_list = type(
        "L", (list,), {"__len__": Hostile._no, "__iter__": Hostile._no, "__repr__": Hostile._no}
    )
    like_torch = type("T", (), {"detach": Hostile._no, "shape": (1, 1), "dtype": "float32"})
    for value in (
        Hostile(),
        hostile_list(),
        like_torch(),
        type("A", (np.ndarray,), {"__eq__": Hostile._no})((1, 1)),
    ):
        assert never_raises(named("l2_normalize", lambda vectors, value=value: value)).state == "wrong"
    for error in (SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, MemoryError("full"), Silent):

        def throw(vectors, error=error):
            raise error

        name = getattr(error, "__name__", "MemoryError: full")
        assert name in rows(never_raises(named("l2_normalize", throw)))["got"]

    async def l2_normalize(vectors):
        return vectors

    assert "coroutine" in never_raises(l2_normalize).message

    def l2_normalize(vectors):
        yield vectors

    assert "generator" in never_raises(l2_normalize).message

    def l2_normalize(vectors):
        sys.stdout.close()
        return vectors

    assert "closed file" in check(l2_normalize).message

    def l2_normalize(vectors):
        vectors.resize((0, 0), refcheck=False)
        return vectors

    assert never_raises(l2_normalize).state == "wrong"

    l2_normalize = functools.partial(pooling.l2_normalize)
    l2_normalize.__wrapped__ = l2_normalize  # a circle
    assert check(l2_normalize).state == "right"
    assert capfd.readouterr() == ("", "")


def test_a_broken_checker_does_not_raise_either(monkeypatch):
    monkeypatch.setattr(checker, "diagnose", Hostile._no)
    assert "It could not be checked: RuntimeError: no" in repr(check(named("l2_normalize", abs)))
