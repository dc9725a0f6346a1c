"""The SQL of search: exact, HNSW, IVFFlat; over vectors, half vectors, or bits with rescoring.

An index serves a query only where the query orders by the very expression that is indexed, with the operator
of the index's operator class, ascending, and has a LIMIT. Both statements are therefore made of one `of`.
"""

from __future__ import annotations

from collections.abc import Mapping

from embedlab.index import whole
from embedlab.machine import needs
from embedlab.vector_databases.schema import name_of

psycopg, sql = needs("psycopg"), needs("psycopg.sql")

OPERATORS = {
    "ip": "<#>",
    "cosine": "<=>",
    "l2": "<->",
}  # <#>: the negative inner product
TYPES = {  # what is indexed, and how a query becomes the same
    "vector": ("embedding", "%(query)s"),
    "halfvec": ("embedding::halfvec({dims})", "%(query)s::halfvec({dims})"),
    "bit": ("binary_quantize(embedding)::bit({dims})", "binary_quantize(%(query)s)::bit({dims})"),
}
MOST_DIMS = {"vector": 2000, "halfvec": 4000, "bit": 64_000}  # that an index takes


def distance(of: str = "vector", dims: int = 384, metric: str = "ip") -> tuple[sql.Composed, sql.Composed]:
    """Write what an index is built on, and the distance of a query to it.

    Parameters
    ----------
    of : {"vector", "halfvec", "bit"}
        4 bytes a number, 2 bytes, or 1 bit (its sign); bits have only the Hamming distance.
    dims : int
    metric : {"ip", "cosine", "l2"}

    Examples
    --------
    >>> [part.as_string() for part in distance("halfvec", 3)]
    ['(embedding::halfvec(3)) halfvec_ip_ops', '(embedding::halfvec(3)) <#> %(query)s::halfvec(3)']
    """
    if of not in TYPES:
        raise ValueError(f"an index is of {', '.join(TYPES)}, but {of!r} was asked for")
    if metric not in OPERATORS:
        raise ValueError(f"a metric is one of {', '.join(OPERATORS)}, but {metric!r} was asked for")
    if whole("dims", dims) > MOST_DIMS[of]:
        raise ValueError(f"an index of {of} takes at most {MOST_DIMS[of]} dims, but {dims} were asked for")
    column, query = (sql.SQL(part).format(dims=sql.Literal(dims)) for part in TYPES[of])
    operator, ops = ("<~>", "bit_hamming_ops") if of == "bit" else (OPERATORS[metric], f"{of}_{metric}_ops")
    return (
        sql.SQL("({}) {}").format(column, sql.SQL(ops)),
        sql.SQL("({}) {} {}").format(column, sql.SQL(operator), query),
    )


def _create(
    kind: str, table: str, options: Mapping[str, int], of: str, dims: int, metric: str, where: sql.Composable
) -> sql.Composed:
    built_on = distance(of, dims, metric)[0]
    settings = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.SQL(key), sql.Literal(whole(key, value)))
        for key, value in options.items()
    )
    return sql.SQL("CREATE INDEX ON {} USING {} ({}) WITH ({}){}").format(
        name_of(table), sql.SQL(kind), built_on, settings, where
    )


def create_hnsw(
    table: str,
    *,
    m: int = 16,
    ef_construction: int = 64,
    of: str = "vector",
    dims: int = 384,
    metric: str = "ip",
    tenant: str | None = None,
) -> sql.Composed:
    """Write the statement that builds a graph; the defaults are pgvector's (ours in chapter 06: 16 and 200).

    Parameters
    ----------
    table : str
    m, ef_construction : int
        Links of a vector on each layer (twice as many on layer 0), and the width of the beam in building.
    of, dims, metric
        See `distance`.
    tenant : str, optional
        Makes the index partial: only rows of this tenant are in it, and only queries that ask for
        ``tenant = '...'`` in these words can use it.

    Examples
    --------
    >>> create_hnsw("docs", tenant="a").as_string().split("USING ")[1]
    "hnsw ((embedding) vector_ip_ops) WITH (m = 16, ef_construction = 64) WHERE tenant = 'a'"
    """
    where = sql.SQL("")
    if tenant is not None:
        where = sql.SQL(" WHERE tenant = {}").format(sql.Literal(tenant))
    return _create("hnsw", table, {"m": m, "ef_construction": ef_construction}, of, dims, metric, where)


