"""Scores of pairs, kept: an evaluation asks for thousands, and a cross-encoder reads some forty a second.

Only where many queries are ranked at once. A single search is computed, as it will be for users: what is
timed is the work.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab import reranking
from embedlab.embedder import VectorStore, progress

CHUNK = 512  # pairs: what an interrupted evaluation may lose, at the most
Pair = tuple[str, str]  # query, document


def kept_scores(model: reranking.CrossEncoder, pairs: Sequence[Pair]) -> NDArray[np.float32]:
    """Score pairs, (n,); those that this model has scored before are looked up.

    A model without a ``fingerprint`` scores all of them.
    """
    if not hasattr(model, "fingerprint"):
        return model.score_pairs(pairs)

    def scored(rows: list[int], bar) -> NDArray[np.float32]:
        scores = model.score_pairs([pairs[i] for i in rows])
        bar.update(len(rows))
        return scores[:, None]

    return VectorStore(model.fingerprint, dims=1).complete(
        ["\0".join(pair) for pair in pairs],
        scored,
        chunk=CHUNK,
        progress=lambda total: progress(total, True, unit="pair", desc="reading pairs"),
    )[:, 0]
