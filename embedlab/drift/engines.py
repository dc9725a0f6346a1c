"""Real engines for online experiments: what each shows for the test queries of DocSearch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedlab.benchmark import Benchmark
from embedlab.drift.clicks import Bools, labels
from embedlab.embedder import Embedder
from embedlab.hybrid import BM25Index, reciprocal_rank
from embedlab.index import FlatIndex, Ints

DEPTH = 100  # of the rankings that are fused


@dataclass(frozen=True)
class Engines:
    """What engines show, and what is right.

    Parameters
    ----------
    shown : {name: int array (queries, k)}
        Documents by row, best first.
    truth : bool array (queries, documents)
    """

    shown: dict[str, Ints]
    truth: Bools

    @property
    def queries(self) -> int:
        """How many queries there are."""
        return len(self.truth)


def docsearch_engines(
    benchmark: Benchmark, embedder: Embedder, *, split: str = "test", k: int = 10
) -> Engines:
    """Rank a split by vectors ("dense"), by words ("BM25"), by both ("hybrid"), and "reranked".

    "reranked" has the ten of dense, ordered by BM25: what a second stage does that sees nothing else.
    """
    _, texts, _ = benchmark.split(split)
    flat, words = FlatIndex(embedder.dims), BM25Index()
    flat.add(embedder.encode(benchmark.documents, cache=True, on_long="cut"))
    words.add(benchmark.documents)
    dense, lexical = flat.search(embedder.encode(texts, cache=True), DEPTH), words.search(texts, DEPTH)
    shown = {"dense": dense[1][:, :k], "BM25": lexical[1][:, :k]}
    shown["hybrid"] = reciprocal_rank([dense, lexical], k)[1]
    shown["reranked"] = reordered(shown["dense"], lexical[1])
    return Engines(shown, labels(benchmark, split))


def reordered(shown: Ints, ranking: Ints) -> Ints:
    """Sort each page by the places in another ranking; what that does not have comes last, in its old order.

    Examples
    --------
    >>> reordered(np.array([[4, 5, 6]]), np.array([[6, 9, 4]]))
    array([[6, 4, 5]])
    """
    same = shown[:, :, None] == ranking[:, None, :]
    place = np.where(same.any(axis=2), same.argmax(axis=2), ranking.shape[1])
    return np.take_along_axis(shown, np.argsort(place, axis=1, kind="stable"), axis=1)


def pooled_labels(truth: Bools, shown: Ints) -> Bools:
    """Keep the labels of documents that one engine showed: whoever judges only what the old engine finds.

    Examples
    --------
    >>> pooled_labels(np.array([[True, True, False]]), np.array([[1, 2]]))
    array([[False,  True, False]])
    """
    judged = np.zeros_like(truth)
    np.put_along_axis(judged, shown, True, axis=1)
    return truth & judged
