"""A month of a search that goes wrong three times, measured: what each state of index and encoder answers.

python -m embedlab.drift.month_states measures it anew (a minute) and writes data/drift/month.json.
"""

from __future__ import annotations

import time

import numpy as np

from embedlab.benchmark import Benchmark, docsearch, seeded_sample
from embedlab.embedder import Embedder
from embedlab.hnsw import HNSWIndex
from embedlab.index import FlatIndex, Floats, Ints
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures

CANARIES, SAMPLE, K = 100, 300, 10
LOST_A_DAY = 0.02  # of the documents: deleted for an edit, and never embedded again
LOST_DAYS = range(5)


def found(index, vectors: Floats, right: list[set[int]]) -> tuple[list[int], Ints, Floats]:
    """Ask an index: (1 where a right document is among the first ten, ids, scores)."""
    scores, ids = index.search(vectors, K)
    return [int(bool(one & set(row))) for one, row in zip(right, ids.tolist(), strict=True)], ids, scores


def canary_ids(benchmark: Benchmark, documents: Floats, embedder: Embedder) -> list[str]:
    """Choose canaries: a seeded sample of the dev queries whose document is found at launch."""
    query_ids, texts, _ = benchmark.split("dev")
    index = HNSWIndex(documents.shape[1])
    index.add(documents, show_progress=False)
    hits, *_ = found(index, embedder.encode(texts, cache=True), right_rows(benchmark, query_ids))
    return seeded_sample([i for i, hit in zip(query_ids, hits, strict=True) if hit], CANARIES)


def right_rows(benchmark: Benchmark, query_ids: list[str]) -> list[set[int]]:
    """Return of each query the rows of its relevant documents."""
    row = {doc_id: j for j, doc_id in enumerate(benchmark.doc_ids)}
    return [{row[doc_id] for doc_id in benchmark.qrels[i]} for i in query_ids]


def measure_state(documents, canaries, right, sample, fixed, kept=None) -> dict:
    """Measure what the monitors would see in one state of index and query vectors, query by query.

    ``fixed`` is (vectors of fixed texts now, on the first day); ``kept``: the documents that the index has.
    """
    kept = np.arange(len(documents)) if kept is None else kept
    index, flat = HNSWIndex(documents.shape[1]), FlatIndex(documents.shape[1])
    index.add(documents[kept], show_progress=False)
    flat.add(documents[kept])
    translated = [{int(j) for j in np.flatnonzero(np.isin(kept, list(one)))} for one in right]
    hits, ids, _ = found(index, canaries, translated)
    gains = [
        sum((j in one) / np.log2(r + 2) for r, j in enumerate(row))
        for one, row in zip(translated, ids.tolist(), strict=True)
    ]
    ideal = 1 / np.log2(np.arange(2, K + 2))
    best = [ideal[: len(one)].sum() for one in right]
    _, near, scores = found(index, sample, [set()] * len(sample))
    exact = flat.search(sample, K)[1]
    overlap = [len(set(a) & set(b)) / K for a, b in zip(near.tolist(), exact.tolist(), strict=True)]
    return {
        "documents": len(kept),
        "found": hits,
        "ndcg": np.divide(gains, best).round(3).tolist(),
        "cosine": round(float((fixed[0] * fixed[1]).sum(axis=1).min()), 4),
        "recall": overlap,
        "scores": [round(float(score), 4) for score in scores[:, 0]],
    }


def measure_month() -> dict:
    """Measure all states: healthy, another topic, queries by another pooling, and documents that get lost."""
    benchmark, embedder = docsearch(), Embedder.load()
    other = Embedder.load(pooling="cls")
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
    asked = canary_ids(benchmark, documents, embedder)
    texts, right = [benchmark.queries[i] for i in asked], right_rows(benchmark, asked)
    live = [benchmark.queries[i] for split in ("train", "test") for i in benchmark.splits[split]]
    flat = FlatIndex(documents.shape[1])
    flat.add(documents)
    reference = flat.search(embedder.encode(live, cache=True), 1)[0][:, 0]
    package = [
        benchmark.queries[i]
        for split in ("train", "test")
        for i in benchmark.splits[split]
        if all(doc_id.startswith("pandas") for doc_id in benchmark.qrels[i])
    ]
    sample = seeded_sample(live, SAMPLE, seed=1)
    own = embedder.encode(texts, cache=True)
    common = {"documents": documents, "right": right}
    healthy = {"canaries": own, "sample": embedder.encode(sample, cache=True), "fixed": (own, own)}
    swapped = other.encode(texts, cache=True)
    states = {
        "healthy": measure_state(**common, **healthy),
        "campaign": measure_state(
            **common, **healthy | {"sample": embedder.encode(seeded_sample(package, SAMPLE), cache=True)}
        ),
        "other pooling": measure_state(
            **common, canaries=swapped, sample=other.encode(sample, cache=True), fixed=(swapped, own)
        ),
    }
    order = np.random.default_rng(3).permutation(len(documents))
    for day in LOST_DAYS:
        kept = np.sort(order[round((day + 1) * LOST_A_DAY * len(documents)) :])
        states[f"lost, day {day + 1}"] = measure_state(**common, **healthy, kept=kept)
    index = HNSWIndex(documents.shape[1])
    index.add(documents, show_progress=False)
    milliseconds = []
    for text in seeded_sample(live, 200, seed=2):
        start = time.perf_counter()
        index.search(embedder.encode([text]), K)
        milliseconds.append(round(1000 * (time.perf_counter() - start), 2))
    quantiles = np.quantile(reference, np.linspace(0, 1, 101)).round(4).tolist()
    return {"states": states, "milliseconds": milliseconds, "canaries": asked, "quantiles": quantiles}


def shipped_month() -> dict:
    """Read what comes with the course: ``states``, ``milliseconds``, ``canaries``, ``quantiles``.

    The quantiles are those of first scores: the reference of the stability index.

    Examples
    --------
    >>> sorted(shipped_month()["states"])[:3]
    ['campaign', 'healthy', 'lost, day 1']
    """
    return shipped_figures("drift", "month")["figures"]


if __name__ == "__main__":
    write_figures(data_path("drift") / "month.json", {"machine": machine_name(), "figures": measure_month()})
