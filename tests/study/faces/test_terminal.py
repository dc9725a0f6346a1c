"""The face in a terminal: in a pseudo-terminal of 80 columns, by keys."""

import sqlite3
import subprocess
import sys

import pytest
from pseudo_terminal import COLOURS, pexpect, records, terminal

from embedlab.study.bank import bank
from embedlab.study.practice import History

pytestmark = pytest.mark.slow
PROMPTS = {
    "key": r"Press the number of your answer\.",
    "several": r"Several may be right[^.]*then Enter\.",
    "order": r"in the right order[^.]*then Enter\.",
    "number": r"Type a number, then Enter\.",
    "card": r"Enter shows the points to hit\.",
    "points": r"Enter for none\.",
    "end": pexpect.EOF,
}


def press(child, key):
    """Press a key when it is waited for: what comes before is thrown away."""
    child.waitnoecho()
    child.send(key)


def answer_all(child):
    """Answer until the end; return all that was on the screen, without colours."""
    screen = ""
    while True:
        found = list(PROMPTS)[child.expect(list(PROMPTS.values()))]
        screen += child.before + (child.after if found != "end" else "")
        match found:
            case "end":
                return COLOURS.sub("", screen)
            case "key":
                press(child, "2")
            case "order":
                child.sendline("1")
                child.expect(r"steps are wanted, such as (\d+)")
                child.sendline(child.match[1])
            case _:
                child.sendline({"card": "aloud"}.get(found, "1"))


def test_a_quiz_from_the_first_question_to_the_score(folder):
    screen = answer_all(terminal("quiz", "-n", "5", "--seed", "1"))
    stored = records(folder)
    assert len(stored) == 5
    assert {record.mode for record in stored} == {"quiz"}
    for number in range(1, 6):
        assert f"{number} of 5 · " in screen
    points = sum(record.score for record in stored)
    assert f"{points:.3g} of 5 points" in screen
    assert max(map(len, screen.replace("\r", "").split("\n"))) <= 80


def test_code_is_shown_whole_and_explained(folder):
    for seed in range(40):
        child = terminal("quiz", "5", "-n", "4", "--seed", str(seed))
        screen = answer_all(child)
        if "What is wrong?" in screen:
            break
    shown = [bank()[record.question] for record in records(folder)]
    bug = next(question for question in shown if question.kind == "bug")
    for line in bug.code.splitlines():
        assert line.strip()[:50] in screen
    assert bug.options[0].why.split()[0] in screen


def test_hint_mistyped_keys_do_not_know_and_stop(folder):
    child = terminal("quiz", "1", "-n", "30", "--seed", "2")
    while child.expect([PROMPTS["key"], r"[Ee]nter\b[^.]*\."]) != 0:
        child.sendline("s")
    before = len(records(folder))
    press(child, "?")
    child.expect("Hint: ")
    press(child, "x")
    child.expect("digits from 1 to 4 are wanted, but got 'x'")
    press(child, "9")
    child.expect("digits from 1 to 4 are wanted, but got '9'")
    assert len(records(folder)) == before
    press(child, "s")
    child.expect("Not yet")
    child.expect(r"[Ee]nter\b[^.]*\.|number of your answer\.")
    stored = records(folder)[-1]
    assert (stored.hinted, stored.score, stored.answer) == (True, 0, ())
    child.sendcontrol("c")
    child.expect("Stopped; your answers so far are kept")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert len(records(folder)) == before + 1


def test_daily_then_done_then_review_then_progress(folder):
    screen = answer_all(terminal("daily"))
    assert "Daily challenge of" in screen
    assert "Streak: 1 day." in screen
    assert len(records(folder)) == 5
    assert "Done for today. Streak: 1 day." in answer_all(terminal("daily"))
    assert "Nothing to review now. Next days:" in answer_all(terminal("review"))
    screen = answer_all(terminal("progress", "--picture", str(folder / "progress.png")))
    assert "Readiness: you would know about" in screen
    assert (folder / "progress.png").stat().st_size > 10_000


def test_a_mock_interview(folder):
    screen = answer_all(terminal("mock", "pooling", "--seed", "1"))
    assert "Mock interview: pooling" in screen
    assert "How it went" in screen
    assert {record.mode for record in records(folder)} == {"mock"}


def test_the_first_question_waits_for_nothing_slow(folder):
    code = (
        "import sys, embedlab.cli\n"
        "from embedlab.study.bank import bank\n"
        "from embedlab.study.faces import terminal\n"
        "from embedlab.study.practice import History, quizzes\n"
        "question = next(one for one in bank().values() if not one.code)\n"
        "asked = quizzes.quiz([question], History(), 1).next()\n"
        "terminal.show_question(terminal.console(), asked, '1 of 1')\n"
        "slow = {'torch', 'transformers', 'numpy', 'numba', 'matplotlib', 'pygments'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_locked_history_is_said_and_nothing_is_lost(folder):
    History(folder / "history.sqlite")
    other = sqlite3.connect(folder / "history.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    screen = answer_all(terminal("quiz", "-n", "2", "--seed", "1"))
    other.close()
    assert screen.count("kept, but not on disk yet") == 2
    assert "2 of 2 · " in screen
    assert "How it went" in screen
    assert "Traceback" not in screen
    (kept,) = folder.glob("unsaved-*.json")
    assert "embedlab import" in screen
    assert records(folder) == []
    assert History(folder / "history.sqlite").restore(kept) == 2


def test_what_is_typed_at_a_flashcard_is_stored(folder):
    for seed in range(40):
        answer_all(terminal("quiz", "pooling", "-n", "3", "--seed", str(seed)))
        if cards := [record for record in records(folder) if record.kind == "flashcard"]:
            break
    assert {record.typed for record in cards} == {"aloud"}
    assert {record.typed for record in records(folder) if record.kind != "flashcard"} <= {""}
