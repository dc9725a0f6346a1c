"""What a learner has answered, in an SQLite file; what is due, mastery and streak all follow from it.

An answer is one transaction, on disk before the next question is shown. Rows are only added, never changed:
two windows cannot undo each other's work, and two histories are merged by adding what is missing.
"""

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from filelock import FileLock, Timeout
from platformdirs import user_data_path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from embedlab.study.bank import first_id, present_id

PATIENCE = 3  # seconds to wait for another program that uses the file
Mode = Literal["quiz", "daily", "review", "mock", "design"]


class Record(BaseModel):
    """One answer to one question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uid: str = Field(default_factory=lambda: uuid4().hex)
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    day: date = Field(default_factory=date.today)  # of the learner's calendar; a daily challenge's own day
    mode: Mode
    question: str
    kind: str
    difficulty: int = Field(ge=1, le=5)
    level: str
    seed: int  # asks the question again with the same numbers in the same order
    answer: tuple[int, ...] | float
    score: float = Field(ge=0, le=1)
    hinted: bool = False
    seconds: float = Field(default=0, ge=0)
    typed: str = ""  # the learner's own words, at a flashcard


RECORDS = TypeAdapter(list[Record])

# Version n of the file is what the first n of these have made of it. Never change one that was released.
MIGRATIONS = [
    """
    CREATE TABLE answers (
        uid TEXT PRIMARY KEY, at TEXT NOT NULL, day TEXT NOT NULL, mode TEXT NOT NULL, question TEXT NOT NULL,
        kind TEXT NOT NULL, difficulty INTEGER NOT NULL, level TEXT NOT NULL, seed INTEGER NOT NULL,
        answer TEXT NOT NULL, score REAL NOT NULL, hinted INTEGER NOT NULL, seconds REAL NOT NULL
    );
    """,
    "ALTER TABLE answers ADD COLUMN typed TEXT NOT NULL DEFAULT ''",
    # Answers of the mode "design" came in: a program that knows two versions only cannot read those.
    "CREATE INDEX answers_by_mode ON answers (mode)",
]


def history_file() -> Path:
    """Return the place of the history: in ``$EMBEDLAB_DATA``, or in the user's data folder.

    Examples
    --------
    >>> os.environ["EMBEDLAB_DATA"] = "somewhere"
    >>> history_file().parts
    ('somewhere', 'history.sqlite')
    >>> del os.environ["EMBEDLAB_DATA"]
    """
    return Path(os.environ.get("EMBEDLAB_DATA") or user_data_path("embedlab")) / "history.sqlite"


def write_json(records: list[Record], path: str | Path) -> None:
    """Write answers to a JSON file, from which `History.restore` brings them back."""
    content = {"embedlab history": len(MIGRATIONS), "answers": RECORDS.dump_python(records, mode="json")}
    Path(path).write_text(json.dumps(content, indent=1), encoding="utf-8")


class History:
    """The answers in a file; safe to be open in several processes.

    A file that is damaged, or made by a newer version of embedlab, is renamed, never overwritten; ``notice``
    then says where it is. Where a file cannot be used now (another program has locked it for longer than
    `PATIENCE`, the disk is full), opening, reading and adding raise an `OSError` that names it, and nothing
    has changed.

    Examples
    --------
    >>> import tempfile
    >>> history = History(Path(tempfile.mkdtemp()) / "history.sqlite")
    >>> history.add(Record(mode="quiz", question="01-a", kind="single", difficulty=2, level="junior",
    ...                    seed=0, answer=(1,), score=1.0))
    >>> [record.question for record in history.records()]
    ['01-a']
    """

    def __init__(self, path: str | Path | None = None):
        self.path = Path(path) if path else history_file()
        self.notice: str | None = None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # One at a time looks at the file, sets it aside, or migrates it.
            with FileLock(f"{self.path}.lock", timeout=PATIENCE), self._plain_errors():
                problem = self._problem()
                if problem:
                    aside = self._set_aside()
                    self.notice = f"The history {problem}. It is kept as {aside}; a new one begins."
                with self._connect() as db:
                    self._migrate(db)
        except Timeout:
            raise OSError(
                f"the history {self.path} is in use: another program holds {self.path}.lock"
            ) from None

    def add(self, record: Record) -> None:
        """Store an answer; when this returns, it is on disk."""
        self.merge([record])

    def merge(self, records: Iterable[Record]) -> int:
        """Add the records that are not there yet, all or none of them; return how many were added."""
        rows = [record.model_dump(mode="json") for record in records]
        for row in rows:
            row["answer"] = json.dumps(row["answer"])
            row["question"] = first_id(row["question"])  # on disk it keeps its name when it is renamed
            row["at"] = datetime.fromisoformat(row["at"]).astimezone(UTC).isoformat(timespec="microseconds")
        names = list(Record.model_fields)
        places = ", ".join(f":{name}" for name in names)
        with self._plain_errors(), self._connect() as db:
            before = db.total_changes
            db.executemany(f"INSERT OR IGNORE INTO answers ({', '.join(names)}) VALUES ({places})", rows)
            return db.total_changes - before

    def records(self) -> list[Record]:
        """Return all answers, the oldest first."""
        with self._plain_errors(), self._connect() as db:
            rows = db.execute("SELECT * FROM answers ORDER BY at, uid").fetchall()
        return RECORDS.validate_python(
            [
                {**row, "answer": json.loads(row["answer"]), "question": present_id(row["question"])}
                for row in rows
            ]
        )

    def save(self, path: str | Path) -> int:
        """Write all answers to a file with `write_json`; return how many."""
        records = self.records()
        write_json(records, path)
        return len(records)

    def restore(self, path: str | Path) -> int:
        """Add the answers of a JSON file that are not here yet; return how many were added.

        Raises
        ------
        ValueError
            If the file was not written by `save`; nothing is added then.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            version = content["embedlab history"]
            if version > len(MIGRATIONS):
                raise ValueError(
                    f"made by a newer embedlab (version {version}; this one reads {len(MIGRATIONS)})"
                )
            return self.merge(RECORDS.validate_python(content["answers"]))
        except ValidationError as error:
            raise ValueError(f"{path} holds an answer that does not fit: {error.errors()[0]}") from error
        except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{path} is no history exported by embedlab: {error!r}") from error

    @contextmanager
    def _plain_errors(self):
        """Say what SQLite complains about as an `OSError` that names the file."""
        try:
            yield
        except sqlite3.Error as error:
            raise OSError(f"the history {self.path} cannot be used now: {error}") from error

    @contextmanager
    def _connect(self):
        """Open the file for one transaction."""
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as db:
            db.row_factory = lambda cursor, row: {
                field[0]: value for field, value in zip(cursor.description, row, strict=True)
            }
            db.execute("PRAGMA journal_mode = WAL")  # readers do not wait for writers
            db.execute("PRAGMA synchronous = FULL")  # an answer survives a power cut, too
            with db:
                yield db

    def _migrate(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone().values()
        for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
            # In one transaction: a kill in between leaves the version before.
            db.executescript(f"BEGIN IMMEDIATE; {step}; PRAGMA user_version = {number}; COMMIT;")

    def _problem(self) -> str | None:
        """Say what is wrong with the file, or None."""
        if not self.path.exists():
            return None
        try:
            with self._connect() as db:
                (found,) = db.execute("PRAGMA quick_check").fetchone().values()
                (version,) = db.execute("PRAGMA user_version").fetchone().values()
                if found == "ok" and version:
                    db.execute("SELECT count(*) FROM answers")
        except sqlite3.DatabaseError as error:
            # Locked, or a full or read-only disk: not the file's fault, so it stays where it is.
            if error.sqlite_errorcode in (
                sqlite3.SQLITE_NOTADB,
                sqlite3.SQLITE_CORRUPT,
                sqlite3.SQLITE_ERROR,
            ):
                return f"is damaged ({error})"
            raise
        if found != "ok":
            return f"is damaged ({found})"
        if version > len(MIGRATIONS):
            return f"was written by a newer embedlab (version {version}; this one reads {len(MIGRATIONS)})"
        return None

    def _set_aside(self) -> Path:
        """Rename the file and what SQLite keeps beside it; return the new place."""
        stem = f"{self.path.name}.{datetime.now():%Y%m%d-%H%M%S-%f}"
        for ending in ("-wal", "-shm", ""):
            part = self.path.with_name(self.path.name + ending)
            if part.exists():
                part.rename(self.path.with_name(stem + ending))
        return self.path.with_name(stem)
