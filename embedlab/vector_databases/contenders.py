"""Ways to find neighbours, in PostgreSQL and beside it, each built once into a folder and searched alike.

One thread each: graphs are built without parallel workers, queries run alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from embedlab.hnsw import HNSWIndex
from embedlab.index import Floats
from embedlab.machine import needs
from embedlab.vector_databases.indexing import (
    configure,
    create_hnsw,
    create_ivfflat,
    exactly,
    nearest,
    rescored,
)
from embedlab.vector_databases.schema import connect, name_of

sql = needs("psycopg.sql")

K = 10
M, EF_CONSTRUCTION = 16, 64  # of every graph here: pgvector's defaults
MEMORY = "1GB"  # maintenance_work_mem: the graphs of 100,000 vectors fit
WIDTHS = (10, 20, 40, 80, 160, 320)
Search = Callable[[Floats], list[int]]  # one query (dims,) to the ids of its k best


@dataclass(frozen=True)
class Place:
    """Where indexes are built: a folder, a database, and the vectors that they are built of."""

    folder: Path
    url: str
    vectors: Floats

    @property
    def dims(self) -> int:
        """Numbers in a vector."""
        return self.vectors.shape[1]


@dataclass(frozen=True)
class Contender:
    """A way to find neighbours.

    Attributes
    ----------
    knob, values : str, tuple of int
        What a search can be set to.
    build : callable
        Takes a `Place`; returns the bytes of the index.
    search : callable
        Takes a `Place` and a value of the knob; returns a function from one query to its ids.
    """

    knob: str
    values: tuple[int, ...]
    build: Callable[[Place], int]
    search: Callable[[Place, int], Search]


def load(place: Place, table: str) -> int:
    """Write the vectors to a table; return its bytes. One that is there was interrupted, and goes."""
    with connect(place.url) as connection, connection.transaction():
        connection.execute(f"DROP TABLE IF EXISTS {table}")
        column = sql.SQL("embedding vector({}) STORAGE PLAIN NOT NULL").format(sql.Literal(place.dims))
        create = sql.SQL("CREATE TABLE {} (id bigint PRIMARY KEY, {})").format(name_of(table), column)
        connection.execute(create)
        into = sql.SQL("COPY {} (id, embedding) FROM STDIN (FORMAT BINARY)").format(name_of(table))
        with connection.cursor().copy(into) as copy:
            copy.set_types(("int8", "vector"))
            for row in enumerate(place.vectors):
                copy.write_row(row)
        connection.execute(f"ANALYZE {table}")
        return connection.execute("SELECT pg_relation_size(%s)", [table]).fetchone()[0]


def _create(place: Place, statement: sql.Composed) -> int:
    """Create an index of pgvector's, and return its bytes."""
    with connect(place.url) as connection:
        options = {"maintenance_work_mem": MEMORY, "max_parallel_maintenance_workers": 0}
        configure(connection, options)
        connection.execute(statement)
        newest = "SELECT pg_relation_size(max(indexrelid)::oid::regclass) FROM pg_index"
        return connection.execute(newest).fetchone()[0]


def _asking(place: Place, statement: sql.Composed, settings: dict, **values: int) -> Search:
    """Open a session with settings of its own: nothing is set between two queries."""
    connection = connect(place.url)
    alone = {"max_parallel_workers_per_gather": 0, "jit": "off"}
    configure(connection, settings | alone)
    text = statement.as_string(connection)
    return lambda query: [
        row for row, *_ in connection.execute(text, {"query": query, "k": K, **values}, binary=True)
    ]


def _graph(of: str) -> Contender:
    def search(place: Place, ef: int) -> Search:
        statement = nearest("points", of=of, dims=place.dims)
        return _asking(place, statement, {"hnsw.ef_search": ef, "enable_seqscan": "off"})

    def build(place: Place) -> int:
        options = {"m": M, "ef_construction": EF_CONSTRUCTION, "of": of, "dims": place.dims}
        return _create(place, create_hnsw("points", **options))

    return Contender("ef_search", WIDTHS, build, search)


