"""What is stored stays: kills, two windows at once, damaged and newer files, export and import."""

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.study.practice import History, Record
from embedlab.study.practice import history as module

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}


def record(question="01-a", **fields):
    given_ = {"mode": "quiz", "kind": "single", "difficulty": 2, "level": "junior", "seed": 1, "answer": (0,)}
    return Record(**(given_ | {"question": question, "score": 1.0} | fields))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "history.sqlite"


def test_answers_come_back_as_they_were(path):
    stored = [
        record(answer=(2, 0)),
        record(answer=1.5, kind="numeric", score=0.0, hinted=True, seconds=3.2, typed="ö 'x'"),
    ]
    for one in stored:
        History(path).add(one)
    assert History(path).records() == stored


def test_times_are_in_order_whatever_their_zone(path):
    early = datetime.fromisoformat("2030-01-01T12:00:00+09:00")
    late = datetime(2030, 1, 1, 4, tzinfo=UTC)
    history = History(path)
    history.merge([record("01-b", at=late), record("01-a", at=early)])
    assert [one.question for one in history.records()] == ["01-a", "01-b"]


ADD_FOREVER = """
import sys
from test_history import History, record
history = History(sys.argv[1])
for number in range(10**6):
    history.add(record(f"01-{number}"))
    print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
@pytest.mark.parametrize("answers", [1, 7, 30])
def test_a_kill_loses_nothing_that_was_answered(path, answers):
    child = subprocess.Popen(
        [sys.executable, "-c", ADD_FOREVER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    for _ in range(answers):
        last = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split()
    child.wait()
    said = max([last, *map(int, rest)])
    kept = History(path)
    assert kept.notice is None
    assert {f"01-{number}" for number in range(said + 1)} <= {one.question for one in kept.records()}


@pytest.mark.slow
def test_two_windows_at_once(path):
    code = (
        "import sys; from test_history import History, record\n"
        "for number in range(25):\n    History(sys.argv[1]).add(record(f'01-{sys.argv[2]}{number}'))"
    )
    windows = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], env=ENVIRONMENT) for name in "ab"
    ]
    assert [window.wait(timeout=60) for window in windows] == [0, 0]
    assert len(History(path).records()) == 50


def damaged(path):
    path.write_bytes(b"this is no database, and never was one; " * 100)


def torn(path):
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


def newer(path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()


def without_table(path):
    db = sqlite3.connect(path)
    db.execute("DROP TABLE answers")
    db.close()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (damaged, "damaged"),
        (torn, "damaged"),
        (newer, "newer embedlab (version 99"),
        (without_table, "damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_set_aside(path, harm, words):
    history = History(path)
    history.merge(record(f"01-{number}") for number in range(200))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    harm(path)
    before = path.read_bytes()
    fresh = History(path)
    assert words in fresh.notice
    (aside,) = [file for file in path.parent.iterdir() if file.name.startswith("history.sqlite.2")]
    assert str(aside) in fresh.notice
    assert aside.read_bytes() == before
    assert fresh.records() == []
    fresh.add(record())
    assert History(path).notice is None
    assert len(History(path).records()) == 1


def test_a_file_of_an_older_version_is_brought_up_to_date(path, monkeypatch):
    History(path).add(record())
    monkeypatch.setattr(
        module,
        "MIGRATIONS",
        [*module.MIGRATIONS, "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('x')"],
    )
    for _ in range(2):  # the second time there is nothing left to do
        history = History(path)
        assert history.notice is None
        assert len(history.records()) == 1
        with sqlite3.connect(path) as db:
            assert db.execute("SELECT count(*) FROM notes").fetchone() == (1,)
            assert db.execute("PRAGMA user_version").fetchone() == (len(module.MIGRATIONS),)
        db.close()


def test_a_migration_that_fails_changes_nothing(path, monkeypatch):
    History(path).add(record())
    monkeypatch.setattr(
        module,
        "MIGRATIONS",
        [*module.MIGRATIONS, "CREATE TABLE notes (text TEXT); INSERT INTO nowhere VALUES (1)"],
    )
    with pytest.raises(OSError, match=r"history\.sqlite cannot be used now: .*nowhere"):
        History(path)
    monkeypatch.undo()
    history = History(path)
    assert history.notice is None
    assert len(history.records()) == 1


def test_all_leaves_and_comes_back(path, tmp_path):
    history = History(path)
    history.merge([record("01-a"), record("01-b", answer=2.5, kind="numeric")])
    assert history.save(tmp_path / "out.json") == 2
    other = History(tmp_path / "other.sqlite")
    assert other.restore(tmp_path / "out.json") == 2
    assert other.restore(tmp_path / "out.json") == 0  # nothing comes twice
    assert other.records() == history.records()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no history exported by embedlab"),
        ("[1]", "no history exported by embedlab"),
        ("[" * 100_000, "no history exported by embedlab"),
        ('{"answers": []}', "no history exported by embedlab"),
        ('{"embedlab history": 99, "answers": []}', "newer embedlab \\(version 99"),
        ('{"embedlab history": 1, "answers": [{"question": "01-a"}]}', "does not fit"),
    ],
)
def test_a_wrong_import_adds_nothing(path, tmp_path, content, message):
    (tmp_path / "in.json").write_text(content, encoding="utf-8")
    history = History(path)
    with pytest.raises(ValueError, match=message):
        history.restore(tmp_path / "in.json")
    assert history.records() == []


@pytest.mark.slow
@given(
    fields=st.fixed_dictionaries(
        {
            "answer": st.one_of(
                st.lists(st.integers(0, 9), max_size=7).map(tuple), st.floats(-1e12, 1e12, allow_nan=False)
            ),
            "score": st.floats(0, 1),
            "seed": st.integers(0, 10**6),
            "seconds": st.floats(0, 1e5),
            "typed": st.text(),
            "day": st.dates(date(2000, 1, 1), date(2100, 1, 1)),
            "at": st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
            "question": st.from_regex(r"\d\d-[a-z]{1,9}", fullmatch=True),
        }
    )
)
def test_any_answer_survives_export_and_import(tmp_path_factory, fields):
    folder = tmp_path_factory.mktemp("history")
    history = History(folder / "a.sqlite")
    stored = record(**fields)
    history.add(stored)
    history.save(folder / "out.json")
    other = History(folder / "b.sqlite")
    other.restore(folder / "out.json")
    assert history.records() == other.records() == [stored]
