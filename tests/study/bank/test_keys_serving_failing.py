"""Keys of the questions on serving, measured: when the API fails, another model's vectors, caches, prices."""

import random
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from embedlab.pooling import l2_normalize as unit
from embedlab.serving import (
    Breaker,
    BreakerOpenError,
    CallError,
    Guarded,
    Policy,
    SpaceCard,
    SpaceError,
    allow,
    che_hit_rate,
    check_space,
    cost_per_million,
    fallback_figures,
    full_jitter,
    paraphrase_scores,
    paraphrases,
    procrustes,
    record,
    simulate_stampede,
    wait_before_retry,
    zipf_shares,
)


def test_what_is_retried_and_how_long_it_waits():
    draw = random.Random(0)

    def wait(status, **options):
        return wait_before_retry(CallError(status, **options), 0, 10.0, Policy(), draw)

    assert [wait(status) is not None for status in (503, 400, 429, 401, None)] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert wait(429, retry_after=3.0) >= 3


def test_a_crowd_stays_a_crowd_without_jitter():
    draw = random.Random(0)
    for attempt in range(3):
        exact = np.full(2000, 2.0**attempt)
        jittered = np.array([full_jitter(attempt, draw, base=1.0) for _ in range(2000)])
        busiest = [np.histogram(waits, np.arange(0, 10, 0.1))[0].max() for waits in (exact, jittered)]
        assert busiest[0] == 2000
        assert busiest[1] < 400 / 2**attempt


def test_a_breaker_without_a_probe_lets_a_crowd_through():
    """The pause is over, and twenty threads come before the first of them has failed."""
    crowd, now = 20, 10.0
    gate, started, lock = threading.Event(), [], threading.Lock()

    def failing():
        started.append(1)
        gate.wait(10)
        raise TimeoutError

    class Careless:
        threshold, pause, failures, opened = 5, 10.0, 5, 0.001

        def call(self, function):
            if self.opened and now - self.opened < self.pause - 0.001:
                raise BreakerOpenError
            try:
                function()
            except TimeoutError:
                self.failures += 1
                if self.failures >= self.threshold:
                    self.opened = now
                raise

    def calls_that_pass(breaker):
        gate.clear(), started.clear()
        done = []

        def one():
            with suppress(TimeoutError, BreakerOpenError):
                breaker.call(failing)
            with lock:
                done.append(1)

        threads = [threading.Thread(target=one) for _ in range(crowd)]
        for thread in threads:
            thread.start()
        for _ in range(1000):  # until each has been refused or is waiting
            if len(started) + len(done) >= crowd:
                break
            time.sleep(0.01)
        gate.set()
        for thread in threads:
            thread.join()
        return len(started)

    assert calls_that_pass(Careless()) == crowd
    opened = Breaker(state="open", since=0.0, pause=10.0, failures=5)
    assert calls_that_pass(Guarded(opened, clock=lambda: now)) == 1
    assert record(allow(opened, now)[0], False, now + 2).state == "open"  # one failure is enough


# Another model's vectors.


def test_the_ways_out_of_the_space_problem():
    ways = fallback_figures()["ways out, on test"]
    said = {"remote": 0.71, "mean: as it is": 0.0, "mean: second index": 0.66, "bm25": 0.65}
    said |= {"mean: map of 300": 0.68, "mean: map of 1000": 0.70}
    assert {way: round(ways[way]["ndcg"], 2) for way in said} == said
    assert ways["cls, 256 tokens: map of 1000"]["ndcg"] < ways["bm25"]["ndcg"]  # less related, and worse
    curve = fallback_figures()["maps, nDCG@10 on dev by pairs"]["mean"]
    assert np.mean(curve["30"]["rotation"]) == pytest.approx(0.07, abs=0.01)
    assert np.mean(curve["300"]["rotation"]) == pytest.approx(0.63, abs=0.01)


@pytest.mark.slow
def test_few_pairs_leave_most_of_a_rotation_open():
    rng = np.random.default_rng(0)
    texts = unit(rng.normal(size=(2000, 384)).astype(np.float32))
    rotation = np.linalg.qr(rng.normal(size=(384, 384)))[0].astype(np.float32)
    other = texts @ rotation

    def fit_and_recall(pairs):
        matrix = procrustes(texts[:pairs], other[:pairs])
        fit = ((texts[:pairs] @ matrix) * other[:pairs]).sum(axis=1).mean()
        new = np.arange(1000, 1200)
        return fit, ((texts[new] @ matrix) @ other[1000:].T).argmax(axis=1) == new - 1000

    fit, right = fit_and_recall(30)
    assert fit == pytest.approx(1, abs=1e-3)
    assert right.mean() < 0.3
    fit, right = fit_and_recall(500)
    assert right.mean() == 1


def test_a_canary_check_that_nan_passes():
    stored = np.eye(4, 8, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        cosines = (np.zeros((4, 8)) / 0.0 * stored).sum(axis=1)
    assert np.isnan(cosines).all()
    assert not (cosines < 0.999).any()  # the check of the question is content
    assert not (cosines >= 0.999).all()  # the other way round it is not
    with pytest.raises(SpaceError), np.errstate(invalid="ignore"):
        check_space(SpaceCard("m", stored), "m", np.full((4, 8), np.nan, np.float32))


# Caches.


def test_near_misses_score_above_paraphrases():
    kinds = np.array([pair.kind for pair in paraphrases()])
    scores = paraphrase_scores("mean")
    served = {
        threshold: [round(float((scores[kinds == kind] >= threshold).mean()), 2) for kind in ("same", "near")]
        for threshold in (0.8, 0.9, 0.95)
    }
    assert served == {0.8: [0.31, 0.58], 0.9: [0.07, 0.31], 0.95: [0.01, 0.18]}

    def near_above(model):
        scores = paraphrase_scores(model)
        return (scores[kinds == "near"][:, None] > scores[kinds == "same"]).mean()

    assert near_above("mean") == pytest.approx(0.7, abs=0.03)
    assert near_above("cross-encoder") > near_above("mean")


def test_an_expired_answer_is_computed_by_everybody():
    arrivals = np.arange(0, 10, 1 / 40)
    assert simulate_stampede(arrivals, 2.5, workers=1000).computed == pytest.approx(100, abs=1)
    assert simulate_stampede(arrivals, 2.5, workers=1000, single_flight=True).computed == 1


def test_a_cache_twice_as_large_hits_a_little_more():
    shares = zipf_shares(10_000, 0.8)
    hits = [round(100 * che_hit_rate(shares, size)) for size in (500, 1000, 2000, 4000)]
    assert hits == [33, 44, 57, 73]


def test_own_machine_pays_from_a_utilisation_on():
    api = 100 * 0.02
    shares = np.linspace(0.01, 1, 9901)
    own = np.array([cost_per_million(100, 0.40, share) for share in shares])
    assert 100 * shares[np.argmax(own <= api)] == pytest.approx(55.6, abs=0.1)
