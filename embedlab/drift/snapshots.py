"""Answers from one snapshot: the query's encoder and the vectors are read together, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embedlab.drift.dual_write import Encode, WrongModelError
from embedlab.drift.registry import model_of, reading
from embedlab.index import top_k

Floats = NDArray[np.float32]
ROWS = "SELECT document, index_id, vector FROM vectors WHERE index_id = ? ORDER BY document, chunk"


@dataclass(frozen=True)
class Snapshot:
    """What one read transaction saw: an index, the model that has to encode queries, and all vectors.

    A server keeps it in memory and asks the one row, before each batch of queries, whether the epoch is still
    the same. What is in flight ends on the snapshot that it began with.
    """

    epoch: int
    index: int
    model: str  # the id of the model that encodes the queries
    documents: NDArray[np.int64] = field(repr=False)  # (n,), of each vector
    made_in: NDArray[np.int64] = field(repr=False)  # (n,), the index that each vector was read from
    vectors: Floats = field(repr=False)  # (n, dims)


@dataclass(frozen=True)
class Answer:
    """The best documents, best first, and which index stood behind the query and behind each vector."""

    epoch: int
    encoder_index: int
    documents: tuple[int, ...]
    vector_indexes: tuple[int, ...]

    @property
    def mixed(self) -> bool:
        """Whether a vector was compared with a query of another index's model."""
        return any(index != self.encoder_index for index in self.vector_indexes)


def snapshot(db: sqlite3.Connection, index: int | None = None) -> Snapshot:
    """Read the index that answers, or a given one (for a shadow read), in one read transaction.

    Raises
    ------
    ValueError
        If no index answers yet, or there is no such index.
    """
    with reading(db):
        row = db.execute("SELECT index_id, epoch FROM answering").fetchone()
        if row is None and index is None:
            raise ValueError("no index answers yet: fill one, and call first_live")
        chosen, epoch = (row[0] if index is None else index), (row[1] if row else 0)
        model, dims = model_of(db, chosen)
        rows = db.execute(ROWS, [chosen]).fetchall()
    documents, made_in, blobs = zip(*rows, strict=True) if rows else ((), (), ())
    vectors = np.frombuffer(b"".join(blobs), np.float32).reshape(-1, dims)
    return Snapshot(epoch, chosen, model, np.array(documents, np.int64), np.array(made_in, np.int64), vectors)


def rank(snapshot: Snapshot, queries: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return scores and documents (q, k), best first; -inf and -1 where there are no more.

    A document counts by its best chunk.

    Raises
    ------
    WrongModelError
        If the queries have another length than the vectors.
    """
    queries = np.asarray(queries, np.float32)
    if queries.ndim != 2 or queries.shape[1] != snapshot.vectors.shape[1]:
        raise WrongModelError(
            f"index {snapshot.index} holds vectors {snapshot.vectors.shape}, but queries are {queries.shape}"
        )
    scores = queries @ snapshot.vectors.T
    names, starts = np.unique(snapshot.documents, return_index=True)  # rows are ordered by document
    if len(names):
        scores = np.maximum.reduceat(scores, starts, axis=1)
    best, places = top_k(scores, k)
    return best, np.where(places < 0, -1, np.append(names, -1)[places])


def search(
    snapshot: Snapshot, encoders: Mapping[str, Encode], texts: Sequence[str], k: int = 10
) -> list[Answer]:
    """Encode queries with the snapshot's own model, and answer each.

    Raises
    ------
    WrongModelError
        If there is no encoder of that model.
    """
    if snapshot.model not in encoders:
        raise WrongModelError(f"index {snapshot.index} needs model {snapshot.model}, which is not loaded")
    found = rank(snapshot, encoders[snapshot.model](list(texts)), k)[1]
    places = dict(zip(snapshot.documents.tolist(), snapshot.made_in.tolist(), strict=True))
    answers = []
    for row in found:
        documents = tuple(int(i) for i in row if i >= 0)
        answers.append(Answer(snapshot.epoch, snapshot.index, documents, tuple(places[i] for i in documents)))
    return answers
