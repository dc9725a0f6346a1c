"""Design rounds in the history: once each, beside the answers, and in nobody's way."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sittings import answered

from embedlab.study.bank import bank
from embedlab.study.practice import (
    History,
    begun,
    design_remarks,
    design_standing,
    keep,
    mastery,
    progress,
    quizzes,
    reading_of,
    remarks_on,
    round_file,
    schedule,
)
from embedlab.system_design import PHASES, Round


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_DATA", str(tmp_path))
    return tmp_path


def play(playing, history, until=None, points=(0,)):
    while (step := playing.step) is not None and step.phase != until:
        playing.spend(10)
        playing.tick(points) if step.kind == "tick" else playing.done("words") if (
            step.kind != "number"
        ) else playing.skip()
        assert keep(playing, history) == ""


def test_each_phase_is_stored_once_however_often_it_is_kept(history):
    playing = Round(case="tickets", level="senior")
    play(playing, history)
    for _ in range(3):
        keep(playing, history)
    found = history.records()
    assert {one.question for one in found} == {f"design/tickets-{phase}" for phase in PHASES}
    assert len(found) == len(PHASES)
    assert {one.mode for one in found} == {"design"}
    clarify = next(one for one in found if one.question.endswith("clarify"))
    assert clarify.typed == "words"
    assert clarify.answer == (0,)
    assert clarify.seconds == pytest.approx(20)


def test_an_interrupted_round_waits_and_a_finished_one_does_not(history):
    playing = Round(case="tickets", level="senior")
    play(playing, history, until="draw")
    assert begun("tickets") == playing
    assert [row.rounds for row in design_standing(history.records())] == [0]
    play(begun("tickets"), history)
    assert begun("tickets") is None
    assert len(history.records()) == len(PHASES)
    (row,) = design_standing(history.records())
    assert (row.case, row.rounds) == ("tickets", 1)
    assert 0 < row.best < 1


def test_the_best_of_several_rounds_counts(history):
    for points in ((), (0,), (0, 1)):
        play(Round(case="docs", level="junior"), history, points=points)
    play(Round(case="tickets", level="senior"), history, until="estimate")
    rows = {row.case: row for row in design_standing(history.records())}
    assert rows["docs"].rounds == 3
    assert rows["docs"].best == pytest.approx(max(_shares(history, "docs")))
    (line,) = design_remarks(history.records())
    assert f"docs {rows['docs'].best:.0%} (3)" in line
    assert "tickets begun" in line


def _shares(history, case):
    rounds = {}
    for one in history.records():
        if one.question.startswith(f"design/{case}-"):
            rounds.setdefault(one.uid.rpartition("-")[0], []).append(one.score)
    return [sum(scores) / len(scores) for scores in rounds.values()]


def test_answers_to_questions_are_untouched(history):
    history.merge([answered("pooling/a"), answered("hnsw/tombstones", score=0.0)])
    before = history.records()
    rows, due = mastery(before, bank()), schedule.due(before, bank())
    play(Round(case="tickets", level="senior"), history)
    after = history.records()
    assert [one for one in after if one.mode != "design"] == before
    assert mastery(after, bank()) == rows
    assert schedule.due(after, bank()) == due
    assert quizzes.review(bank(), history).total == len(due)
    assert progress.remarks(after, rows)[0] == progress.remarks(before, rows)[0]


def test_rounds_leave_and_come_back_with_the_history(history, tmp_path):
    play(Round(case="legal", level="staff"), history)
    history.save(tmp_path / "out.json")
    other = History(tmp_path / "other.sqlite")
    assert other.restore(tmp_path / "out.json") == len(PHASES)
    assert design_standing(other.records()) == design_standing(history.records())


def test_a_locked_history_keeps_the_round_in_its_file(history, monkeypatch):
    monkeypatch.setattr("embedlab.study.practice.history.PATIENCE", 0)
    playing = Round(case="tickets", level="senior", begun=datetime(2030, 1, 1, tzinfo=UTC))
    with closing(sqlite3.connect(history.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        while playing.step is not None:
            playing.tick((0,)) if playing.step.kind == "tick" else playing.skip()
        assert "Not in your history yet" in keep(playing, history)
    assert begun("tickets") == playing
    assert keep(begun("tickets"), history) == ""
    assert len(history.records()) == len(PHASES)
    assert not round_file("tickets").exists()


def test_a_damaged_round_is_named(tmp_path):
    round_file("tickets").parent.mkdir()
    round_file("tickets").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"tickets\.json holds no round"):
        begun("tickets")


def test_what_to_work_on_follows_from_the_round(history):
    playing = Round(case="tickets", level="senior")
    play(playing, history, points=())
    lines = remarks_on(playing)
    assert lines[0].startswith("Work on: ")
    assert "Never asked: How many tenants" in lines[1]
    assert all(place.startswith("notebooks/") for place in reading_of(playing))
