"""Writing many rows, and a graph over sparse vectors: two measurements."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

import numpy as np

from embedlab.hybrid import BM25Index
from embedlab.index import Floats
from embedlab.machine import needs
from embedlab.vector_databases import indexing, schema, sparse
from embedlab.vector_databases.experiments import Rows, ask, kept

psycopg = needs("psycopg")


@kept
def ways_to_write(url: str, vectors: Floats) -> Rows:
    """Write the same rows in four ways: rows a second of INSERT one by one, in batches, and COPY.

    All in one transaction each, so that none waits for the disk after each row.
    """
    dims, pairs = vectors.shape[1], list(enumerate(vectors))
    texts = [(i, "[" + ",".join(map(str, vector.tolist())) + "]") for i, vector in pairs]
    insert = "INSERT INTO written VALUES (%s, %s)"

    def copy(connection: psycopg.Connection, kind: str, rows: list) -> None:
        statement = f"COPY written FROM STDIN{kind}"
        with connection.cursor().copy(statement) as stream:
            if kind:
                stream.set_types(("int8", "vector"))
            for row in rows:
                stream.write_row(row)

    ways: dict[str, Callable[[psycopg.Connection], object]] = {
        "INSERT, one by one": lambda c: [c.execute(insert, pair) for pair in pairs],
        "INSERT, in a pipeline": lambda c: c.cursor().executemany(insert, pairs),
        "COPY, text": lambda c: copy(c, "", texts),
        "COPY, binary": lambda c: copy(c, " (FORMAT BINARY)", pairs),
    }
    found = []
    with schema.connect(url) as connection:
        for way, write in ways.items():
            start = time.perf_counter()
            with connection.transaction(force_rollback=True):
                connection.execute(f"CREATE TABLE written (id bigint, embedding vector({dims}))")
                write(connection)
                assert connection.execute("SELECT count(*) FROM written").fetchone() == (len(vectors),)
            seconds = time.perf_counter() - start
            found.append({"way": way, "rows": len(vectors), "rows_s": round(len(vectors) / seconds)})
    return found


def sparse_graph(
    url: str, documents: Sequence[str], queries: Sequence[str], *, widths: tuple[int, ...] = (40, 200)
) -> Rows:
    """Search BM25 weights exactly, and through a graph over them: recall@10 and milliseconds.

    Parameters
    ----------
    documents, queries : sequence of str
        The weights are those of `BM25Index`. No document may have more than 1,000 terms: see `heaviest`.
    """
    index, table = BM25Index(), f"experiment_{secrets.token_hex(6)}"
    index.add(documents)
    asked = [sparse.query_vector(index, text) for text in queries]
    with schema.connect(url) as connection:
        sparse.create_sparse(connection, table, index)
        try:
            statement = sparse.sparse_nearest(table)
            exact, ms = ask(connection, statement, asked)
            rows = float(np.mean([len(row) for row in exact]))
            found = [{"way": "exact", "recall": 1.0, "rows": rows, "ms": ms}]
            connection.execute(f"CREATE INDEX ON {table} USING hnsw (terms sparsevec_ip_ops)")
            indexing.configure(connection, {"enable_seqscan": "off"})
            for ef in widths:
                indexing.configure(connection, {"hnsw.ef_search": ef})
                ids, ms = ask(connection, statement, asked)
                shares = [len(set(a) & set(b)) / len(b) for a, b in zip(ids, exact, strict=True) if b]
                rows = float(np.mean([len(row) for row in ids]))
                recall = round(float(np.mean(shares)), 4)
                found.append({"way": f"graph, ef {ef}", "recall": recall, "rows": rows, "ms": ms})
        finally:
            connection.execute(f"DROP TABLE {table}")
    return found
