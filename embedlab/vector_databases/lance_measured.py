"""LanceDB on the vectors and queries of `recall`: recall against latency, filters, and what lies on disk."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedlab.benchmark import grown
from embedlab.index import Floats, top_k
from embedlab.machine import content_key, data_path, shipped_figures, write_figures
from embedlab.vector_databases.lance import as_table, build_lance, bytes_on_disk, open_table, search_lance
from embedlab.vector_databases.measured_on import about
from embedlab.vector_databases.recall import interleaved, latency_row, share_found

if TYPE_CHECKING:
    from lancedb.table import Table

RESULTS = data_path("vector_databases") / "lance.json"
VERSIONS = ("embedlab", "lancedb", "pyarrow", "numpy")
K = 10
M, EF_CONSTRUCTION = 16, 64  # as in `contenders`
SETTINGS = {  # of each engine: what is tuned, to what, and what is fixed
    "lance exact": ("none", (0,), {"metric": "dot", "refine": None}),
    "lance IVF_HNSW_SQ": ("ef", (20, 40, 80, 160, 320), {"nprobes": 1, "refine": 2}),
    "lance IVF_PQ": ("nprobes", (2, 5, 10, 20, 50), {"refine": 10}),
}
SHARES = (0.5, 0.1, 0.01, 0.001)  # of the rows that a filter lets through


def lance_recall(
    documents: Floats,
    queries: Floats,
    n: int = 100_000,
    *,
    seed: int = 0,
    folder: str | Path,
    report: Callable[[str], None] = print,
) -> dict:
    """Build each kind of index on grown vectors; measure each of its settings, one query at a time.

    The rows are comparable with those of `recall_latency`, but for the cores: Lance builds on all of them,
    and where it reads every vector, it reads on all of them.

    Parameters
    ----------
    documents : float32 array (d, dims)
        What `grown` makes n vectors of.
    queries : float32 array (q, dims)
    n, seed : int
    folder : str or Path
        Where the tables are built, and left; what an interrupted run has built is taken over.
    report : callable
        Gets the name of what is built next.

    Returns
    -------
    dict
        ``about``; ``built``, for each engine ``build_s`` and ``bytes``; ``rows``, as of `recall_latency`;
        ``filters``, of `filter_rows`; ``disk``, of `disk_rows`.
    """
    vectors = grown(documents, n, seed=seed)
    tables, built = {}, {}
    for name in SETTINGS:
        report(name)
        tables[name], built[name] = built_table(Path(folder) / name.split()[1], vectors, name.split()[1])
    searches = {
        (name, value): partial(_ids, tables[name], **{**fixed, **({} if knob == "none" else {knob: value})})
        for name, (knob, values, fixed) in SETTINGS.items()
        for value in values
    }
    report("searching")
    found, seconds = interleaved(searches, queries, seed)
    exact = top_k(queries @ vectors.T, K)[1]
    rows = [
        latency_row(name, SETTINGS[name][0], value, share_found(found[name, value], exact), taken)
        for (name, value), taken in seconds.items()
    ]
    facts = {"vectors": n, "dims": vectors.shape[1], "queries": len(queries), "seed": seed, "m": M}
    facts |= {"ef_construction": EF_CONSTRUCTION, "cores": "all, for building and where every vector is read"}
    made = about("embedlab bench lance --write", VERSIONS, **facts)
    made["made of"] = content_key(documents.tobytes(), queries.tobytes())
    filters = filter_rows(tables["lance IVF_HNSW_SQ"], vectors, queries[::2])
    disk = disk_rows(Path(folder) / "disk", vectors)
    return {"about": made, "built": built, "rows": rows, "filters": filters, "disk": disk}


def built_table(folder: Path, vectors: Floats, kind: str) -> tuple[Table, dict]:
    """Write vectors to a table of their own and index it, or open what an earlier run has built.

    Returns
    -------
    table : Table
    built : dict
        ``build_s``, and the ``bytes`` of the index; of an exact one, of the vectors.
    """
    card, table = folder / "built.json", open_table(folder, vectors.shape[1])
    if card.exists():
        return table, json.loads(card.read_text(encoding="utf-8"))
    table.delete("true")  # what an interrupted run left
    table.add(as_table(vectors))
    before, start = bytes_on_disk(folder), time.perf_counter()
    if kind == "IVF_HNSW_SQ":
        build_lance(table, kind, m=M, ef_construction=EF_CONSTRUCTION)
    elif kind == "IVF_PQ":
        build_lance(table, kind, partitions=max(1, len(vectors) // 1000), iterations=10)
    size = bytes_on_disk(folder) - (before if kind != "exact" else 0)
    built = {"build_s": round(time.perf_counter() - start, 2), "bytes": size}
    card.write_text(json.dumps(built), encoding="utf-8")
    return table, built


def _ids(table: Table, query: Floats, **settings) -> list[int]:
    return search_lance(table, query, K, **settings)[1].tolist()


def filter_rows(
    table: Table, vectors: Floats, queries: Floats, shares: Sequence[float] = SHARES
) -> list[dict]:
    """Search under filters that let ever fewer rows through, before the search and after it.

    Returns
    -------
    list of dict
        ``share``, ``when`` ("before" or "after"), ``rows`` (mean number of results, of 10 asked for),
        ``recall`` (against exact search among what is allowed), ``ms`` (median).
    """
    found = []
    for share in shares:
        every = round(1 / share)
        allowed = np.arange(0, len(vectors), every)
        exact = allowed[top_k(queries @ vectors[allowed].T, min(K, len(allowed)))[1]]
        where = f"id % {every} = 0"
        ways = {
            when: partial(_ids, table, ef=80, refine=2, where=where, prefilter=when == "before")
            for when in ("before", "after")
        }
        results, seconds = interleaved(ways, queries)
        found += [
            {
                "share": share,
                "when": when,
                "rows": round(float(np.mean([len(one) for one in results[when]])), 2),
                "recall": share_found(results[when], exact),
                "ms": round(1000 * statistics.median(seconds[when]), 3),
            }
            for when in ways
        ]
    return found


def disk_rows(folder: Path, vectors: Floats) -> list[dict]:
    """Write a table into a new folder, delete 30 %, clean up; each time look at what lies on disk.

    Returns
    -------
    list of dict
        ``after``, ``version``, ``rows``, ``bytes`` of the folder, ``versions`` that can be read.
    """
    shutil.rmtree(folder, ignore_errors=True)  # of an interrupted run
    table, gone = open_table(folder, vectors.shape[1]), int(0.3 * len(vectors))
    table.add(as_table(vectors))

    def row(after: str) -> dict:
        counted = {"rows": table.count_rows(), "bytes": bytes_on_disk(folder)}
        return {"after": after, "version": table.version, **counted, "versions": len(table.list_versions())}

    found = [row("written")]
    table.delete(f"id < {gone}")
    found.append(row("30 % deleted"))
    table.optimize(cleanup_older_than=timedelta(days=7))
    found.append(row("optimised, 7 days kept"))
    table.optimize(cleanup_older_than=timedelta(seconds=0.001))  # 0 warns of readers of older versions
    found.append(row("optimised, nothing older kept"))
    return found


def shipped_lance() -> dict:
    """Return the measurement on 100,000 vectors that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "lance")


def write_lance(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
