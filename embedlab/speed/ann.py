"""Approximate search against the libraries for it: how fast at equal recall, how long to build, how large.

One thread each, in one process, taking turns.
"""

import math
import os
import time
from itertools import pairwise
from statistics import median

import numpy as np
from rich.progress import track
from threadpoolctl import threadpool_limits

from embedlab.benchmark import docsearch, recall_at_k, seeded_sample
from embedlab.embedder import Embedder
from embedlab.hnsw import HNSWIndex
from embedlab.index import FlatIndex, Floats, top_k
from embedlab.speed.chunks import real_vectors
from embedlab.speed.peers import FLOAT_PEERS, GRAPH_PEERS, OURS, PEERS, K, M
from embedlab.speed.turns import interleave, is_terminal, spread, take_turns

WIDTHS = (10, 16, 24, 40, 64, 100, 160, 250, 400)
RECALLS = (0.95, 0.99)


def qps_at(curve: list[dict], recall: float) -> float | None:
    """Read a curve at a recall: log QPS on the line between the points beside it; None above all of them.

    Below all of them the fastest counts, whose recall is more than was asked.

    Examples
    --------
    >>> curve = [{"recall": 0.9, "qps": 1000}, {"recall": 1.0, "qps": 10}]
    >>> round(qps_at(curve, 0.95)), qps_at(curve, 0.8)
    (100, 1000)
    >>> qps_at(curve[:1], 0.95)
    """
    # Of two settings, one that is slower and no better is none that anybody would use.
    points = [p for p in curve if not any(o["recall"] >= p["recall"] and o["qps"] > p["qps"] for o in curve)]
    points.sort(key=lambda point: point["recall"])
    if points and points[0]["recall"] >= recall:
        return points[0]["qps"]
    for low, high in pairwise(points):
        if low["recall"] <= recall <= high["recall"]:
            share = (recall - low["recall"]) / ((high["recall"] - low["recall"]) or 1)
            return math.exp((1 - share) * math.log(low["qps"]) + share * math.log(high["qps"]))
    return None


def bench_ann(n: int = 100_000, *, repeats: int = 5, growth: bool = True) -> dict:
    """Measure recall and queries a second of every library on the vectors of real chunks, see `real_vectors`.

    Parameters
    ----------
    n : int
        How many vectors.
    repeats : int
        Rounds in which all take turns; the median counts.
    growth : bool
        Measure also at 1,000 vectors, 3,000, 10,000 ... how the time of one query grows.

    Returns
    -------
    dict
        For each index its ``build_s``, ``bytes_per_vector`` and ``curve``; ``qps_at`` a recall@10 of 0.95 and
        0.99; and ``ratios``: ours by the fastest of the others, with the quartiles of the rounds.
    """
    if n < 1000:
        raise ValueError(f"n must be at least 1,000, but is {n}")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    embedder = Embedder.load()
    vectors = real_vectors(n, embedder)
    queries = embedder.encode(docsearch().split("test")[1])
    result = compare(vectors, queries, repeats)
    if growth:
        some = queries[seeded_sample(range(len(queries)), 200, 0)]
        with threadpool_limits(1):
            result["growth"] = _growth(vectors, some)
    return result


def compare(vectors: Floats, queries: Floats, repeats: int) -> dict:
    """Measure every library on these vectors and queries; return what `bench_ann` does, without growth."""
    import faiss

    faiss.omp_set_num_threads(1)
    with threadpool_limits(1):
        exact = np.concatenate([top_k(part @ vectors.T, K)[1] for part in np.array_split(queries, 16)])
        for codes in (None, "int8"):  # compiled before it is timed
            HNSWIndex(vectors.shape[1], codes=codes).add(vectors[:10])
        searchers, indexes = {}, {}
        for name, build in _progress({**OURS, **PEERS}.items(), "building"):
            start = time.perf_counter()
            searchers[name], size = build(vectors)
            seconds = time.perf_counter() - start
            indexes[name] = {"build_s": seconds, "bytes_per_vector": size, "curve": []}
        for width in _progress(WIDTHS, "searching"):
            functions = {
                name: searcher(width)
                for name, searcher in searchers.items()
                if name != "faiss Flat" or width == WIDTHS[0]
            }
            calls = {name: lambda f=f: f(queries) for name, f in functions.items()}
            seconds = take_turns(calls, repeats, quiet=True)
            for name, search in functions.items():
                point = {"width": width, "recall": recall_at_k(search(queries), exact)}
                rounds = [len(queries) / one for one in seconds[name]]
                indexes[name]["curve"].append({**point, "qps": median(rounds), "rounds": rounds})
    sizes = {"vectors": len(vectors), "dims": vectors.shape[1], "queries": len(queries), "k": K}
    return {**sizes, "indexes": indexes, **_summary(indexes)}


