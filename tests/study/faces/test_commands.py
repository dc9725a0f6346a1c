"""The commands in a pipe, where nobody can answer."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sittings import QUESTIONS, answered

from embedlab.study.bank import bank, questions_on
from embedlab.study.practice import History

pytestmark = pytest.mark.slow
EMBEDLAB = str(Path(sys.executable).with_name("embedlab"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


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
    History().merge(answered(question.id) for question in QUESTIONS[:3])
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
    own = questions_on(["hnsw"])
    History().merge(answered(question.id, score=score) for question, score in zip(own, (1, 0), strict=False))
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


def test_a_damaged_history_is_reported_and_kept(folder):
    (folder / "history.sqlite").write_bytes(b"no database" * 1000)
    done = run("progress")
    assert "is damaged" in done.stdout
    assert len(list(folder.glob("history.sqlite.2*"))) == 1
