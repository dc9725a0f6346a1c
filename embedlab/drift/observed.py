"""What a search service lets you see of each query: vector, results, scores; on a sample, what it missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark
from embedlab.hnsw import HNSWIndex, experiments
from embedlab.hybrid import BM25Index
from embedlab.index import top_k

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
K = 10
GRAPH = {"m": 8, "ef_construction": 100, "ef_search": 40}  # small, so that the index has something to lose


@dataclass(frozen=True)
class Observed:
    """What was seen of n queries, a row each.

    Attributes
    ----------
    vectors : float32 array (n, d)
    nearest : float array (n,)
        Cosine of the first result.
    margin : float array (n,)
        Cosine of the first result, less that of the tenth.
    found : int64 array (n, 10)
        The documents that were returned, best first; -1 for none.
    recall : float array (n,)
        Share of the ten nearest documents that the index found: it takes an exact search.
    apart : float array (n,)
        1 where BM25's first ten have no document in common with what was returned.
    """

    vectors: Floats
    nearest: NDArray
    margin: NDArray
    found: Ints
    recall: NDArray
    apart: NDArray

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: Ints) -> Observed:
        """Return some of the rows; they may repeat."""
        return Observed(*(getattr(self, field.name)[rows] for field in fields(self)))

    def joined(self, other: Observed) -> Observed:
        """Return the rows of both, one after the other."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return Observed(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Service:
    """Documents behind an HNSW index, and BM25 beside it.

    Attributes
    ----------
    benchmark : Benchmark
    documents : float32 array (n, d)
        What is stored of each document.
    index : HNSWIndex
    owner : int64 array
        The document at each place of the index: after re-inserts there are more places than documents.
    words : BM25Index
    """

    benchmark: Benchmark
    documents: Floats
    index: HNSWIndex
    owner: Ints
    words: BM25Index

    @classmethod
    def made(cls, benchmark: Benchmark, documents: Floats, words: BM25Index | None = None) -> Service:
        """Index documents; ``words`` of another service of the same texts can be used again."""
        index = HNSWIndex(documents.shape[1], **GRAPH)
        index.add(documents, show_progress=False)
        if words is None:
            words = BM25Index()
            words.add(benchmark.documents)
        return cls(benchmark, documents, index, np.arange(len(documents)), words)

    def answer(self, vectors: Floats) -> tuple[Floats, Ints]:
        """Return the scores (n, 10) and the documents (n, 10) that users get."""
        scores, places = self.index.search(vectors, K, fallback=False)
        return scores, np.where(places >= 0, self.owner[places], -1)

    def observe(self, texts: Sequence[str], vectors: Floats) -> Observed:
        """Answer queries, and write down what can be seen of each."""
        scores, found = self.answer(vectors)
        exact = top_k(vectors @ self.documents.T, K)[1]
        hits = [len(set(a) & set(b)) / K for a, b in zip(found.tolist(), exact.tolist(), strict=True)]
        by_words = self.words.search(list(texts), K)[1]
        apart = [set(a).isdisjoint(b) for a, b in zip(found.tolist(), by_words.tolist(), strict=True)]
        last = np.where(np.isfinite(scores[:, -1]), scores[:, -1], scores[:, 0])
        return Observed(
            vectors, scores[:, 0], scores[:, 0] - last, found, np.array(hits), np.array(apart, float)
        )

    def churned(self, share: float, *, step: float = 0.05, seed: int = 0) -> Service:
        """Delete and re-insert so many of the documents, ``step`` of them at a time, and repair nothing.

        Links to what is deleted are cut and not replaced: what an index does that frees the memory of a
        vector and leaves its neighbours as they are.
        """
        if not 0 < step <= share:
            raise ValueError(f"step must be above 0 and at most the share {share}, but is {step}")
        index, owner = HNSWIndex.from_state(*self.index.state()), self.owner
        rng, count = np.random.default_rng(seed), round(step * len(self.documents))
        for _ in range(round(share / step)):
            living = np.flatnonzero(~index.deleted[: len(index)])
            gone = rng.choice(living, count, replace=False)
            index.delete(gone)
            experiments.cut(index, np.flatnonzero(~index.deleted[: len(index)]))
            index.add(self.documents[owner[gone]], show_progress=False)
            owner = np.concatenate([owner, owner[gone]])
        return Service(self.benchmark, self.documents, index, owner, self.words)

    def with_documents(self, vectors: Floats, share: float, seed: int = 0) -> Service:
        """Put other vectors in the place of a random share of the documents, as after some re-indexing."""
        changed = self.documents.copy()
        rows = np.random.default_rng(seed).permutation(len(changed))[: round(share * len(changed))]
        changed[rows] = vectors[rows]
        return Service.made(self.benchmark, changed, self.words)