def create_ivfflat(
    table: str, *, lists: int, of: str = "vector", dims: int = 384, metric: str = "ip"
) -> sql.Composed:
    """Write the statement that builds inverted lists around centroids.

    The centroids are learnt by k-means from the rows that are there: an index on an empty table has learnt
    nothing, and its recall stays poor however many rows come later. pgvector's README recommends
    ``rows / 1000`` lists up to a million rows, and ``sqrt(lists)`` probes to begin with.

    Examples
    --------
    >>> create_ivfflat("docs", lists=100, of="bit", dims=8).as_string().split("USING ")[1]
    'ivfflat ((binary_quantize(embedding)::bit(8)) bit_hamming_ops) WITH (lists = 100)'
    """
    return _create("ivfflat", table, {"lists": lists}, of, dims, metric, sql.SQL(""))


def nearest(
    table: str, *, of: str = "vector", dims: int = 384, metric: str = "ip", where: str = ""
) -> sql.Composed:
    """Write the query for the k nearest rows: (id, score), best first; parameters ``query`` and ``k``.

    Without an index the same query is exact search. The score is that of the metric, larger is better.

    Parameters
    ----------
    where : str
        A condition written by the programmer, such as ``"tenant = %(tenant)s"``; its values are parameters.

    Examples
    --------
    >>> print(nearest("docs", where="tenant = %(tenant)s").as_string())
    SELECT id, -((embedding) <#> %(query)s) AS score FROM "docs" WHERE tenant = %(tenant)s
    ORDER BY (embedding) <#> %(query)s LIMIT %(k)s
    """
    by = distance(of, dims, metric)[1]
    condition = sql.SQL(f" WHERE {where}" if where else "")
    return sql.SQL("SELECT id, -({by}) AS score FROM {table}{where}\nORDER BY {by} LIMIT %(k)s").format(
        by=by, table=name_of(table), where=condition
    )


def exactly(table: str, dims: int = 384, *, where: str = "") -> sql.Composed:
    """Write the query that looks at all rows, also where there is a graph.

    No index serves an order by the score, descending. A second key alone (``ORDER BY distance, id``) does not
    keep the planner from the graph: it takes its rows in order, and sorts those that tie. ``where`` is a
    condition, as in `nearest`.

    Examples
    --------
    >>> exactly("docs").as_string().splitlines()[1]
    'ORDER BY score DESC, id LIMIT %(k)s'
    """
    by = distance(dims=dims)[1]
    statement = "SELECT id, -({by}) AS score FROM {table}{where}\nORDER BY score DESC, id LIMIT %(k)s"
    condition = sql.SQL(f" WHERE {where}" if where else "")
    return sql.SQL(statement).format(by=by, table=name_of(table), where=condition)


def rescored(table: str, *, of: str = "bit", dims: int = 384, metric: str = "ip") -> sql.Composed:
    """Write a query in two steps: a ``shortlist`` by small codes, then its k best by the whole vectors.

    Examples
    --------
    >>> print(rescored("docs", dims=8).as_string())
    WITH shortlist AS MATERIALIZED (
        SELECT id, embedding FROM "docs"
        ORDER BY (binary_quantize(embedding)::bit(8)) <~> binary_quantize(%(query)s)::bit(8)
        LIMIT %(shortlist)s)
    SELECT id, -((embedding) <#> %(query)s) AS score FROM shortlist
    ORDER BY (embedding) <#> %(query)s LIMIT %(k)s
    """
    return sql.SQL("""WITH shortlist AS MATERIALIZED (
    SELECT id, embedding FROM {table}
    ORDER BY {rough}
    LIMIT %(shortlist)s)
SELECT id, -({exact}) AS score FROM shortlist
ORDER BY {exact} LIMIT %(k)s""").format(
        table=name_of(table), rough=distance(of, dims)[1], exact=distance(dims=dims, metric=metric)[1]
    )


def configure(connection: psycopg.Connection, settings: Mapping[str, object], *, local: bool = False) -> None:
    """Set what a search goes by, such as ``{"hnsw.ef_search": 100}``.

    Parameters
    ----------
    local : bool
        Until the end of the transaction, as ``SET LOCAL``: a connection that goes back to its pool keeps
        nothing. Outside a transaction it would have no effect at all.

    Raises
    ------
    ValueError
        If there is no such setting, or it takes no such value. Where pgvector is loaded only after the value
        was set, that is a mere warning, and the value is dropped: so it is loaded first.
    """
    connection.execute("SELECT '[1]'::vector")  # loads pgvector into this session
    for name, value in settings.items():
        try:
            connection.execute("SELECT set_config(%s, %s, %s)", (name, str(value), local))
        except psycopg.Error as error:
            raise ValueError(f"{name} = {value!r}: {error.diag.message_primary}") from error