def _bits() -> Contender:
    def search(place: Place, shortlist: int) -> Search:
        settings = {"hnsw.ef_search": shortlist, "enable_seqscan": "off"}
        return _asking(place, rescored("points", dims=place.dims), settings, shortlist=shortlist)

    return Contender("shortlist", (20, 40, 80, 160, 320, 640), _graph("bit").build, search)


def _lists() -> Contender:
    def build(place: Place) -> int:
        load(place, "listed")  # another table: with both indexes on one, the planner would choose
        lists = max(len(place.vectors) // 1000, 10)
        return _create(place, create_ivfflat("listed", lists=lists, dims=place.dims))

    def search(place: Place, probes: int) -> Search:
        statement = nearest("listed", dims=place.dims)
        return _asking(place, statement, {"ivfflat.probes": probes, "enable_seqscan": "off"})

    return Contender("probes", (1, 3, 10, 30, 100), build, search)


def _ours() -> Contender:
    def build(place: Place) -> int:
        index = HNSWIndex(place.dims, m=M, ef_construction=EF_CONSTRUCTION)
        index.add(place.vectors[:1], show_progress=False)  # compiled
        index = HNSWIndex(place.dims, m=M, ef_construction=EF_CONSTRUCTION)
        index.add(place.vectors, show_progress=False)
        index.save(place.folder / "ours.safetensors")
        return int(index.bytes_per_vector * len(index))

    @cache  # one copy for all settings
    def loaded(file: Path) -> HNSWIndex:
        return HNSWIndex.load(file)

    def search(place: Place, ef: int) -> Search:
        index = loaded(place.folder / "ours.safetensors")
        return lambda query: index.search(query[None], K, ef=ef)[1][0].tolist()

    return Contender("ef_search", WIDTHS, build, search)


def _faiss() -> Contender:
    import faiss

    faiss.omp_set_num_threads(1)

    def build(place: Place) -> int:
        index = faiss.IndexHNSWFlat(place.dims, M, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EF_CONSTRUCTION
        index.add(place.vectors)
        faiss.write_index(index, str(place.folder / "faiss.index"))
        return (place.folder / "faiss.index").stat().st_size

    @cache
    def loaded(file: Path) -> faiss.Index:
        return faiss.read_index(str(file))

    def search(place: Place, ef: int) -> Search:
        index = loaded(place.folder / "faiss.index")
        width = faiss.SearchParametersHNSW(efSearch=ef)
        return lambda query: index.search(query[None], K, params=width)[1][0].tolist()

    return Contender("efSearch", WIDTHS, build, search)


def all_contenders() -> dict[str, Contender]:
    """Return all of them, in the order in which they are built.

    Examples
    --------
    >>> [name for name in all_contenders() if name.startswith("pgvector")]
    ['pgvector exact', 'pgvector HNSW', 'pgvector HNSW halfvec', 'pgvector HNSW bit', 'pgvector IVFFlat']
    """
    exact = Contender(
        "",
        (0,),
        lambda place: load(place, "points"),
        lambda place, _: _asking(place, exactly("points", place.dims), {}),
    )
    return {
        "pgvector exact": exact,
        "pgvector HNSW": _graph("vector"),
        "pgvector HNSW halfvec": _graph("halfvec"),
        "pgvector HNSW bit": _bits(),
        "pgvector IVFFlat": _lists(),
        "our HNSW": _ours(),
        "faiss HNSW": _faiss(),
    }


def exact_ids(vectors: Floats, queries: Floats) -> np.ndarray:
    """Return the k nearest of each query by comparing all, (q, k)."""
    from embedlab.index import FlatIndex

    index = FlatIndex(vectors.shape[1])
    index.add(vectors)
    return index.search(queries, K)[1]
