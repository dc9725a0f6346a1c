"""A design built small: its index and stages over a real collection, and what they measure."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from embedlab import hnsw, matryoshka, quantization
from embedlab.benchmark import Benchmark, bootstrap_interval, docsearch, quality, recall_at_k, seeded_sample
from embedlab.engine import (
    BM25Stage,
    DenseStage,
    Engine,
    FusionStage,
    RerankStage,
    Stage,
    cross_encoder,
    embedder,
    finetuned_embedder,
    parts_for,
)
from embedlab.index import FlatIndex, Index
from embedlab.machine import machine_name
from embedlab.system_design.choices import Design
from embedlab.system_design.inverted import InvertedIndex

CODES: dict[str, Callable[[int], Index]] = {
    "float32": FlatIndex,
    "float16": quantization.Float16Index,
    "int8": quantization.Int8Index,
    "binary": quantization.BinaryIndex,
    "pq": lambda dims: quantization.PQIndex(dims, m=dims // 8),
}


@dataclass(frozen=True)
class Measured:
    """What a design did on a small collection, on one machine."""

    key: str  # of the design that was built
    short: str
    benchmark: str
    documents: int
    split: str
    machine: str
    recall: float  # of the ten nearest by exact search over uncut float32 vectors of the same model
    ndcg: float
    low: float  # 95 % interval of nDCG@10, over queries
    high: float
    per_query: tuple[float, ...]
    p50: float  # ms of one query, text to ten results
    p95: float
    timed: int  # queries
    held: dict[str, float]  # bytes a document: codes, links, rescoring, words, texts
    tokens: float  # of a document, on average, as the words and the texts were held

    @property
    def bytes_per_doc(self) -> float:
        """All bytes that search needs for a document."""
        return sum(self.held.values())

    def as_json(self) -> dict:
        """Return the fields for a file."""
        return asdict(self)


def cores_in_use() -> str:
    """Return the machine's name, and how many of its cores this process may use where those are not all.

    Examples
    --------
    >>> cores_in_use().startswith(machine_name())
    True
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return machine_name() + (f", {usable} used" if usable != os.cpu_count() else "")


def index_for(design: Design, dims: int = 384) -> Index:
    """Make the empty index of a design, for vectors of ``dims`` numbers.

    Examples
    --------
    >>> index = index_for(Design(name="a", dims=64, code="binary", rescore="float32"))
    >>> index.dims, index.bytes_per_vector
    (384, 264.0)
    """
    if design.index == "hnsw":
        codes = "int8" if design.code == "int8" else None
        inner = hnsw.HNSWIndex(design.dims, m=design.m, ef_search=design.ef, codes=codes)
    else:
        inner = CODES[design.code](design.dims)
        if design.index == "ivf":
            inner = InvertedIndex(inner, design.probes)
        if design.rescore != "none":
            inner = matryoshka.RescoredIndex(
                inner, CODES[design.rescore](design.dims), shortlist=design.shortlist
            )
    return inner if design.dims == dims else matryoshka.PrefixIndex(dims, inner)


def build_design(design: Design, benchmark: Benchmark | None = None) -> Engine:
    """Build a design's stages over a benchmark's documents, by default DocSearch.

    Examples
    --------
    >>> engine = build_design(Design(name="small", code="int8"))
    >>> len(engine.ids), engine.bytes_per_doc
    (6152, 384.0)
    """
    benchmark = benchmark or docsearch()
    parts = parts_for(benchmark.documents, benchmark.doc_ids)
    model = embedder() if design.model == "minilm" else finetuned_embedder()
    stage: Stage = parts.dense(partial(index_for, design), model=model, lead=design.tokens)
    if design.hybrid:
        stage = FusionStage([stage, parts.bm25])
    if design.depth:
        stage = RerankStage(stage, cross_encoder(), parts.texts, depth=design.depth)
    return Engine(stage, parts.ids, parts.texts)


def stages_of(stage: Stage) -> list[Stage]:
    """List a stage and all that it asks."""
    return [stage, *(inner for part in stage.parts for inner in stages_of(part))]


def measure_design(
    design: Design, benchmark: Benchmark | None = None, *, split: str | None = None, timed: int = 40
) -> Measured:
    """Build a design and measure it: quality over all queries of a split, then the time of single ones.

    Parameters
    ----------
    design : Design
    benchmark : Benchmark, optional
        By default DocSearch.
    split : str, optional
        By default "dev", where designs are chosen; "test" is looked at once. Where there is no "dev", "test".
    timed : int
        Single queries that are timed, a seeded sample.
    """
    benchmark = benchmark or docsearch()
    split = split or ("dev" if "dev" in benchmark.splits else "test")
    engine = build_design(design, benchmark)
    texts = benchmark.split(split)[1]
    values = quality(benchmark, engine.rank(texts, 100), split=split)
    mean, low, high = bootstrap_interval(values)
    times = []
    sample = seeded_sample(texts, timed)
    for text in [sample[0], *sample]:  # the first to warm up
        start = time.perf_counter()
        engine.rank([text], 10)
        times.append(1000 * (time.perf_counter() - start))
    p50, p95 = np.percentile(times[1:], (50, 95))
    stages = stages_of(engine.stage)
    dense = next(one for one in stages if isinstance(one, DenseStage))
    words = next((one.bytes_per_doc for one in stages if isinstance(one, BM25Stage)), 0.0)
    return Measured(
        key=design.key,
        short=design.short,
        benchmark=benchmark.name,
        documents=len(benchmark.documents),
        split=split,
        machine=cores_in_use(),
        recall=round(_recall(dense, texts, benchmark), 4),
        ndcg=round(mean, 4),
        low=round(low, 4),
        high=round(high, 4),
        per_query=tuple(np.round(values, 4).tolist()),
        p50=round(float(p50), 2),
        p95=round(float(p95), 2),
        timed=len(sample),
        held=_held(design, dense.index, words, engine.texts),
        tokens=round(_tokens(engine.texts), 1),
    )


def _recall(dense: DenseStage, texts: list[str], benchmark: Benchmark) -> float:
    reader = dense.embedder.reading(dense.lead)
    exact = FlatIndex(dense.embedder.dims)
    exact.add(reader.encode(benchmark.documents, cache=True, on_long="cut"))
    queries = dense.vectors_of(texts)
    return recall_at_k(dense.index.search(queries, 10)[1], exact.search(queries, 10)[1])


def _held(design: Design, index: Index, words: float, texts: list[str]) -> dict[str, float]:
    """Count bytes a document, part by part; together they are what the stages say."""
    fine = {"none": 0, "int8": 1, "float32": 4}[design.rescore] * design.dims
    held = {
        "codes": design.bytes_of_code,
        "links": index.bytes_per_vector - design.bytes_of_code - fine,  # or lists and centroids, codebooks
        "rescoring": fine,
        "words": words,
        "texts": sum(len(text.encode()) for text in texts) / len(texts) if design.depth else 0,
    }
    return {name: round(float(size), 1) for name, size in held.items()}


def _tokens(texts: list[str]) -> float:
    sample = seeded_sample(texts, 300)
    return float(np.mean([len(embedder().tokenizer.encode(text)) for text in sample]))