def _summary(indexes: dict) -> dict:
    """Compare at equal recall, round by round, and in building, which is done once."""
    at = {name: {str(r): qps_at(index["curve"], r) for r in RECALLS} for name, index in indexes.items()}
    rounds = range(len(indexes["faiss Flat"]["curve"][0]["rounds"]))
    ratios: dict = {}
    for ours in OURS:
        for peers, label in [(FLOAT_PEERS, "fastest float peer"), (tuple(PEERS), "fastest peer of all")]:
            for r in RECALLS:
                each = [_against(indexes, ours, peers, r, turn) for turn in rounds]
                if all(each):
                    ratios[f"{ours} / {label}, QPS at recall {r}"] = spread(each)
        like = GRAPH_PEERS if ours == "ours int8" else FLOAT_PEERS
        fastest = min(indexes[peer]["build_s"] for peer in like)
        ratios[f"fastest graph of its peers / {ours}, build time"] = spread(
            [fastest / indexes[ours]["build_s"]]
        )
    return {"qps_at": at, "ratios": ratios}


def _against(indexes: dict, ours: str, peers: tuple[str, ...], recall: float, turn: int) -> float | None:
    """Return our QPS by the fastest peer's, in one round; None where ours or all of them do not get there."""

    def qps(name: str) -> float | None:
        curve = [{**point, "qps": point["rounds"][turn]} for point in indexes[name]["curve"]]
        return qps_at(curve, recall)

    best = max((qps(peer) or 0.0 for peer in peers), default=0.0)
    mine = qps(ours)
    return mine / best if mine and best else None


def _growth(all_vectors: Floats, queries: Floats) -> list[dict]:
    """Time single queries on more and more vectors, exact and through the graph."""
    rows, n = [], len(all_vectors)
    sizes = sorted({size for size in (1000, 3000, 10_000, 30_000, 100_000) if size < n} | {n})
    for size in _progress(sizes, "growing"):
        vectors = all_vectors[:size]
        exact, graph = FlatIndex(vectors.shape[1]), HNSWIndex(vectors.shape[1], m=M)
        exact.add(vectors)
        graph.add(vectors, show_progress=False)
        graph.search(queries, K)
        functions = {
            "exact": lambda index=exact: [index.search(query[None], K) for query in queries],
            "hnsw": lambda index=graph: [index.search(query[None], K) for query in queries],
        }
        seconds = interleave(functions, 3, quiet=True)
        row = {f"{name}_ms": 1000 * seconds[name] / len(queries) for name in functions}
        rows.append({"vectors": size, **row, "hnsw_comparisons": graph.compared})
    return rows


def _progress(things, description: str):
    return track(list(things), description=description, transient=True, disable=not is_terminal())


def as_text(result: dict) -> str:
    """Set the result of `bench_ann` as tables of plain text."""
    lines = [
        f"{result['vectors']:,} vectors of {result['dims']}, {result['queries']} queries, one thread",
        "",
    ]
    wide = 1 + max(map(len, result["indexes"]))
    lines.append(f"{'index':<{wide}}{'build s':>9}{'bytes':>8}{'QPS at 0.95':>14}{'QPS at 0.99':>14}")
    for name, index in result["indexes"].items():
        qps = [result["qps_at"][name][str(r)] for r in RECALLS]
        cells = "".join(f"{value:14,.0f}" if value else f"{'-':>14}" for value in qps)
        lines.append(f"{name:<{wide}}{index['build_s']:9.1f}{index['bytes_per_vector']:8,.0f}{cells}")
    flat = result["indexes"]["faiss Flat"]["curve"][0]["qps"]
    lines += ["", f"faiss Flat, exact, in batches: {flat:,.0f} QPS", ""]
    lines += [
        f"{one['ratio']:6.2f}  {one['low']:.2f} to {one['high']:.2f}  {name}"
        for name, one in result["ratios"].items()
    ]
    if "growth" in result:
        lines += [
            "",
            f"{'vectors':>9}{'exact ms':>10}{'hnsw ms':>10}{'comparisons':>13}   one query at a time",
        ]
        for row in result["growth"]:
            times = f"{row['exact_ms']:10.3f}{row['hnsw_ms']:10.3f}"
            lines.append(f"{row['vectors']:9,}{times}{row['hnsw_comparisons']:13,.0f}")
    return "\n".join(lines)
