"""Keys of the questions on scale and on vector databases, measured."""

import numpy as np
import pytest

from embedlab.hnsw import HNSWIndex
from embedlab.pooling import l2_normalize as unit
from embedlab.study.bank import FORMULAS, bank
from embedlab.vector_databases import hedge, waits


def best(queries, documents, k):
    """Return the ids of the k nearest, best first: (q, k)."""
    return np.argsort(-(queries @ documents.T), axis=1)[:, :k]


def test_a_filter_that_depends_on_the_query():
    """A tenth is German, and language is a direction of its own beside the topics."""
    rng = np.random.default_rng(0)
    german = rng.random(4000) < 0.1
    language = np.zeros(32)
    language[0] = 2.0

    def texts(are_german):
        topics = rng.normal(size=(len(are_german), 32))
        return unit(topics + np.where(are_german[:, None], language, -language))

    documents = texts(german)
    left = {
        asked: german[best(texts(np.full(300, asked)), documents, 100)].sum(axis=1) for asked in (True, False)
    }
    assert np.mean(left[False] < 10) > 0.9
    assert np.mean(left[True] >= 10) > 0.9
    assert left[False].mean() < 5 < 30 < left[True].mean()
    unrelated = rng.random(4000) < 0.1
    assert 8 < unrelated[best(texts(np.full(300, False)), documents, 100)].sum(axis=1).mean() < 12


def test_two_from_each_shard_lose_some_of_the_best():
    rng = np.random.default_rng(0)
    documents, queries = unit(rng.normal(size=(4000, 32))), unit(rng.normal(size=(300, 32)))
    shard = rng.integers(0, 8, 4000)
    exact = best(queries, documents, 10)
    for each, complete in ((2, False), (10, True)):
        found = []
        for one in range(8):
            own = np.flatnonzero(shard == one)
            found.append(own[best(queries, documents[own], each)])
        kept = [np.isin(wanted, got).mean() for wanted, got in zip(exact, np.hstack(found), strict=True)]
        assert (np.mean(kept) == 1) == complete
    # More than two of ten on one of eight shards is the rule, not the exception.
    assert np.mean([np.bincount(shard[ids], minlength=8).max() > 2 for ids in exact]) > 0.5


def test_a_graph_may_leave_out_a_neighbour():
    rng = np.random.default_rng(0)
    documents, queries = unit(rng.normal(size=(2000, 32))), unit(rng.normal(size=(100, 32)))
    exact, index = best(queries, documents, 10), HNSWIndex(32, m=8, ef_construction=40)
    index.add(documents, show_progress=False)
    recall = {}
    for ef in (10, 400):
        index.ef_search = ef
        found = index.search(queries, 10)[1]
        recall[ef] = np.mean([np.isin(wanted, got).mean() for wanted, got in zip(exact, found, strict=True)])
    assert 0.3 < recall[10] < 0.95 < recall[400]


