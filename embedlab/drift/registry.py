"""The registry: which model, which text and which chunker made which vector, and which index answers.

All of it lies in one SQLite file, so that whatever has to change together changes in one transaction. The
state "live" is stored nowhere but in the one row of ``answering``: there is no second place to disagree.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

STATES = ("building", "shadow", "retired")
TABLES = """
CREATE TABLE models (id TEXT PRIMARY KEY, name TEXT NOT NULL, weights TEXT NOT NULL, pooling TEXT NOT NULL,
                     max_tokens INTEGER NOT NULL, dims INTEGER NOT NULL) STRICT;
CREATE TABLE chunkers (id TEXT PRIMARY KEY, name TEXT NOT NULL, settings TEXT NOT NULL) STRICT;
CREATE TABLE documents (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, text TEXT, hash TEXT) STRICT;
CREATE TABLE indexes (id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models,
                      chunker TEXT NOT NULL REFERENCES chunkers, bookmark INTEGER NOT NULL DEFAULT 0,
                      filled INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'building'
                      CHECK (state IN ('building', 'shadow', 'retired')), UNIQUE (id, model)) STRICT;
CREATE TABLE vectors (index_id INTEGER NOT NULL, document INTEGER NOT NULL, chunk INTEGER NOT NULL,
                      model TEXT NOT NULL, version INTEGER NOT NULL, hash TEXT NOT NULL, vector BLOB NOT NULL,
                      PRIMARY KEY (index_id, document, chunk),
                      FOREIGN KEY (index_id, model) REFERENCES indexes (id, model)) STRICT;
CREATE TABLE pending (index_id INTEGER NOT NULL REFERENCES indexes, document INTEGER NOT NULL,
                      priority INTEGER NOT NULL, PRIMARY KEY (index_id, document)) STRICT;
CREATE TABLE answering (one INTEGER PRIMARY KEY CHECK (one = 1),
                        index_id INTEGER NOT NULL REFERENCES indexes, epoch INTEGER NOT NULL) STRICT;
CREATE TABLE verdicts (epoch INTEGER NOT NULL, index_id INTEGER NOT NULL REFERENCES indexes,
                       agrees INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (epoch, index_id)) STRICT;
CREATE TABLE switches (epoch INTEGER PRIMARY KEY, left_index INTEGER, to_index INTEGER NOT NULL,
                       why TEXT NOT NULL, at REAL NOT NULL, back INTEGER NOT NULL) STRICT;
CREATE TABLE shadow_reads (epoch INTEGER NOT NULL, index_id INTEGER NOT NULL, query TEXT NOT NULL,
                           overlap REAL NOT NULL) STRICT;
"""
# The dual write: no program can forget it, as the database itself does it, in the edit's own transaction.
DUAL_WRITE = """
CREATE TRIGGER dual_write_new AFTER INSERT ON documents BEGIN
    INSERT INTO pending SELECT id, NEW.id, 0 FROM indexes WHERE state <> 'retired'
    ON CONFLICT (index_id, document) DO UPDATE SET priority = 0;
END;
CREATE TRIGGER dual_write AFTER UPDATE OF version ON documents BEGIN
    INSERT INTO pending SELECT id, NEW.id, 0 FROM indexes WHERE state <> 'retired'
    ON CONFLICT (index_id, document) DO UPDATE SET priority = 0;
END;
"""
# SQLite checks a foreign key only on connections that ask for it; a trigger fires on every one.
ONE_MODEL = """
CREATE TRIGGER one_model_new BEFORE INSERT ON vectors
WHEN NEW.model IS NOT (SELECT model FROM indexes WHERE id = NEW.index_id)
BEGIN SELECT RAISE(ABORT, 'the vector names another model than its index'); END;
CREATE TRIGGER one_model BEFORE UPDATE OF index_id, model ON vectors
WHEN NEW.model IS NOT (SELECT model FROM indexes WHERE id = NEW.index_id)
BEGIN SELECT RAISE(ABORT, 'the vector names another model than its index'); END;
CREATE TRIGGER one_model_index BEFORE UPDATE OF model ON indexes WHEN NEW.model IS NOT OLD.model
BEGIN SELECT RAISE(ABORT, 'an index keeps its model'); END;
"""
PROVENANCE = """
SELECT vectors.document, chunk, vectors.index_id, vectors.version, vectors.hash = documents.hash AS fresh,
       models.name, weights, pooling, max_tokens, chunkers.name AS chunker, settings,
       vectors.index_id = answering.index_id AS live
