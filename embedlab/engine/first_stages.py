"""The stages that rank all documents: by one vector each, by words, by token vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embedlab import colbert, matryoshka
from embedlab.embedder import Embedder
from embedlab.engine.stages import Stage, Trace
from embedlab.hybrid import BM25Index, Ranking
from embedlab.index import Index


class DenseStage(Stage):
    """Nearest vectors: one for each document.

    Parameters
    ----------
    embedder : Embedder
    index : Index
    adapter : LinearAdapter, optional
        Rotates vectors before they are indexed or searched, and cuts them to the dims of the index.
    name : str
    lead : int, optional
        Tokens read of each document; by default as many as the embedder takes.
    """

    def __init__(
        self,
        embedder: Embedder,
        index: Index,
        adapter: matryoshka.LinearAdapter | None = None,
        name: str = "dense",
        lead: int | None = None,
    ):
        self.embedder, self.index, self.adapter, self.name, self.lead = embedder, index, adapter, name, lead

    def __len__(self) -> int:
        return len(self.index)

    @property
    def bytes_per_doc(self) -> float:
        """Memory for one document."""
        return self.index.bytes_per_vector

    def vectors_of(self, texts: Sequence[str]) -> np.ndarray:
        """Embed queries."""
        return self._adapted(self.embedder.encode(texts, show_progress=False))

    def encoded(self, texts: Sequence[str], *, cache: bool = True) -> np.ndarray:
        """Embed documents; with ``cache``, vectors that are known are not computed again."""
        reader = self.embedder.reading(self.lead) if self.lead else self.embedder
        # Long documents are the normal case here, and the part that is read stands for them: no warning.
        return self._adapted(reader.encode(texts, cache=cache, on_long="cut"))

    def append(self, texts: Sequence[str], encoded: np.ndarray) -> None:
        """See `Stage.append`."""
        self.index.add(encoded)

    def ranked(self, queries: Sequence[str], k: int, trace: Trace | None) -> Ranking:
        """See `Stage.rank`."""
        return self.index.search(self.vectors_of(queries), k)

    def _adapted(self, vectors: np.ndarray) -> np.ndarray:
        return self.adapter.transform(vectors, self.index.dims) if self.adapter else vectors


class BM25Stage(Stage):
    """Shared words."""

    name = "bm25"

    def __init__(self, index: BM25Index):
        self.index = index

    def __len__(self) -> int:
        return len(self.index)

    @property
    def bytes_per_doc(self) -> float:
        """Memory for one document."""
        return self.index.bytes_per_doc

    def append(self, texts: Sequence[str], encoded: list) -> None:
        """See `Stage.append`."""
        self.index.add(texts)

    def ranked(self, queries: Sequence[str], k: int, trace: Trace | None) -> Ranking:
        """See `Stage.rank`."""
        return self.index.search(queries, k)


class ColBERTStage(Stage):
    """Token by token."""

    name = "colbert"

    def __init__(self, model: colbert.ColBERT, index: colbert.TokenIndex):
        self.model, self.index = model, index

    def __len__(self) -> int:
        return len(self.index)

    @property
    def bytes_per_doc(self) -> float:
        """Memory for one document."""
        return self.index.bytes_per_doc

    def encoded(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Embed the tokens of documents."""
        return self.model.encode_documents(texts)

    def append(self, texts: Sequence[str], encoded: list[np.ndarray]) -> None:
        """See `Stage.append`."""
        self.index.add(encoded)

    def ranked(self, queries: Sequence[str], k: int, trace: Trace | None) -> Ranking:
        """See `Stage.rank`."""
        return self.index.search(self.model.encode_queries(queries), k)
