"""Retry storms and hedges, simulated: what amplifies, what recovers, what a hedge costs."""

import asyncio

import numpy as np
import pytest

from embedlab.serving import (
    Breaker,
    Budget,
    FailingService,
    Policy,
    Replicas,
    hedge,
    hedged_latency,
    simulate_hedging,
    simulate_outage,
)

STORM = {"per_second": 80.0, "seconds": 150.0}
SERVICE = FailingService(start=30.0, end=60.0)


def outage(policy, service=SERVICE, **options):
    return simulate_outage(service, policy, **STORM, **options)


def test_the_same_seed_gives_the_same_outage():
    first, second = (outage(Policy(), budget=Budget()) for _ in range(2))
    assert np.array_equal(first.latency, second.latency)
    assert np.array_equal(first.attempts, second.attempts)


def test_a_queue_without_outage_has_the_latency_of_theory():
    # M/M/c, 10 servers at 80 %: the mean time in the system is service plus Erlang C's wait.
    served = simulate_outage(
        FailingService(lost=0), Policy(attempts=1, timeout=60), per_second=80, seconds=600
    )
    load, c = 8.0, 10
    below = sum(load**k / np.prod(range(1, k + 1)) for k in range(c))
    top = load**c / np.prod(range(1, c + 1)) / (1 - load / c)
    wait = top / (below + top) * 0.1 / (c - load)
    assert served.latency.mean() == pytest.approx(0.1 + wait, rel=0.05)


def test_retries_keep_an_outage_going_and_a_budget_with_deadlines_ends_it():
    none = outage(Policy(attempts=1))
    storm = outage(Policy(attempts=4))
    told = FailingService(start=30.0, end=60.0, drops_expired=True)
    budgeted = outage(Policy(attempts=4), told, budget=Budget())
    budgeted_alone = outage(Policy(attempts=4), budget=Budget())
    assert none.amplification(30, 60) == pytest.approx(1, abs=0.02)
    assert storm.amplification(30, 60) > 3
    assert storm.success(100, 150) < 0.2  # long after the service is whole again
    assert none.success(100, 150) > 0.9
    assert budgeted.amplification(30, 60) < 1.2
    assert budgeted.recovered(60) < 5
    assert np.isinf(storm.recovered(60))
    assert budgeted_alone.recovered(60) < 90
    for seed in range(3):  # deadlines by themselves do not: what is begun expires under way
        dropping = outage(Policy(attempts=4), told, seed=seed)
        assert np.isinf(dropping.recovered(60))
        assert dropping.success(100, 150) < 0.5


def test_a_breaker_sheds_load_and_recovers():
    guarded = outage(Policy(attempts=4), breaker=Breaker(threshold=5, pause=2))
    assert guarded.refused > 0
    assert guarded.recovered(60) < 10
    assert guarded.success(30, 60) > outage(Policy(attempts=4)).success(30, 60) + 0.2


@pytest.mark.parametrize("options", [{"lost": 11}, {"start": 5.0, "end": 4.0}])
def test_a_service_that_cannot_be(options):
    with pytest.raises(ValueError, match=r"lost|ends before"):
        FailingService(**options)


@pytest.mark.parametrize("route", ["random", "fewest"])
def test_a_hedge_helps_at_low_load_and_hurts_at_high_load(route):
    replicas = Replicas(stall_share=0.02, route=route)
    quiet, busy = (simulate_hedging(replicas, load, None, requests=8000) for load in (0.1, 0.7))
    after = quiet.percentile(95) / 1000
    hedged = simulate_hedging(replicas, 0.1, after, requests=8000)
    assert hedged.percentile(99) < quiet.percentile(99) / 2
    assert hedged.attempts < 1.08
    storm, cancelled = (
        simulate_hedging(replicas, 0.7, after, requests=8000, cancels=cancels) for cancels in (False, True)
    )
    assert storm.percentile(99) > 2 * busy.percentile(99)
    assert cancelled.percentile(99) < busy.percentile(99)
    assert storm.attempts > 1.5


class Watched(Replicas):
    """Replicas that write down what the rule was given and what it chose."""

    def pick(self, unanswered, draw, but=None):
        one = super().pick(unanswered, draw, but)
        object.__setattr__(self, "seen", [*getattr(self, "seen", ()), (list(unanswered), but, one)])
        return one


@pytest.mark.parametrize("count", [2, 3, 10])
@pytest.mark.parametrize("cancels", [True, False])
@pytest.mark.parametrize("route", ["random", "fewest"])
def test_a_hedge_never_goes_to_the_replica_that_has_the_request(route, cancels, count):
    replicas = Watched(count, stall_share=0.02, route=route)
    found = simulate_hedging(replicas, 0.6, 0.02, requests=1000, cancels=cancels)
    hedges = [(unanswered, but, one) for unanswered, but, one in replicas.seen if but is not None]
    assert len(hedges) == round((found.attempts - 1) * 1000) > 100
    assert all(but != one and unanswered[but] > 0 for unanswered, but, one in hedges)
    if route == "fewest":
        for unanswered, but, one in replicas.seen:
            assert unanswered[one] == min(n for at, n in enumerate(unanswered) if at != but)
    else:
        assert {one for _, _, one in hedges} == set(range(count))


