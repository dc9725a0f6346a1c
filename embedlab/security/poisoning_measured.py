"""Poisoned documents in DocSearch: who finds them, what that costs, and what gives them away; shipped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from embedlab.benchmark import Benchmark, docsearch, quality, seeded_sample
from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.hybrid import ANALYZERS, BM25Index, reciprocal_rank
from embedlab.index import FlatIndex
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures
from embedlab.reranking import CrossEncoder, rerank
from embedlab.security.lures import LURES, honest_posts, naturalness, targeted
from embedlab.security.poisoning import Attacker

CLUSTERS, LENGTH, ROUNDS = 10, 16, 3
DEPTH, READ = 100, 20
ASKED, CLEAN = 100, 300  # test queries that are reranked, documents whose likelihood is computed
Ranking = tuple[NDArray[np.float32], NDArray[np.int64]]


def query_centres(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ten k-means centres of queries' vectors (n, d), scaled to length 1: (10, d)."""
    found = KMeans(CLUSTERS, random_state=0, n_init=4).fit(vectors).cluster_centers_.astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def make_poison(benchmark: Benchmark, embedder: Embedder) -> dict[str, list[str]]:
    """Write the attacker's documents, from train queries only: {attack: texts}.

    "one hub": words optimised towards the mean of all train queries. "ten hubs": towards each of ten k-means
    centres of them. "frequent words": the words that most queries hold, for BM25. The controls, which nobody
    optimised, are train queries as they are: "one query", nearest to the mean, and "ten queries", nearest to
    the same ten centres.
    """
    texts = benchmark.split("train")[1]
    vectors = embedder.encode(texts, cache=True)
    attacker = Attacker(BertEncoder.load(), embedder.tokenizer)
    centres = query_centres(vectors)
    words = Counter(word for text in texts for word in set(ANALYZERS["words"](text)))

    def made(target: NDArray[np.float32], seed: int) -> str:
        return attacker.optimise(target, length=LENGTH, rounds=ROUNDS, tried=16, seed=seed).text

    return {
        "one query": [texts[int((vectors @ vectors.mean(0)).argmax())]],
        "ten queries": [texts[i] for i in (vectors @ centres.T).argmax(0)],
        "frequent words": [" ".join(word for word, _ in words.most_common(LENGTH * 4))],
        "one hub": [made(vectors.mean(0), 0)],
        "ten hubs": [made(centre, seed) for seed, centre in enumerate(centres)],
    }


class Poisoned:
    """DocSearch with some documents more: rankings of test queries by several engines.

    Parameters
    ----------
    benchmark : Benchmark
    embedder : Embedder
    texts : sequence of str
        What the attacker adds.
    vectors : float32 array (p, d), optional
        Vectors written directly, instead of those of the texts.
    """

    def __init__(
        self, benchmark: Benchmark, embedder: Embedder, texts: Sequence[str], vectors: NDArray | None = None
    ):
        self.benchmark, self.embedder, self.texts = benchmark, embedder, list(texts)
        self.own = embedder.encode(self.texts, cache=True) if vectors is None else vectors
        self.documents = [*benchmark.documents, *self.texts]
        self._index, self._words = FlatIndex(embedder.dims), BM25Index()
        self._index.add(embedder.encode(benchmark.documents, cache=True, on_long="cut"))
        self._index.add(np.ascontiguousarray(self.own, np.float32))
        self._words.add(self.documents)

    def rankings(self, queries: Sequence[str]) -> dict[str, Ranking]:
        """Rank for texts: dense, BM25, and both fused by places; `DEPTH` each."""
        dense = self._index.search(self.embedder.encode(list(queries), cache=True), DEPTH)
        words = self._words.search(list(queries), DEPTH)
        return {"dense": dense, "BM25": words, "hybrid": reciprocal_rank([dense, words], DEPTH)}

    def reranked(
        self, queries: Sequence[str], model: CrossEncoder, known: dict[tuple[str, str], float]
    ) -> Ranking:
        """Have the cross-encoder read the first `READ` of the hybrid, and trust it alone.

        ``known`` keeps the scores: under all attacks, most pairs are the same.
        """
        first = self.rankings(queries)["hybrid"]
        pairs = [
            (query, self.documents[i])
            for query, row in zip(queries, first[1], strict=True)
            for i in row[:READ]
        ]
        new = list(dict.fromkeys(pair for pair in pairs if pair not in known))
        known.update(zip(new, model.score_pairs(new).tolist(), strict=True))
        read = np.array([known[pair] for pair in pairs], np.float32).reshape(len(queries), READ)
        return rerank(first, read, depth=READ, weight=1.0)

    def hit(self, ranking: Ranking, k: int = 10) -> NDArray[np.bool_]:
        """Tell of each query whether one of the added documents is among its first k: (q,)."""
        return (ranking[1][:, :k] >= len(self.benchmark.documents)).any(1)

    def kept(self, ranking: Ranking, split: str = "test") -> NDArray[np.float64]:
        """Return nDCG@10 of each query; an added document is irrelevant."""
        # `quality` knows the benchmark's documents only: an added one keeps its place as none of them.
        names = [*self.benchmark.doc_ids, *(f"added {i}" for i in range(len(self.texts)))]
        known = Benchmark("", names, [], self.benchmark.queries, self.benchmark.qrels, self.benchmark.splits)
        return quality(known, ranking, split=split)


