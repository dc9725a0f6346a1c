"""The arithmetic of queues, against sums, other formulas, and the simulated server."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.serving import (
    Batching,
    Service,
    api_per_million,
    cost_per_million,
    erlang_c,
    little,
    md1_wait,
    mm1_wait,
    mmc_late,
    mmc_wait,
    poisson,
    replicas_for,
    simulate,
    utilisation,
)

RHO = st.floats(0.01, 0.95)


@given(RHO, st.integers(1, 20))
def test_erlang_c_is_the_textbook_sum(rho, servers):
    offered = rho * servers
    top = offered**servers / math.factorial(servers) / (1 - rho)
    below = sum(offered**n / math.factorial(n) for n in range(servers))
    assert erlang_c(offered, 1.0, servers) == pytest.approx(top / (top + below))


@given(RHO)
def test_one_server_is_the_special_case(rho):
    assert mmc_wait(rho, 1.0, 1) == pytest.approx(mm1_wait(rho, 1.0))
    for seconds in (0.5, 3.0):
        assert mmc_late(rho, 1.0, 1, seconds) == pytest.approx(math.exp(-(1 - rho) * seconds))


@given(RHO, st.integers(1, 12))
def test_the_tail_integrates_to_the_mean(rho, servers):
    """The mean of a time is the integral of the share that takes longer."""
    rate = rho * servers
    mean = mmc_wait(rate, 1.0, servers) + 1
    grid = np.linspace(0, 40 * mean, 2001)
    tail = [mmc_late(rate, 1.0, servers, float(t)) for t in grid]
    assert np.trapezoid(tail, grid) == pytest.approx(mean, rel=1e-2)


def test_a_full_queue_has_no_end():
    assert mm1_wait(100, 0.01) == mmc_wait(200, 0.01, 2) == math.inf
    assert erlang_c(200, 0.01, 2) == mmc_late(200, 0.01, 2, 9.0) == 1
    with pytest.raises(ValueError, match="-1"):
        utilisation(-1, 0.1)


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.8])
def test_the_simulated_server_waits_as_pollaczek_and_khinchine_say(rho):
    arrivals = poisson(rho, 30_000, seed=1)
    done, _ = simulate(arrivals, [1] * len(arrivals), Batching(max_texts=1), Service(1.0, 0.0))
    assert np.mean(done - arrivals) - 1 == pytest.approx(md1_wait(rho, 1.0), rel=0.1)


def test_little_holds_in_the_simulated_server():
    arrivals = poisson(0.7, 20_000, seed=2)
    done, _ = simulate(arrivals, [1] * len(arrivals), Batching(max_texts=1), Service(1.0, 0.0))
    moments = np.linspace(0, 20_000, 50_001)
    inside = np.searchsorted(arrivals, moments, "right") - np.searchsorted(np.sort(done), moments, "right")
    assert inside.mean() == pytest.approx(little(len(arrivals) / 20_000, np.mean(done - arrivals)), rel=0.02)


@given(st.floats(1, 500), st.floats(0.001, 0.1), st.floats(3.5, 50))
def test_replicas_are_enough_and_one_fewer_is_not(rate, service, slack):
    promised = slack * service
    servers = replicas_for(rate, service, promised)
    assert mmc_late(rate, service, servers, promised) <= 0.05
    if servers > 1:
        assert mmc_late(rate, service, servers - 1, promised) > 0.05
    assert replicas_for(rate, service, promised, spare=1) == servers + 1


def test_a_promise_below_the_service_time():
    with pytest.raises(ValueError, match=r"an idle server has a p95 of 0\.3 s, so 0\.2 s"):
        replicas_for(1, 0.1, 0.2)


def test_prices():
    assert cost_per_million(1e6 / 3600, 2.5, 1.0) == pytest.approx(2.5)
    assert cost_per_million(1e6 / 3600, 2.5, 0.5) == pytest.approx(5.0)
    assert api_per_million(250, 0.1) == 25
    with pytest.raises(ValueError, match="0 utilised"):
        cost_per_million(100, 1, 0)
