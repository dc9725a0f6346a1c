"""The stages that an engine is made of. Each one ranks documents; those here do so by asking others first.

A stage has ``rank(queries, k) -> (scores, ids)``, each (q, k), best first, as every index has; ``name``;
``bytes_per_doc``; ``len()``, its documents; and ``parts``, the stages that it asks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from embedlab import machine, reranking
from embedlab.engine.scores import score_matrix
from embedlab.hybrid import Ranking, convex, reciprocal_rank


@dataclass
class Step:
    """What one stage did for one query."""

    name: str
    ms: float  # its own time, without that of the stages it asked
    places: dict[int, int]  # document -> place, from 1


@dataclass
class Trace:
    """Collects the steps of a search, in the order in which they end."""

    steps: list[Step] = field(default_factory=list)
    _inner: list[float] = field(default_factory=lambda: [0.0])

    @contextmanager
    def step(self, name: str):
        """Time a stage; what it puts into the list that this yields is its ranking."""
        self._inner.append(0.0)
        start, out = time.perf_counter(), []
        try:
            yield out
        finally:  # after an error, too: the trace may be used again
            ms = (time.perf_counter() - start) * 1000
            own = ms - self._inner.pop()
            self._inner[-1] += ms
        ids = out[0][1][0]
        self.steps.append(Step(name, own, {int(i): place for place, i in enumerate(ids, start=1) if i >= 0}))


class Stage:
    """Base of all stages: they write `ranked`, and get `rank` with an optional trace.

    To grow, a stage first encodes new documents, which may take long and be interrupted, and then appends
    what that gave, which is quick: so all parts of an engine hold the same documents.
    """

    name: str
    bytes_per_doc: float
    parts: Sequence[Stage] = ()

    def __len__(self) -> int:
        return len(self.parts[0])

    def encoded(self, texts: Sequence[str]) -> list:
        """Return what `append` needs of new documents."""
        return [part.encoded(texts) for part in self.parts]

    def append(self, texts: Sequence[str], encoded: list) -> None:
        """Add documents behind those that are there."""
        for part, made in zip(self.parts, encoded, strict=True):
            part.append(texts, made)

    def ranked(self, queries: Sequence[str], k: int, trace: Trace | None) -> Ranking:
        """Rank without being watched."""
        raise NotImplementedError

    def rank(self, queries: Sequence[str], k: int = 100, trace: Trace | None = None) -> Ranking:
        """Find the k best documents of each query; with a trace, of one query, say what every stage did."""
        if trace is None:
            return self.ranked(queries, k, None)
        with trace.step(self.name) as out:
            out.append(self.ranked(queries, k, trace))
        return out[0]


class FusionStage(Stage):
    """Several rankings made one: by places ("rrf"), or by the sum of z-scores.

    Parameters
    ----------
    parts : sequence of Stage
    method : {"z-score", "min-max", "rrf"}
    weights : sequence of float, optional
        By default equal; "rrf" has none.
    depth : int
        How many results of each part are looked at, at the least.
    """

    def __init__(
        self,
        parts: Sequence[Stage],
        *,
        method: str = "z-score",
        weights: Sequence[float] | None = None,
        depth: int = 100,
    ):
        self.parts, self.method, self.depth, self.name = list(parts), method, depth, f"fusion ({method})"
        self.weights = [1.0] * len(self.parts) if weights is None else list(weights)

    @property
    def bytes_per_doc(self) -> float:
        """Memory for one document, in all parts."""
        return sum(part.bytes_per_doc for part in self.parts)

    def ranked(self, queries: Sequence[str], k: int, trace: Trace | None) -> Ranking:
        """See `Stage.rank`."""
        rankings = [part.rank(queries, max(k, self.depth), trace) for part in self.parts]
        if self.method == "rrf":
            return reciprocal_rank(rankings, k)
        return convex(rankings, self.weights, k, scale=self.method)


class RerankStage(Stage):
    """Let a cross-encoder look at the best few of another stage again.

    Its scores and those of the first stage are brought to one scale, over the few, and added up: the
    cross-encoder alone forgets what the first stage knew.

    Parameters
    ----------
    first : Stage
    model : CrossEncoder
    texts : sequence of str
        All documents.
    depth : int
        How many to look at. Those behind keep their order.
    weight : float, 0 to 1
        Of the cross-encoder; the rest is the first stage's.
    """

    name = "reranker"

    def __init__(
        self,
        first: Stage,
        model: reranking.CrossEncoder,
        texts: Sequence[str],
        *,
        depth: int = 20,
        weight: float = 0.5,
    ):
        if depth < 1 or not 0 <= weight <= 1:
            raise ValueError(f"depth must be at least 1, weight 0 to 1, but they are {depth} and {weight}")
        self.first, self.model, self.texts, self.depth, self.weight = first, model, list(texts), depth, weight
        self.parts = [first]

    def append(self, texts: Sequence[str], encoded: list) -> None:
        """See `Stage.append`."""
        super().append(texts, encoded)
        self.texts += texts

    @property
    def bytes_per_doc(self) -> float:
        """Memory for one document: that of the first stage, and the text, which is read again."""
        size = sum(len(text.encode()) for text in self.texts) / max(len(self.texts), 1)
        return self.first.bytes_per_doc + size

    def ranked(self, queries: Sequence[str], k: int, trace: Trace | None) -> Ranking:
        """See `Stage.rank`."""
        many = len(queries) > 1
        with nullcontext() if many else machine.one_blas_thread():
            scores, ids = self.first.rank(queries, max(k, self.depth), trace)
        # A single search is computed, as it will be for users: what is timed is the work.
        read = score_matrix(self.model, queries, self.texts, ids[:, : self.depth], keep=many)
        scores, ids = reranking.rerank((scores, ids), read, depth=self.depth, weight=self.weight)
        return scores[:, :k], ids[:, :k]