FROM vectors JOIN documents ON documents.id = document JOIN indexes ON indexes.id = vectors.index_id
JOIN models ON models.id = indexes.model JOIN chunkers ON chunkers.id = indexes.chunker
LEFT JOIN answering ON one = 1
WHERE document = ? ORDER BY vectors.index_id, chunk
"""


@dataclass(frozen=True)
class ModelCard:
    """What a vector's numbers depend on, besides the text: change one of them, and it is another model."""

    name: str
    weights: str  # a hash of the files; what an API calls its version, if there is nothing better
    pooling: str
    max_tokens: int
    dims: int

    @property
    def id(self) -> str:
        """A hash of all of it: two cards that differ anywhere never share an index.

        Examples
        --------
        >>> card = ModelCard("minilm", "53aa51", "mean", 256, 384)
        >>> card.id == ModelCard("minilm", "53aa51", "mean", 64, 384).id
        False
        """
        return _digest(json.dumps(asdict(self)))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def text_hash(text: str) -> str:
    """Hash a text to 32 hexadecimal digits: an equal hash, an equal text.

    Examples
    --------
    >>> len(text_hash("a cat")), text_hash("a cat") == text_hash("a cat ")
    (32, False)
    """
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def connect(path: str | Path) -> sqlite3.Connection:
    """Open the registry's file, and make the tables if it is new.

    With a write-ahead log, a reader sees the last commit before its first statement, whatever is written
    meanwhile; one transaction writes at a time, and others wait for it, up to 30 seconds.

    Parameters
    ----------
    path : str or Path

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> folder = TemporaryDirectory()
    >>> db = connect(f"{folder.name}/registry.sqlite")
    >>> db.execute("PRAGMA journal_mode").fetchone()[0], db.execute("SELECT * FROM answering").fetchall()
    ('wal', [])
    >>> db.close(); folder.cleanup()
    """
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    for setting in (
        "busy_timeout = 30000",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        db.execute(f"PRAGMA {setting}")
    with writing(db):
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'models'").fetchone():
            for statement in _statements(TABLES + DUAL_WRITE + ONE_MODEL):
                db.execute(statement)
    return db


def _statements(script: str) -> Iterator[str]:
    """Split a script: sqlite3's own ``executescript`` would commit the transaction first."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write in one transaction, all or nothing. IMMEDIATE: wait for the right to write before reading."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


@contextmanager
def reading(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Read in one snapshot: all statements within see the same commit."""
    db.execute("BEGIN")
    try:
        yield db
    finally:
        db.execute("COMMIT")


def new_index(db: sqlite3.Connection, card: ModelCard, chunker: str, settings: Mapping) -> int:
    """Register a model, a chunker and an index that they will fill; return the index's number.

    From its commit on, every edit is also pending for this index: the dual write has begun.

    Parameters
    ----------
    db : connection
    card : ModelCard
    chunker : str
        Its name; with ``settings``, all that decides where a text is cut.
    settings : dict
        Of what JSON can hold.
    """
    chosen = json.dumps(dict(settings), sort_keys=True)
    cutter = _digest(f"{chunker} {chosen}")
    with writing(db):
        db.execute("INSERT OR IGNORE INTO models VALUES (?, ?, ?, ?, ?, ?)", (card.id, *astuple(card)))
        db.execute("INSERT OR IGNORE INTO chunkers VALUES (?, ?, ?)", (cutter, chunker, chosen))
        made = db.execute("INSERT INTO indexes (model, chunker) VALUES (?, ?)", (card.id, cutter))
        return int(made.lastrowid)


def model_of(db: sqlite3.Connection, index: int) -> tuple[str, int]:
    """Return the id of an index's model, and its dimensions.

    Raises
    ------
    ValueError
        If there is no such index.
    """
    question = "SELECT models.id, dims FROM indexes JOIN models ON models.id = model WHERE indexes.id = ?"
    found = db.execute(question, [index]).fetchone()
    if found is None:
        raise ValueError(f"there is no index {index}")
    return found


def states(db: sqlite3.Connection) -> dict[int, str]:
    """Return the state of each index: "building", "shadow", "live" or "retired"."""
    question = "SELECT id, CASE WHEN id = (SELECT index_id FROM answering) THEN 'live' ELSE state END"
    return dict(db.execute(f"{question} FROM indexes ORDER BY id"))


def provenance(db: sqlite3.Connection, document: int) -> list[dict]:
    """Say what made each vector of a document: model, weights, pooling, tokens read, chunker, text.

    ``fresh``: whether it was made of the text as it is now (0 or 1). ``live``: whether its index answers.
    """
    found = db.execute(PROVENANCE, [document])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]