def test_half_precision_fits_where_floats_do_not():
    gb = FORMULAS["vectors_on_pages_gb"]
    assert gb(20, 768, 4) == pytest.approx(82, abs=0.5)
    assert gb(20, 768, 2) == pytest.approx(41, abs=0.5)
    assert 8160 // (2 * 768 + 288 - 96) == 8160 // (2 * 768 + 288), "m = 8 saves 96 bytes, and no page"
    bits = 20e6 / (8160 // (768 / 8 + 288)) * 8192 / 1e9
    assert bits == pytest.approx(8, abs=0.5)
    rng = np.random.default_rng(0)
    documents, queries = unit(rng.normal(size=(3000, 256))), unit(rng.normal(size=(50, 256)))
    exact, half = best(queries, documents, 10), best(queries, documents.astype(np.float16).astype(float), 10)
    assert np.mean([np.isin(a, b).mean() for a, b in zip(exact, half, strict=True)]) > 0.97


def test_bits_cost_time_where_all_fits_into_memory():
    pytest.importorskip("psycopg", reason="the extra production is not installed")
    from embedlab.vector_databases import ms_at, shipped_recall

    shipped = shipped_recall()
    ms, built = ms_at(shipped["rows"], 0.949), shipped["built"]
    sizes = {name: one["bytes"] for name, one in built.items()}
    assert ms["pgvector HNSW bit"] > 2 * ms["pgvector HNSW"]
    assert sizes["pgvector HNSW"] > 5.5 * sizes["pgvector HNSW bit"]
    assert ms["pgvector HNSW halfvec"] == pytest.approx(ms["pgvector HNSW"], rel=0.3)
    for name, size in (("pgvector HNSW", 4), ("pgvector HNSW halfvec", 2)):
        pages = FORMULAS["vectors_on_pages_gb"](0.1, 384, size) * 1e9
        assert sizes[name] == pytest.approx(pages, rel=0.005), "vectors whole on pages"


def test_hedges_after_the_median_overload_what_p95_does_not():
    rng = np.random.default_rng(0)
    first, second = rng.lognormal(0, 0.5, (2, 50_000))
    load = {}
    for name, percentile in (("median", 50), ("p95", 95)):
        load[name] = 0.7 * (1 + hedge(first, second, np.percentile(first, percentile))[1])
    assert load["median"] == pytest.approx(1.05, abs=0.01)
    assert load["p95"] == pytest.approx(0.735, abs=0.01)
    services = rng.exponential(1.0, 50_000)
    waiting = {
        name: waits(np.cumsum(rng.exponential(1 / share, 50_000)), services) for name, share in load.items()
    }
    late = {name: waited[-5000:].mean() / waited[5000:10_000].mean() for name, waited in waiting.items()}
    assert late["median"] > 3, "the queue grows for as long as it lasts"
    assert late["p95"] < 3


# Keys that PostgreSQL itself shows.


@pytest.fixture(scope="module")
def url():
    pytest.importorskip("psycopg", reason="the extra production is not installed")
    from embedlab.vector_databases import own_server

    return own_server()


def nearest_ids(connection, statement, query, **values):
    return [row[0] for row in connection.execute(statement, {"query": query, "k": 10, **values})]


@pytest.mark.slow
def test_autovacuum_waits_for_a_fifth_of_the_table(url):
    from embedlab.vector_databases import connect

    with connect(url) as connection:
        threshold, factor = (
            float(connection.execute(f"SHOW autovacuum_vacuum_{name}").fetchone()[0])
            for name in ("threshold", "scale_factor")
        )
    asked = bank()["vector_databases/hours-to-autovacuum"]
    assert (threshold + factor * 5_000_000) / 50_000 == pytest.approx(asked.answer, rel=asked.tolerance / 10)


@pytest.mark.slow
def test_a_shortlist_is_no_longer_than_ef_search(url):
    from embedlab.vector_databases import configure, create_hnsw, rescored
    from embedlab.vector_databases.experiments import filled_table

    vectors = unit(np.random.default_rng(0).normal(size=(3000, 64))).astype(np.float32)
    with filled_table(url, vectors) as (connection, table):
        connection.execute(create_hnsw(table, of="bit", dims=64))
        found = {}
        for ef in (60, 800):
            configure(connection, {"enable_seqscan": "off", "hnsw.ef_search": ef})
            for shortlist in (100, 400, 800):
                values = {"query": vectors[0], "shortlist": shortlist, "k": 3000}
                rows = connection.execute(rescored(table, dims=64), values).fetchall()
                found[ef, shortlist] = len(rows)
    assert {found[60, shortlist] for shortlist in (100, 400, 800)} == {60}
    assert [found[800, shortlist] for shortlist in (100, 400, 800)] == [100, 400, 800]


@pytest.mark.slow
def test_lists_learnt_from_nothing_find_less(url):
    from embedlab.vector_databases import configure, copy_rows, create_ivfflat, nearest, share_found
    from embedlab.vector_databases.experiments import filled_table
    from embedlab.vector_databases.schema import Row

    rng = np.random.default_rng(0)
    topics = rng.normal(size=(40, 32))
    documents = unit(topics[rng.integers(40, size=4000)] + 0.7 * rng.normal(size=(4000, 32)))
    documents = documents.astype(np.float32)
    queries = documents[rng.integers(4000, size=60)]
    exact, recall = best(queries, documents, 10), {}
    for way in ("rows first", "index first"):
        with filled_table(url, documents[:1]) as (connection, table):
            connection.execute(f"TRUNCATE {table}")
            create = create_ivfflat(table, lists=40, dims=32)
            if way == "index first":
                connection.execute(create)
            copy_rows(connection, table, (Row(i, "", "", "all", row) for i, row in enumerate(documents)))
            if way == "rows first":
                connection.execute(create)
            configure(connection, {"enable_seqscan": "off", "ivfflat.probes": 2})
            found = [nearest_ids(connection, nearest(table, dims=32), query) for query in queries]
            recall[way] = share_found(found, exact)
    assert recall["index first"] < recall["rows first"] - 0.1


@pytest.mark.slow
def test_a_setting_goes_back_to_the_pool_with_its_session(url):
    pools = pytest.importorskip("psycopg_pool")

    def width(pool):
        with pool.connection() as connection:
            return connection.execute("SELECT current_setting('hnsw.ef_search')").fetchone()[0]

    load = "SELECT '[1]'::vector"
    with pools.ConnectionPool(url, min_size=1, max_size=1, open=True) as pool:
        with pool.connection() as connection:
            connection.execute(load)
            connection.execute("SET LOCAL hnsw.ef_search = 1000")
        assert width(pool) == "40"
        with pool.connection() as connection:
            connection.execute("SET hnsw.ef_search = 1000")
        assert width(pool) == "1000"
