"""What a plan says, and which queries an index does not serve."""

import pytest

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.vector_databases import (  # noqa: E402
    aloud,
    configure,
    create_hnsw,
    exactly,
    explain,
    nearest,
    traps,
)

DIMS = 8


def test_what_an_index_does_not_serve(connection, table, query):
    connection.execute(create_hnsw(table, dims=DIMS))
    configure(connection, {"enable_seqscan": "off", "enable_indexonlyscan": "off"})
    plans = {name: explain(connection, trap, {"query": query}) for name, trap in traps(table, DIMS).items()}
    # Forced to, the planner takes the index also without a LIMIT: of 200 rows 40 come out, without a word.
    forced = plans.pop("no limit")
    assert (bool(forced.index), forced.rows) == (True, 40)
    served = {name for name, plan in plans.items() if plan.index and "embedding" in plan.index}
    assert served == {"as it should be", "a second key"}
    configure(connection, {"enable_seqscan": "on"})
    assert explain(connection, traps(table, DIMS)["no limit"], {"query": query}).rows == 200


def test_exact_search_is_exact_beside_a_graph(connection, table, query):
    connection.execute(create_hnsw(table, dims=DIMS))
    configure(connection, {"enable_seqscan": "off"})
    assert explain(connection, exactly(table, DIMS), {"query": query, "k": 5}).nodes[-1] == (
        f"Seq Scan on {table}"
    )


def test_the_planner_takes_a_scan_where_that_is_cheaper(connection, table, query):
    connection.execute(create_hnsw(table, dims=DIMS))
    statement = nearest(table, dims=DIMS)
    plan = explain(connection, statement, {"query": query, "k": 200})  # all rows
    assert plan.index is None
    assert plan.rows == 200
    assert any(node == f"Seq Scan on {table}" for node in plan.nodes)


def test_a_condition_removes_rows_after_the_index(connection, table, query):
    connection.execute(create_hnsw(table, dims=DIMS))
    configure(connection, {"enable_seqscan": "off", "hnsw.ef_search": 40})
    statement = nearest(table, dims=DIMS, where="tenant = 'tenant1'")
    plan = explain(connection, statement, {"query": query, "k": 20})
    assert plan.index
    assert plan.rows < 20, "a quarter of 40"
    assert plan.rows + plan.removed == 40
    assert f"{plan.removed} failed a condition" in aloud(plan)
    configure(connection, {"hnsw.iterative_scan": "strict_order"})
    assert explain(connection, statement, {"query": query, "k": 20}).rows == 20


def test_facts_of_a_query_that_is_wrong(connection):
    with pytest.raises(ValueError, match='refuses this query: relation "nowhere" does not exist'):
        explain(connection, "SELECT * FROM nowhere")
    plan = explain(connection, "SELECT 1")
    assert (plan.index, plan.rows, plan.removed, plan.nodes) == (None, 1, 0, ("Result",))
