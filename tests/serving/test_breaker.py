"""The circuit breaker as a state machine, against a model that keeps the whole history."""

import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from embedlab.serving import Breaker, BreakerOpenError, Guarded, allow, record

THRESHOLD, PAUSE = 3, 10.0


class BreakerMachine(RuleBasedStateMachine):
    """Calls at random moments, that end at once."""

    def __init__(self):
        super().__init__()
        self.breaker, self.now, self.in_a_row, self.opened = Breaker(THRESHOLD, PAUSE), 0.0, 0, None

    @rule(seconds=st.floats(0, 15))
    def wait(self, seconds):
        """Let time pass."""
        self.now += seconds

    @rule(ok=st.booleans())
    def call(self, ok):
        """Make a call, if it may pass."""
        expected = self.opened is None or self.now - self.opened >= PAUSE
        self.breaker, allowed = allow(self.breaker, self.now)
        assert allowed == expected
        if not allowed:
            return
        probe = self.opened is not None
        self.breaker = record(self.breaker, ok, self.now)
        self.in_a_row = 0 if ok else self.in_a_row + 1
        if ok:
            self.opened = None
        elif probe or self.in_a_row >= THRESHOLD:
            self.opened = self.now

    @rule()
    def crowd(self):
        """Of a crowd that comes after the pause, one passes; it never reports back."""
        passed = []
        for _ in range(5):
            self.breaker, allowed = allow(self.breaker, self.now)
            passed.append(allowed)
        if self.opened is None:
            assert all(passed)
        else:
            assert sum(passed) == (self.now - self.opened >= PAUSE)
            if any(passed):
                self.opened = self.now  # the next probe comes after another pause

    @invariant()
    def state_fits(self):
        """An open breaker has a reason, a closed one has none."""
        assert (self.breaker.state == "closed") == (self.opened is None)
        if self.opened is None:
            assert self.breaker.failures == self.in_a_row < THRESHOLD


BreakerMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestBreakerMachine = BreakerMachine.TestCase


def test_a_late_failure_does_not_count_for_the_probe():
    now = [0.0]
    guarded = Guarded(Breaker(threshold=1, pause=10), clock=lambda: now[0])
    begun, may_end = threading.Event(), threading.Event()

    def slow():
        begun.set()
        may_end.wait(10)
        raise TimeoutError

    def failing():
        raise OSError

    def call_slow():
        with pytest.raises(TimeoutError):
            guarded.call(slow)

    thread = threading.Thread(target=call_slow)
    thread.start()
    begun.wait(10)
    now[0] = 1.0
    with pytest.raises(OSError):  # noqa: PT011
        guarded.call(failing)
    now[0] = 12.0
    assert guarded.call(lambda: "fine") == "fine"
    may_end.set()
    thread.join(10)
    assert guarded.breaker.state == "closed"


def test_errors_that_do_not_count_leave_it_closed():
    guarded = Guarded(Breaker(threshold=1), counts=lambda error: not isinstance(error, ValueError))

    def refused():
        raise ValueError("a 400 says nothing about the service")

    for _ in range(5):
        with pytest.raises(ValueError, match="400"):
            guarded.call(refused)
    assert guarded.breaker.state == "closed"


def test_an_open_breaker_does_not_call():
    calls = []
    guarded = Guarded(Breaker(threshold=1), clock=lambda: 0.0)

    def failing():
        calls.append(1)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        guarded.call(failing)
    for _ in range(10):
        with pytest.raises(BreakerOpenError):
            guarded.call(failing)
    assert len(calls) == 1


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="0, 10"):
        Breaker(threshold=0)
    with pytest.raises(ValueError, match="-1"):
        Breaker(pause=-1)
