"""The SQL of search: each index finds what exact search finds, and wrong settings are refused."""

import numpy as np
import pytest
from vectors import exact, unit

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.vector_databases import (  # noqa: E402
    configure,
    create_hnsw,
    create_ivfflat,
    distance,
    exactly,
    explain,
    nearest,
    rescored,
)

DIMS = 8


def ids(connection, statement, query, k=10, **values):
    return [row[0] for row in connection.execute(statement, {"query": query, "k": k, **values})]


def test_without_an_index_search_is_exact(connection, table, rows, query):
    scores, places = exact(unit(200, dims=DIMS), query[None], 10)
    for statement in (nearest(table, dims=DIMS), exactly(table, DIMS)):
        found = connection.execute(statement, {"query": query, "k": 10}).fetchall()
        assert [row[0] for row in found] == places[0].tolist()
        np.testing.assert_allclose([row[1] for row in found], scores[0], atol=1e-6)


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("of", ["vector", "halfvec"])
@pytest.mark.parametrize("kind", ["hnsw", "ivfflat"])
def test_an_index_serves_its_query(connection, table, query, kind, of, metric):
    expected = ids(connection, exactly(table, DIMS), query)  # of length 1: all metrics agree
    if kind == "hnsw":
        connection.execute(create_hnsw(table, of=of, dims=DIMS, metric=metric))
    else:
        connection.execute(create_ivfflat(table, lists=4, of=of, dims=DIMS, metric=metric))
    configure(connection, {"hnsw.ef_search": 200, "ivfflat.probes": 4, "enable_seqscan": "off"})
    statement = nearest(table, of=of, dims=DIMS, metric=metric)
    assert explain(connection, statement, {"query": query, "k": 10}).index
    assert len(set(ids(connection, statement, query)) & set(expected)) >= 9  # half the bits: a near tie
    other = nearest(table, of=of, dims=DIMS, metric="l2" if metric != "l2" else "ip")
    assert explain(connection, other, {"query": query, "k": 10}).index is None, "another operator"


def test_bits_and_rescoring(connection, table, query):
    connection.execute(create_hnsw(table, of="bit", dims=DIMS))
    configure(connection, {"enable_seqscan": "off", "hnsw.ef_search": 200})
    statement = rescored(table, dims=DIMS)
    plan = explain(connection, statement, {"query": query, "k": 10, "shortlist": 60})
    assert "bit" not in plan.nodes[0]
    assert plan.index
    every = ids(connection, statement, query, shortlist=200)
    assert every == ids(connection, exactly(table, DIMS), query), "a shortlist of all"
    assert len(ids(connection, statement, query, shortlist=5)) == 5, "no more than the shortlist"


def test_a_partial_index_serves_only_its_tenant(connection, table, query):
    connection.execute(create_hnsw(table, dims=DIMS, tenant="tenant1"))
    configure(connection, {"enable_seqscan": "off"})
    statement = nearest(table, dims=DIMS, where="tenant = %(tenant)s")
    found = {}
    for tenant in ("tenant1", "tenant2"):
        values = {"query": query, "k": 10, "tenant": tenant}
        found[tenant] = explain(connection, statement, values).index
    assert found["tenant1"]
    assert found["tenant2"] is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: distance("float8"), "an index is of vector, halfvec, bit, but 'float8'"),
        (lambda: distance(metric="dot"), "a metric is one of ip, cosine, l2, but 'dot'"),
        (lambda: distance("vector", 2001), "at most 2000 dims, but 2001"),
        (lambda: create_hnsw("docs", m=0), "m must be at least 1, but is 0"),
        (lambda: create_ivfflat("docs", lists=0), "lists must be at least 1, but is 0"),
        (lambda: create_hnsw('"', tenant="'; --").as_string(), None),
    ],
)
def test_wrong_settings_are_named(wrong, message):
    if message is None:
        assert "tenant = '''; --'" in wrong()
        return
    with pytest.raises(ValueError, match=message):
        wrong()


def test_settings_that_there_are_not(connection):
    with pytest.raises(ValueError, match=r"hnsw.ef_search = 2000: 2000 is outside the valid range"):
        configure(connection, {"hnsw.ef_search": 2000})
    with pytest.raises(ValueError, match=r"hnsw.ef_serch = 5: invalid configuration parameter name"):
        configure(connection, {"hnsw.ef_serch": 5})
    with connection.transaction():
        configure(connection, {"hnsw.ef_search": 7}, local=True)
        assert connection.execute("SHOW hnsw.ef_search").fetchone() == ("7",)
    assert connection.execute("SHOW hnsw.ef_search").fetchone() == ("40",)