@pytest.mark.parametrize("load", [0.3, 0.5, 0.7])
def test_the_fewest_are_never_worse_in_the_mean_than_chance(load):
    means = {}
    for route in ("random", "fewest"):
        replicas = Replicas(stall_share=0.02, route=route)
        for after in (None, 0.1):
            runs = [simulate_hedging(replicas, load, after, requests=4000, seed=seed) for seed in range(5)]
            means[route, after] = [(run.latency.mean(), run.percentile(99)) for run in runs]
    for after in (None, 0.1):
        fewest, chance = (np.mean(means[route, after], axis=0) for route in ("fewest", "random"))
        assert (fewest < chance).all()


def test_simulated_hedges_without_load_are_the_minimum_of_two():
    replicas, rng = Replicas(count=50), np.random.default_rng(0)
    draws = 0.02 * np.exp(rng.normal(0, 0.3, (2, 50_000))) + 0.3 * (rng.random((2, 50_000)) < 0.01)
    expected, twice = hedged_latency(*draws, after=0.05)
    found = simulate_hedging(replicas, 0.001, 0.05, requests=10_000)
    assert found.attempts - 1 == pytest.approx(twice, abs=0.005)
    assert found.percentile(99) == pytest.approx(np.percentile(expected, 99) * 1000, rel=0.1)


def test_work_is_what_was_asked_for():
    found = simulate_hedging(Replicas(), 0.5, None, requests=10_000)
    assert found.attempts == 1
    assert found.utilisation == pytest.approx(0.5, abs=0.05)
    assert np.isfinite(found.latency).all()


def test_hedge_cancels_the_slower_call():
    ended = []

    async def answer(seconds, what):
        try:
            await asyncio.sleep(seconds)
            return what
        except asyncio.CancelledError:
            ended.append(what)
            raise

    async def scene():
        found = await hedge(lambda: answer(30, "slow"), lambda: answer(0.01, "quick"), after=0.01)
        await asyncio.sleep(0.01)
        return found

    assert asyncio.run(scene()) == "quick"
    assert ended == ["slow"]


def test_hedge_survives_one_failure_and_reports_two():
    async def failing(message, seconds=0.0):
        await asyncio.sleep(seconds)
        raise OSError(message)

    async def fine():
        return "fine"

    assert asyncio.run(hedge(lambda: failing("a"), fine, after=5)) == "fine"
    with pytest.raises(OSError, match="a"):
        asyncio.run(hedge(lambda: failing("a", 0.05), lambda: failing("b"), after=0.01))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="-1"):
        simulate_hedging(Replicas(), -1, None)
    with pytest.raises(ValueError, match="second replica"):
        simulate_hedging(Replicas(count=1), 0.5, 0.1)
    with pytest.raises(ValueError, match="in turn"):
        Replicas(route="in turn")
    with pytest.raises(ValueError, match="1 and 2"):
        hedged_latency([1.0], [1.0, 2.0], 0.5)
    with pytest.raises(ValueError, match="0 a second"):
        simulate_outage(FailingService(), Policy(), per_second=0)


def test_a_bounded_queue_answers_what_the_workers_can_do():
    """With a bound, nobody who is let in waits longer than a client does, retries or not."""
    bounded = FailingService(start=30.0, end=60.0, room=20)
    for policy in (Policy(attempts=1), Policy()):
        assert outage(policy, bounded).success(30, 60) > 0.7 > 0.3 > outage(policy).success(30, 60)
        assert outage(policy, bounded).recovered(60) < 5
    with pytest.raises(ValueError, match="room is -1"):
        FailingService(room=-1)


def test_the_newest_first_answers_what_the_workers_can_do():
    """Seven of ten workers, 80 requests a second: in the order of arrival nearly all come too late."""
    for policy in (Policy(attempts=1), Policy()):
        stack = outage(policy, FailingService(start=30.0, end=60.0, newest_first=True))
        assert stack.success(30, 60) > 0.75 > 0.4 > outage(policy).success(30, 60)
        assert stack.recovered(60) < 15


@pytest.mark.parametrize("seed", range(2))
def test_a_wait_that_is_drawn_parts_those_who_were_refused_together(seed):
    share, wave = {}, {}
    for tells in ("nothing", "same", "drawn", "drawn, whole"):
        service = FailingService(lost=0, room=20, tells=tells)
        options = {"per_second": 60, "seconds": 45, "deadline": 30, "burst": (10.0, 500)}
        run = simulate_outage(service, Policy(), seed=seed, **options)
        share[tells] = run.success(10.0, 10.0001)
        wave[tells] = np.histogram(run.attempts, np.arange(10.05, 40, 0.1))[0].max()
    assert share["nothing"] < 0.3
    assert share["same"] < 0.5
    assert min(share["drawn"], share["drawn, whole"]) > 0.8
    assert wave["drawn"] < wave["drawn, whole"] < wave["same"] < wave["nothing"]
