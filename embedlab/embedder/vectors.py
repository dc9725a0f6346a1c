"""Vectors that were computed before, found again by the text that they were made of.

Some come with the course (``data/vectors``, in half precision), the others lie in a database in the cache: a
row for each text. So a collection that grows by one document embeds one document, wherever else it changed.
"""

import hashlib
import json
import os
import sqlite3
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from functools import cache
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from embedlab.machine import cache_file, data_path

Floats = NDArray[np.float32]


def text_key(text: str) -> bytes:
    """Hash a text to 16 bytes.

    Examples
    --------
    >>> text_key("a cat") == text_key("a cat "), len(text_key(""))
    (False, 16)
    """
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class VectorStore:
    """The known vectors of one space.

    Parameters
    ----------
    space : str
        A hash of all that the numbers depend on but the text: `Embedder.fingerprint`.
    dims : int
    shipped : bool
        Whether vectors that come with the course will do; they are rounded to half precision.

    Examples
    --------
    >>> store = VectorStore("a space of its own", dims=2)
    >>> store.put(["a cat"], np.float32([[1, 2]]))
    >>> store.get(["a dog", "a cat"])
    (array([[0., 0.],
           [1., 2.]], dtype=float32), [0])
    """

    def __init__(self, space: str, dims: int, *, shipped: bool = True):
        self.space, self.dims, self.shipped = space, dims, shipped

    @property
    def path(self) -> Path:
        """The database of this space."""
        return cache_file("vectors", f"{self.space}.sqlite")

    def lock(self) -> AbstractContextManager:
        """Return a lock, so that of two processes the second finds what the first computes."""
        return FileLock(f"{self.path}.lock") if os.access(self.path.parent, os.W_OK) else nullcontext()

    def get(self, texts: Sequence[str]) -> tuple[Floats, list[int]]:
        """Look texts up: their vectors (n, dims), and the positions of those that are not known (zeros)."""
        vectors = np.zeros((len(texts), self.dims), np.float32)
        keys = [text_key(text) for text in texts]
        missing = list(range(len(texts)))
        for look_up in (self._shipped, self._stored):
            found = look_up([keys[i] for i in missing]) if missing else {}
            for i in missing:
                if keys[i] in found:
                    vectors[i] = found[keys[i]]
            missing = [i for i in missing if keys[i] not in found]
        return vectors, missing

    def complete(self, texts: Sequence[str], compute: Callable, *, chunk: int, progress: Callable) -> Floats:
        """Look texts up, and compute and keep what is not known: vectors (n, dims).

        Parameters
        ----------
        texts : sequence of n str
        compute : callable
            ``compute(positions, bar) -> vectors``, of at most ``chunk`` texts, which an interrupt may lose.
        chunk : int
        progress : callable
            ``progress(total) -> bar``.
        """
        vectors, missing = self.get(texts)
        if not missing:
            return vectors
        with self.lock(), progress(len(missing)) as bar:
            vectors, missing = self.get(texts)  # another process may have computed them meanwhile
            bar.update(bar.total - len(missing))
            for start in range(0, len(missing), chunk):
                rows = missing[start : start + chunk]
                vectors[rows] = compute(rows, bar)
                self.put([texts[i] for i in rows], vectors[rows])
        return vectors

    def put(self, texts: Sequence[str], vectors: Floats) -> None:
        """Keep vectors (n, dims) on disk, all or nothing; where that cannot be, say so and go on."""
        rows = [
            (text_key(text), np.ascontiguousarray(vector, np.float32).tobytes())
            for text, vector in zip(texts, vectors, strict=True)
        ]
        try:
            with closing(self._open()) as database, database:
                database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            warnings.warn(f"vectors cannot be kept in {self.path}: {error}", stacklevel=2)

    def _shipped(self, keys: list[bytes]) -> dict[bytes, NDArray]:
        rows, vectors = shipped_vectors(self.space) if self.shipped else ({}, None)
        return {key: vectors[rows[key]] for key in keys if key in rows}

    def _stored(self, keys: list[bytes]) -> dict[bytes, Floats]:
        if not self.path.exists():
            return {}
        rows = []
        try:
            with closing(self._open()) as database:
                for start in range(0, len(keys), 500):
                    part = keys[start : start + 500]
                    marks = ",".join("?" * len(part))
                    rows += database.execute(f"SELECT * FROM vectors WHERE key IN ({marks})", part)
        except sqlite3.OperationalError as error:  # locked, or not to be read: nothing is wrong with the file
            warnings.warn(f"{self.path} cannot be read now: {error}", stacklevel=4)
        except sqlite3.DatabaseError as error:
            warnings.warn(f"{self.path} is damaged ({error}); building it again", stacklevel=4)
            self.path.unlink(missing_ok=True)
        arrays = {key: np.frombuffer(blob, np.float32) for key, blob in rows if len(blob) == 4 * self.dims}
        # No encoder gives zeros or NaN: such a row was not written whole.
        return {key: array for key, array in arrays.items() if array.any() and np.isfinite(array).all()}

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=30)
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone():
            database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"
            )
        return database


@cache
def shipped_spaces() -> dict[str, Path]:
    """Return which file of ``data/vectors`` holds which space; the cards beside the files say so."""
    cards = sorted(data_path("vectors").glob("*.json"))
    return {
        space: card.with_suffix(".safetensors")
        for card in cards
        for space in json.loads(card.read_text(encoding="utf-8"))["spaces"]
    }


@cache
def shipped_vectors(space: str) -> tuple[dict[bytes, int], NDArray[np.float16] | None]:
    """Return the vectors (n, dims) of a space that come with the course, and the row of each text's key."""
    file = shipped_spaces().get(space)
    if file is None:
        return {}, None
    try:
        with safe_open(file, framework="numpy") as stored:
            keys, vectors = stored.get_tensor("keys").tobytes(), stored.get_tensor(space)
    except (SafetensorError, OSError) as error:  # they can be computed
        warnings.warn(f"{file} is damaged ({error}); computing the vectors anew", stacklevel=2)
        return {}, None
    return {keys[16 * row : 16 * row + 16]: row for row in range(len(vectors))}, vectors
