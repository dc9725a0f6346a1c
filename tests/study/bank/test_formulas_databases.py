"""Each formula of formulas_databases, computed by another route."""

import numpy as np
import pytest

from embedlab.study.bank import FORMULAS
from embedlab.vector_databases import draw_calls, hedge, make_ring, modulo, moved


@pytest.mark.parametrize(("ef", "percent"), [(40, 1), (100, 10), (400, 0.5)])
def test_rows_left_by_filter_of_shops_dealt_at_random(ef, percent):
    rng = np.random.default_rng(0)
    own = np.arange(10_000) < 100 * percent  # rows of the shop
    left = [own[rng.choice(10_000, ef, replace=False)].sum() for _ in range(3000)]
    assert FORMULAS["rows_left_by_filter"](ef, percent) == pytest.approx(np.mean(left), rel=0.05)


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("dims", [384, 768, 1024, 1536])
def test_vectors_on_pages_gb_page_by_page(dims, size):
    pages, free = 0, 0
    for _ in range(10_000):
        if free < size * dims + 288:
            pages, free = pages + 1, 8160
        free -= size * dims + 288
    gb = FORMULAS["vectors_on_pages_gb"](0.01, dims, size)
    assert gb == pytest.approx(pages * 8192 / 1e9, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of", "dims", "size"),
    [("vector", 384, 4), ("vector", 768, 4), ("vector", 1024, 4), ("halfvec", 384, 2), ("halfvec", 1024, 2)],
)
def test_vectors_on_pages_gb_is_what_pgvector_writes(of, dims, size):
    pytest.importorskip("psycopg", reason="the extra production is not installed")
    from embedlab.vector_databases import create_hnsw, own_server
    from embedlab.vector_databases.experiments import filled_table

    vectors = np.random.default_rng(0).normal(size=(420, dims)).astype(np.float32)
    with filled_table(own_server(), vectors) as (connection, table):
        connection.execute(create_hnsw(table, of=of, dims=dims))
        newest = "SELECT pg_relation_size(max(indexrelid)::oid::regclass) FROM pg_index"
        written = connection.execute(newest).fetchone()[0]
    assert FORMULAS["vectors_on_pages_gb"](420e-6, dims, size) * 1e9 == pytest.approx(written, rel=0.04)


@pytest.mark.parametrize("nodes", [4, 9])
def test_gb_moved_more_by_modulo_key_by_key(nodes):
    keys = [f"document {i}" for i in range(4000)]
    before = [f"node {i}" for i in range(nodes)]
    after = [*before, "the new node"]
    by_modulo = moved(lambda key: modulo(before, key), lambda key: modulo(after, key), keys)
    by_ring = moved(make_ring(before).owner, make_ring(after).owner, keys)
    gb = (by_modulo - by_ring) * 50_000_000 * 384 * 4 / 1e9
    assert FORMULAS["gb_moved_more_by_modulo"](50, 384, nodes) == pytest.approx(gb, rel=0.08)


@pytest.mark.parametrize(("shards", "percent"), [(10, 5), (50, 2), (100, 5)])
def test_slow_after_hedging_percent_from_simulated_calls(shards, percent):
    times = [1.0] * (100 - percent) + [50.0] * percent
    first, second = (draw_calls(times, shards, 40_000, seed=seed) for seed in (0, 1))
    hedged, extra = hedge(first, second, after=2.0)
    slow = 100 * (hedged.max(axis=1) > 10).mean()
    assert FORMULAS["slow_after_hedging_percent"](shards, percent) == pytest.approx(slow, abs=0.6)
    assert extra == pytest.approx(percent / 100, rel=0.05)


@pytest.mark.parametrize(("shards", "ms", "rate", "share"), [(8, 3, 200, 20), (16, 5, 400, 40)])
def test_hot_shard_busy_percent_of_drawn_traffic(shards, ms, rate, share):
    rng = np.random.default_rng(0)
    arrivals = np.cumsum(rng.exponential(1 / rate, 100_000))
    hot = rng.random(100_000) < share / 100
    shard = np.where(hot, 3, rng.integers(shards, size=100_000))
    busy = 100 * (shard == 3).sum() * ms / 1000 / arrivals[-1]
    assert FORMULAS["hot_shard_busy_percent"](shards, ms, rate, share) == pytest.approx(busy, rel=0.03)
