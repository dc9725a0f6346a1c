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


def pairs_found(queries: Sequence[str], texts: Sequence[str], rows: NDArray[np.integer]) -> list[Pair]:
    """Return the pairs of each query with the documents that were found for it, row by row; -1 is none.

    Examples
    --------
    >>> pairs_found(["q"], ["three", "one"], np.array([[1, 0, -1]]))
    [('q', 'one'), ('q', 'three')]
    """
    return [(query, texts[i]) for query, row in zip(queries, rows, strict=True) for i in row if i >= 0]


def score_matrix(
    model: reranking.CrossEncoder,
    queries: Sequence[str],
    texts: Sequence[str],
    rows: NDArray[np.integer],
    *,
    keep: bool = True,
) -> NDArray[np.float32]:
    """Score what a first stage found: float32 (q, k), -inf where there is no document.

    Parameters
    ----------
    model : CrossEncoder, or anything else with ``score_pairs(pairs)``
    queries : sequence of q str
    texts : sequence of str
        All documents.
    rows : int array (q, k)
        Which of them were found for each query, -1 for none.
    keep : bool
        Look up what this model has scored before, see `kept_scores`.

    Examples
    --------
    >>> class Shortest:
    ...     def score_pairs(self, pairs):
    ...         return [-len(text) for _, text in pairs]
    >>> score_matrix(Shortest(), ["q"], ["three", "one"], np.array([[1, 0, -1]]))
    array([[ -3.,  -5., -inf]], dtype=float32)
    """
    rows = np.asarray(rows)
    pairs = pairs_found(queries, texts, rows)
    scores = np.full(rows.shape, -np.inf, np.float32)
    scores[rows >= 0] = kept_scores(model, pairs) if keep else model.score_pairs(pairs)
    return scores
