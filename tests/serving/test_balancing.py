"""Requests dealt out to replicas: the known queues at both ends, and the order in between."""

import numpy as np
import pytest

from embedlab.serving import (
    ROUTES,
    Batching,
    Service,
    mm1_wait,
    mmc_wait,
    poisson,
    routed_batches,
    routed_waits,
    simulate,
)


@pytest.fixture(scope="module")
def means():
    times = poisson(500, 60, seed=1)
    took = np.random.default_rng(1).exponential(0.01, len(times))
    return {route: float(routed_waits(route, 6, times, took).mean()) for route in ROUTES}


def test_one_queue_is_erlangs_and_chance_makes_six_of_them(means):
    assert means["one queue"] == pytest.approx(mmc_wait(500, 0.01, 6), rel=0.2)
    assert means["random"] == pytest.approx(mm1_wait(500 / 6, 0.01), rel=0.2)


def test_what_is_known_of_the_replicas_helps(means):
    order = [means[route] for route in ("one queue", "fewest", "two choices", "in turn", "random")]
    assert order == sorted(order)


def test_one_replica_is_one_queue():
    times, took = [0.0, 0.5, 0.6], [1.0, 1.0, 1.0]
    for route in ROUTES:
        np.testing.assert_allclose(routed_waits(route, 1, times, took), [0.0, 0.5, 1.4])


def test_what_is_not_known_is_refused():
    with pytest.raises(ValueError, match="sticky"):
        routed_waits("sticky", 2, [], [])
    with pytest.raises(ValueError, match="0 replicas"):
        routed_waits("random", 0, [], [])


def test_one_batcher_of_its_own_is_the_simulation():
    times, rule, service = poisson(200, 5, seed=2), Batching(max_texts=8), Service(0.003, 0.0001)
    lengths = np.random.default_rng(2).integers(3, 60, len(times)).tolist()
    expected, _ = simulate(times, lengths, rule, service)
    for route in ROUTES[1:]:
        np.testing.assert_allclose(routed_batches(route, 1, times, lengths, rule, service), expected)


def test_batchers_dealt_in_turn_are_simulations_side_by_side():
    times, rule, service = poisson(500, 5, seed=3), Batching(max_texts=8), Service(0.003, 0.0001)
    done = routed_batches("in turn", 3, times, [40] * len(times), rule, service)
    for part in range(3):
        expected, _ = simulate(times[part::3], [40] * len(times[part::3]), rule, service)
        np.testing.assert_allclose(done[part::3], expected)


def test_a_batcher_that_waits_is_refused():
    with pytest.raises(ValueError, match="worker is free"):
        routed_batches("in turn", 2, [0.0], [5], Batching("timer"), Service(1.0, 0.0))
