"""Clicks, propensities, interleaving, A/B tests and looks: against enumeration, scipy and known tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from embedlab import drift

RANKINGS = st.integers(2, 6).flatmap(
    lambda half: st.tuples(*[st.permutations(range(3 * half)).map(lambda p, k=2 * half: p[:k])] * 2)
)


@given(RANKINGS, st.integers(0, 2**32 - 1))
def test_a_team_draft_has_no_repeats_fair_teams_and_the_best_of_both(rankings, seed):
    a, b = rankings
    flips = np.random.default_rng(seed).random(len(a)) < 0.5
    page, teams = drift.team_draft(a, b, flips)
    assert len(set(page)) == len(page) == len(a)
    assert teams.count("a") == teams.count("b")
    assert page[0] in (a[0], b[0])
    assert {a[0], b[0]} <= set(page)
    for team, ranking in (("a", a), ("b", b)):  # each captain took its documents in its own order
        own = [ranking.index(document) for document, of in zip(page, teams, strict=True) if of == team]
        assert own == sorted(own)


@given(RANKINGS, st.integers(0, 2**32 - 1))
def test_pages_at_once_are_the_pages_one_by_one(rankings, seed):
    a, b = (np.array([ranking] * 5) for ranking in rankings)
    pages, ours = drift.draft_pages(a, b, np.random.default_rng(seed))
    coins = np.random.default_rng(seed).integers(0, 2, (a.shape[1] // 2, 5))
    for row in range(5):
        page, teams = drift.team_draft(*rankings, coins[:, row] == 1)
        assert pages[row].tolist() == page
        assert ["a" if one else "b" for one in ours[row]] == teams


def test_rankings_of_odd_or_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 3\)"):
        drift.draft_pages(np.array([[1, 2, 3]]), np.array([[1, 2, 3]]), np.random.default_rng(0))


@given(RANKINGS)
def test_whoever_clicks_at_random_prefers_nobody_in_a_team_draft(rankings):
    won = drift.share_won(*rankings, "team draft")
    assert won["a"] == won["b"]


def test_balanced_interleaving_prefers_one_of_two_engines_for_random_clicks():
    won = drift.share_won([1, 2, 3, 4], [2, 3, 4, 1], "balanced")
    assert won["b"] == 3 * won["a"]


@given(st.integers(0, 2**32 - 1), st.floats(0, 2))
def test_inverse_propensity_is_unbiased_for_what_was_shown(seed, severity):
    rng = np.random.default_rng(seed)
    model = drift.PositionModel(drift.examination(6, severity))
    relevant, weights = rng.random((1, 6)) < 0.4, rng.random((1, 6))
    expected = sum(  # by linearity: each click alone, with its chance
        drift.ips_value(np.eye(6, dtype=bool)[[r]], model.examined, weights)[0] * model.chance(relevant)[0, r]
        for r in range(6)
    )
    truth = (weights * np.where(relevant, 1.0, 0.1)).sum()
    assert expected == pytest.approx(truth)


def test_a_propensity_of_nothing_is_refused():
    with pytest.raises(ValueError, match="rank 2"):
        drift.ips_value(np.ones((1, 2), bool), np.array([1.0, 0.0]), np.ones((1, 2)))


@pytest.mark.parametrize("way", ["shuffle", "swap"])
def test_a_little_randomisation_finds_the_examination(way):
    rng, model = np.random.default_rng(0), drift.PositionModel()
    ids, truth = np.tile(np.arange(10), (200_000, 1)), np.arange(20)[None] < 3
    if way == "shuffle":
        pages = drift.shuffled(ids, rng)
        found = drift.from_shuffles(model.clicks(truth[0][pages], rng))
    else:
        pages, partner = drift.swapped(ids, rng)
        found = drift.from_swaps(model.clicks(truth[0][pages], rng), partner)
    np.testing.assert_allclose(found, model.examined, atol=0.03)


def test_clicks_come_as_often_as_the_models_say():
    rng, relevant = np.random.default_rng(1), np.tile([True, False, True, False], (100_000, 1))
    model = drift.PositionModel(drift.examination(4))
    np.testing.assert_allclose(
        model.clicks(relevant, rng).mean(axis=0), model.chance(relevant[:1])[0], atol=0.01
    )
    cascade = drift.CascadeModel(click=(0.2, 0.8), stop=(0.5, 0.75))
    first, second = 0.8, (1 - 0.8 * 0.75) * 0.2
    np.testing.assert_allclose(cascade.clicks(relevant, rng).mean(axis=0)[:2], [first, second], atol=0.01)


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=5))
def test_the_sample_ratio_test_is_scipys(counts):
    assert drift.sample_ratio_p(counts) == pytest.approx(stats.chisquare(counts).pvalue, abs=1e-12)


def test_the_z_test_is_scipys_for_many_values():
    rng = np.random.default_rng(2)
    a, b = rng.poisson(1.0, 4000).astype(float), rng.poisson(1.1, 3000).astype(float)
    expected = stats.ttest_ind(b, a, equal_var=False)
    assert drift.z_of(a, b) == pytest.approx(expected.statistic)
    assert drift.p_of(drift.z_of(a, b)) == pytest.approx(expected.pvalue, rel=0.05)


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilsons_interval_is_scipys(hits, n):
    hits = min(hits, n)
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(drift.wilson(hits, n), expected, atol=1e-9)


def test_the_formula_for_searches_gives_the_power_it_promises():
    rng = np.random.default_rng(3)
    n = drift.needed(0.1, 1.0, power=0.8)
    z = rng.normal(0.1, 1.0, (4000, n)).mean(axis=1) * np.sqrt(n)
    low, high = drift.wilson(int((z > 1.96).sum()), 4000)
    assert low < 0.8 < high


def test_spending_bounds_are_those_of_the_tables():
    """Five looks by Lan and DeMets, as R's ldbounds gives them."""
    found = drift.spending_bounds([0.2, 0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(found, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310], atol=1e-3)
    assert drift.spending_bounds([1.0])[0] == pytest.approx(stats.norm.isf(0.025), abs=1e-6)
    with pytest.raises(ValueError, match="ascend"):
        drift.spending_bounds([0.5, 0.4, 1.0])


def test_an_always_valid_p_never_rises_and_keeps_its_level_under_many_looks():
    rng, n = np.random.default_rng(4), np.arange(10, 2001, 10)
    steps = rng.normal(0, 1, (2000, 200)) * np.sqrt(10)
    means = np.cumsum(steps, axis=1) / n
    p = drift.always_valid_p(means, n, 1.0, 0.1)
    assert (np.diff(p, axis=1) <= 0).all()
    hits = int((p[:, -1] <= 0.05).sum())
    assert drift.wilson(hits, 2000)[0] < 0.05
    fixed = drift.stopped(means * np.sqrt(n), stats.norm.isf(0.025)).mean()
    assert fixed > 0.25  # the same looks with the fixed bound


def test_by_user_there_are_as_many_values_as_users():
    values = np.array([1.0, 0.0, 0.0, 1.0])
    np.testing.assert_array_equal(drift.by_user(values, [3, 3, 3, 8]), [1 / 3, 1.0])


def test_the_pools_of_an_engine_against_itself_have_no_effect():
    shown = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])
    engines = drift.Engines({"a": shown}, np.array([[1, 0, 0, 1], [0, 0, 1, 0]], bool))
    pair = drift.make_pair(engines, "a", "a", drift.PositionModel(drift.examination(4)), n=40_000)
    for metric in (None, *pair.first):
        mean, deviation = pair.effect(metric)
        assert abs(mean) < 5 * deviation * np.sqrt(2 / 40_000)


