"""What one query costs in each engine: all of them warm in one process, interleaved query by query."""

import random
import statistics
import time
from pathlib import Path

from tqdm import tqdm

from embedlab.benchmark import LATENCY, docsearch, seeded_sample
from embedlab.engine import ENGINES, EXTRAS, build_engine, parts_for
from embedlab.machine import machine_name, write_figures


def bench_engines(*, queries: int = 60, seed: int = 0) -> dict:
    """Time every engine of the catalogue on the same queries of DocSearch, in a new random order for each.

    From the text of one query to its ten best documents, the encoding included; nothing of a query is cached.
    Engines that need the extra packages are timed in their own chapters.

    Parameters
    ----------
    queries : int
        How many test queries, drawn at random.
    seed : int

    Returns
    -------
    dict
        ``machine``, ``queries``, ``ms`` ({engine: median milliseconds}) and ``bytes`` (a document).
    """
    benchmark, draw = docsearch(), random.Random(seed)
    parts = parts_for(benchmark.documents, benchmark.doc_ids)
    names = [name for name in ENGINES if name not in EXTRAS]
    engines = {name: build_engine(name, parts) for name in tqdm(names, desc="building", unit="engine")}
    texts = seeded_sample(benchmark.split("test")[1], queries, seed)
    times: dict[str, list[float]] = {name: [] for name in engines}
    for engine in engines.values():
        engine.rank(texts[:1], 10)  # compiled, loaded
    for text in tqdm(texts, desc="searching", unit="query"):
        for name in draw.sample(list(engines), len(engines)):
            start = time.perf_counter()
            engines[name].rank([text], 10)
            times[name].append(time.perf_counter() - start)
    ms = {name: round(1000 * statistics.median(values), 2) for name, values in times.items()}
    size = {name: round(engine.bytes_per_doc, 1) for name, engine in engines.items()}
    return {"machine": machine_name(), "queries": len(texts), "ms": ms, "bytes": size}


def write_latency(measured: dict, file: Path = LATENCY) -> None:
    """Put a measurement in the place of the one that the scoreboard shows."""
    write_figures(file, measured)
