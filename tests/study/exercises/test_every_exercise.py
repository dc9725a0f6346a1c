"""Every exercise that the registry finds is tested; a new one needs another correct way of writing it in
``alternatives/``, in the chapter's file and under its own name, and no test.
"""

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest
from study.exercises.attempts import named, stub

from embedlab.course import source
from embedlab.study.bank import CHAPTERS, notebook_of
from embedlab.study.exercises import check, checker, exercises

FOLDER = Path(__file__).parent / "alternatives"
ALTERNATIVES = {
    name: written
    for module in (
        importlib.import_module(f"study.exercises.alternatives.{path.stem}") for path in FOLDER.glob("*.py")
    )
    for name, written in inspect.getmembers(module, inspect.isfunction)
    if written.__module__ == module.__name__
}
ALL = list(exercises().values())
each_exercise = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)


@each_exercise
@pytest.mark.parametrize(
    "body", ["...", "pass", "return", "return None", "raise NotImplementedError", '"""Doc."""\n    ...']
)
def test_a_stub_is_not_attempted(exercise, body):
    result = check(stub(exercise.name, body))
    assert result.state == "not attempted"
    assert exercise.task in repr(result)


@each_exercise
def test_the_reference_is_right(exercise):
    result = check(exercise.load())
    assert result.state == "right", result
    assert exercise.follow_up in repr(result)


@each_exercise
def test_another_correct_way_is_right(exercise):
    """The checker must not ask for the package's own words."""
    assert exercise.name in ALTERNATIVES, f"write it another way in {FOLDER}, under the same name"
    assert source(ALTERNATIVES[exercise.name]) != source(exercise.load())
    result = check(ALTERNATIVES[exercise.name])
    assert result.state == "right", result


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [(exercise, mistake) for exercise in ALL for mistake in exercise.mistakes],
    ids=lambda value: value.name,
)
def test_each_known_mistake_gets_its_own_diagnosis(exercise, mistake):
    result = check(named(exercise.name, mistake.wrong))
    assert result.state == "wrong"
    assert result.mistake == mistake.name
    assert ("hint", mistake.hint) in result.rows
    labels = [label for label, _ in result.rows]
    assert labels[:-1] == [
        *list(inspect.signature(exercise.load()).parameters)[: len(labels) - 3],
        "expected",
        "got",
    ]


@each_exercise
def test_an_exercise_is_complete(exercise):
    assert f"{exercise.chapter}.ipynb" in {notebook_of(chapter) for chapter in CHAPTERS}
    assert exercise.load().__name__ == exercise.name
    assert len(exercise.hints) >= 2
    assert len(exercise.mistakes) >= 2
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)
    cases = [exercise.cases(np.random.default_rng(0)) for _ in range(2)]
    assert len(cases[0]) >= 10
    assert repr(cases[0]) == repr(cases[1])  # the same at every call, so that committed outputs stay


def test_names_are_unique(monkeypatch):
    monkeypatch.setattr(
        checker.importlib, "import_module", lambda name: type("Twice", (), {"EXERCISES": ALL[:1] * 2})
    )
    with pytest.raises(ValueError, match="two exercises are called"):
        exercises.__wrapped__()


def test_no_alternative_is_left_over():
    assert set(ALTERNATIVES) == set(exercises())