def coins():
    """A pair of coins, one click in 2 and 3 in 5; a team draft with as many credits and half the ties."""
    credits = np.repeat([1.0, -1.0, 0.0], [35, 15, 50])
    return drift.Pair(
        credits, {"click": np.repeat([0.0, 1.0], [50, 50])}, {"click": np.repeat([0, 1.0], [40, 60])}
    )


def test_users_who_search_and_click_alike_need_what_binomials_need():
    found = drift.user_ratio(coins(), "click", 0.0, users=200_000, mean=4.0)
    rate = drift.needed(4 * 0.1, np.sqrt(4 * (0.25 + 0.24) / 2), groups=2)  # n p (1 - p) of either coin
    total = drift.needed(4 * 0.1, np.sqrt(4 * 0.55), groups=2)  # a Poisson number of clicks
    draft = drift.needed(4 * 0.2, np.sqrt(4 * 0.5))  # every credit, + or -, counts once
    assert found["rate"] == pytest.approx(rate, rel=0.03)
    assert found["sum"] == pytest.approx(total, rel=0.03)
    assert found["draft sum"] == pytest.approx(draft, rel=0.03)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_users_who_click_differently_cost_an_ab_test_by_rates_and_hardly_a_draft(spread):
    alike, apart = (
        drift.user_ratio(coins(), "click", spread, sd, users=200_000, mean=4.0) for sd in (0, 0.2)
    )
    often = 4.0**2 * np.exp(spread**2) + 4.0  # the mean square of a user's searches
    shares = 0.2 / 0.55 * np.array([0.5, 0.6])  # each arm's deviation, in proportion to its mean
    inside = 4 * ((0.25 + 0.24) / 2 - np.mean(shares**2))
    rate = drift.needed(4 * 0.1, np.sqrt(inside + often * np.mean(shares**2)), groups=2)
    assert apart["rate"] == pytest.approx(rate, rel=0.06)
    assert apart["rate"] > 1.5 * alike["rate"]
    assert apart["draft rate"] < 1.3 * alike["draft rate"]
