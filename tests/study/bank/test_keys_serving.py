"""Keys of the questions on serving, measured."""

import heapq

import numpy as np
import pytest

from embedlab.pooling import l2_normalize as unit
from embedlab.serving import (
    Batching,
    Service,
    Stall,
    buckets,
    md1_wait,
    mm1_wait,
    mmc_wait,
    poisson,
    simulate,
    utilisation,
)


def test_a_cache_moves_the_median_and_not_the_tail():
    rng = np.random.default_rng(0)
    before = rng.uniform(400, 900, 100_000)
    after = np.where(rng.random(100_000) < 0.6, 5, 5 + before)
    assert np.median(after) == 5
    assert abs(np.percentile(after, 99) / np.percentile(before, 99) - 1) < 0.01
    assert 0.55 < 1 - after.mean() / before.mean() < 0.65


def test_dynamic_int8_depends_on_the_batch():
    """As the operator DynamicQuantizeLinear does it: one scale from the whole tensor."""
    rng = np.random.default_rng(0)
    weights, text, neighbour = rng.normal(size=(64, 64)), rng.normal(size=(1, 64)), rng.normal(size=(1, 64))
    neighbour[0, 0] = 30  # one large activation

    def product(x, low, high):
        low, high = min(low, 0), max(high, 0)
        scale = (high - low) / 255
        zero = np.round(-low / scale)
        codes = np.clip(np.round(x / scale) + zero, 0, 255)
        return unit(((codes - zero) * scale) @ weights)[0]

    def dynamic(*rows):
        x = np.vstack(rows)
        return product(x, x.min(), x.max())

    alone, beside = dynamic(text), dynamic(text, neighbour)
    assert 0.98 < alone @ beside < 0.99999
    exact = unit(text @ weights)[0]
    assert alone @ exact > beside @ exact
    assert np.array_equal(alone, dynamic(text))  # nothing is drawn
    three = rng.normal(size=(1, 64))
    # The order is of no importance, and neither are neighbours if the range is fixed (static quantization).
    assert np.allclose(dynamic(text, three, neighbour), dynamic(text, neighbour, three))
    assert np.allclose(product(text, -4, 4), product(np.vstack([text, neighbour]), -4, 4))


def test_a_timer_only_adds_to_rare_requests():
    """One request a second, and batches that are sent 50 ms after their first request."""
    arrivals = np.cumsum(np.random.default_rng(0).exponential(1.0, 20_000))
    waits, sent = [], -1.0
    for arrival in arrivals:
        if arrival > sent:
            sent = arrival + 0.05
        waits.append(sent - arrival)
    assert np.median(waits) > 0.049
    assert np.mean(np.array(waits) > 0.0499) > 0.9


@pytest.mark.slow
def test_the_wait_doubles_from_80_to_90_percent():
    """Lindley's recursion: what a customer waits follows from what the one before waited."""
    rng, mean = np.random.default_rng(0), {}
    for load in (0.8, 0.9):
        gaps, services = rng.exponential(1 / load, 500_000), rng.exponential(1.0, 500_000)
        wait, total = 0.0, 0.0
        for gap, service in zip(gaps, services, strict=True):
            wait = max(0.0, wait - gap)
            total += wait + service
            wait += service
        mean[load] = total / len(gaps)
    assert abs(mean[0.8] - 5) < 0.5
    assert abs(mean[0.9] - 10) < 1.2


def test_a_cache_without_rights_leaks():
    documents = {"red": "red sold 5", "blue": "blue sold 7"}
    cache = {}

    def cached_answer(question, group, key):
        return cache.setdefault(key(question, group), documents[group])

    for group in ("red", "blue"):  # the second gets what was made for the first
        assert cached_answer("sold?", group, lambda question, _: question) == "red sold 5"
    assert cached_answer("sold?", "blue", lambda *both: both) == "blue sold 7"


# The queue, on paper.


def waits(arrivals, services, workers=1):
    """First come, first served: what each waits before its service."""
    free, begun = [0.0] * workers, []
    for arrival, service in zip(arrivals, services, strict=True):
        begun.append(max(arrival, heapq.heappop(free)))
        heapq.heappush(free, begun[-1] + service)
    return np.array(begun) - arrivals


