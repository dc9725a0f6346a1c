"""Requests dealt out to replicas: the known queues at both ends, and the order in between."""

import numpy as np
import pytest

from embedlab.serving import ROUTES, mm1_wait, mmc_wait, poisson, routed_waits


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
