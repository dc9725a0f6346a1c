"""Full text and vectors in one statement, fused by places (RRF), beside full text alone.

PostgreSQL's full text search is no BM25. Both of its scores look at one document at a time: they know no
idf, so "array" and "eigenvalue" weigh alike; by default no length of the document either. And
``websearch_to_tsquery`` joins all words by AND: a document that lacks one of them is not found at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embedlab.hybrid import Ranking
from embedlab.index import Floats, whole
from embedlab.machine import needs
from embedlab.vector_databases.indexing import distance
from embedlab.vector_databases.schema import name_of

psycopg, sql = needs("psycopg"), needs("psycopg.sql")

QUERIES = {
    "all": "websearch_to_tsquery('english', %(text)s)",
    # What plainto_tsquery joins by AND, joined by OR: quoting and stemming are still PostgreSQL's.
    "any": "CAST(replace(plainto_tsquery('english', %(text)s)::text, '&', '|') AS tsquery)",
}
# ts_rank adds up the occurrences of each word, each repetition for less; ts_rank_cd adds up the places where
# the words that match are near each other ("cover density"): with OR, each single occurrence is such a place.
SCORES = ("ts_rank", "ts_rank_cd")
# How a score is divided by the length of the document: a mask of bits; 2 divides by the length in words.
LENGTHS = {"ignored": 0, "log": 1, "divided": 2}


def full_text(
    table: str, *, match: str = "all", length: str = "ignored", score: str = "ts_rank"
) -> sql.Composed:
    """Write the query for the k best rows by full text: (id, score); parameters ``text`` and ``k``.

    Parameters
    ----------
    match : {"all", "any"}
        Which of the query's words a row must hold.
    length : {"ignored", "log", "divided"}
        What the length of the text does to the score (PostgreSQL 18, section 12.3.3).
    score : {"ts_rank", "ts_rank_cd"}
        By how often the words occur, or by how near to each other.

    Examples
    --------
    >>> print(full_text("docs").as_string())
    SELECT id, ts_rank(words, query, 0) AS score
    FROM "docs", websearch_to_tsquery('english', %(text)s) AS query
    WHERE words @@ query ORDER BY score DESC, id LIMIT %(k)s
    """
    if match not in QUERIES or length not in LENGTHS:
        allowed = f"match is one of {', '.join(QUERIES)} and length one of {', '.join(LENGTHS)}"
        raise ValueError(f"{allowed}, but they are {match!r} and {length!r}")
    if score not in SCORES:
        raise ValueError(f"score is one of {', '.join(SCORES)}, but {score!r} was asked for")
    statement = """SELECT id, {score}(words, query, {length}) AS score
FROM {table}, {query} AS query
WHERE words @@ query ORDER BY score DESC, id LIMIT %(k)s"""
    return sql.SQL(statement).format(
        score=sql.SQL(score),
        table=name_of(table),
        query=sql.SQL(QUERIES[match]),
        length=sql.Literal(LENGTHS[length]),
    )


def fused(
    table: str, *, match: str = "all", length: str = "ignored", score: str = "ts_rank", dims: int = 384
) -> sql.Composed:
    """Write hybrid search as one statement: two rankings of ``depth`` rows, fused by 1 / (60 + place).

    Parameters ``query`` (the vector), ``text``, ``depth`` and ``k``. Both rankings see the same snapshot,
    which two systems side by side cannot promise. A graph gives no more than ``hnsw.ef_search`` rows: set
    that to ``depth`` at least.

    Examples
    --------
    >>> print(fused("docs").as_string().splitlines()[-3])
    SELECT id, sum(1.0 / (60 + place)) AS score
    """
    # The inner LIMIT is what lets an index serve the order; places are counted outside of it.
    statement = """WITH near AS (SELECT id, {by} AS distance FROM {table} ORDER BY {by} LIMIT %(depth)s),
holding AS (SELECT id, {score}(words, query, {length}) AS rank
    FROM {table}, {query} AS query WHERE words @@ query ORDER BY rank DESC, id LIMIT %(depth)s),
places AS (SELECT id, row_number() OVER (ORDER BY distance, id) AS place FROM near
    UNION ALL SELECT id, row_number() OVER (ORDER BY rank DESC, id) FROM holding)
SELECT id, sum(1.0 / (60 + place)) AS score
FROM places GROUP BY id
ORDER BY score DESC, id LIMIT %(k)s"""
    full_text(table, match=match, length=length, score=score)  # refuses what is unknown
    return sql.SQL(statement).format(
        by=distance(dims=dims)[1],
        score=sql.SQL(score),
        table=name_of(table),
        query=sql.SQL(QUERIES[match]),
        length=sql.Literal(LENGTHS[length]),
    )


def ranking(
    connection: psycopg.Connection,
    statement: sql.Composable,
    texts: Sequence[str],
    vectors: Floats | None = None,
    k: int = 100,
    *,
    depth: int = 100,
) -> Ranking:
    """Ask one statement for each query: (scores, ids), each (q, k), best first; -1 where there is none.

    Parameters
    ----------
    connection : Connection
    statement : a query for (id, score)
    texts : sequence of q str
    vectors : float32 array (q, dims), optional
    k, depth : int
        Rows returned, and rows of each ranking that is fused.
    """
    k = whole("k", k)
    scores = np.full((len(texts), k), -np.inf, np.float32)
    ids = np.full((len(texts), k), -1, np.int64)
    for i, text in enumerate(texts):
        values = {"text": text, "k": k, "depth": depth}
        if vectors is not None:
            values["query"] = vectors[i]
        found = connection.execute(statement, values).fetchall()
        for place, (row, score) in enumerate(found):
            ids[i, place], scores[i, place] = row, score
    return scores, ids