def measure_poisoning(poison: Mapping[str, Sequence[str]] | None = None) -> dict:
    """Measure all that the chapter says of poisoned documents; some minutes.

    Parameters
    ----------
    poison : {attack: texts}, optional
        What `make_poison` made; by default it is made anew.
    """
    benchmark, embedder = docsearch(), Embedder.load()
    queries = benchmark.split("test")[1]
    start = time.perf_counter()
    poison = poison or make_poison(benchmark, embedder)
    seconds = round(time.perf_counter() - start, 1)
    trained = embedder.encode(benchmark.split("train")[1], cache=True)
    mean = trained.mean(0, keepdims=True)
    attacks = {name: (list(texts), None) for name, texts in poison.items()}
    attacks["the mean vector"] = (["(a vector without a text)"], mean / np.linalg.norm(mean))
    attacks["ten centres"] = (["(a vector without a text)"] * CLUSTERS, query_centres(trained))
    asked = seeded_sample(range(len(queries)), ASKED, seed=3)
    model = CrossEncoder.load(data_path("trained") / "reranker-plain.safetensors")
    known: dict[tuple[str, str], float] = {}
    clean = Poisoned(benchmark, embedder, ["(nothing)"]).rankings(queries)
    found = {}
    for name, (texts, vectors) in attacks.items():
        poisoned = Poisoned(benchmark, embedder, texts, vectors)
        ranked = poisoned.rankings(queries)
        again = poisoned.reranked([queries[i] for i in asked], model, known)
        found[name] = {
            "hits": {engine: poisoned.hit(ranking).astype(int).tolist() for engine, ranking in ranked.items()}
            | {"reranked": poisoned.hit(again).astype(int).tolist()},
            "ndcg": {engine: np.round(poisoned.kept(each), 4).tolist() for engine, each in ranked.items()},
        }
    aimed: dict = {"ten": {}, "first": {}}  # {engine: for each lure, 0 or 1 of each question}
    lured = [targeted(queries, lure) for lure in LURES]
    for pairs in lured:
        asks, written = zip(*pairs, strict=True)
        poisoned = Poisoned(benchmark, embedder, written)
        lists = poisoned.rankings(asks) | {"reranked": poisoned.reranked(asks, model, known)}
        own = len(benchmark.documents) + np.arange(len(asks))[:, None]
        for engine, each in lists.items():
            for name, k in (("ten", 10), ("first", 1)):
                hit = (each[1][:, :k] == own).any(1).astype(int).tolist()
                aimed[name].setdefault(engine, []).append(hit)
    sample = seeded_sample(benchmark.documents, CLEAN, seed=4)
    asked_before = seeded_sample(benchmark.split("train")[1], CLEAN, seed=4)
    made = {name: poison[name] for name in ("one hub", "ten hubs", "frequent words", "ten queries")}

    def likely(texts: Sequence[str]) -> list[float]:
        return np.round(naturalness(texts), 3).tolist()

    return {
        "about": {
            "machine": machine_name(),
            "date": time.strftime("%Y-%m-%d"),
            "command": "embedlab.security.write_poisoning()",
            "seconds to optimise": seconds,
            "reranked rows": asked,
        },
        "texts": {name: list(each) for name, each in poison.items()},
        "clean": {engine: np.round(quality(benchmark, each), 4).tolist() for engine, each in clean.items()},
        "attacks": found,
        "targeted": aimed["ten"],
        "targeted first": aimed["first"],
        "likelihood": {
            "clean": likely(sample),
            "queries": likely(asked_before),
            **{name: likely(texts) for name, texts in made.items()},
            "targeted": [likely([text for _, text in pairs]) for pairs in lured],
            "honest posts": likely(honest_posts(benchmark)),
        },
    }


def shipped_poisoning() -> Mapping:
    """Return the measurement that comes with the course; see its ``about``."""
    return shipped_figures("security", "poisoning")


def write_poisoning() -> None:
    """Measure anew, and put the result in the place of the one that comes with the course; some minutes."""
    write_figures(data_path("security") / "poisoning.json", measure_poisoning())
