"""Each formula of formulas_serving, computed by another route."""

import numpy as np
import pytest

from embedlab.serving import OnRay, break_even, padding_waste, wanted
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("attempts", "layers"), [(2, 4), (3, 3), (5, 2)])
def test_calls_at_the_bottom_of_nested_retries(attempts, layers):
    calls = 0

    def call(layer):
        nonlocal calls
        if layer == 0:
            calls += 1
            return False
        return any([call(layer - 1) for _ in range(attempts)])

    call(layers)
    assert FORMULAS["calls_at_the_bottom"](attempts, layers) == calls


@pytest.mark.parametrize(("rate", "milliseconds", "percent"), [(80, 10, 50), (300, 20, 60), (500, 40, 70)])
def test_replicas_with_spare_by_adding_one_at_a_time(rate, milliseconds, percent):
    replicas = 2
    while rate * milliseconds / (replicas - 1) > 10 * percent + 1e-9:  # one of them is down
        replicas += 1
    assert FORMULAS["replicas_with_spare"](rate, milliseconds, percent) == replicas


@pytest.mark.parametrize(("texts", "short", "long"), [(8, 10, 128), (32, 40, 256)])
def test_padding_percent_by_counting_a_mask(texts, short, long):
    lengths = np.array([long] + [short] * (texts - 1))
    mask = np.arange(long) < lengths[:, None]
    found = FORMULAS["padding_percent"](texts, short, long)
    assert found == pytest.approx(100 * (1 - mask.mean()))
    assert found == pytest.approx(100 * padding_waste(lengths.tolist(), [range(texts)]), abs=0.01)


@pytest.mark.parametrize(("rate", "milliseconds", "ongoing"), [(50, 40, 2), (120, 60, 5), (400, 150, 3)])
def test_ray_replicas_wanted_as_the_package_has_it(rate, milliseconds, ongoing):
    """Requests under way are counted at many moments, and the package's rule is asked."""
    starts = np.arange(0, 20, 1 / rate)
    moments = np.random.default_rng(0).uniform(5, 15, 2000)
    inside = [np.sum((starts <= now) & (now < starts + milliseconds / 1000)) for now in moments]
    expected = wanted(round(float(np.mean(inside)), 1), OnRay(ongoing=ongoing, most=1000))
    assert FORMULAS["ray_replicas_wanted"](rate, milliseconds, ongoing) == expected


@pytest.mark.parametrize(("saved", "wrong"), [(0.2, 20), (1, 50)])
def test_false_hits_per_thousand_by_adding_up(saved, wrong):
    found = FORMULAS["false_hits_per_thousand"](saved, wrong)
    assert (1000 + found) * saved == pytest.approx(found * wrong)
    assert found == pytest.approx(1000 * break_even(hit=saved, wrong=wrong))