def test_utilisation_by_counting_busy_seconds():
    rng = np.random.default_rng(0)
    arrivals = np.sort(rng.uniform(0, 100, 18_000))
    busy = 0.012 * len(arrivals) / 3 / 100
    assert 100 * busy == pytest.approx(72)
    assert 100 * utilisation(180, 0.012, 3) == pytest.approx(72)
    assert waits(arrivals, [0.012] * 18_000, 3)[-1000:].mean() < 0.1
    assert waits(arrivals, [0.012] * 18_000, 2)[-1000:].mean() > 1  # one is down: no end


def test_one_queue_waits_a_fifth_of_four():
    separate, together = mmc_wait(0.8, 1.0, 1), mmc_wait(3.2, 1.0, 4)
    assert separate == pytest.approx(4)
    assert together == pytest.approx(0.75, abs=0.01)
    assert together / separate == pytest.approx(1 / 5, abs=0.02)
    assert mmc_wait(12.8, 1.0, 16) == pytest.approx(0.1, abs=0.01)


def test_a_long_queue_answers_nobody_in_time():
    arrivals = np.arange(0, 600, 1 / 130)
    answered = waits(arrivals, [0.01] * len(arrivals)) + 0.01
    assert arrivals[answered > 2][0] == pytest.approx(200 / 30, abs=0.5)
    assert (answered[arrivals > 10] > 2).all()
    inside, good = [], 0  # the same with room for 150: done at these moments
    some = arrivals[arrivals < 200]
    for arrival in some:
        inside = [moment for moment in inside if moment > arrival]
        if len(inside) < 150:
            inside.append(max(arrival, inside[-1] if inside else 0.0) + 0.01)
            good += inside[-1] - arrival < 2
    assert good / len(some) == pytest.approx(100 / 130, abs=0.01)


def test_steady_service_halves_the_wait():
    assert 1000 * mm1_wait(80, 0.01) == pytest.approx(40)
    assert 1000 * md1_wait(80, 0.01) == pytest.approx(20)
    arrivals = np.cumsum(np.random.default_rng(0).exponential(1 / 80, 200_000))
    assert 1000 * waits(arrivals, [0.01] * 200_000).mean() == pytest.approx(20, rel=0.1)


def test_a_timer_changes_nothing_at_full_load():
    service = Service(0.04, 0.001)  # texts of one token

    def percentiles(rate):
        arrivals = poisson(rate, 60)
        found = []
        for policy in ("free", "timer"):
            done, sizes = simulate(arrivals, [1] * len(arrivals), Batching(policy, wait_s=0.005), service)
            found.append(1000 * np.percentile(done - arrivals, [50, 99]))
        return *found, np.mean(sizes)

    free, timer, size = percentiles(300)
    assert np.abs(free - timer).max() < 1
    assert size == pytest.approx(17, abs=2)
    free, timer, _ = percentiles(1)
    assert (timer - free)[0] == pytest.approx(5, abs=0.5)


def test_a_limit_in_tokens_bounds_a_call():
    lengths = [500] * 40 + [10] * 200
    by_tokens = buckets(lengths, 4096)
    padded = [len(group) * max(lengths[i] for i in group) for group in by_tokens]
    assert max(padded) <= 4096
    assert sorted(i for group in by_tokens for i in group) == list(range(240))
    assert all(len({lengths[i] for i in group}) == 1 for group in by_tokens)
    assert 32 * 500 == 50 * 32 * 10


def test_a_clock_that_starts_at_the_sending_hides_a_stall():
    due = np.sort(np.random.default_rng(0).uniform(0, 60, 600))  # one client
    stall, free, rows = Stall(20.0, 3.0), 0.0, []
    for moment in due:
        start = max(moment, free)
        free = stall.after(start) + 0.005
        rows.append((free - start, free - moment))
    careless, right = np.array(rows).T
    assert (careless > 0.1).sum() == 1
    assert (right > 0.1).sum() > 20
    assert np.percentile(careless, 99) < 0.01 < 1 < np.percentile(right, 99)
