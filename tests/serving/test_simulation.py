"""The server on paper: order, bounds, batches; and what a user who waits leaves out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.serving import Batching, Service, Stall, closed_loop, fitted, poisson, simulate

RULES = st.builds(
    Batching,
    st.sampled_from(["free", "timer"]),
    max_texts=st.integers(1, 10),
    max_tokens=st.integers(1, 500),
    wait_s=st.floats(0, 2),
    workers=st.integers(1, 4),
)
STREAMS = st.lists(st.tuples(st.floats(0, 20), st.integers(1, 60)), min_size=1, max_size=60)


@given(STREAMS, RULES)
def test_every_text_is_served_once_and_not_before_its_time(stream, rule):
    arrivals, lengths = zip(*sorted(stream), strict=True)
    done, sizes = simulate(arrivals, lengths, rule, Service(0.1, 0.01))
    assert sum(sizes) == len(arrivals)
    assert max(sizes) <= rule.max_texts
    assert (done - arrivals >= [0.1 + 0.01 * length - 1e-9 for length in lengths]).all()


def test_alone_a_text_waits_for_the_timer_only():
    for rule, wait in ((Batching("free"), 0.0), (Batching("timer", wait_s=0.3), 0.3)):
        done, _ = simulate([5.0], [10], rule, Service(1.0, 0.1))
        assert done[0] == pytest.approx(5 + wait + 2)


def test_batches_carry_a_load_that_single_calls_cannot():
    arrivals = poisson(150, 60, seed=3)  # a call for each would take 1.5 times the time there is
    service, lengths = Service(0.009, 0.0001), [10] * len(arrivals)
    single, _ = simulate(arrivals, lengths, Batching(max_texts=1), service)
    together, sizes = simulate(arrivals, lengths, Batching(max_texts=32), service)
    assert np.percentile(single - arrivals, 50) > 5
    assert np.percentile(together - arrivals, 99) < 0.1
    assert np.mean(sizes) > 1.2


def test_two_workers_are_served_from_one_queue():
    done, _ = simulate([0.0, 0.0, 0.0], [1] * 3, Batching(max_texts=1, workers=2), Service(1.0, 0.0))
    assert sorted(done) == [1, 1, 2]


def test_a_waiting_user_leaves_out_what_a_plan_counts():
    service, stall = 0.005, Stall(10.0, 1.0)
    sent, done = closed_loop(1, 60.0, service, stall)
    closed = np.percentile(done - sent, 99)
    arrivals = poisson(100, 60, seed=4)
    answered, _ = simulate(arrivals, [1] * len(arrivals), Batching(max_texts=1), Service(service, 0.0), stall)
    opened = np.percentile(answered - arrivals, 99)
    assert closed == pytest.approx(service)
    assert opened > 0.5
    assert ((done - sent) > 0.1).sum() == 1 < ((answered - arrivals) > 0.1).sum()


@given(st.floats(0.001, 1), st.floats(1e-5, 1e-2))
def test_a_service_is_found_again_from_its_times(call, token):
    padded = [10, 100, 1000, 5000]
    service = fitted(padded, [call + token * n for n in padded])
    assert service.call_s == pytest.approx(call, rel=1e-4, abs=1e-9)
    assert service.token_s == pytest.approx(token, rel=1e-4, abs=1e-9)


def test_arrivals_repeat_with_their_seed_and_have_exponential_gaps():
    one = poisson(50, 100, seed=5)
    assert (one == poisson(50, 100, seed=5)).all()
    gaps = np.diff(one)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.1)
    with pytest.raises(ValueError, match="0 and 1"):
        poisson(0, 1)
