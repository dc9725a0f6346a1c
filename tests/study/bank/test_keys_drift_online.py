"""Keys of drift's questions on alerts and clicks, each shown by a small experiment."""

import numpy as np

from embedlab import drift


def test_ten_correlated_looks_are_not_ten_independent_ones():
    z = np.cumsum(np.random.default_rng(0).normal(size=(20_000, 10)), axis=1) / np.sqrt(np.arange(1, 11))
    low, high = drift.wilson(int(drift.stopped(z, 1.96).sum()), len(z))
    assert 0.15 < low < high < 0.25 < 1 - 0.95**10


def test_clicks_fall_where_users_are_satisfied_sooner():
    rng, n = np.random.default_rng(1), 20_000
    better, worse = np.zeros((n, 10), bool), np.zeros((n, 10), bool)
    better[:, 0] = worse[:, 5] = True
    model = drift.CascadeModel()
    assert model.clicks(better, rng).sum() < model.clicks(worse, rng).sum()


def test_a_document_that_was_never_shown_is_worth_nothing_to_ips():
    clicks, propensities = np.ones((1, 3), bool), drift.examination(3)
    weights = drift.discounts(np.array([[1, 2, 3]]), np.array([[9, 8, 7]]))
    assert drift.ips_value(clicks, propensities, weights) == 0


def test_one_error_in_a_round_weighs_more_in_a_mean_of_shares():
    errors, checks = [1, 0, 0, 0], [2, 100, 100, 100]
    by_sums = drift.burn_rate(errors, checks, 4, 0.99)[-1]
    mean_of_shares = np.mean(np.divide(errors, checks)) / 0.01
    assert mean_of_shares > 10 * by_sums


def test_searches_of_one_user_are_not_independent():
    rng, found = np.random.default_rng(2), {"search": 0, "user": 0}
    for _ in range(200):
        user = np.repeat(np.arange(200), 10)
        click = (rng.random(2000) < rng.beta(1, 1, 200)[user]).astype(float)
        halves = [(click[user % 2 == side], user[user % 2 == side]) for side in (0, 1)]
        found["search"] += abs(drift.z_of(*(of for of, _ in halves))) > 1.96
        found["user"] += abs(drift.z_of(*(drift.by_user(*one) for one in halves))) > 1.96
    assert found["search"] > 50 > 25 > found["user"]


def test_users_who_vanish_make_a_winner_of_the_same_engine():
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 5000)) < 0.6
    logged = b | (rng.random(5000) > 1 / 3)
    assert drift.p_of(drift.z_of(a.astype(float), b[logged].astype(float))) < 0.001
    assert drift.sample_ratio_p([5000, int(logged.sum())]) < 0.001


def test_a_swap_costs_less_than_a_shuffle():
    rng, model = np.random.default_rng(4), drift.PositionModel()
    ids, relevant = np.tile(np.arange(10), (20_000, 1)), np.arange(10) == 0
    clicks = {
        name: model.chance(relevant[pages]).sum()
        for name, pages in (
            ("as it is", ids),
            ("swap", drift.swapped(ids, rng)[0]),
            ("shuffle", drift.shuffled(ids, rng)),
        )
    }
    assert clicks["as it is"] > clicks["swap"] > clicks["shuffle"]


def test_a_stop_at_the_first_daily_success_errs_in_a_quarter_of_the_tests():
    z = np.cumsum(np.random.default_rng(5).normal(size=(20_000, 28)), axis=1) / np.sqrt(np.arange(1, 29))
    low, high = drift.wilson(int(drift.stopped(z, 1.96).sum()), len(z))
    assert 0.25 < low < high < 0.3
