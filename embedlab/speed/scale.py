"""The frontier of recall, time and bytes from 10,000 vectors to a million: ``embedlab bench scale``."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from embedlab import hnsw, scale, speed
from embedlab.benchmark import docsearch, grown, recall_at_k, seeded_sample
from embedlab.embedder import Embedder
from embedlab.index import Floats, Ints, top_k
from embedlab.machine import (
    cache_dir,
    code_of,
    content_key,
    data_path,
    machine_name,
    shipped_figures,
    write_figures,
)
from embedlab.scale import memory_of
from embedlab.speed.ann import RECALLS, qps_at
from embedlab.speed.chunks import CHUNKS, COLLECTIONS, real_vectors
from embedlab.speed.cores import pinned
from embedlab.speed.entrant_builds import build_all, built, path_of
from embedlab.speed.entrants import entrants, lists_for
from embedlab.speed.peers import K
from embedlab.speed.turns import spread, take_turns

RESULTS = data_path("scale")
GROWTH = ("Flat", "HNSW int8", "IVF", "Vamana", "faiss Flat")  # at sizes that only growth is read from
# Left out where n is a million, for the time that building takes; floats walk as codes do.
LONG = ("HNSW float32", "faiss IVFFlat", "faiss PQFastScan+", "faiss HNSW")
LARGE = ("HNSW int8, wide", "Disk, longer codes")  # what small collections do not need
MILLION, SMALL = 1_000_000, 100_000
ALONE = 200  # queries sent one by one; of a million also those of a batch
LIBRARIES = ("numpy", "faiss-cpu", "hnswlib", "numba")
WANTED = 0.95  # recall@10 near which single queries are timed


def names_for(n: int, growth_only: bool) -> list[str]:
    """Return who is measured at n, the slowest to build first.

    Examples
    --------
    >>> names_for(30_000, True)[0], "hnswlib" in names_for(1_000_000, False)
    ('Vamana', True)
    """
    slow = ("HNSW int8, wide", "Vamana", "HNSW float32", "faiss HNSW", "hnswlib", "faiss IVFPQFastScan+")
    names = [name for name in entrants() if not (growth_only and name not in GROWTH)]
    names = [name for name in names if name not in (LONG if n >= MILLION else LARGE if n < SMALL else ())]
    return sorted(names, key=lambda name: slow.index(name) if name in slow else len(slow))


def bench_scale(
    vectors: Floats,
    queries: Floats,
    *,
    names: Sequence[str] | None = None,
    folder: Path | None = None,
    repeats: int = 5,
    report: Callable[[str], None] = lambda text: None,
) -> dict:
    """Build every index of these vectors, search at each of its settings, and say what it costs.

    Parameters
    ----------
    vectors : float32 array (n, d)
    queries : float32 array (q, d)
    names : sequence of str, optional
        Of `entrants`.
    folder : Path, optional
        Where vectors and indexes lie until all is measured: a second call goes on there.
    repeats : int
        Rounds in which all take turns; the median counts.

    Returns
    -------
    dict
        For each index ``build_s``, ``bytes`` and ``disk_bytes`` a vector, a ``curve`` of points (``setting``,
        ``recall``, ``qps`` of one thread with its quartiles, ``compared``, ``reads``), and ``alone``: ``p50``
        and ``p95`` of single queries, in ms, at the first setting that reaches `WANTED`, or at the last.
        ``rss``: what `memory_of` says, for a million.
    """
    n = len(vectors)
    if n < 1000:
        raise ValueError(f"at least 1,000 vectors are needed, but there are {n}")
    names = list(names or names_for(n, False))
    if unknown := [name for name in names if name not in entrants()]:
        raise ValueError(f"no index is called {unknown[0]!r}, but {', '.join(entrants())}")
    folder = folder or cache_dir() / f"bench-scale-{n}"
    if n >= MILLION:  # scans of all codes take their time
        queries = queries[seeded_sample(range(len(queries)), min(ALONE, len(queries)), 0)]
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    exact = _prepared(folder, vectors, queries)
    build_all(folder, names, report)
    core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_getaffinity") else None
    with threadpool_limits(1), pinned(core):
        indexes = _measured(folder, names, queries, exact, n, repeats, report)
    if n >= MILLION:
        for name in indexes:
            if entrants()[name].ours and name != "4-bit scan":
                indexes[name]["rss"] = memory_of(path_of(folder, name), queries[:100], K)
    result = {"n": n, "dims": vectors.shape[1], "queries": len(queries), "k": K, "nlist": lists_for(n)}
    return {**result, "seconds": time.perf_counter() - start, "indexes": indexes}


def _prepared(folder: Path, vectors: Floats, queries: Floats) -> Ints:
    """Leave the vectors in the folder; return what exact search finds, (q, K)."""
    if not (folder / "exact.npy").exists():
        np.save(folder / "vectors.npy", vectors)
        batches = np.array_split(queries, max(len(vectors) // 20_000, 1))
        parts = [top_k(batch @ vectors.T, K)[1] for batch in batches]
        np.save(folder / "exact.npy", np.concatenate(parts))
    return np.load(folder / "exact.npy")


def _measured(folder, names, queries, exact, n, repeats, report) -> dict[str, dict]:
    """Load the indexes, as many at a time as memory should hold, and let those take turns."""
    known = entrants()
    indexes = {name: {**built(folder, name), "knob": known[name].knob, "curve": []} for name in names}
    few = seeded_sample(list(range(len(queries))), min(ALONE, len(queries)), 0)
    at_a_time = 5 if n >= MILLION else len(names)
    for group in (names[i : i + at_a_time] for i in range(0, len(names), at_a_time)):
        live = {name: known[name].load(path_of(folder, name)) for name in group}
        with_faiss_alone()
        for turn in range(max(len(known[name].settings) for name in group)):
            now = {name: known[name].settings[turn] for name in group if turn < len(known[name].settings)}
            found: dict[str, Ints] = {}
            calls = {
                name: partial(_search_and_keep, found, name, known[name], live[name], queries, value)
                for name, value in now.items()
            }
            seconds = take_turns(calls, repeats, quiet=True, warm=True)
            for name, value in now.items():
                point = {"setting": value, "recall": recall_at_k(found[name], exact)}
                rates = spread([len(queries) / one for one in seconds[name]])
                point |= {"qps": rates["ratio"], "low": rates["low"], "high": rates["high"]}
                indexes[name]["curve"].append(point | _traits(live[name]))
        for name in group:
            curve = indexes[name]["curve"]
            enough = next((point for point in curve if point["recall"] >= WANTED), curve[-1])
            indexes[name]["alone"] = _alone(known[name], live[name], queries[few], enough)
        report(f"measured {', '.join(group)}")
        live.clear()
        calls.clear()
    return indexes


def _search_and_keep(found: dict[str, Ints], name: str, one, index, queries: Floats, value: float) -> None:
    found[name] = one.search(index, queries, value)


def with_faiss_alone() -> None:
    """Keep faiss on one thread."""
    import faiss

    faiss.omp_set_num_threads(1)


def _traits(index: object) -> dict[str, float]:
    names = ("compared", "reads", "rounds", "rescored")
    return {name: float(getattr(index, name)) for name in names if hasattr(index, name)}


def _alone(one, index, queries: Floats, point: dict) -> dict[str, float]:
    """Time single queries, the second time round."""
    times = []
    for _ in range(2):
        times = []
        for query in queries:
            start = time.perf_counter()
            one.search(index, query[None], point["setting"])
            times.append(1000 * (time.perf_counter() - start))
    p50, p95 = np.percentile(times, [50, 95])
    return {"setting": point["setting"], "recall": point["recall"], "p50": float(p50), "p95": float(p95)}


def measure_scale(
    sizes: Sequence[int],
    *,
    growth_sizes: Sequence[int] = (),
    of: str = "frontier",
    folder: Path = RESULTS,
    names: Sequence[str] | None = None,
    repeats: int = 5,
    report: Callable[[str], None] = lambda text: None,
) -> dict:
    """Measure at these sizes with DocSearch's test queries; each is stored when it is done.

    ``of`` names the vectors: "frontier" are `real_vectors`; for comparison "related" are grown from a tenth
    as many of them, as a million is, and "grown" are mixtures of documents.
    Where only some ``names`` are measured, the others of that size stay as they are, if of the same vectors.
    """
    embedder, benchmark, file = Embedder.load(), docsearch(), folder / f"{of}.json"
    queries = embedder.encode(benchmark.split("test")[1], cache=True, show_progress=False)
    result = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"sizes": {}}
    made_by = content_key(code_of(hnsw, scale, speed))[:8]  # what an older version built is no use
    for n in sorted({*sizes, *growth_sizes}):
        asked = names or names_for(n, n not in sizes)
        kept = cache_dir() / f"bench-scale-{of}-{n}-{made_by}"
        if of == "grown":
            vectors = grown(embedder.encode(benchmark.documents, cache=True, on_long="cut"), n)
        else:
            vectors = real_vectors(n, embedder, real=n // 10 if of == "related" else CHUNKS)
        found = bench_scale(vectors, queries, names=asked, folder=kept, repeats=repeats, report=report)
        found |= {"machine": machine_name(), "date": datetime.date.today().isoformat()}
        found["versions"] = {name: version(name) for name in LIBRARIES}
        found["vectors"] = COLLECTIONS[of]
        before = result["sizes"].get(str(n), {})
        if names and before.get("vectors") == COLLECTIONS[of]:
            found["indexes"] = before["indexes"] | found["indexes"]
        result["sizes"][str(n)] = found
        write_figures(file, result)
        shutil.rmtree(kept)
        report(f"{n:,} vectors: {found['seconds']:.0f} s")
    return result


def shipped_scale(of: str = "frontier") -> dict:
    """Return the measurement that comes with the course, ``sizes`` by n as text; see `measure_scale`."""
    return shipped_figures("scale", of)


def scale_as_text(result: dict) -> str:
    """Set what `measure_scale` returns as tables of plain text."""
    lines = []
    for size in result["sizes"].values():
        lines += [f"{size['n']:,} vectors, {size['queries']} queries, one thread; {size['machine']}", ""]
        lines.append(
            f"{'index':<22}{'build s':>9}{'bytes':>8}{'QPS at 0.95':>13}{'QPS at 0.99':>13}{'p95 ms':>9}"
        )
        for name, index in size["indexes"].items():
            qps = [qps_at(index["curve"], recall) for recall in RECALLS]
            cells = "".join(f"{value:13,.0f}" if value else f"{'-':>13}" for value in qps)
            p95 = index["alone"]["p95"]
            lines.append(f"{name:<22}{index['build_s']:9.1f}{index['bytes']:8,.0f}{cells}{p95:9.3f}")
        lines.append("")
    return "\n".join(lines)
