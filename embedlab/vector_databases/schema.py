"""A table of documents with their vectors, and how many rows at once get into it.

Statements are `psycopg.sql` objects: names go in by ``sql.Identifier``, which quotes them, and numbers by
``sql.Literal``. Values of rows and queries are parameters, never part of a statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from embedlab.index import Floats, as_vectors, whole
from embedlab.machine import needs

psycopg, sql = needs("psycopg"), needs("psycopg.sql")
register_vector = needs("pgvector.psycopg").register_vector

MOST_DIMS = 16_000  # of a column of type vector; an index over it takes 2,000
LONGEST = 63  # bytes of a name: PostgreSQL cuts a longer one, and two names become one
COLUMNS = ("id", "text", "package", "tenant", "embedding")


class Row(NamedTuple):
    """What is written of one document; PostgreSQL makes the column ``words`` of its text."""

    id: int
    text: str
    package: str
    tenant: str
    embedding: Floats  # (dims,)


def name_of(*parts: str) -> sql.Identifier:
    """Quote a name, joined by ``_`` where it has several parts.

    Raises
    ------
    ValueError
        If it is empty, holds a zero byte, or is longer than PostgreSQL keeps.

    Examples
    --------
    >>> name_of('docs"; DROP TABLE docs; --').as_string()
    '"docs""; DROP TABLE docs; --"'
    >>> name_of("docs", "hnsw").as_string()
    '"docs_hnsw"'
    """
    name = "_".join(parts)
    if not name.strip() or "\0" in name or len(name.encode()) > LONGEST:
        raise ValueError(f"a name must have 1 to {LONGEST} bytes and no zero byte, but is {name!r}")
    return sql.Identifier(name)


def create_table(table: str, dims: int = 384, *, by_tenant: bool = False) -> sql.Composed:
    """Write the statement that creates a table of documents.

    ``words`` is computed by PostgreSQL whenever the text is written, so that it is never stale. ``STORAGE
    PLAIN`` keeps a vector in the row itself: a row over 2 kB would go to a table of its own (TOAST), and an
    exact scan would fetch each vector from there.

    Parameters
    ----------
    table : str
    dims : int
        Numbers in a vector. The database refuses others.
    by_tenant : bool
        Whether each tenant gets a partition, see `create_partition`.

    Examples
    --------
    >>> print(create_table("docs", 3).as_string())
    CREATE TABLE "docs" (
        id bigint NOT NULL,
        text text NOT NULL,
        package text NOT NULL,
        tenant text NOT NULL,
        words tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED,
        embedding vector(3) STORAGE PLAIN NOT NULL,
        PRIMARY KEY (id)
    )
    """
    if whole("dims", dims) > MOST_DIMS:
        raise ValueError(f"a vector has at most {MOST_DIMS} dims, but {dims} were asked for")
    storage = sql.SQL("STORAGE PLAIN " if dims <= 1900 else "")  # a row has to fit into a page of 8 kB
    # The key of a partitioned table has to hold what it is partitioned by.
    key, partition = ("tenant, id", " PARTITION BY LIST (tenant)") if by_tenant else ("id", "")
    statement = sql.SQL("""CREATE TABLE {table} (
    id bigint NOT NULL,
    text text NOT NULL,
    package text NOT NULL,
    tenant text NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED,
    embedding vector({dims}) {storage}NOT NULL,
    PRIMARY KEY ({key})
){partition}""")
    return statement.format(
        table=name_of(table),
        dims=sql.Literal(dims),
        storage=storage,
        key=sql.SQL(key),
        partition=sql.SQL(partition),
    )


def create_partition(table: str, tenant: str) -> sql.Composed:
    """Write the statement that gives a tenant a partition of a table that was made ``by_tenant``.

    Examples
    --------
    >>> create_partition("docs", "o'neill").as_string()
    'CREATE TABLE "docs_o\\'neill" PARTITION OF "docs" FOR VALUES IN (\\'o\\'\\'neill\\')'
    """
    statement = sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES IN ({})")
    return statement.format(name_of(table, tenant), name_of(table), sql.Literal(tenant))


def connect(url: str) -> psycopg.Connection:
    """Connect, each statement a transaction of its own, arrays going in and out as vectors.

    Raises
    ------
    ConnectionError
        If no server answers, or its database lacks the extension pgvector.
    """
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise ConnectionError(f"no PostgreSQL answers there: {error}") from None
    try:
        register_vector(connection)
    except psycopg.ProgrammingError:
        connection.close()
        raise ConnectionError("the database lacks pgvector: CREATE EXTENSION vector") from None
    return connection


def copy_rows(connection: psycopg.Connection, table: str, rows: Iterable[Row]) -> int:
    """Write rows by ``COPY`` in binary: all of them, or none.

    INSERT sends a statement for each row and waits for its answer; COPY sends one stream. In binary a vector
    is its 4 bytes a number; as text it is about 12 characters a number, printed here and parsed there.

    Returns
    -------
    int
        How many rows were written.

    Raises
    ------
    ValueError
        If a vector holds NaN, or has other dims than the table.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(name_of(table), columns)
    written = 0
    try:
        with connection.transaction(), connection.cursor().copy(statement) as copy:
            copy.set_types(("int8", "text", "text", "text", "vector"))
            for written, row in enumerate(rows, start=1):  # noqa: B007 (how many there were)
                copy.write_row((*row[:4], as_vectors(row.embedding[None], len(row.embedding))[0]))
    except psycopg.errors.DataException as error:  # such as "expected 384 dimensions, not 3"
        raise ValueError(f"{table}: {error.diag.message_primary}") from error
    return written


def documents(ids: Iterable[str], texts: Iterable[str], vectors: Floats, tenants: int = 4) -> list[Row]:
    """Make rows of documents named like ``numpy.linalg.norm``: package numpy, tenants dealt in turn.

    Examples
    --------
    >>> rows = documents(["numpy.dot", "scipy.fft"], ["Dot product.", "Fourier."], np.eye(2, dtype="f4"))
    >>> [(row.id, row.package, row.tenant) for row in rows]
    [(0, 'numpy', 'tenant0'), (1, 'scipy', 'tenant1')]
    """
    return [
        Row(i, text, name.split(".")[0], f"tenant{i % tenants}", np.asarray(vector, np.float32))
        for i, (name, text, vector) in enumerate(zip(ids, texts, vectors, strict=True))
    ]
