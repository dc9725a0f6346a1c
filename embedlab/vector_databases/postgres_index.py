"""An index whose vectors live in PostgreSQL: the contract of all indexes, kept by SQL."""

from __future__ import annotations

import atexit
import secrets
import weakref
from contextlib import ExitStack, suppress
from functools import cache

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import needs, postgres
from embedlab.vector_databases.indexing import configure, create_hnsw, exactly, nearest
from embedlab.vector_databases.schema import connect, name_of

psycopg, sql = needs("psycopg"), needs("psycopg.sql")

MOST_EF = 1000  # that pgvector takes for hnsw.ef_search
# What is lost in a crash of a server that is thrown away anyway need not be written twice.
THROWN_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


_running = ExitStack()


@cache
def own_server() -> str:
    """Start a server for this process, once, and return its URL; it ends with the process."""
    atexit.register(end_own_server)
    return _running.enter_context(postgres(settings=THROWN_AWAY))


def end_own_server() -> None:
    """Stop the server of this process, where one runs; the next `own_server` is a new one."""
    own_server.cache_clear()
    _running.close()


class PostgresIndex(Index):
    """Vectors in a table, found by SQL: exact, or through a graph of pgvector's.

    Scores are inner products. The graph is built at the first search, from all rows that are there; what is
    added later is linked in row by row.

    Parameters
    ----------
    dims : int
    url : str, optional
        Of a database with pgvector. By default a server that this process starts when it is first needed.
    table : str, optional
        One that is there is taken over with its rows. By default a new one, dropped with the index.
    kind : {"hnsw", "exact"}
    m, ef_construction, ef_search : int
        Of the graph, as in `HNSWIndex`; ``ef_search`` can be changed at any time, up to 1,000.

    Raises
    ------
    ValueError
        If a table of this name has other dims.

    Examples
    --------
    >>> index = PostgresIndex(384, kind="exact")  # no server is started yet
    >>> index.table[:6], index.kind
    ('index_', 'exact')
    """

    def __init__(
        self,
        dims: int,
        url: str | None = None,
        *,
        table: str | None = None,
        kind: str = "hnsw",
        m: int = 16,
        ef_construction: int = 64,
        ef_search: int = 100,
    ):
        if kind not in ("hnsw", "exact"):
            raise ValueError(f"kind must be 'hnsw' or 'exact', but is {kind!r}")
        self.dims, self.url, self.kind = whole("dims", dims), url, kind
        self.m, self.ef_construction, self.ef_search = m, ef_construction, ef_search
        self.kept = table is not None
        self.table = table if table is not None else f"index_{secrets.token_hex(8)}"
        name_of(self.table)  # refuses what is no name
        self._connection: psycopg.Connection | None = None
        self._linked = False

    @property
    def connection(self) -> psycopg.Connection:
        """The connection; the first time, the table is created or looked at."""
        if self._connection is None:
            connection = connect(self.url or own_server())
            self._open(connection)
            self._connection = connection
            weakref.finalize(self, _end, connection, None if self.kept else self.table)
        return self._connection

    def _open(self, connection: psycopg.Connection) -> None:
        create = "CREATE TABLE IF NOT EXISTS {} (id bigint PRIMARY KEY, embedding vector({}) {} NOT NULL)"
        inline = sql.SQL("STORAGE PLAIN" if self.dims <= 1900 else "")  # see `create_table`
        connection.execute("SET client_min_messages = warning")  # no NOTICE that it is there
        with connection.transaction():
            # Two that create at the same moment: IF NOT EXISTS alone does not protect from that.
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [self.table])
            connection.execute(sql.SQL(create).format(name_of(self.table), sql.Literal(self.dims), inline))
        column = "attrelid = %s::regclass AND attname = 'embedding'"
        found = connection.execute(
            f"SELECT atttypmod FROM pg_attribute WHERE {column}", [name_of(self.table).as_string()]
        ).fetchone()
        if found != (self.dims,):
            connection.close()
            has = f"{found[0]} dims" if found else "no column embedding"
            raise ValueError(f"the table {self.table!r} has {has}, but {self.dims} dims are expected")
        indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = %s AND indexdef LIKE '%%USING hnsw%%'"
        self._linked = connection.execute(indexes, [self.table]).fetchone()[0] > 0

    def _sql(self, text: str) -> sql.Composed:
        return sql.SQL(text).format(name_of(self.table))

    def __len__(self) -> int:
        return self.connection.execute(self._sql("SELECT coalesce(max(id) + 1, 0) FROM {}")).fetchone()[0]

    @property
    def bytes_per_vector(self) -> float:
        """What a vector takes on disk: its row, its entry in the key, its node in the graph."""
        self.build()
        relations = "pg_relation_size({0}) + coalesce(sum(pg_relation_size(indexrelid)), 0)"
        size = sql.SQL(f"SELECT {relations} FROM pg_index WHERE indrelid = {{0}}::regclass")
        name = sql.Literal(name_of(self.table).as_string())
        return float(self.connection.execute(size.format(name)).fetchone()[0]) / max(len(self), 1)

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims), all or none; they get the next n ids, also where others add meanwhile."""
        vectors = as_vectors(vectors, self.dims)
        connection = self.connection
        with connection.transaction():
            connection.execute(self._sql("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"))  # reading goes on
            first = len(self)
            statement = self._sql("COPY {} (id, embedding) FROM STDIN (FORMAT BINARY)")
            with connection.cursor().copy(statement) as copy:
                copy.set_types(("int8", "vector"))
                for row, vector in enumerate(vectors, start=first):
                    copy.write_row((row, vector))

    def build(self) -> None:
        """Build the graph, where there is none yet and there shall be one."""
        if self.kind == "hnsw" and not self._linked:
            # The graph has to fit, or building slows down by far: see `experiments.build_memory`.
            wanted = 64 + len(self) * (4 * self.dims + 40 * self.m) * 1.3 / 2**20
            configure(self.connection, {"maintenance_work_mem": f"{int(wanted)}MB"})
            graph = create_hnsw(self.table, m=self.m, ef_construction=self.ef_construction, dims=self.dims)
            self.connection.execute(graph)
            self._linked = True

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Find about the k best vectors of each query, see `Index.search`."""
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        self.build()
        left = min(k, len(self))
        # A graph gives at most ef_search rows, unless its scan goes on where it stopped.
        ef = max(k, self.ef_search)
        iterative = {"hnsw.iterative_scan": "strict_order" if ef > MOST_EF else "off"}
        configure(self.connection, {"hnsw.ef_search": min(ef, MOST_EF), **iterative})
        for i, query in enumerate(queries):
            found = self._found(query, k, self.kind == "exact")
            if len(found) < left:  # what is dead or cut off in the graph: look at all
                found = self._found(query, k, True)
            found.sort(key=lambda row: (-row[1], row[0]))  # of equal scores the earlier
            if found:
                ids[i, : len(found)], scores[i, : len(found)] = zip(*found, strict=True)
        return scores, ids

    def _found(self, query: Floats, k: int, exact: bool) -> list[tuple[int, float]]:
        statement = exactly(self.table, self.dims) if exact else nearest(self.table, dims=self.dims)
        return self.connection.execute(statement, {"query": query, "k": k}, binary=True).fetchall()

    def vectors_of(self, ids: Ints) -> Floats:
        """Return the vectors of these ids, (len(ids), dims)."""
        ids = np.asarray(ids, np.int64)
        rows = self.connection.execute(
            self._sql("SELECT id, embedding FROM {} WHERE id = ANY(%s)"), [ids.tolist()], binary=True
        )
        by_id = {row: vector.to_numpy() for row, vector in rows}
        return np.stack([by_id[i] for i in ids.tolist()]) if len(ids) else np.zeros((0, self.dims), "f4")

    def state(self) -> State:
        """Return what `save` writes: the vectors and the settings, from which a graph is built again."""
        settings = {name: getattr(self, name) for name in ("kind", "m", "ef_construction", "ef_search")}
        return {"vectors": self.vectors_of(np.arange(len(self)))}, {"dims": self.dims, **settings}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> PostgresIndex:
        """Make the index from its `state`, on the server of this process."""
        index = cls(**{name: about[name] for name in ("dims", "kind", "m", "ef_construction", "ef_search")})
        index.add(arrays["vectors"])
        return index


def transfer(index: Index, into: Index, rows: int = 10_000) -> Index:
    """Copy all vectors of one index to another: out of the database, or into it.

    Parameters
    ----------
    index : Index
        One that keeps whole vectors, such as `FlatIndex`, `HNSWIndex` or `PostgresIndex`.
    into : Index
        Empty, of the same dims. It is returned.
    rows : int
        How many are moved at a time.

    Examples
    --------
    >>> from embedlab.index import FlatIndex
    >>> here, there = FlatIndex(2), FlatIndex(2)
    >>> here.add([[1, 0], [0, 1]])
    >>> len(transfer(here, there))
    2
    """
    if len(into):
        raise ValueError(f"the index to move into already holds {len(into)} vectors: give an empty one")
    for start in range(0, len(index), rows):
        into.add(index.vectors_of(np.arange(start, min(start + rows, len(index)))))
    return into


def _end(connection: psycopg.Connection, table: str | None) -> None:
    """Close the connection of an index that nobody holds any more, and drop its table."""
    with suppress(psycopg.Error), connection:  # the server may have ended before
        if table:
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name_of(table)))
