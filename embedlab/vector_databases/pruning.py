"""Which partitions a search reads: by a literal in the statement, a generic plan, the policy alone."""

from __future__ import annotations

from collections.abc import Sequence

from embedlab.index import Floats
from embedlab.machine import needs
from embedlab.vector_databases.experiments import filled_table
from embedlab.vector_databases.indexing import configure, create_hnsw
from embedlab.vector_databases.row_security import acting_as, tenant_policies

sql = needs("psycopg.sql")


def partition_plans(url: str, vectors: Floats, query: Floats, tenants: Sequence[str]) -> dict[str, list[str]]:
    """Partition a table by tenant, a graph in each, and explain a search for the first tenant in three ways.

    Parameters
    ----------
    url : str
    vectors : float32 array (n, dims)
    query : float32 array (dims,)
    tenants : sequence of str (n,)
        Whose row each is.

    Returns
    -------
    {way: lines}
        ``a literal``: the statement names the tenant. ``a generic plan``: a prepared statement, planned
        without the values. ``the policy alone``: a reader's statement without a condition. The lines are
        those of ``EXPLAIN`` that name a scan or say how many partitions were left out at the start.
    """
    who = tenants[0]
    with filled_table(url, vectors, tenants, partitioned=True) as (connection, table):
        connection.execute(create_hnsw(table, dims=vectors.shape[1]))
        connection.execute(f"ANALYZE {table}")
        for policy in tenant_policies(table):
            connection.execute(policy)
        configure(connection, {"plan_cache_mode": "force_generic_plan"})
        explain = sql.SQL("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ")
        search = f"SELECT id FROM {table}{{where}} ORDER BY embedding <#> {{query}} LIMIT 10"
        text, literal = sql.Literal(str(query.tolist())), sql.SQL(" WHERE tenant = {}").format(who)
        prepare = f"PREPARE by_tenant (vector, text) AS {search}"
        parameters = {"where": sql.SQL(" WHERE tenant = $2"), "query": sql.SQL("$1")}
        connection.execute(sql.SQL(prepare).format(**parameters))
        execute = sql.SQL("EXECUTE by_tenant ({}, {})").format(text, who)
        written_out = sql.SQL(search).format(where=literal, query=text)
        plans = {"a literal": connection.execute(explain + written_out).fetchall()}
        plans["a generic plan"] = connection.execute(explain + execute).fetchall()
        with acting_as(connection, "reader", who):
            bare = sql.SQL(search).format(where=sql.SQL(""), query=text)
            plans["the policy alone"] = connection.execute(explain + bare).fetchall()
    said = {name: [line.strip() for (line,) in plan] for name, plan in plans.items()}
    return {
        name: [line.removeprefix("->  ").replace(table, "docs") for line in lines if _told(line)]
        for name, lines in said.items()
    }


def _told(line: str) -> bool:
    return " Scan " in line or "Subplans Removed" in line
