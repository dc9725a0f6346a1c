"""Keys of the questions on serving, measured."""

import numpy as np
import pytest

from embedlab.pooling import l2_normalize as unit


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
