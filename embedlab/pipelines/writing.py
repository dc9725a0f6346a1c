"""Writes that may come twice, or late, and do no harm: hashes, versions, tombstones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from psycopg import Connection

# Idempotent: the second time changes nothing. And a slow worker that read an older text is turned away.
UPSERT = """
INSERT INTO vectors (document, model, version, content_hash, embedding)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (document, model) DO UPDATE
SET version = excluded.version, content_hash = excluded.content_hash, embedding = excluded.embedding,
    written_at = excluded.written_at
WHERE excluded.version > vectors.version
"""
UNFENCED = UPSERT.replace("WHERE excluded.version > vectors.version\n", "")  # the last write wins: a control

UNCHANGED = """
UPDATE vectors SET version = %(version)s
WHERE document = %(document)s AND model = %(model)s AND content_hash = %(hash)s AND version < %(version)s
"""


# A text that was changed and changed back: another worker has written the vector of what was in between.
OVERTAKEN = """
SELECT EXISTS (SELECT FROM unnest(%(documents)s::bigint[], %(versions)s::bigint[]) AS same (document, newer)
               JOIN vectors ON vectors.document = same.document AND vectors.model = %(model)s
               WHERE vectors.version < same.newer)
"""


class Overtaken(Exception):  # noqa: N818, nothing failed: look again
    """Between reading and writing, another worker has written an older version of a document."""


@dataclass(frozen=True)
class Write:
    """What is to become of a document's vector.

    ``text`` is None where the document is gone; ``known`` is the hash of the text that its vector is made of.
    """

    document: int
    version: int
    text: str | None
    known: bytes | None = None

    @property
    def hash(self) -> bytes | None:
        """The hash of the text, None where the document is gone."""
        return None if self.text is None else content_hash(self.text)

    @property
    def must_embed(self) -> bool:
        """Whether there is a text, and another than the vector was made of."""
        return self.text is not None and self.hash != self.known


def content_hash(text: str) -> bytes:
    """Hash a text to 16 bytes: an equal hash, an equal text, and no need to embed it again.

    Examples
    --------
    >>> content_hash("a cat") == content_hash("a cat"), content_hash("a cat") == content_hash("a cat.")
    (True, False)
    """
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def vector_hash(vector: NDArray[np.float32]) -> bytes:
    """Hash the bits of a vector to 16 bytes, so that two runs can be compared exactly.

    Examples
    --------
    >>> vector_hash(np.float32([1, 0])) == vector_hash(np.float32([1, 1e-9]))
    False
    """
    return hashlib.blake2b(np.ascontiguousarray(vector, "<f4").tobytes(), digest_size=16).digest()


def checked(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors, if all their numbers are finite: pgvector would refuse the whole batch.

    Examples
    --------
    >>> checked(np.float32([[0, 1], [np.nan, 0]]))
    Traceback (most recent call last):
    ValueError: vector 1 has a number that is not finite
    """
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ValueError(f"vector {bad[0]} has a number that is not finite")
    return vectors


def wins(new: int, old: int | None) -> bool:
    """Tell whether a write of version ``new`` may replace what is there, of version ``old`` or nothing.

    The rule of `UPSERT`. In whatever order a document's writes arrive, and however often: the newest stays.

    Examples
    --------
    >>> wins(2, None), wins(2, 1), wins(2, 2), wins(1, 2)
    (True, True, False, False)
    """
    return old is None or new > old


def write(
    connection: Connection,
    model: str,
    writes: Sequence[Write],
    vectors: NDArray[np.float32],
    *,
    fenced: bool = True,
) -> None:
    """Write vectors, tombstones, and the new versions of texts that have not changed.

    Parameters
    ----------
    connection : psycopg.Connection
        Within the transaction that completes the jobs.
    model : str
    writes : sequence of Write
    vectors : array of float32, (n, d)
        Of the writes that `must_embed`, in their order.
    fenced : bool
        False: older versions are written, too (the kill test's control).

    Raises
    ------
    ValueError
        If there is not one vector for each.
    Overtaken
        If a text was believed unchanged, and its vector is of another one by now. Undo the transaction, read
        again.
    """
    embedded = [one for one in writes if one.must_embed]
    if len(embedded) != len(vectors):
        raise ValueError(f"{len(vectors)} vectors for {len(embedded)} texts")
    rows = [(one.document, model, one.version, one.hash, v) for one, v in zip(embedded, vectors, strict=True)]
    rows += [(one.document, model, one.version, None, None) for one in writes if one.text is None]
    same = [one for one in writes if one.text is not None and not one.must_embed]
    # In one order for everybody, so that two workers seldom wait for each other. (Two passes leave a deadlock
    # possible, of what is embedded and what has not changed: PostgreSQL ends one, and its jobs come again.)
    rows.sort(key=lambda row: row[0])
    cursor = connection.cursor()
    if rows:
        cursor.executemany(UPSERT if fenced else UNFENCED, rows)
    if same:
        names = "document", "version", "hash"
        values = [{name: getattr(one, name) for name in names} | {"model": model} for one in same]
        cursor.executemany(UNCHANGED, sorted(values, key=lambda value: value["document"]))
        now = {"documents": [one.document for one in same], "versions": [one.version for one in same]}
        if connection.execute(OVERTAKEN, now | {"model": model}).fetchone()[0]:
            raise Overtaken
