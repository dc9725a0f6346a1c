"""Each formula of formulas_security, computed by another route."""

import numpy as np
import pytest

from embedlab.security import CachedGroups, signature
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("groups", "entries", "bits"), [(10, 20, 256), (100, 5, 512), (50, 10, 1024)])
def test_passing_by_chance_percent_of_hashed_groups(groups, entries, bits):
    rng = np.random.default_rng(0)

    def line(n):
        return np.array(list(signature(rng.choice(10**9, n), bits))) == "1"

    passed = [(line(groups) & line(entries)).any() for _ in range(4000)]
    expected = FORMULAS["passing_by_chance_percent"](groups, entries, bits)
    assert 100 * np.mean(passed) == pytest.approx(expected, abs=2.5)


@pytest.mark.parametrize(("ttl", "per_second"), [(60, 0.5), (300, 2)])
def test_still_allowed_accesses_of_a_cache_of_groups(ttl, per_second):
    counts, now, rng = [], [0.0], np.random.default_rng(0)
    for age in rng.uniform(0, ttl, 400):  # of the copy, at the moment when the right goes
        allowed = [True]
        cached = CachedGroups(lambda user, allowed=allowed: allowed[0], ttl, clock=lambda: now[0])
        now[0] = 0.0
        cached(1)
        allowed[0] = False
        times = np.sort(rng.uniform(age, age + 2 * ttl, rng.poisson(2 * ttl * per_second)))
        seen = 0
        for now[0] in times:
            seen += cached(1)
        counts.append(seen)
    assert np.mean(counts) == pytest.approx(FORMULAS["still_allowed_accesses"](ttl, per_second), rel=0.15)


@pytest.mark.parametrize(("distance", "noise", "dims"), [(0.5, 4, 384), (0.3, 2, 64), (1.0, 10, 384)])
def test_told_apart_percent_of_noisy_vectors(distance, noise, dims):
    rng = np.random.default_rng(0)
    first, second = np.zeros(dims), np.eye(dims)[0] * distance
    noisy = first + noise / dims**0.5 * rng.normal(size=(6000, dims))
    right = np.linalg.norm(noisy - first, axis=1) < np.linalg.norm(noisy - second, axis=1)
    assert 100 * right.mean() == pytest.approx(FORMULAS["told_apart_percent"](distance, noise, dims), abs=2.5)


@pytest.mark.parametrize(("thousands", "names", "recall"), [(20, 1, 80), (100, 3, 95), (400, 5, 90)])
def test_thousand_tickets_leaking_ticket_by_ticket(thousands, names, recall):
    found = np.random.default_rng(0).random((1000 * thousands, names)) < recall / 100
    leaking = np.count_nonzero(~found.all(axis=1)) / 1000
    assert FORMULAS["thousand_tickets_leaking"](thousands, names, recall) == pytest.approx(leaking, rel=0.03)
