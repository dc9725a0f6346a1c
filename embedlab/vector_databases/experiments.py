"""What the chapter measures on one table: filters, deletes, updates, memory; each result kept.

Each experiment makes tables of its own on a server that it is given, and drops them.
"""

from __future__ import annotations

import inspect
import json
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints
from embedlab.machine import cached, content_key, machine_name, needs
from embedlab.vector_databases import contenders, indexing, postgres_index, schema

psycopg, sql = needs("psycopg"), needs("psycopg.sql")

K = contenders.K
Rows = list[dict]


def kept(experiment: Callable[..., Rows]) -> Callable[..., Rows]:
    """Keep what an experiment found, by its arguments and the code that it runs; the URL is none of them."""

    @wraps(experiment)
    def run(url: str | Callable[[], str], *arrays: NDArray, **options) -> Rows:
        modules = (
            indexing,
            postgres_index,
            schema,
            sys.modules[experiment.__module__],
            sys.modules[__name__],
        )
        code = [inspect.getsource(module) for module in modules]
        data = [np.ascontiguousarray(array).tobytes() for array in arrays]
        key = content_key(machine_name(), experiment.__name__, repr(sorted(options.items())), *code, *data)

        def build() -> Rows:
            return experiment(url() if callable(url) else url, *arrays, **options)

        return cached("databases", key, build, _write, _read, ".json")

    return run


def _write(path: Path, rows: Rows) -> None:
    path.write_text(json.dumps(rows), encoding="utf-8")


def _read(path: Path) -> Rows:
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def filled_table(
    url: str, vectors: Floats, tenants: Sequence[str] | None = None, *, partitioned: bool = False
) -> Iterator[tuple[psycopg.Connection, str]]:
    """Make a table of vectors, for one experiment; nothing cleans it up but the experiment itself."""
    tenants = ["all"] * len(vectors) if tenants is None else tenants
    table, dims = f"experiment_{secrets.token_hex(6)}", vectors.shape[1]
    with schema.connect(url) as connection:
        connection.execute(schema.create_table(table, dims, by_tenant=partitioned))
        for tenant in sorted(set(tenants)) if partitioned else ():
            connection.execute(schema.create_partition(table, tenant))
        try:
            rows = (
                schema.Row(i, "", "", tenant, vector)
                for i, (tenant, vector) in enumerate(zip(tenants, vectors, strict=True))
            )
            schema.copy_rows(connection, table, rows)
            if not partitioned:
                connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
            connection.execute(f"ANALYZE {table}")
            yield connection, table
        finally:
            connection.execute(f"DROP TABLE {table}")


def ask(
    connection: psycopg.Connection, statement: sql.Composed, queries: Floats, k: int = K, **values
) -> tuple[list[list[int]], float]:
    """Ask each query once to warm up and once for the time: (ids of each, median milliseconds)."""
    found, seconds = [], []
    for timed in (False, True):
        for query in queries:
            start = time.perf_counter()
            rows = connection.execute(statement, {"query": query, "k": k, **values}, binary=True).fetchall()
            if timed:
                seconds.append(time.perf_counter() - start)
                found.append([row[0] for row in rows])
    return found, round(1000 * statistics.median(seconds), 2)


def best_of(vectors: Floats, queries: Floats, allowed: NDArray[np.bool_]) -> Ints:
    """Return the k nearest of each query among those allowed, (q, k)."""
    which = np.flatnonzero(allowed)
    return which[contenders.exact_ids(vectors[which], queries)]
