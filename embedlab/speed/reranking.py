"""What a cross-encoder's time buys: fewer bits, fewer tokens, fewer results, each with its quality on dev."""

import random
import statistics
import time
from dataclasses import dataclass

from tqdm import tqdm

from embedlab.benchmark import bootstrap_interval, docsearch, paired_difference, quality, seeded_sample
from embedlab.engine import ENGINES, RerankStage, cross_encoder, parts_for
from embedlab.machine import has_bfloat16, machine_name


@dataclass(frozen=True)
class Way:
    """How a cross-encoder is asked."""

    dtype: str | None = None
    tokens: int = 80  # of a pair
    depth: int = 20  # results read again


WAYS = {
    "float32": Way(),
    "float32, 10 results": Way(depth=10),
    "bfloat16": Way("bfloat16"),
    "bfloat16, 10 results": Way("bfloat16", depth=10),
    "int8": Way("int8"),
    "int8, 64 tokens": Way("int8", tokens=64),
    "int8, 10 results": Way("int8", depth=10),
    "int8, 64 tokens, 10 results": Way("int8", tokens=64, depth=10),
}


def bench_reranking(engine: str = "full", *, queries: int = 30, seed: int = 0) -> dict:
    """Time the ways to ask the cross-encoder of an engine, and judge what each finds, on dev.

    From the text of one query to its ten best documents, one query at a time, the ways in a new random order
    for each; nothing of a query is cached. Quality is that of all dev queries; the scores of pairs are kept.

    Parameters
    ----------
    engine : {"rerank", "full"}
    queries : int
        How many dev queries are timed, drawn at random.
    seed : int

    Returns
    -------
    dict
        ``machine``, ``engine``, ``queries`` and ``rows``, one a way: ``way``; ``ndcg`` with its interval from
        ``low`` to ``high``; ``difference`` to the first way, a paired one, with ``difference low`` and
        ``difference high``; ``ms``, the median; ``ratio``, the median of the quotients, query by query, of
        the first way's time and this one's: above 1 it is faster.

    Raises
    ------
    ValueError
        If there is no such engine, or it has no cross-encoder.
    """
    stages = ways_of(engine)
    benchmark = docsearch()
    texts = benchmark.split("dev")[1]
    found = {}
    for way, stage in tqdm(stages.items(), desc="judging", unit="way"):
        found[way] = quality(benchmark, stage.rank(texts, 10), split="dev")
    times = timed(stages, seeded_sample(texts, queries, seed), seed)
    base, *_ = stages
    rows = []
    for way in stages:
        mean, low, high = bootstrap_interval(found[way])
        apart = paired_difference(found[way], found[base])
        ratio = statistics.median(old / new for old, new in zip(times[base], times[way], strict=True))
        rows.append(
            {"way": way, "ndcg": mean, "low": low, "high": high}
            | {"difference": apart.mean, "difference low": apart.low, "difference high": apart.high}
            | {"ms": 1000 * statistics.median(times[way]), "ratio": ratio}
        )
    return {"machine": machine_name(), "engine": engine, "queries": len(times[base]), "rows": rows}


def ways_of(engine: str) -> dict[str, RerankStage]:
    """Return the engine's last stage in each of the `WAYS` that this CPU has, over the same first stage."""
    benchmark = docsearch()
    stage = ENGINES[engine](parts_for(benchmark.documents, benchmark.doc_ids)) if engine in ENGINES else None
    if not isinstance(stage, RerankStage):
        raise ValueError(f"engine must be one with a cross-encoder, such as full, but is {engine!r}")
    return {
        name: RerankStage(
            stage.first,
            cross_encoder(dtype=way.dtype).reading(way.tokens),
            stage.texts,
            depth=way.depth,
            weight=stage.weight,
        )
        for name, way in WAYS.items()
        if way.dtype != "bfloat16" or has_bfloat16()
    }


def timed(stages: dict[str, RerankStage], texts: list[str], seed: int = 0) -> dict[str, list[float]]:
    """Return each stage's seconds, query by query; in a new order for each, after a query to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in stages}
    draw = random.Random(seed)
    for stage in stages.values():
        stage.rank(texts[:1], 10)
    for text in tqdm(texts, desc="searching", unit="query"):
        for name in draw.sample(list(stages), len(stages)):
            start = time.perf_counter()
            stages[name].rank([text], 10)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def reranking_as_text(result: dict) -> str:
    """Lay a measurement out as a table.

    Examples
    --------
    >>> row = {"way": "int8", "ndcg": 0.7127, "low": 0.68, "high": 0.75, "ms": 120.4, "ratio": 1.75}
    >>> row |= {"difference": 0.0, "difference low": -0.004, "difference high": 0.004}
    >>> print(reranking_as_text({"machine": "a laptop", "engine": "full", "queries": 30, "rows": [row]}))
    full, 30 queries timed; a laptop
    way                           nDCG@10 on dev         against the first        ms p50  times as fast
    int8                          0.713 [0.680, 0.750]   +0.000 [-0.004, +0.004]   120.4           1.75
    """
    lines = [
        f"{result['engine']}, {result['queries']} queries timed; {result['machine']}",
        f"{'way':<30}{'nDCG@10 on dev':<23}{'against the first':<23}{'ms p50':>8}{'times as fast':>15}",
    ]
    for row in result["rows"]:
        found = f"{row['ndcg']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        apart = f"{row['difference']:+.3f} [{row['difference low']:+.3f}, {row['difference high']:+.3f}]"
        lines.append(f"{row['way']:<30}{found:<23}{apart:<23}{row['ms']:8.1f}{row['ratio']:15.2f}")
    return "\n".join(lines)
