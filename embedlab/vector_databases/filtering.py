"""A search with a condition: what is found after the index, by going on, and by indexes of their own."""

from __future__ import annotations

import numpy as np

from embedlab.index import Floats
from embedlab.vector_databases.experiments import K, Rows, ask, best_of, filled_table, kept
from embedlab.vector_databases.indexing import configure, create_hnsw, nearest
from embedlab.vector_databases.plans import explain
from embedlab.vector_databases.recall import share_found

# How a scan of the graph with a condition goes on when its first ef_search rows are used up.
WAYS = {"after the index": "off", "strict order": "strict_order", "relaxed order": "relaxed_order"}
SHARES = (0.3, 0.1, 0.03, 0.01, 0.003)


def deal(n: int, shares: tuple[float, ...] = SHARES, *, seed: int = 0) -> list[str]:
    """Give each of n rows a tenant at random: ``share 0.3`` owns 30 % of them, ..., ``rest`` what is left.

    Examples
    --------
    >>> tenants = deal(1000, (0.3, 0.1))
    >>> {name: tenants.count(name) for name in sorted(set(tenants))}
    {'rest': 600, 'share 0.1': 100, 'share 0.3': 300}
    """
    names = [name for share in shares for name in [f"share {share}"] * round(share * n)]
    names += ["rest"] * (n - len(names))
    return [names[i] for i in np.random.default_rng(seed).permutation(n)]


@kept
def filters(
    url: str, vectors: Floats, queries: Floats, *, shares: tuple[float, ...] = SHARES, ef: int = 40
) -> Rows:
    """Search for a tenant's rows in each way, for tenants that own more and more of the table.

    The ways: after the index (pgvector before 0.8, and its default still), strict and relaxed order
    (iterative scans), a B-tree on the tenant, alone and with an iterative scan in relaxed order (here the
    planner chooses freely; before and after, sequential scans are off), a partial index, a partition.

    Returns
    -------
    list of dict
        ``share``, ``way``, ``rows`` (returned, of the 10 asked for, mean), ``short`` (the share of queries
        that got fewer), ``recall``, ``ms``, ``index`` (what the plan used: graph, tenant or None).
    """
    tenants = deal(len(vectors), shares)
    owner, found = np.array(tenants), []
    statement_for = {}

    def measure(connection, table, way):
        for share in shares:
            exact = best_of(vectors, queries, owner == f"share {share}")
            statement = statement_for[table]
            values = {"tenant": f"share {share}"}
            ids, ms = ask(connection, statement, queries, **values)
            plan = explain(connection, statement, {"query": queries[0], "k": K, **values})
            found.append(
                {
                    "share": share,
                    "way": way,
                    "rows": round(float(np.mean([len(row) for row in ids])), 2),
                    "short": round(float(np.mean([len(row) < K for row in ids])), 3),
                    "recall": share_found(ids, exact),
                    "ms": ms,
                    "index": plan.index and ("tenant" if plan.index.endswith("tenant") else "graph"),
                }
            )

    dims = vectors.shape[1]
    with filled_table(url, vectors, tenants) as (connection, table):
        statement_for[table] = nearest(table, dims=dims, where="tenant = %(tenant)s")
        connection.execute(create_hnsw(table, dims=dims))
        configure(connection, {"hnsw.ef_search": ef, "enable_seqscan": "off", "plan_cache_mode": CUSTOM})
        for way, scan in WAYS.items():
            configure(connection, {"hnsw.iterative_scan": scan})
            measure(connection, table, way)
        configure(connection, {"hnsw.iterative_scan": "off"})
        connection.execute(f"CREATE INDEX {table}_tenant ON {table} (tenant)")
        configure(connection, {"enable_seqscan": "on"})  # here the choice is all the planner's
        measure(connection, table, "B-tree")
        configure(connection, {"hnsw.iterative_scan": "relaxed_order"})
        measure(connection, table, "B-tree, iterative")
        configure(connection, {"hnsw.iterative_scan": "off", "enable_seqscan": "off"})
        connection.execute(f"DROP INDEX {table}_tenant")
        for share in shares:
            connection.execute(create_hnsw(table, dims=dims, tenant=f"share {share}"))
        measure(connection, table, "partial index")
    with filled_table(url, vectors, tenants, partitioned=True) as (connection, table):
        statement_for[table] = nearest(table, dims=dims, where="tenant = %(tenant)s")
        connection.execute(create_hnsw(table, dims=dims))  # one graph in each partition
        configure(connection, {"hnsw.ef_search": ef, "plan_cache_mode": CUSTOM})
        measure(connection, table, "partition")
    return found


# psycopg prepares a statement that comes for the sixth time. Its first five executions are planned with
# their values; then PostgreSQL takes one generic plan for all values, if its estimate is no worse. A partial
# index is proved at planning time, from constants: no generic plan can use it. (Partitions are also pruned
# when the execution starts, so they would not need this.)
CUSTOM = "force_custom_plan"
