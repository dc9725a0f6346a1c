"""The face in a terminal: in a pseudo-terminal of 80 columns, by keys; and in a pipe."""

import re
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from embedlab.study.bank import bank
from embedlab.study.practice import History

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals exist on Linux and macOS only")

EMBEDLAB = str(Path(sys.executable).with_name("embedlab"))
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROMPTS = {
    "key": r"Press the number of your answer\.",
    "several": r"Several may be right[^.]*then Enter\.",
    "order": r"in the right order[^.]*then Enter\.",
    "number": r"Type a number, then Enter\.",
    "card": r"Enter shows the points to hit\.",
    "points": r"Enter for none\.",
    "end": pexpect.EOF,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_DATA", str(tmp_path))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def terminal(*words):
    return pexpect.spawn(EMBEDLAB, list(words), dimensions=(40, 80), encoding="utf-8", timeout=30)


def records(folder):
    return History(folder / "history.sqlite").records()


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
                child.send("2")
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
    child.send("?")
    child.expect("Hint: ")
    child.send("x")
    child.expect("digits from 1 to 4 are wanted, but got 'x'")
    child.send("9")
    child.expect("digits from 1 to 4 are wanted, but got '9'")
    assert len(records(folder)) == before
    child.send("s")
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


def run(*words, encoding=None):
    return subprocess.run(
        [EMBEDLAB, *words],
        capture_output=True,
        text=True,
        encoding=encoding,
        input="",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [("quiz",), ("daily",), ("mock", "3")])
def test_in_a_pipe_it_says_so(folder, words):
    done = run(*words)
    assert done.returncode == 2
    assert "needs a terminal, not a pipe" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("quiz", "cooking"), "there is no topic 'cooking'; topics: 01 tokenizer"),
        (("mock", "m"), "'m' may be matryoshka, models, multimodal"),
        (("export", "cards"), "cannot export 'cards'; there are history, csv, anki"),
        (("import", "nowhere.json"), "nowhere.json"),
    ],
)
def test_wrong_words_are_named(folder, words, message):
    done = run(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_progress_and_exports_work_in_a_pipe(folder):
    answer_all(terminal("quiz", "-n", "3", "--seed", "1"))
    assert "Readiness" in run("progress").stdout
    assert "3 answers" in run("export", "history", str(folder / "h.json")).stdout
    assert "3 answers" in run("export", "csv", str(folder / "h.csv")).stdout
    assert "added 0 answers" in run("import", str(folder / "h.json")).stdout
    assert f"{len(bank())} questions" in run("export", "anki", str(folder / "deck.apkg")).stdout
    assert "collection.anki2" in zipfile.ZipFile(folder / "deck.apkg").namelist()
    (folder / "history.sqlite").unlink()
    assert "added 3 answers" in run("import", str(folder / "h.json")).stdout


def test_progress_can_be_written_in_any_encoding(folder, monkeypatch):
    """A pipe on Windows has cp1252, which knows no bars."""
    answer_all(terminal("quiz", "hnsw", "-n", "2", "--seed", "1"))
    for encoding in ("cp1252", "ascii", "utf-8"):
        monkeypatch.setenv("PYTHONIOENCODING", encoding)
        done = run("progress", encoding=encoding)
        assert done.returncode == 0
        assert "Traceback" not in done.stderr
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("06 HNSW")]
        full, empty = "█░" if encoding == "utf-8" else "#-"
        assert re.search(rf" 2/\d+ +{full}+{empty}+ +\d+%", line)


@pytest.mark.parametrize(
    ("asked", "written"), [("pic", "pic.png"), ("pic.svg", "pic.svg"), ("v1.", "v1..png")]
)
def test_the_picture_is_where_it_is_said_to_be(folder, asked, written):
    done = run("progress", "--picture", str(folder / asked))
    assert done.stdout.splitlines()[-1] == f"drawn: {folder / written}"
    assert [file.name for file in folder.iterdir() if "history" not in file.name] == [written]


def test_a_picture_of_an_unknown_kind_is_refused(folder):
    done = run("progress", "--picture", str(folder / "pic.doc"))
    assert done.returncode == 2
    assert "Format 'doc' is not supported" in done.stderr
    assert "Traceback" not in done.stderr


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
    assert "added 2 answers" in run("import", str(kept)).stdout


def test_what_is_typed_at_a_flashcard_is_stored(folder):
    for seed in range(40):
        answer_all(terminal("quiz", "pooling", "-n", "3", "--seed", str(seed)))
        if cards := [record for record in records(folder) if record.kind == "flashcard"]:
            break
    assert {record.typed for record in cards} == {"aloud"}
    assert {record.typed for record in records(folder) if record.kind != "flashcard"} <= {""}


def test_a_damaged_history_is_reported_and_kept(folder):
    (folder / "history.sqlite").write_bytes(b"no database" * 1000)
    done = run("progress")
    assert "is damaged" in done.stdout
    assert len(list(folder.glob("history.sqlite.2*"))) == 1
