"""Each formula of formulas_serving, computed by another route."""

import numpy as np
import pytest

from embedlab.serving import OnRay, break_even, buckets, padding_waste, wanted
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


@pytest.mark.parametrize(("queries", "short", "long"), [(7, 10, 128), (31, 40, 256)])
def test_one_call_over_two_by_the_groups_of_the_server(queries, short, long):
    lengths = [short] * queries + [long]
    groups = buckets(lengths, max_tokens=10**6, call_tokens=0)
    together = sum(lengths) / (1 - padding_waste(lengths, [range(queries + 1)]))
    assert sorted(map(len, groups)) in ([1, queries], [1] * (queries + 1))  # without a call's price
    assert padding_waste(lengths, groups) == 0
    expected = together / sum(lengths)
    assert FORMULAS["one_call_over_two"](queries, short, long) == pytest.approx(expected, rel=1e-3)


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
