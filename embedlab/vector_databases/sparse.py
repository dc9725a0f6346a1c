"""BM25 as sparse vectors: a dimension for each term, so that an inner product is the score.

``sparsevec`` holds the indices and values that are not 0. PostgreSQL itself has no BM25; its full text search
is in `hybrid_sql`.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from embedlab.hybrid import ANALYZERS, BM25Index
from embedlab.machine import needs
from embedlab.vector_databases.schema import name_of

psycopg, sql = needs("psycopg"), needs("psycopg.sql")
SparseVector = needs("pgvector").SparseVector

MOST_INDEXED = 1000  # entries of a sparsevec that a graph of pgvector's takes; a column takes 16,000


def document_vectors(index: BM25Index) -> list[SparseVector]:
    """Return each document's BM25 weights as a sparse vector, (terms,).

    Examples
    --------
    >>> index = BM25Index()
    >>> index.add(["the cat sat", "a dog"])
    >>> document_vectors(index)[1].indices(), index.vocabulary["dog"]
    ([3, 4], 4)
    """
    order = np.argsort(index.documents, kind="stable")
    ends = np.cumsum(np.bincount(index.documents, minlength=len(index)))[:-1]
    columns = (np.split(part[order], ends) for part in (index.terms, index.weights))
    dims = max(len(index.vocabulary), 1)
    return [
        SparseVector(dict(zip(terms.tolist(), weights.tolist(), strict=True)), dims)
        for terms, weights in zip(*columns, strict=True)
    ]


def query_vector(index: BM25Index, text: str) -> SparseVector:
    """Return how often each known term is in a query, as a sparse vector, (terms,).

    Examples
    --------
    >>> index = BM25Index()
    >>> index.add(["the cat sat", "a dog"])
    >>> query_vector(index, "dogs and dogs").values()
    [2.0]
    """
    known = (t for t in ANALYZERS[index.analyzer](text) if t in index.vocabulary)
    counts = Counter(index.vocabulary[term] for term in known)
    return SparseVector({t: float(n) for t, n in counts.items()}, max(len(index.vocabulary), 1))


def heaviest(vector: SparseVector, most: int = MOST_INDEXED) -> SparseVector:
    """Keep the largest entries of a sparse vector, so that a graph takes it.

    Examples
    --------
    >>> heaviest(SparseVector({0: 0.1, 4: 0.5, 9: 0.3}, 10), most=2).indices()
    [4, 9]
    """
    entries = sorted(zip(vector.indices(), vector.values(), strict=True), key=lambda entry: -entry[1])
    return SparseVector(dict(entries[:most]), vector.dimensions())


def create_sparse(connection: psycopg.Connection, table: str, index: BM25Index) -> None:
    """Create a table of (id, terms), and fill it with the documents of a BM25 index."""
    create = sql.SQL("CREATE TABLE {} (id bigint PRIMARY KEY, terms sparsevec({}) NOT NULL)")
    with connection.transaction():
        connection.execute(create.format(name_of(table), sql.Literal(max(len(index.vocabulary), 1))))
        into = sql.SQL("COPY {} (id, terms) FROM STDIN (FORMAT BINARY)").format(name_of(table))
        with connection.cursor().copy(into) as copy:
            copy.set_types(("int8", "sparsevec"))
            for row in enumerate(document_vectors(index)):
                copy.write_row(row)


def sparse_nearest(table: str) -> sql.Composed:
    """Write the query for the k best documents: (id, score); those that share no term are none of them.

    Examples
    --------
    >>> print(sparse_nearest("bm25").as_string())
    SELECT id, -(terms <#> %(query)s) AS score FROM "bm25" WHERE terms <#> %(query)s < 0
    ORDER BY terms <#> %(query)s LIMIT %(k)s
    """
    return sql.SQL("""SELECT id, -(terms <#> %(query)s) AS score FROM {} WHERE terms <#> %(query)s < 0
ORDER BY terms <#> %(query)s LIMIT %(k)s""").format(name_of(table))
