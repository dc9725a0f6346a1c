"""The plain resampling of chapter 03 agrees with what the course uses."""

import numpy as np
import pytest

from embedlab.benchmark import bootstrap, bootstrap_interval, randomisation_p, randomisation_test


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    a = rng.random(60)
    return a, a + rng.normal(0.03, 0.1, 60)


def test_interval_and_p_are_those_of_the_library_up_to_the_luck_of_the_draw(pair):
    a, b = pair
    rng = np.random.default_rng(1)
    draws, signs = rng.integers(0, 60, (10_000, 60)), rng.choice([-1, 1], (10_000, 60))
    _, low, high = bootstrap_interval(b - a)
    assert bootstrap(b - a, draws) == pytest.approx((low, high), abs=0.003)
    assert randomisation_p(a, b, signs) == pytest.approx(randomisation_test(a, b), abs=0.01)


def test_equal_systems_have_p_one(pair):
    a, _ = pair
    assert randomisation_p(a, a, np.random.default_rng(0).choice([-1, 1], (50, 60))) == 1
