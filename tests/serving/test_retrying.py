"""Retries: what is retried, how long is waited, what a budget and a deadline allow."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.serving import (
    Budget,
    CallError,
    Policy,
    Retrying,
    amplification,
    full_jitter,
    is_retried,
    wait_before_retry,
)


class Clock:
    """A clock that moves only where something sleeps or works."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def failing(times, status=503):
    """Return a function that fails some times, and the timeouts that it was given."""
    given_ = []

    def call(timeout):
        given_.append(timeout)
        if len(given_) <= times:
            raise CallError(status)
        return "vector"

    return call, given_


def test_waits_are_those_of_tenacity():
    tenacity = pytest.importorskip("tenacity")
    theirs = tenacity.wait_random_exponential(multiplier=0.1, max=10)
    state = tenacity.RetryCallState(None, None, (), {})
    random.seed(5)
    expected = []
    for number in range(1, 13):
        state.attempt_number = number
        expected.append(theirs(state))
    draw = random.Random(5)
    assert [full_jitter(attempt, draw) for attempt in range(12)] == pytest.approx(expected, abs=1e-12)


def test_calls_and_waits_are_those_of_tenacity():
    tenacity = pytest.importorskip("tenacity")
    ours, theirs = [], []
    call, _ = failing(3)
    Retrying(Policy(attempts=4), seed=9, sleep=ours.append).call(call, deadline=1e6)
    call, _ = failing(3)
    random.seed(9)
    retry = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(4),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=10),
        retry=tenacity.retry_if_exception(lambda error: is_retried(getattr(error, "status", 400))),
        sleep=theirs.append,
    )
    assert retry(call, 1.0) == "vector"
    assert ours == pytest.approx(theirs, abs=1e-12)


@given(st.integers(0, 200), st.floats(0.001, 5), st.floats(0.001, 60))
def test_a_wait_is_below_its_exponential_and_its_cap(attempt, base, cap):
    assert 0 <= full_jitter(attempt, random.Random(0), base=base, cap=cap) <= min(cap, base * 2.0**attempt)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_what_will_not_change_is_not_retried(status):
    call, given_ = failing(1, status)
    with pytest.raises(CallError, match=f"status {status}"):
        Retrying(sleep=lambda seconds: None).call(call, deadline=5)
    assert len(given_) == 1


@pytest.mark.parametrize("status", [429, 503, None])
def test_what_may_change_is_retried(status):
    call, given_ = failing(2, status)
    assert Retrying(sleep=lambda seconds: None).call(call, deadline=50) == "vector"
    assert len(given_) == 3


def test_retry_after_is_honoured_with_jitter_on_top():
    error, draw = CallError(429, retry_after=2.0), random.Random(0)
    waits = [wait_before_retry(error, 0, 60.0, Policy(), draw) for _ in range(100)]
    assert min(waits) >= 2
    assert max(waits) <= 2.1
    assert len(set(waits)) == 100


def test_no_attempt_may_take_longer_than_is_left():
    clock = Clock()
    seen = []

    def call(timeout):
        seen.append(timeout)
        clock.sleep(timeout)
        raise CallError(None)

    with pytest.raises(CallError):
        Retrying(Policy(attempts=10, timeout=1.0), clock=clock, sleep=clock.sleep).call(call, deadline=2.5)
    assert clock.now <= 2.5 + 1e-9
    assert seen[0] == 1.0
    assert seen[-1] <= 1.0
    assert len(seen) <= 4


def test_a_sleep_that_overruns_ends_the_call():
    clock = Clock()
    call, given_ = failing(1)
    with pytest.raises(CallError, match="no answer in time"):
        Retrying(clock=clock, sleep=lambda seconds: clock.sleep(60)).call(call, deadline=5)
    assert len(given_) == 1


@given(st.lists(st.booleans(), max_size=300), st.floats(0.01, 0.5))
def test_retries_stay_within_their_share(wishes, share):
    budget, retries = Budget(share=share), 0
    for requests, wish in enumerate(wishes, start=1):
        budget = budget.earned()
        if wish:
            budget, allowed = budget.spent()
            retries += allowed
        assert retries <= 10 + share * requests + 1e-6
        assert 0 <= budget.saved <= budget.most


def test_without_budget_left_the_first_error_is_final():
    call, given_ = failing(1)
    retrying = Retrying(budget=Budget(share=0.0, saved=0.0), sleep=lambda seconds: None)
    with pytest.raises(CallError):
        retrying.call(call, deadline=5)
    assert len(given_) == 1


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="-1"):
        full_jitter(-1, random.Random(0))
    with pytest.raises(ValueError, match=r"1\.5"):
        amplification(1.5, 3)
    with pytest.raises(ValueError, match="saved"):
        Budget(saved=11.0)
