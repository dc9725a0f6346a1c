"""A history that was written before questions were renamed opens with nothing lost.

``fixtures/history_v1.sqlite`` and its export ``history_v1.json`` were made by the version before the
renaming, by sessions of all modes over a week: some answers wrong, in part or hinted, one to a question that
has left the bank. ``history_v1_standing.json`` holds what that version made of them, with the new names.
"""

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from embedlab.study.bank import bank, questions_on
from embedlab.study.practice import History, Record, challenge, interview, progress, quizzes, schedule

FIXTURES = Path(__file__).parent / "fixtures"
STANDING = json.loads((FIXTURES / "history_v1_standing.json").read_text(encoding="utf-8"))
LEFT = "04-left-the-bank"


@pytest.fixture
def path(tmp_path):
    return Path(shutil.copy(FIXTURES / "history_v1.sqlite", tmp_path / "history.sqlite"))


@pytest.fixture(params=["opened", "imported"])
def history(request, path, tmp_path):
    if request.param == "opened":
        return History(path)
    empty = History(tmp_path / "empty.sqlite")
    assert empty.restore(FIXTURES / "history_v1.json") == len(STANDING["records"])
    return empty


def stored_names(path):
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT question FROM answers ORDER BY at, uid")]


def asked_then(records):
    """The questions answered then, as difficult as they were: the bank may have changed since."""
    return {
        record.question: SimpleNamespace(id=record.question, difficulty=record.difficulty, level=record.level)
        for record in records
        if record.question != LEFT
    }


def test_all_answers_are_there_under_the_new_names(history):
    assert history.notice is None
    found = [
        [one.uid, one.question, one.mode, one.day.isoformat(), one.score, one.hinted]
        for one in history.records()
    ]
    assert found == STANDING["records"]
    assert {one.question for one in history.records()} - {LEFT} <= set(bank())


def test_due_dates_streak_and_mastery_are_what_they_were(history):
    records = history.records()
    asked = asked_then(records)
    dates = {name: card.due.date().isoformat() for name, card in schedule.cards(records).items()}
    assert dates == STANDING["due dates"]
    today = date(2026, 3, 10)  # in no order: equally forgotten ones stand by name, and the names are new
    assert set(schedule.due(records, asked, today, cap=99)) == set(STANDING["to review on 2026-03-10"])
    days = challenge.days_done(records)
    assert sorted(day.isoformat() for day in days) == STANDING["days done"]
    assert schedule.streak(days, today) == STANDING["streak on 2026-03-10"]
    for topic, then in STANDING["topics"].items():
        row = progress.standing(topic, records, asked)
        assert row.answered == then["answered"]
        assert (row.mastery, row.sd) == pytest.approx((then["mastery"], then["sd"]), abs=1e-8)


def test_nothing_comes_twice(path, tmp_path):
    history = History(path)
    before = history.records()
    assert history.restore(FIXTURES / "history_v1.json") == 0
    history.save(tmp_path / "out.json")
    assert history.restore(tmp_path / "out.json") == 0
    assert History(tmp_path / "other.sqlite").restore(tmp_path / "out.json") == len(before)
    assert History(tmp_path / "other.sqlite").records() == history.records() == before


def test_on_disk_a_question_keeps_its_first_name(path):
    """So that a version that knows it by another name finds the answer, too."""
    before = stored_names(path)
    history = History(path)
    sitting = quizzes.quiz([bank()["hnsw/tombstones"]], history, 1)
    sitting.answer(sitting.next(), ())
    assert history.records()[-1].question == sitting.records[-1].question == "hnsw/tombstones"
    assert stored_names(path) == [*before, "06-tombstones"]


def test_the_csv_has_the_new_names(path, tmp_path):
    progress.write_csv(History(path).records(), tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["question"] for row in rows] == [record[1] for record in STANDING["records"]]
    assert all(row["topic"] == row["question"].rpartition("/")[0] for row in rows)
    assert (rows[-1]["topic"], rows[-1]["question"]) == ("", LEFT)


@pytest.mark.parametrize("name", [LEFT, "99-of-a-later-version", "hnsw/of-a-later-version", "nowhere/x", ""])
def test_answers_to_unknown_questions_are_kept_and_in_nobodys_way(tmp_path, name):
    history = History(tmp_path / "history.sqlite")
    then = datetime(2026, 3, 1, tzinfo=UTC)
    history.add(
        Record(
            mode="daily",
            question=name,
            kind="single",
            difficulty=2,
            level="junior",
            seed=0,
            answer=(),
            score=0,
            at=then,
            day=then.date(),
        )
    )
    for sitting in (
        quizzes.quiz(questions_on(["6", "drift"]), history, 3, adaptive=True, seed=0),
        quizzes.quiz(list(bank().values()), history, 3, seed=0),
        interview.mock(questions_on(["hnsw"]), history, "HNSW", n=2, seed=0),
        challenge.daily(bank(), history),
    ):
        while asked := sitting.next():
            sitting.answer(asked, ())
        progress.summary(sitting)
    assert quizzes.review(bank(), history).total == 0
    records = history.records()
    rows = progress.mastery(records, bank())
    assert progress.remarks(records, rows)
    assert sum(row.answered for row in rows) == len({record.question for record in records} - {name})
    assert records[0].question == name
    history.save(tmp_path / "out.json")
    assert History(tmp_path / "other.sqlite").restore(tmp_path / "out.json") == len(records)
