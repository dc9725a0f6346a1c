"""Seven ways to search only what a user of many groups may read, in PostgreSQL with pgvector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from embedlab.index import Floats
from embedlab.machine import needs
from embedlab.security.shared_folders import USER, Folders, signature
from embedlab.vector_databases import configure, connect

psycopg = needs("psycopg")

BITS = 256
NEAREST = "ORDER BY embedding <#> %(query)s LIMIT %(k)s"
STATEMENTS = {
    "groups in the row": f"""SELECT id FROM shared WHERE groups OPERATOR(pg_catalog.&&) %(mine)s::int[]
        {NEAREST}""",
    "sorted groups": f"SELECT id FROM shared WHERE groups OPERATOR(public.&&) %(mine)s::int[] {NEAREST}",
    "join": f"""SELECT id FROM shared s WHERE EXISTS (SELECT FROM grants g JOIN members m USING (grp)
        WHERE g.folder = s.folder AND m.usr = {USER}) {NEAREST}""",
    "hashed groups": f"""SELECT id FROM shared WHERE hash & %(hash)s <> 0::bit({BITS}) 
        AND groups OPERATOR(pg_catalog.&&) %(mine)s::int[]
        {NEAREST}""",
    "open folders": f"SELECT id FROM shared WHERE folder = ANY(%(folders)s) {NEAREST}",
    "open folders first": f"""WITH seen AS MATERIALIZED (
        SELECT id, embedding FROM shared WHERE folder = ANY(%(folders)s)) SELECT id FROM seen {NEAREST}""",
}
WAYS = (*STATEMENTS, "check afterwards")
Search = Callable[[Floats], list[int]]


def fill(connection: Any, vectors: Floats, drawn: Folders) -> None:
    """Make the tables ``shared``, ``grants`` and ``members``, with their indexes.

    ``&&`` of PostgreSQL compares each entry with each; that of its extension ``intarray`` sorts first, and
    would need an index of its own class, ``gin__int_ops``, which is not built here.
    """
    connection.execute("CREATE EXTENSION IF NOT EXISTS intarray SCHEMA public")
    for table in ("shared", "grants", "members"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.execute(f"""CREATE TABLE shared (id int PRIMARY KEY, folder int NOT NULL,
        groups int[] NOT NULL,
        hash bit({BITS}) NOT NULL, embedding vector({vectors.shape[1]}) STORAGE PLAIN NOT NULL)""")
    connection.execute("CREATE TABLE grants (folder int, grp int, PRIMARY KEY (folder, grp))")
    connection.execute("CREATE TABLE members (usr int, grp int, PRIMARY KEY (usr, grp))")
    hashes = [signature(groups, BITS) for groups in drawn.entries]
    with connection.cursor().copy("COPY shared FROM STDIN") as copy:
        for i, (folder, vector) in enumerate(zip(drawn.folder.tolist(), vectors, strict=True)):
            groups = "{" + ",".join(map(str, drawn.entries[folder])) + "}"
            copy.write_row((i, folder, groups, hashes[folder], str(vector.tolist())))
    with connection.cursor() as cursor:
        pairs = [(f, g) for f, groups in enumerate(drawn.entries) for g in groups.tolist()]
        cursor.executemany("INSERT INTO grants VALUES (%s, %s)", pairs)
    join(connection, drawn)
    connection.execute("CREATE INDEX ON shared (folder)")
    connection.execute("CREATE INDEX ON shared USING gin (groups)")
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute("CREATE INDEX ON shared USING hnsw (embedding vector_ip_ops)")
    for table in ("shared", "grants", "members"):
        connection.execute(f"ANALYZE {table}")


def join(connection: Any, drawn: Folders) -> None:
    """Put the user into the groups."""
    connection.execute("DELETE FROM members")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO members VALUES (%s, %s)", [(USER, g) for g in drawn.mine.tolist()])


@contextmanager
def searching(url: str, drawn: Folders, k: int = 10) -> Iterator[dict[str, Search]]:
    """Give a search for each of `WAYS`, of a filled database: a query to the ids of its k nearest.

    All of them go on scanning the graph until k rows pass (``relaxed_order``), the planner is free to take
    another index, and plans are made for each call's values.
    """
    settings = {"hnsw.iterative_scan": "relaxed_order", "plan_cache_mode": "force_custom_plan", "jit": "off"}
    with connect(url) as connection:
        configure(connection, settings | {"hnsw.max_scan_tuples": 100_000, "hnsw.scan_mem_multiplier": 8})
        known = {
            "k": k,
            "mine": drawn.mine.tolist(),
            "hash": signature(drawn.mine, BITS),
            "folders": drawn.open_folders.tolist(),
        }

        def by(statement: str) -> Search:
            return lambda query: [
                row[0] for row in connection.execute(statement, known | {"query": query}).fetchall()
            ]

        ways = {name: by(statement) for name, statement in STATEMENTS.items()}
        yield ways | {"check afterwards": lambda query: checked_after(connection, drawn, query, k)}


def checked_after(connection: Any, drawn: Folders, query: Floats, k: int, page: int = 40) -> list[int]:
    """Fetch the nearest a page at a time, ask for each who may read it, and go on until k may be shown.

    The check is a function in this process here; an authorisation service adds a round trip a page.
    """
    mine = set(drawn.mine.tolist())
    answers = {}  # of each folder: asked once a search
    found: list[int] = []
    with connection.transaction():
        statement = "SELECT id, folder FROM shared ORDER BY embedding <#> %s"
        with connection.cursor("scan") as cursor:
            cursor.execute(statement, (query,))
            while len(found) < k and (rows := cursor.fetchmany(page)):
                for number, folder in rows:
                    if folder not in answers:
                        answers[folder] = not mine.isdisjoint(drawn.entries[folder].tolist())
                    if answers[folder]:
                        found.append(number)
    return found[:k]


def exact_visible(vectors: Floats, drawn: Folders, queries: Floats, k: int = 10) -> np.ndarray:
    """Return the k nearest visible documents of each query, by comparing with all: (q, k)."""
    which = np.flatnonzero(drawn.visible)
    scores = queries @ vectors[which].T
    return which[np.argsort(-scores, axis=1, kind="stable")[:, :k]]
