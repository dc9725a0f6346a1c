"""Edits, back-fill and the work between: every index that is not retired gets every change.

SQLite lets one transaction write at a time, so there is no claim and no lease as in chapter 18: who writes
looks first, within the same transaction, whether what it has embedded is still the text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.drift.registry import model_of, text_hash, writing

Floats = NDArray[np.float32]
Encode = Callable[[list[str]], Floats]
Chop = Callable[[str], Sequence[str]]
JOBS = """
SELECT document, version, text FROM pending JOIN documents ON documents.id = document
WHERE index_id = ? ORDER BY priority, document LIMIT ?
"""


class WrongModelError(ValueError):
    """Vectors that another model made than the index's, or of another length."""


def edit(db: sqlite3.Connection, document: int, text: str | None) -> int:
    """Insert, change or delete (None) a document; return its new version.

    In the same transaction a trigger notes it as pending for each index. A text that is what it was changes
    nothing. A deleted document stays as a row without text, so that its version goes on.

    Examples
    --------
    >>> from embedlab.drift import connect
    >>> db = connect(":memory:")
    >>> edit(db, 1, "a cat"), edit(db, 1, "a cat"), edit(db, 1, "two cats"), edit(db, 1, None)
    (1, 1, 2, 3)
    """
    made = None if text is None else text_hash(text)
    with writing(db):
        db.execute(
            "INSERT INTO documents VALUES (?, 1, ?, ?) ON CONFLICT (id) DO UPDATE SET text = excluded.text, "
            "hash = excluded.hash, version = version + 1 WHERE hash IS NOT excluded.hash",
            (document, text, made),
        )
        return db.execute("SELECT version FROM documents WHERE id = ?", [document]).fetchone()[0]


def backfill(db: sqlite3.Connection, index: int, page: int = 500) -> int:
    """Note the next documents as pending for an index, behind the edits; return how many.

    The page and the bookmark are one transaction: killed in between, it starts the page again. By key, not by
    position, so that documents which come or go meanwhile shift nothing (chapter 18).

    Raises
    ------
    ValueError
        If there is no such index, or a page holds less than one document.
    """
    if page < 1:
        raise ValueError(f"a page holds at least 1 document, but got {page}")
    with writing(db):
        found = db.execute("SELECT bookmark FROM indexes WHERE id = ?", [index]).fetchone()
        if found is None:
            raise ValueError(f"there is no index {index}")
        question = "SELECT id FROM documents WHERE id > ? AND text IS NOT NULL ORDER BY id LIMIT ?"
        ids = [row[0] for row in db.execute(question, (found[0], page))]
        db.executemany("INSERT OR IGNORE INTO pending VALUES (?, ?, 1)", [(index, i) for i in ids])
        after, finished = (ids or found)[-1], len(ids) < page
        db.execute("UPDATE indexes SET bookmark = ?, filled = ? WHERE id = ?", (after, finished, index))
        return len(ids)


def checked(db: sqlite3.Connection, index: int, made_by: str, vectors: Floats) -> Floats:
    """Return vectors (n, dims) as float32, if the index's own model made them.

    Parameters
    ----------
    db : connection
    index : int
    made_by : str
        The id of the model that made them (`ModelCard.id`).
    vectors : array of float (n, dims)

    Raises
    ------
    WrongModelError
        Naming both models, or both numbers of dimensions.
    ValueError
        If a number is not finite.
    """
    model, dims = model_of(db, index)
    if made_by != model:
        raise WrongModelError(f"index {index} holds vectors of model {model}, but model {made_by} made these")
    vectors = np.ascontiguousarray(vectors, np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != dims:
        raise WrongModelError(f"index {index} holds {dims} dimensions, but got shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError(f"index {index}: a vector holds NaN or infinity")
    return vectors


def work(
    db: sqlite3.Connection,
    index: int,
    encoders: Mapping[str, Encode],
    *,
    chop: Chop = lambda text: [text],
    limit: int = 64,
) -> int:
    """Embed some of what is pending for an index, edits first; return how many documents it looked at.

    The model runs outside of any transaction. What was edited meanwhile is left pending.

    Parameters
    ----------
    db : connection
    index : int
    encoders : {model id: callable}
        ``encode(texts) -> float32 (n, dims)``.
    chop : callable
        The index's chunker: ``chop(text) -> texts``, at least one.
    limit : int

    Raises
    ------
    WrongModelError
        If there is no encoder of the index's model, or it gives another length.
    """
    model, dims = model_of(db, index)
    if model not in encoders:
        raise WrongModelError(
            f"index {index} needs model {model}, but there is {', '.join(encoders) or 'none'}"
        )
    jobs = db.execute(JOBS, (index, limit)).fetchall()
    pieces = [list(chop(text)) if text is not None else [] for _, _, text in jobs]
    flat = [piece for some in pieces for piece in some]
    vectors = checked(db, index, model, encoders[model](flat) if flat else np.zeros((0, dims), np.float32))
    rows = iter(vectors)
    made = [[next(rows) for _ in some] for some in pieces]
    with writing(db):
        for (document, version, text), own in zip(jobs, made, strict=True):
            now = "SELECT 1 FROM documents WHERE id = ? AND version = ?"
            kept = "SELECT 1 FROM indexes WHERE id = ? AND state <> 'retired'"
            if (
                not db.execute(now, (document, version)).fetchone()
                or not db.execute(kept, [index]).fetchone()
            ):
                continue
            store(db, index, model, document, version, text, own)
            db.execute("DELETE FROM pending WHERE index_id = ? AND document = ?", (index, document))
    return len(jobs)


def store(
    db: sqlite3.Connection,
    index: int,
    made_by: str,
    document: int,
    version: int,
    text: str | None,
    vectors: Sequence[Floats],
) -> None:
    """Replace a document's vectors in an index, within the caller's transaction.

    Below the checks of this file stand the database's own: triggers compare the model that a vector names
    with that of its index, on every connection (a foreign key does so too, where it is switched on). They see
    the name, not the numbers.

    Raises
    ------
    sqlite3.IntegrityError
        If the index is of another model.
    """
    db.execute("DELETE FROM vectors WHERE index_id = ? AND document = ?", (index, document))
    db.executemany(
        "INSERT INTO vectors VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (index, document, chunk, made_by, version, text_hash(text), np.float32(vector).tobytes())
            for chunk, vector in enumerate(vectors)
        ],
    )
