"""Is the result what it would be had nothing ever gone wrong? Every document once, by hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embedlab.pipelines.encoders import CRASHES, RAISES, Encode
from embedlab.pipelines.writing import content_hash, vector_hash

if TYPE_CHECKING:
    from psycopg import Connection

BOTH = """
SELECT coalesce(documents.id, vectors.document), documents.text, documents.version,
       vectors.version, vectors.content_hash, vectors.embedding
FROM documents
FULL JOIN (SELECT * FROM vectors WHERE model = %s) AS vectors ON vectors.document = documents.id
"""


@dataclass(frozen=True)
class Check:
    """How a table of vectors compares with its documents: numbers of documents."""

    documents: int
    right: int  # one vector, of the text as it is now, bit for bit the one that the encoder makes
    poison: int  # no vector, because the text harms the encoder
    missing: int
    stale: int  # of an older text
    wrong: int  # of this text, but other numbers
    ghosts: int  # a vector of a document that was deleted

    @property
    def clean(self) -> bool:
        """Whether every document is right or poison, and nothing else is there."""
        return self.right + self.poison == self.documents and not self.ghosts


def check(connection: Connection, model: str, encode: Encode | None = None, *, batch: int = 512) -> Check:
    """Compare a model's vectors with the documents: ids, versions, hashes, and with an encoder every bit.

    Parameters
    ----------
    connection : psycopg.Connection
    model : str
    encode : callable, optional
        The encoder without its faults. Its vectors must not depend on the other texts of a batch. None: the
        numbers are not looked at, and ``wrong`` is 0: the comparison that can run each night.
    batch : int
        Texts at a time.
    """
    counts = dict.fromkeys(Check.__dataclass_fields__, 0)
    same: list[tuple[str, bytes]] = []
    for _, text, version, made_of, made_hash, vector in connection.execute(BOTH, (model,)):
        if text is None:
            counts["ghosts"] += vector is not None
            continue
        counts["documents"] += 1
        if vector is None:
            counts["poison" if CRASHES in text or RAISES in text else "missing"] += 1
        elif made_of != version or bytes(made_hash) != content_hash(text):
            counts["stale"] += 1
        elif encode is None:
            counts["right"] += 1
        else:
            same.append((text, vector_hash(_numbers(vector))))
    for i in range(0, len(same), batch):
        texts, hashes = zip(*same[i : i + batch], strict=True)
        fresh = map(vector_hash, encode(list(texts)))
        right = sum(made == there for made, there in zip(fresh, hashes, strict=True))
        counts["right"] += right
        counts["wrong"] += len(texts) - right
    return Check(**counts)


def _numbers(vector: object) -> NDArray[np.float32]:
    """Return a vector from the driver as an array: pgvector 0.4 gives one, later versions a `Vector`."""
    return vector.to_numpy() if hasattr(vector, "to_numpy") else np.asarray(vector)
