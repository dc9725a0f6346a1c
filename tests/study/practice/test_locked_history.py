"""Another program has locked the history: an error in plain words after a short wait, and nothing is lost."""

import sqlite3
from contextlib import contextmanager

import pytest
from filelock import FileLock
from sittings import QUESTIONS, answered, play

from embedlab.study.bank import bank
from embedlab.study.practice import History, challenge, history, progress, quizzes


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    assert history.PATIENCE <= 5  # a learner waits so long for each answer
    monkeypatch.setattr(history, "PATIENCE", 0.05)


@contextmanager
def locked(path, how="BEGIN EXCLUSIVE"):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(how)
    try:
        yield
    finally:
        db.close()


@pytest.fixture
def stored(tmp_path):
    found = History(tmp_path / "history.sqlite")
    found.add(answered(days_ago=3000))
    return found


def test_adding_says_so(stored):
    with locked(stored.path), pytest.raises(OSError, match=r"history\.sqlite cannot be used now: .*locked"):
        stored.add(answered("pooling/b"))
    assert len(stored.records()) == 1


def test_opening_says_so_and_does_not_take_it_for_damaged(stored):
    with sqlite3.connect(stored.path) as db:
        db.execute("PRAGMA journal_mode = DELETE")  # there, readers have to wait, too
    db.close()
    with locked(stored.path), pytest.raises(OSError, match=r"cannot be used now: .*locked"):
        History(stored.path)
    with FileLock(f"{stored.path}.lock"), pytest.raises(OSError, match=r"another program holds .*\.lock"):
        History(stored.path)
    assert len(History(stored.path).records()) == 1


def test_an_answer_waits_for_the_next_one(stored):
    sitting = quizzes.quiz(QUESTIONS, stored, 3, seed=0)
    for number in range(2):
        with locked(stored.path):
            sitting.answer(sitting.next(), ())
        assert "kept, but not on disk yet" in sitting.problem
        assert len(sitting.records) == len(sitting.unsaved) == number + 1
    assert len(stored.records()) == 1
    sitting.answer(sitting.next(), ())
    assert (sitting.problem, sitting.unsaved) == ("", [])
    assert stored.records()[1:] == sitting.records
    assert sitting.close() == ""


def test_what_is_left_at_the_end_is_stored_or_can_be_imported(stored):
    sitting = quizzes.quiz(QUESTIONS, stored, 2, seed=0)
    with locked(stored.path):
        play(sitting)
        words = sitting.close()
        assert progress.summary(sitting).verdict == "2 of 2 points (100%)"
    (file,) = stored.path.parent.glob("unsaved-*.json")
    assert "2 of your answers" in words
    assert str(file) in words
    assert stored.restore(file) == 2
    assert stored.restore(file) == 0
    assert stored.records()[1:] == sitting.records

    sitting = challenge.daily(bank(), stored)
    with locked(stored.path):
        play(sitting)
    assert sitting.close() == ""
    assert stored.records()[3:] == sitting.records
    assert len(list(stored.path.parent.glob("unsaved-*.json"))) == 1
