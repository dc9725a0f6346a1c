"""What a call to a shard costs, how many shards pay on one machine, and what a crash costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from embedlab.benchmark import Benchmark, grown, seeded_sample
from embedlab.index import FlatIndex, Floats
from embedlab.machine import data_path, shipped_figures, write_figures
from embedlab.vector_databases.actors import ShardedIndex, write_shards
from embedlab.vector_databases.graph_shards import exact_rows, graph_rows
from embedlab.vector_databases.measured_on import about
from embedlab.vector_databases.recall import interleaved
from embedlab.vector_databases.sharding_experiments import merging_rows, placement_rows

RESULTS = data_path("vector_databases") / "shards.json"
VERSIONS = ("embedlab", "ray", "numpy", "scikit-learn", "faiss-cpu")
K = 10


def call_rows(
    ray: ModuleType,
    folder: str | Path,
    vectors: Floats,
    queries: Floats,
    counts: Sequence[int] = (1, 2, 8),
) -> dict:
    """Search the same vectors in this process, and over ever more actors, one query at a time, in turns.

    Returns
    -------
    dict
        ``rows``, each with ``shards`` (0: no actor), ``ms`` (median) and ``p99``; ``empty_ms``, of a call
        that does nothing, and ``empty``, each of them; ``latencies``, in ms, of single calls to one shard of
        the most while no other works; ``crash``: ``noticed_ms`` by the query that finds it, ``restart_s``.
    """
    whole = FlatIndex(vectors.shape[1])
    whole.add(vectors)
    searches, sharded = {0: lambda query: whole.search(query[None], K)}, {}
    for count in counts:
        place = Path(folder) / str(count)
        place.mkdir(parents=True)
        sharded[count] = ShardedIndex(ray, write_shards(place, vectors, np.arange(len(vectors)) % count))
        searches[count] = lambda query, index=sharded[count]: index.search(query[None], K)
    _, seconds = interleaved(searches, queries)
    rows = [
        {
            "shards": count,
            "ms": round(1000 * statistics.median(taken), 3),
            "p99": round(1000 * float(np.quantile(taken, 0.99)), 3),
        }
        for count, taken in seconds.items()
    ]
    most = sharded[max(counts)]
    one = most.actors[0]
    nothing = np.zeros((0, vectors.shape[1]), np.float32)
    single = {
        "empty": lambda query: ray.get(one.search.remote(nothing, 1)),
        "one": lambda query: ray.get(one.search.remote(query[None], K)),
    }
    _, alone = interleaved(single, np.concatenate([queries] * -(-1000 // len(queries))))
    crash = _crash(most, queries[:1])
    for index in sharded.values():
        index.close()
    return {
        "rows": rows,
        "empty_ms": round(1000 * statistics.median(alone["empty"]), 3),
        "empty": [round(1000 * taken, 3) for taken in alone["empty"]],
        "latencies": [round(1000 * taken, 3) for taken in alone["one"]],
        "crash": crash,
    }


def _crash(index: ShardedIndex, query: Floats) -> dict:
    """Kill a shard; time the query that finds out, and the way back."""
    index.kill(0)
    start = time.perf_counter()
    answer = index.search(query, K)
    noticed = time.perf_counter() - start
    index.restart(0)
    index.wait_until_ready()
    return {
        "noticed_ms": round(1000 * noticed, 1),
        "answered": answer.answered,
        "restart_s": round(time.perf_counter() - start - noticed, 2),
    }


def measure_shards(
    ray: ModuleType,
    folder: str | Path,
    benchmark: Benchmark,
    documents: Floats,
    queries: Floats,
    n: int = 100_000,
) -> dict:
    """Measure all that the chapter says of shards.

    Parameters
    ----------
    ray : module
    folder : str or Path
        An empty one, for the files of the shards.
    benchmark : Benchmark
    documents, queries : float32 arrays
        Vectors of its documents and of its test queries.
    n : int
        How many vectors the calls are measured on; the placements on 30,000.
    """
    command = "embedlab bench shards --write"
    made = about(command, VERSIONS, vectors=n, queries=len(queries))
    few, vectors = np.stack(seeded_sample(queries, 200)), grown(documents, n)
    return {
        "about": made,
        "graphs": {
            "about": made | {"queries": len(few)},
            "rows": graph_rows(vectors, few),
            "exact": exact_rows(vectors, few),
        },
        "placement": [row for s in (8, 32) for row in placement_rows(documents, queries, shards=s)],
        "merging": merging_rows(benchmark, documents, queries),
        "calls": call_rows(ray, folder, vectors, few),
    }


def shipped_shards() -> dict:
    """Return the measurement that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "shards")


def write_shards_result(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
