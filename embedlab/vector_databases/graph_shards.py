"""One index against eight smaller ones over the same vectors: what a query costs, without any call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import numpy as np

from embedlab.index import FlatIndex, Floats
from embedlab.vector_databases.contenders import EF_CONSTRUCTION, K, M, exact_ids
from embedlab.vector_databases.gather import merge
from embedlab.vector_databases.recall import share_found

WIDTHS = (4, 6, 10, 20, 40, 80, 160, 320)


def graph_rows(
    vectors: Floats, queries: Floats, *, shards: Sequence[int] = (1, 8), widths: Sequence[int] = WIDTHS
) -> list[dict]:
    """Search graphs of faiss's, the vectors dealt to them in turn, one thread and one query at a time.

    Each shard gives the ``min(10, width)`` best of a beam of that width; the answers are merged by score.

    Returns
    -------
    list of dict
        ``engine`` ("1 graph", "8 graphs"), ``width``, ``recall``; ``ms`` (median of the slowest shard of each
        query: each has a core of its own), ``ms_together`` (median of their sum: one core does all),
        ``distances`` (computed by all shards, mean) and ``build_s`` (the slowest shard, and nothing else).
    """
    import faiss

    faiss.omp_set_num_threads(1)
    exact, rows, graphs, built = exact_ids(vectors, queries), [], {}, {}
    for count in shards:
        graphs[count], seconds = [], []
        for shard in range(count):
            graph = faiss.IndexHNSWFlat(vectors.shape[1], M, faiss.METRIC_INNER_PRODUCT)
            graph.hnsw.efConstruction = EF_CONSTRUCTION
            start = time.perf_counter()
            graph.add(vectors[shard::count])
            seconds.append(time.perf_counter() - start)
            graphs[count].append(graph)
        built[count] = round(max(seconds), 1)
    settings = [(count, width) for width in widths for count in shards]
    found: dict = {one: ([], [], [], []) for one in settings}
    draw, stats = np.random.default_rng(0), faiss.cvar.hnsw_stats
    for number, query in enumerate(np.concatenate([queries[:8], queries])):
        for which in draw.permutation(len(settings)):
            count, width = settings[which]
            beam, parts, taken = faiss.SearchParametersHNSW(efSearch=width), [], []
            stats.reset()
            for shard, graph in enumerate(graphs[count]):
                start = time.perf_counter()
                scores, ids = graph.search(query[None], min(K, width), params=beam)
                taken.append(1000 * (time.perf_counter() - start))
                parts.append((scores, np.where(ids >= 0, ids * count + shard, -1)))
            if number >= 8:  # the first ones warm up
                best = merge(parts, K)[1][0].tolist()
                for kept, value in zip(
                    found[count, width], (best, max(taken), sum(taken), stats.ndis), strict=True
                ):
                    kept.append(value)
    for (count, width), (ids, slowest, together, distances) in found.items():
        rows.append(
            {
                "engine": f"{count} graph{'s' if count > 1 else ''}",
                "width": width,
                "recall": share_found(ids, exact),
                "ms": round(statistics.median(slowest), 4),
                "ms_together": round(statistics.median(together), 4),
                "distances": round(float(np.mean(distances))),
                "build_s": built[count],
            }
        )
    return rows


def exact_rows(vectors: Floats, queries: Floats, *, shards: Sequence[int] = (1, 8)) -> list[dict]:
    """Search all vectors, and in shards, as an actor does, but in this process: one core, no call.

    Returns
    -------
    list of dict
        ``shards``; ``ms`` (median of the slowest shard of each query) and ``ms_together`` (of their sum).
    """
    from threadpoolctl import threadpool_limits

    rows, indexes, taken = [], {}, {}
    for count in shards:
        indexes[count], taken[count] = [FlatIndex(vectors.shape[1]) for _ in range(count)], []
        for shard, index in enumerate(indexes[count]):
            index.add(np.ascontiguousarray(vectors[shard::count]))
    with threadpool_limits(1):
        for query in np.concatenate([queries[:8], queries]):
            for count in shards:
                each = []
                for index in indexes[count]:
                    start = time.perf_counter()
                    index.search(query[None], K)
                    each.append(1000 * (time.perf_counter() - start))
                taken[count].append(each)
    for count, each in taken.items():
        slowest, together = ([way(one) for one in each[8:]] for way in (max, sum))  # the first warm up
        about = {
            "ms": round(statistics.median(slowest), 3),
            "ms_together": round(statistics.median(together), 3),
        }
        rows.append({"shards": count, **about})
    return rows
