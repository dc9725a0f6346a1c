"""The quiz widget, without a browser: messages in, views out. The browser has a test of its own."""

import sqlite3

import pytest

from embedlab import quiz
from embedlab.study.bank import bank, topic_of
from embedlab.study.faces import notebook_quiz
from embedlab.study.practice import History, history

TOPIC = "pooling"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def records(folder):
    return History(folder / "history.sqlite").records()


def test_nothing_is_read_or_written_before_a_browser_shows_it(folder):
    quiz(TOPIC)._repr_mimebundle_()
    assert not folder.exists()


def test_a_page_without_a_kernel_gets_folded_answers(folder):
    data, _ = quiz(TOPIC)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].count("<details><summary>Answer</summary>") == 5
    assert data["text/html"] == quiz(TOPIC, seed=9)._repr_html_()  # the same for everybody
    assert "embedlab quiz" in data["text/plain"]


def test_without_anywidget_there_is_the_page(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "embedlab.study.faces.widget", None)
    assert isinstance(quiz(TOPIC), notebook_quiz.StaticQuiz)
    assert quiz(TOPIC)._repr_html_().count("<details>") == 5


def test_from_the_first_question_to_the_result(folder):
    widget = quiz(TOPIC, 4, seed=2)
    widget.handle({"do": "ready"})
    for number in range(1, 5):
        assert widget.view["phase"] == "question"
        assert widget.view["place"] == f"Question {number} of 4"
        assert len(records(folder)) == number - 1
        widget.handle({"do": "hint"})
        assert widget.view["hint"]
        widget.handle({"do": "skip"})
        assert widget.view["phase"] == "explained"
        assert widget.view["explanation"].startswith("<p>")
        assert widget.view["link"].startswith(f"03_{TOPIC}.ipynb#")
        widget.handle({"do": "next"})
    assert widget.view["phase"] == "done"
    assert widget.view["verdict"] == "0 of 4 points (0%)"
    assert "Answered so far: 4 of" in widget.view["history"]
    stored = records(folder)
    assert all(record.hinted and record.score == 0 and record.answer == () for record in stored)
    assert {topic_of(record.question) for record in stored} == {TOPIC}


def one_of(kind, folder):
    """Return a widget that shows a question of this kind."""
    for seed in range(200):
        widget = quiz(TOPIC, 1, seed=seed)
        widget.handle({"do": "ready"})
        if widget.view["kind"] == kind:
            return widget
    raise AssertionError(f"no {kind}")


@pytest.mark.parametrize("kind", ["single", "bug", "multiple", "numeric", "ordering", "flashcard"])
def test_every_kind_can_be_answered(folder, kind):
    widget = one_of(kind, folder)
    if kind == "flashcard":
        widget.handle({"do": "reveal"})
        assert widget.view["revealed"]
    widget.handle({"do": "answer", "text": "x"})
    assert "wanted" in widget.view["error"]
    assert records(folder) == []
    steps = "".join(str(i + 1) for i in range(len(widget.view["lines"])))
    widget.handle({"do": "answer", "text": steps if kind == "ordering" else "1"})
    assert widget.view["phase"] == "explained"
    assert widget.view["error"] == ""
    (record,) = records(folder)
    assert bank()[record.question].kind in (kind, "parametric")
    assert widget.view["score"] == record.score
    assert [reason["chosen"] for reason in widget.view["reasons"]].count(True) == (
        len(widget.view["reasons"]) > 0
    )


def test_messages_at_the_wrong_time_do_nothing(folder):
    widget = quiz(TOPIC, 2, seed=0)
    for message in ({"do": "next"}, {"do": "answer", "text": "1"}, {"do": "skip"}, {}, {"do": "dance"}):
        widget.handle(message)
    assert widget.view == {}
    widget.handle({"do": "ready"})
    before = widget.view
    widget.handle({"do": "ready"})  # a second view, or a reload
    widget.handle({"do": "next"})
    assert widget.view == before
    widget.handle({"do": "skip"})
    widget.handle({"do": "skip"})
    assert len(records(folder)) == 1


def test_a_history_that_cannot_be_opened_is_said(folder):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    widget = quiz(TOPIC)
    widget.handle({"do": "ready"})
    assert str(folder) in widget.view["error"]


def test_a_locked_history_is_shown_and_nothing_is_lost(folder, monkeypatch):
    monkeypatch.setattr(history, "PATIENCE", 0.05)
    widget = quiz(TOPIC, 3, seed=0)
    widget.handle({"do": "ready"})
    other = sqlite3.connect(folder / "history.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    widget.handle({"do": "skip"})
    assert widget.view["phase"] == "explained"
    assert "kept, but not on disk yet" in widget.view["error"]
    widget.handle({"do": "next"})
    assert widget.view["error"] == ""
    other.execute("ROLLBACK")
    widget.handle({"do": "skip"})
    assert widget.view["error"] == ""
    assert len(records(folder)) == 2

    widget.handle({"do": "next"})
    other.execute("BEGIN EXCLUSIVE")
    widget.handle({"do": "skip"})
    widget.handle({"do": "next"})
    other.close()
    (kept,) = folder.glob("unsaved-*.json")
    assert widget.view["phase"] == "done"
    assert str(kept) in widget.view["notice"]
    assert History(folder / "history.sqlite").restore(kept) == 1


@pytest.mark.parametrize(
    ("words", "message"), [(("x",), "no topic 'x'"), ((TOPIC, 0), "must be positive, but is 0")]
)
def test_wrong_arguments_are_named(words, message):
    with pytest.raises(ValueError, match=message):
        quiz(*words)
