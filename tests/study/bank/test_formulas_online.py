"""Each formula of formulas_online, computed by another route."""

import numpy as np
import pytest

from embedlab.drift import burn_rate, needed, psi
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("failing", "slo"), [(50, 99), (20, 99), (40, 98), (100, 99.5)])
def test_minutes_to_page_minute_by_minute(failing, slo):
    errors = np.r_[np.zeros(600), np.full(60, failing / 100)]
    rate = burn_rate(errors, np.ones(660), 60, slo / 100)
    minutes = int((rate[600:] >= 14.4 - 1e-9).argmax()) + 1
    assert abs(FORMULAS["minutes_to_page"](failing, slo) - minutes) <= 1


@pytest.mark.parametrize(("rate", "change"), [(30, 1), (50, 2), (70, 3)])
def test_lehr_per_group_against_the_whole_formula(rate, change):
    p = rate / 100
    both = needed(change / 100, (p * (1 - p)) ** 0.5, power=0.8, groups=2)
    assert FORMULAS["lehr_per_group"](rate, change) == pytest.approx(both / 2, rel=0.03)


@pytest.mark.parametrize(("n", "m"), [(50, 2000), (200, 1000), (300, 5000)])
def test_psi_without_shift_by_drawing(n, m):
    rng = np.random.default_rng(0)
    edges = np.arange(1, 10) / 10
    found = [psi(rng.random(n), rng.random(m), edges) for _ in range(2000)]
    assert FORMULAS["psi_without_shift"](n, m) == pytest.approx(np.mean(found), rel=0.1)
