"""Queues in front of shards: against a loop, against theory, and what the ways out do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.vector_databases import (
    busiest,
    hashed_tenants,
    make_traffic,
    own_shard,
    split_tenant,
    tenant_latencies,
    waits,
    ways_out,
    zipf,
)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=30))
def test_waits_are_those_of_a_loop(pairs):
    gaps, services = np.array(pairs, float).T
    arrivals, free, expected = np.cumsum(gaps), 0.0, []
    for arrival, service in zip(arrivals, services, strict=True):
        expected.append(max(0.0, free - arrival))
        free = max(free, arrival) + service
    np.testing.assert_allclose(waits(arrivals, services), expected)


def test_waits_are_those_of_theory():
    rng = np.random.default_rng(0)
    arrivals, services = np.cumsum(rng.exponential(10, 400_000)), np.full(400_000, 7.0)
    # M/D/1 (Pollaczek-Khinchine): utilisation 0.7, mean wait 0.7 * 7 / (2 * 0.3)
    assert waits(arrivals, services).mean() == pytest.approx(0.7 * 7 / 0.6, rel=0.1)


def test_what_a_hot_tenant_does_to_others_and_what_helps():
    traffic, placed = make_traffic(200, 60_000, per_second=500), hashed_tenants(200, 8)
    shard = placed[0][0]
    hot = traffic.tenants == 0
    beside = np.isin(traffic.tenants, [i for i in range(1, 200) if placed[i] == [shard]])

    def p99(placement, who):
        return np.percentile(tenant_latencies(traffic, placement)[who], 99)

    own, two = own_shard(placed, 0, 8), split_tenant(placed, 0, [shard, (shard + 1) % 8])
    assert own[0] == [7]
    assert all(own[i] != [7] for i in range(1, 200))
    assert p99(placed, beside) > 1.5 * p99(own, beside)
    assert p99(two, hot) < 0.75 * p99(placed, hot)
    # Tenants 1, 2 and 3 share a shard, the fullest: who asks all shards waits in its queue.
    assert p99(split_tenant(placed, 0, range(8)), hot) > p99(two, hot)


def test_shares_and_places():
    assert zipf(1000).sum() == pytest.approx(1)
    traffic = make_traffic(50, 20_000, per_second=100)
    assert (traffic.tenants == 0).mean() == pytest.approx(zipf(50)[0], abs=0.01)
    assert np.diff(traffic.arrivals).mean() == pytest.approx(10, rel=0.05)


def test_ways_out_are_those_by_hand():
    traffic, placed = make_traffic(50, 4000, per_second=300), hashed_tenants(50, 4, "x")
    assert placed != hashed_tenants(50, 4)
    rows = {row["way"]: row for row in ways_out(traffic, placed, 4)}
    hot = traffic.tenants == 0
    took = tenant_latencies(traffic, own_shard(placed, 0, 4))
    assert rows["a shard of its own"]["hot"] == pytest.approx(np.percentile(took[hot], 99))
    assert rows["split over two"]["busiest"] < rows["by hash"]["busiest"] < 1


def test_parts_of_a_graph_do_more_work_than_parts_of_a_scan():
    traffic, placed = make_traffic(50, 4000, per_second=300), hashed_tenants(50, 4, "x")
    scan, graph = (ways_out(traffic, placed, 4, growth=growth) for growth in (0.0, 0.75))
    assert scan[:2] == graph[:2]  # not split: the same
    assert all(one["hot"] < other["hot"] for one, other in zip(scan[2:], graph[2:], strict=True))
    assert scan[3]["busiest"] < graph[3]["busiest"]
    everywhere = split_tenant(placed, 0, range(4))  # each part as much as the whole: no shard carries less
    assert busiest(traffic, everywhere, growth=1) >= busiest(traffic, placed)


def test_the_busiest_shard():
    traffic = make_traffic(2, 10_000, per_second=100)  # 2/3 and 1/3 of 100 a second, 4 ms each
    assert busiest(traffic, {0: [0], 1: [1]}, fixed_ms=0) == pytest.approx(0.267, abs=0.02)
    assert busiest(traffic, {0: [0, 1], 1: [1]}, fixed_ms=0) == pytest.approx(0.267, abs=0.02)
