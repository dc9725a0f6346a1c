"""What updates and deletes do to an index: versions, dead rows in the graph, VACUUM, REINDEX."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats
from embedlab.machine import needs
from embedlab.vector_databases.experiments import K, Rows, ask, best_of, filled_table, kept
from embedlab.vector_databases.indexing import configure, create_hnsw, nearest
from embedlab.vector_databases.recall import share_found
from embedlab.vector_databases.schema import connect

sql = needs("psycopg.sql")
GRAPH = "{}_embedding_idx"
# VACUUM repairs a graph in one process; so that the comparison is fair, REINDEX builds it in one, too.
ONE_CORE = {"maintenance_work_mem": "256MB", "max_parallel_maintenance_workers": 0}


def snapshots(url: str) -> list[tuple[str, str, str]]:
    """Update a vector while a reader's transaction is open: who finds what, through one and the same index.

    The graph holds both versions of the row. Which of them a search may return is decided at the table, by
    the snapshot of the reader's transaction (PostgreSQL 18, section 13.2).

    Returns
    -------
    list of (step, nearest row for the reader, nearest row for the writer)
        The query is (1, 0). Row "near" is there at first; then it is moved away.
    """
    rows = np.float32([[1, 0], [0.8, 0.6]])
    with filled_table(url, rows) as (writer, table), connect(url) as reader:
        writer.execute(create_hnsw(table, dims=2))
        writer.execute(f"UPDATE {table} SET text = CASE id WHEN 0 THEN 'near' ELSE 'second' END")
        statement = f"SELECT text FROM {table} ORDER BY embedding <#> '[1,0]' LIMIT 1"
        for connection in (writer, reader):
            configure(connection, {"enable_seqscan": "off"})

        def seen(step: str) -> tuple[str, str, str]:
            return (step, *(c.execute(statement).fetchone()[0] for c in (reader, writer)))

        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        steps = [seen("before")]
        writer.execute("BEGIN")
        writer.execute(f"UPDATE {table} SET embedding = '[-1,0]' WHERE id = 0")
        steps.append(seen("updated, not committed"))
        writer.execute("COMMIT")
        steps.append(seen("committed"))
        reader.execute("COMMIT")
        steps.append(seen("the reader's next transaction"))
        return steps


def sizes(connection, table: str) -> dict[str, int]:
    """Return the bytes of a table and of its graph, without what the key takes."""
    names = {"table_bytes": table, "graph_bytes": GRAPH.format(table)}
    query = "SELECT pg_relation_size(%s)"
    return {key: connection.execute(query, [name]).fetchone()[0] for key, name in names.items()}


@kept
def deletes(
    url: str,
    vectors: Floats,
    queries: Floats,
    deleted: NDArray[np.bool_],
    *,
    ef: int = 40,
    wide: int = 200,
    reindex_first: bool = False,
) -> Rows:
    """Delete rows, then clean up: recall, rows returned, time and bytes at each stage.

    Before VACUUM, the graph still leads to the dead rows and counts them among its ``ef`` results; the table
    then tells that they are gone. VACUUM takes them out of the graph and links their neighbours anew; the
    file keeps its size. REINDEX builds the graph anew, of the rows that are left.

    Parameters
    ----------
    url : str
    vectors, queries : float32 arrays (n, dims) and (q, dims)
    deleted : bool array (n,)
    ef : int
        ``hnsw.ef_search``; pgvector's default.
    wide : int
        A larger one: ``recall_wide``, ``rows_wide`` and ``ms_wide``. With ``ef`` and an iterative scan in
        relaxed order: ``recall_iterative`` and so on.
    reindex_first : bool
        Whether the graph is built anew (concurrently) before VACUUM, which then finds nothing dead in it.
    """
    found = []
    with filled_table(url, vectors) as (connection, table):
        statement = nearest(table, dims=vectors.shape[1])

        def measure(stage: str, seconds: float, living: NDArray[np.bool_]) -> None:
            ids, ms = ask(connection, statement, queries)
            rows = [len(row) for row in ids]
            about = {"rows": float(np.mean(rows)), "short": float(np.mean(np.array(rows) < K)), "ms": ms}
            best = best_of(vectors, queries, living)
            about |= {"recall": share_found(ids, best), "seconds": round(seconds, 2)}
            for way, settings, after in (
                ("wide", {"hnsw.ef_search": wide}, {"hnsw.ef_search": ef}),
                ("iterative", {"hnsw.iterative_scan": "relaxed_order"}, {"hnsw.iterative_scan": "off"}),
            ):
                configure(connection, settings)
                ids, taken = ask(connection, statement, queries)
                configure(connection, after)
                about |= {
                    f"recall_{way}": share_found(ids, best),
                    f"rows_{way}": np.mean([*map(len, ids)]).item(),
                }
                about |= {f"ms_{way}": taken}
            about |= sizes(connection, table)
            found.append({"stage": stage, **about})

        def timed(stage: str, *statements: sql.Composable, living: NDArray[np.bool_]) -> None:
            start = time.perf_counter()
            for one in statements:
                connection.execute(one)
            measure(stage, time.perf_counter() - start, living)

        configure(connection, {"hnsw.ef_search": ef, "enable_seqscan": "off"} | ONE_CORE)
        name = sql.Identifier(table)
        timed("before", create_hnsw(table, dims=vectors.shape[1]), living=np.ones(len(vectors), bool))
        gone = sql.Literal(np.flatnonzero(deleted).tolist())
        delete = sql.SQL("DELETE FROM {} WHERE id = ANY({})").format(name, gone)
        timed("deleted", delete, living=~deleted)
        graph = sql.Identifier(GRAPH.format(table))
        steps = [
            ("vacuumed", sql.SQL("VACUUM {}").format(name)),
            ("reindexed", sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(graph)),
        ]
        for stage, step in reversed(steps) if reindex_first else steps:
            timed(stage, step, living=~deleted)
    return found


@kept
def bloat(url: str, vectors: Floats, *, rounds: int = 3, changed: bool = True, vacuum: bool = False) -> Rows:
    """Update every row, again and again: bytes of the table and of the graph, and dead rows, each round.

    An update writes a new version of the row, and another entry into the graph. A new vector gets a node of
    its own; one that is equal to a node's is noted at that node, which has room for 10 rows. Without VACUUM
    nothing is used again.

    Parameters
    ----------
    changed : bool
        Whether the vector changes, or only the text.
    vacuum : bool
        Whether the table is cleaned after each round, so that the next one finds room.
    """
    found, what = [], "embedding = embedding + %(step)s" if changed else "text = text || 'x'"
    step = np.full(vectors.shape[1], 1e-3, np.float32)
    with filled_table(url, vectors) as (connection, table):
        configure(connection, {"maintenance_work_mem": "256MB"})
        connection.execute(create_hnsw(table, dims=vectors.shape[1]))
        connection.execute(f"VACUUM {table}")  # cuts off the empty pages that COPY has made room with
        for done in range(rounds + 1):
            seconds = 0.0
            if done:
                start = time.perf_counter()
                connection.execute(f"UPDATE {table} SET {what}", {"step": step} if changed else None)
                seconds = time.perf_counter() - start
                if vacuum:
                    connection.execute(f"VACUUM {table}")
            connection.execute("SELECT pg_stat_force_next_flush()")
            dead = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = %s"
            dead_rows = connection.execute(dead, [table]).fetchone()[0]
            found.append(
                {"round": done, "update_s": round(seconds, 2), "dead": dead_rows, **sizes(connection, table)}
            )
    return found


@kept
def build_memory(url: str, vectors: Floats, *, megabytes: tuple[int, ...] = (4, 16, 64)) -> Rows:
    """Build a graph with more and less ``maintenance_work_mem``: seconds, and PostgreSQL's notice.

    While the graph fits, it is built in memory and written once. What comes after is inserted on disk, page
    by page through the buffer cache and the write-ahead log.

    Returns
    -------
    list of dict
        ``megabytes``, ``seconds``, ``fitted`` (rows linked before the memory was full; all where it was
        enough), ``notice``.
    """
    found = []
    with filled_table(url, vectors) as (connection, table):
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        configure(connection, {"max_parallel_maintenance_workers": 0})
        for size in megabytes:
            notices.clear()
            configure(connection, {"maintenance_work_mem": f"{size}MB"})
            start = time.perf_counter()
            connection.execute(create_hnsw(table, dims=vectors.shape[1]))
            seconds = time.perf_counter() - start
            connection.execute(f"DROP INDEX {GRAPH.format(table)}")
            notice = next((text for text in notices if "no longer fits" in text), None)
            fitted = len(vectors)
            if notice:
                fitted = int(next(word for word in notice.split() if word.isdigit()))
            row = {"megabytes": size, "seconds": round(seconds, 2), "fitted": fitted, "notice": notice}
            found.append(row)
    return found
