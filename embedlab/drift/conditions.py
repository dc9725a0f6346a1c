"""The shifts as the monitors meet them: traffic before and after, canaries, and how much of it is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark, docsearch, quality, seeded_sample
from embedlab.drift import shifts
from embedlab.drift.detectors import Reference
from embedlab.drift.observed import Observed, Service
from embedlab.embedder import Embedder

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
SHARES = (0.05, 0.2, 1.0)
CANARIES = 60
TOPIC = "sklearn"
OF_QUERIES = ("topic: scikit-learn", "language: German", "length: two words", "length: chatty", "typos")
OF_QUERIES += ("new words: Wikipedia",)
OF_MODEL = ("model: int8", "model: fine-tuned", "model: max pooling", "model: CLS pooling")
OF_DOCUMENTS = ("documents: 32 tokens", "documents: 16 tokens", "documents: 8 tokens")
OF_INDEX = ("index: links cut",)
CONDITIONS = OF_QUERIES + OF_MODEL + OF_DOCUMENTS + OF_INDEX


@dataclass(frozen=True)
class Condition:
    """One shift at one strength.

    Attributes
    ----------
    name : str
    share : float
        Of the traffic, or of the documents, that is touched.
    before, after : Observed
        The pools that untouched and touched queries are drawn from.
    mixed : float
        Chance that a query is drawn from ``after``: 1 where documents or index changed, which each query
        meets.
    cosines : float array (c,)
        Of each canary with what is stored, where it is touched.
    ndcg : float array (2, c)
        Of each canary, untouched and touched.
    harm : (q,) float arrays (touched, untouched), or None
        nDCG@10 of labelled queries, paired.
    """

    name: str
    share: float
    before: Observed
    after: Observed
    mixed: float
    cosines: NDArray
    ndcg: NDArray
    harm: tuple[NDArray, NDArray]


class World:
    """Everything that is measured on: DocSearch behind an index, its traffic, its reference, its canaries.

    The train queries are the reference, a month when all was well. The dev queries are the traffic; 60 of
    them are the canaries, too. The test queries are not touched.

    Parameters
    ----------
    benchmark : Benchmark, optional
        By default `docsearch`.
    """

    def __init__(self, benchmark: Benchmark | None = None):
        self.benchmark = benchmark or docsearch()
        self.embedder = Embedder.load()
        self.ids, self.texts, _ = self.benchmark.split("dev")
        self.service = Service.made(self.benchmark, self._read(self.embedder))
        self.canaries = np.sort(seeded_sample(np.arange(len(self.ids)).tolist(), CANARIES, seed=1))

    def _read(self, embedder: Embedder) -> Floats:
        return embedder.encode(self.benchmark.documents, cache=True, on_long="cut")

    def embed(self, texts: Sequence[str]) -> Floats:
        """Embed texts with the model that made the index: float32 (n, d)."""
        return self.embedder.encode(texts, cache=True, on_long="cut")

    def ndcg(self, service: Service, vectors: Floats, rows: Sequence[int] | None = None) -> NDArray:
        """Return nDCG@10 of the dev queries, or of some of them, for their vectors."""
        ids = self.ids if rows is None else [self.ids[i] for i in rows]
        return quality(self.benchmark, service.answer(vectors), ids)

    @cached_property
    def reference(self) -> Reference:
        """The train queries, and what is fitted to them."""
        texts = self.benchmark.split("train")[1]
        return Reference.made(self.service.observe(texts, self.embed(texts)), len(self.benchmark.documents))

    @cached_property
    def traffic(self) -> Observed:
        """The dev queries, as they are asked and answered when all is well."""
        return self.service.observe(self.texts, self.embed(self.texts))

    @cached_property
    def untouched(self) -> NDArray:
        """The nDCG@10 of the dev queries when all is well."""
        return self.ndcg(self.service, self.traffic.vectors)

    def encoders(self) -> dict[str, Callable[[], Encode]]:
        """Return a maker of each query encoder that may come to stand before the index."""

        def int8() -> Encode:
            from embedlab.serving import OnnxEncoder

            return OnnxEncoder.load(precision="int8").encode

        def tuned() -> Encode:
            from embedlab.encoder import PackedEncoder
            from embedlab.finetuning import trained_encoder

            plain = self.embedder
            model = Embedder(
                plain.tokenizer, PackedEncoder(trained_encoder()), pooling="mean", max_length=plain.max_length
            )
            return lambda texts: model.encode(texts, cache=True, on_long="cut")

        def pooled(kind: str) -> Callable[[], Encode]:
            return lambda: lambda texts: Embedder.load(pooling=kind).encode(texts, cache=True, on_long="cut")

        makers = (int8, tuned, pooled("max"), pooled("cls"))
        return dict(zip(OF_MODEL, makers, strict=True))

    def conditions(
        self, names: Sequence[str] = CONDITIONS, shares: Sequence[float] = SHARES
    ) -> Iterator[Condition]:
        """Make the shifts, one after the other; the strengths of each.

        Raises
        ------
        ValueError
            If there is no shift of such a name.
        """
        for name in names:
            if name not in CONDITIONS:
                raise ValueError(f"there is no shift {name!r}; choose from {', '.join(CONDITIONS)}")
            if name in OF_DOCUMENTS or name in OF_INDEX:
                for share in shares:
                    yield self._below(name, share)
            else:
                make = self._model if name in OF_MODEL else self._asked
                whole = make(name)
                for share in shares:
                    yield Condition(name, share, self.traffic, whole.after, share, *whole_rest(whole))

    def _asked(self, name: str) -> Condition:
        """Make a shift of what users ask; the system stays as it is, and so do the canaries."""
        same, still = self.untouched, np.ones(2 * CANARIES)
        steady = np.stack([same[self.canaries]] * 2)
        if name.startswith("topic"):
            inside = np.array([shifts.package_of(self.benchmark, i) == TOPIC for i in self.ids])
            weights = inside / inside.mean()
            return Condition(
                name, 1, self.traffic, self.traffic.take(np.flatnonzero(inside)), 1, still, steady,
                (same * weights, same),
            )  # fmt: skip
        if name.startswith("new words"):
            texts = shifts.wikipedia_questions()
            harm = np.zeros(len(same)), same
        elif name.startswith("language"):
            written = shifts.german()
            rows = [self.ids.index(i) for i in written]
            texts = list(written.values())
            harm = self.ndcg(self.service, self.embed(texts), rows), same[rows]
        else:
            texts = {
                "length: two words": lambda: shifts.two_words(self.texts, self.benchmark.documents),
                "length: chatty": lambda: shifts.chatty(self.texts),
                "typos": lambda: shifts.typos(self.texts),
            }[name]()
            harm = self.ndcg(self.service, self.embed(texts)), same
        after = self.service.observe(texts, self.embed(texts))
        return Condition(name, 1, self.traffic, after, 1, still, steady, harm)

    def _model(self, name: str) -> Condition:
        """Exchange the encoder of the queries; the documents stay as the old one made them."""
        vectors = self.encoders()[name]()(self.texts)
        touched = self.ndcg(self.service, vectors)
        cosines = (vectors * self.traffic.vectors).sum(1)[self.canaries]
        after = self.service.observe(self.texts, vectors)
        both = np.stack([self.untouched, touched])[:, self.canaries]
        stored = np.concatenate([cosines, np.ones(CANARIES)])
        return Condition(name, 1, self.traffic, after, 1, stored, both, (touched, self.untouched))

    def _below(self, name: str, share: float) -> Condition:
        """Change what is stored, which every query meets."""
        if name in OF_INDEX:
            service = self.service.churned(share)
        else:
            tokens = int(name.split()[1])
            service = self.service.with_documents(self._read(self.embedder.reading(tokens)), share)
        vectors = self.traffic.vectors
        touched, row = self.ndcg(service, vectors), {name: i for i, name in enumerate(self.benchmark.doc_ids)}
        asked = [row[next(iter(self.benchmark.qrels[self.ids[i]]))] for i in self.canaries]
        stored = (service.documents[asked] * self.service.documents[asked]).sum(1)
        cosines = np.concatenate([np.ones(CANARIES), stored])
        both = np.stack([touched, touched])[:, self.canaries]
        after = service.observe(self.texts, vectors)
        return Condition(name, share, after, after, 1.0, cosines, both, (touched, self.untouched))


def whole_rest(whole: Condition) -> tuple:
    """Return what does not depend on the share of the traffic."""
    return whole.cosines, whole.ndcg, whole.harm
