"""Everywhere a document comes to lie in a small retrieval system, and a checker that looks there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from embedlab.hnsw import HNSWIndex
from embedlab.index import Floats
from embedlab.machine import server
from embedlab.security.envelope import Keys
from embedlab.security.traces import traces
from embedlab.serving import SemanticCache
from embedlab.vector_databases import Row, connect, copy_rows, create_hnsw, create_table, nearest

SENTENCE = "Ottilie Brandauer owes the harbour clinic 4711 crowns since March."
OWNER = "person 1174"  # whose it is, in the table and as the name of the key: no name of hers
STEM = "brandau"  # what PostgreSQL's full text keeps of the name, in small letters
CACHED = {"model": "MiniLM", "version": "1"}
PLACES = (
    "table of sources",
    "table of vectors",
    "graph in the database",
    "write-ahead log",
    "graph of our own",
    "codes of one bit",
    "cache of answers",
    "log of requests",
    "backup",
)


class Estate:
    """A database, an index of our own, codes, a cache, a log and a backup: all hold the planted sentence.

    Parameters
    ----------
    folder : Path
        Of the files outside the database.
    db : machine.Server
        A database of its own: its files are read.
    vectors : float32 array (n, d)
        Of other documents.
    planted : float32 array (d,)
        The sentence's; it gets the last id, n.
    keys : Keys, optional
        Then texts are stored sealed, and full text not at all. Answers are not: a service opens the text to
        answer, so its cache and its log of requests hold it in plain.
    """

    def __init__(self, folder: Path, db: Any, vectors: Floats, planted: Floats, keys: Keys | None = None):
        self.folder, self.db, self.planted, self.keys = Path(folder), db, planted, keys
        self.number = len(vectors)
        self.connection = connect(db.url)
        self.cache = SemanticCache()
        self.log = logging.Logger("estate")
        self.log.addHandler(logging.FileHandler(self.folder / "requests.log"))
        self._fill(np.concatenate([vectors, planted[None]]))

    def stored(self, text: str, owner: str) -> str:
        """Return a text as it is stored: plain, or sealed for its owner."""
        if not self.keys:
            return text
        sealed = self.keys.seal(text.encode(), owner, "clinic", owner, 1)
        return (sealed.nonce + sealed.body).hex()

    def _fill(self, vectors: Floats) -> None:
        sql, own = self.connection.execute, self.stored(SENTENCE, OWNER)
        texts = [f"document {i}" for i in range(self.number)] + [own]
        sql("CREATE TABLE sources (id bigint PRIMARY KEY, person text, body text)")
        with self.connection.cursor().copy("COPY sources FROM STDIN") as copy:
            for i, text in enumerate(texts):
                copy.write_row((i, OWNER if i == self.number else "other", text))
        sql(create_table("vectors", vectors.shape[1]))
        rows = (Row(i, text, "", "", v) for i, (text, v) in enumerate(zip(texts, vectors, strict=True)))
        copy_rows(self.connection, "vectors", rows)
        sql(create_hnsw("vectors", dims=vectors.shape[1]))
        self.index = HNSWIndex(vectors.shape[1])
        self.index.add(vectors, show_progress=False)
        self.codes = np.packbits(vectors > 0, axis=1)
        self.back_up()
        self.save()
        self.cache.put("What does Brandauer owe?", SENTENCE, self.planted, **CACHED, cites=[str(self.number)])
        self.log.warning("answered with: %s", SENTENCE)

    def save(self) -> None:
        """Write index and codes to their files."""
        self.index.save(self.folder / "own.index")
        np.save(self.folder / "codes.npy", self.codes)

    def back_up(self) -> None:
        """Copy both tables to a file, as a nightly dump does."""
        with open(self.folder / "backup.bin", "wb") as file:
            for table, names in (("sources", "*"), ("vectors", "id, text, embedding")):
                statement = f"COPY (SELECT {names} FROM {table}) TO STDOUT (FORMAT BINARY)"
                with self.connection.cursor().copy(statement) as copy:
                    file.writelines(copy)

    def raw(self) -> dict[str, bytes]:
        """Read all places as they lie on disk; the cache as it lies in memory."""
        self.connection.execute("CHECKPOINT")  # what is only in the database's memory goes to its files
        entries = self.cache._entries.values()
        return {
            "table of sources": self._relation("sources"),
            "table of vectors": self._relation("vectors"),
            "graph in the database": self._relation("vectors_embedding_idx"),
            "write-ahead log": _joined(self.db.folder / "data" / "pg_wal"),
            "graph of our own": _joined(self.folder / "own.index"),
            "codes of one bit": _joined(self.folder / "codes.npy"),
            "cache of answers": b"".join(
                repr((e.key, e.answer)).encode() + e.vector.tobytes() for e in entries
            ),
            "log of requests": _joined(self.folder / "requests.log"),
            "backup": _joined(self.folder / "backup.bin"),
        }

    def _relation(self, name: str) -> bytes:
        path = self.connection.execute("SELECT pg_relation_filepath(%s)", (name,)).fetchone()[0]
        return (self.db.folder / "data" / path).read_bytes()

    def check(self) -> dict[str, set[str]]:
        """Return for each of `PLACES` what of the sentence is left there: `FORMS`, "word", "found".

        "found": a search by its own vector returns something with a cosine above 0.999.
        """
        found = {}
        for place, raw in self.raw().items():
            found[place] = traces(raw, SENTENCE, self.planted)
            if STEM.encode() in raw:
                found[place].add("word")
        query = {"query": self.planted, "k": 1}
        rows = self.connection.execute(nearest("vectors", dims=len(self.planted)), query).fetchall()
        scores, _ = self.index.search(self.planted[None], 1)
        cached = self.cache.get("debts?", self.planted, **CACHED)
        searches = {
            "graph in the database": rows[0][1] if rows else 0,
            "graph of our own": scores[0, 0],
            "cache of answers": float(cached is not None),
        }
        for place, score in searches.items():
            found[place] |= {"found"} if score > 0.999 else set()
        return found

    def close(self) -> None:
        """Close the connection and the log."""
        self.connection.close()
        for handler in self.log.handlers:
            handler.close()


def _joined(path: Path) -> bytes:
    """Read a file, or all files of a folder; what is not there is empty."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return b"".join(file.read_bytes() for file in files if file.exists())


@contextlib.contextmanager
def an_estate(folder: Path, vectors: Floats, planted: Floats, keys: Keys | None = None) -> Iterator[Estate]:
    """Set up an estate with a database of its own, for as long as a block lasts."""
    with server() as db:
        estate = Estate(folder, db, vectors, planted, keys)
        try:
            yield estate
        finally:
            estate.close()
