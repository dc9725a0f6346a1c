"""The design round as a widget, without a browser: messages in, views out."""

import sqlite3

import pytest

from embedlab.study.faces import design_round, notebook_design
from embedlab.study.practice import History, begun, round_file
from embedlab.system_design import PHASES, find_case, steps_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def records(folder):
    return History(folder / "history.sqlite").records()


def play(widget, until=None):
    """Answer each step; return the phases of the view that were seen."""
    widget.handle({"do": "ready"})
    seen = []
    while widget.view["phase"] != "over" and widget._round.step and widget._round.step.phase != until:
        kind = widget.view["kind"]
        seen.append(kind)
        if kind == "tick":
            widget.handle({"do": "tick", "text": "1"})
            continue
        if kind != "number":
            widget.handle({"do": "line", "text": "How many are there?"})
        widget.handle({"do": "done", "text": "12" if kind == "number" else ""})
        assert widget.view["phase"] == "shown"
        widget.handle({"do": "next"})
    if widget.view["phase"] == "shown":
        widget.handle({"do": "next"})
    return seen


def test_nothing_is_read_or_written_before_a_browser_shows_it(folder):
    design_round("tickets")._repr_mimebundle_()
    assert not folder.exists()


def test_a_page_without_a_kernel_gets_the_case_with_folded_answers(folder):
    data, _ = design_round("tickets")._repr_mimebundle_()
    steps = steps_of(find_case("tickets"))
    assert data["text/html"].count("<details>") == len(steps) + 1
    assert "{" not in data["text/html"]
    assert "embedlab design" in data["text/plain"]


def test_without_anywidget_there_is_the_page(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "embedlab.study.faces.design_widget", None)
    assert isinstance(design_round("tickets"), notebook_design.StaticRound)


def test_from_the_first_question_to_the_result(folder):
    widget = design_round("tickets", "staff", fast=True)
    seen = play(widget)
    assert seen == [step.kind for step in steps_of(find_case("tickets"), fast=True)]
    assert widget.view["phase"] == "over"
    assert "you asked for staff" in widget.view["verdict"]
    assert widget.view["reads"]
    assert [one.mode for one in records(folder)] == ["design"] * len(PHASES)
    assert not round_file("tickets").exists()


def test_a_question_is_answered_and_a_wrong_number_is_said(folder):
    widget = design_round("tickets")
    widget.handle({"do": "ready"})
    widget.handle({"do": "line", "text": "how many tenants?"})
    assert "800 tenants" in widget.view["said"][1]
    widget.handle({"do": "line", "text": "nice <b>weather</b>?"})
    assert widget.view["said"][2] == "nice &lt;b&gt;weather&lt;/b&gt;?"
    widget.handle({"do": "hint"})
    assert widget.view["hint"]
    widget.handle({"do": "done"})
    widget.handle({"do": "next"})
    widget.handle({"do": "tick", "text": "99"})
    assert "no 99" in widget.view["error"]
    widget.handle({"do": "tick", "text": ""})
    widget.handle({"do": "done", "text": "20 ms"})
    assert "is time, but bytes are asked for" in widget.view["error"]
    assert widget.view["phase"] == "step"


def test_another_window_goes_on_where_it_stood(folder):
    play(design_round("tickets", fast=True), until="draw")
    assert begun("tickets").step.phase == "draw"
    again = design_round("tickets", fast=True)
    again.handle({"do": "ready"})
    assert again.view["place"] == "3 of 6 · Draw"
    play(again)
    assert len(records(folder)) == len(PHASES)


def test_a_locked_history_is_said_and_nothing_is_lost(folder, monkeypatch):
    monkeypatch.setattr("embedlab.study.practice.history.PATIENCE", 0)
    History(folder / "history.sqlite")
    widget = design_round("tickets", fast=True)
    widget.handle({"do": "ready"})
    other = sqlite3.connect(folder / "history.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    play(widget)
    assert "Not in your history yet" in widget.view["error"]
    other.close()
    assert records(folder) == []
    assert round_file("tickets").exists()
