"""The exercises of serving: where they have references of their own, the package does the same."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study.exercises.alternatives import serving as written

import embedlab.serving as package
from embedlab.study.exercises import exercises
from embedlab.study.exercises.serving_batches import padded_batches
from embedlab.study.exercises.serving_due import still_to_wait
from embedlab.study.exercises.serving_fifo import fifo
from embedlab.study.exercises.serving_jitter import RETRIED, wait_before_retry
from embedlab.study.exercises.serving_open import breaker

EIGHTHS = st.integers(0, 40).map(lambda n: n / 8)
STATES = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["closed", "open", "half-open"]),
        "failures": st.integers(0, 4),
        "since": EIGHTHS,
    }
)


class Fixed(random.Random):
    """Draws the same number each time."""

    def __init__(self, u):
        super().__init__(0)
        self.u = u

    def random(self):
        return self.u


def test_they_come_in_the_order_of_the_chapter():
    own = [one.name for one in exercises().values() if one.chapter == "17_serving"]
    assert own == [
        "pair_sums",
        "padded_batches",
        "still_to_wait",
        "fifo",
        "histogram_quantile",
        "wait_before_retry",
        "breaker",
        "procrustes",
        "choose_threshold",
    ]


@given(st.lists(st.integers(1, 30)), st.integers(1, 60))
def test_batches_are_those_of_the_package_without_its_limit_on_texts(lengths, room):
    batches = padded_batches(lengths, room)
    assert batches == list(package.padded_batches(lengths, room, size=len(lengths) + 1))
    assert batches == written.padded_batches(lengths, room)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(one) == 1 or len(one) * max(lengths[i] for i in one) <= room for one in batches)


@given(st.sampled_from(["free", "timer"]), st.integers(0, 9), EIGHTHS, st.integers(1, 8), EIGHTHS)
def test_waits_are_those_of_the_package(policy, waiting, oldest, most, wait):
    rule = package.Batching(policy, max_texts=most, wait_s=wait)
    expected = package.still_to_wait(rule, waiting, oldest)
    assert still_to_wait(policy, waiting, oldest, most, wait) == expected
    assert written.still_to_wait(policy, waiting, oldest, most, wait) == expected


@given(st.lists(st.tuples(EIGHTHS, st.integers(1, 20))))
def test_a_queue_is_the_package_with_batches_of_one(requests):
    arrivals = sorted(arrival for arrival, _ in requests)
    lengths = [length for _, length in requests]
    service = package.Service(call_s=0.25, token_s=0.125)
    alone = package.Batching("free", max_texts=1)
    done, _ = package.simulate(arrivals, lengths, alone, service)
    services = [service(1, length) for length in lengths]
    assert fifo(arrivals, services) == pytest.approx(done.tolist())
    assert written.fifo(arrivals, services) == pytest.approx(done.tolist())


@given(
    st.sampled_from([None, *RETRIED, 400, 401, 404, 501]),
    st.integers(0, 6),
    EIGHTHS,
    st.floats(0, 1, exclude_max=True),
    st.none() | EIGHTHS,
)
def test_waits_before_a_retry_are_those_of_the_package(status, attempt, left, u, retry_after):
    error = package.CallError(status, retry_after=retry_after)
    expected = package.wait_before_retry(error, attempt, left, package.Policy(), Fixed(u))
    for function in wait_before_retry, written.wait_before_retry:
        assert function(status, attempt, left, u, retry_after) == (
            None if expected is None else pytest.approx(expected)
        )


def test_the_same_errors_are_retried():
    assert {s for s in range(100, 600) if wait_before_retry(s, 0, 1.0, 0.5) is not None} == package.RETRIED


@given(STATES, st.sampled_from(["call", "ok", "failure"]), EIGHTHS, st.integers(1, 4), EIGHTHS)
def test_a_step_of_the_breaker_is_one_of_the_package(state, event, later, threshold, pause):
    pause, now = pause + 0.125, state["since"] + later
    theirs = package.Breaker(threshold, pause, state["mode"], state["failures"], state["since"])
    if event == "call":
        after, passes = package.allow(theirs, now)
    else:
        after, passes = package.record(theirs, event == "ok", now), None
    expected = {"mode": after.state, "failures": after.failures, "since": after.since}, passes
    assert breaker(state, event, now, threshold, pause) == expected
    assert written.breaker(state, event, now, threshold, pause) == expected


@given(st.lists(EIGHTHS.map(lambda x: x + 0.0625)), st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_another_way_to_a_quantile_is_the_package_s(values, q):
    bounds = [0.5, 1.0, 2.0, 4.0]
    counts = package.counted(values, bounds)
    expected = package.histogram_quantile(q, bounds, counts)
    assert written.histogram_quantile(q, bounds, counts) == pytest.approx(expected, nan_ok=True)


@given(st.integers(0, 2**32 - 1))
def test_no_other_orthogonal_matrix_is_closer(seed):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, 9, 3)).astype(np.float32)
    best = package.procrustes(source, target)
    assert np.allclose(best.T @ best, np.eye(3), atol=1e-5)
    for _ in range(5):
        other = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        assert np.linalg.norm(source @ best - target) <= np.linalg.norm(source @ other - target) + 1e-4


@given(st.lists(st.tuples(EIGHTHS, st.booleans()), min_size=1), st.sampled_from([0, 0.25, 0.5, 1]))
def test_no_lower_score_keeps_to_the_limit(pairs, most):
    scores, same = np.array([score for score, _ in pairs]), np.array([ok for _, ok in pairs])
    same[0] = False
    threshold = package.choose_threshold(scores, same, most)
    assert threshold == written.choose_threshold(scores, same, most)
    wrong = scores[~same]
    assert threshold == math.inf or (threshold in scores and (wrong >= threshold).mean() <= most)
    assert all((wrong >= score).mean() > most for score in scores[scores < threshold])
