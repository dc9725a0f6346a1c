"""Monitors on real shifts: the quick way gives what the plain one gives, and the shipped figures come out."""

import numpy as np
import pytest

from embedlab import drift
from embedlab.benchmark import docsearch
from embedlab.drift.conditions import CANARIES
from embedlab.drift.detectors import DETECTORS


@pytest.fixture(scope="module")
def world():
    return drift.World()


def test_the_bank_is_what_the_plain_detectors_say(world):
    traffic, reference = world.traffic, world.reference
    rows = drift.draw_windows(np.random.default_rng(0), 3, 60, len(traffic))
    quick = drift.bank(rows, traffic, reference)
    for i, row in enumerate(rows):
        plain = drift.statistics(traffic.take(row), reference, row)
        assert set(plain) == set(quick)
        for name, value in plain.items():
            assert quick[name][i] == pytest.approx(value, abs=1e-5), name


def test_shares_and_chances_of_a_stream():
    rng = np.random.default_rng(0)
    rows = drift.draw_windows(rng, 200, 100, before=10, after=5, share=0.2)
    assert abs((rows >= 10).mean() - 0.2) < 0.02
    assert set(np.unique(rows)) == set(range(15))
    chances = np.r_[np.zeros(5), np.ones(5)]
    assert drift.draw_windows(rng, 20, 50, before=10, chances=chances).min() == 5
    with pytest.raises(ValueError, match=r"0\.5 of 0"):
        drift.draw_windows(rng, 1, 1, before=3, share=0.5)


def test_the_german_queries_are_dev_queries():
    dev, german = set(docsearch().splits["dev"]), drift.german()
    assert len(german) >= 120
    assert set(german) <= dev
    assert all(german[i] != docsearch().queries[i] for i in german)


def test_rules_of_the_texts():
    texts = docsearch().split("dev")[1]
    assert all(
        len(text.split()) <= 2 for text in drift.two_words(["Return the mean of rows."], ["mean rows"])
    )
    assert drift.typos(texts) == drift.typos(texts)
    assert np.mean([a != b for a, b in zip(texts, drift.typos(texts), strict=True)]) > 0.95
    assert all(text in long for text, long in zip(texts, drift.chatty(texts), strict=True))
    with pytest.raises(ValueError, match="every must be"):
        drift.typos(texts, every=0)


def test_an_unknown_shift_is_named(world):
    with pytest.raises(ValueError, match="'mood'"):
        next(world.conditions(["mood"]))


def test_psi_without_a_shift_depends_on_the_window():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=700)
    edges = np.quantile(reference, np.arange(1, 10) / 10)
    for n in (50, 250, 1000):
        found = np.mean([drift.psi(rng.normal(size=n), rng.normal(size=700), edges) for _ in range(600)])
        assert found == pytest.approx(9 * (1 / n + 1 / 700), rel=0.15)


@pytest.mark.slow
def test_shipped_power_comes_out_again(world):
    shipped = drift.shipped_power()
    names, share = ("language: German", "model: int8", "index: links cut"), 0.2
    fresh = drift.measure_power(world, names=names, shares=(share,), windows=1200, shifted=150, classifier=0)
    known = {(r["shift"], r["share"], r["detector"]): r for r in shipped["rows"]}
    for row in fresh["rows"]:
        other = known[row["shift"], share, row["detector"]]
        # Thresholds of both are estimated, too: 1,200 windows put the false alarms between 0.5 and 1.7.
        assert abs(row["power"] - other["power"]) < 0.2, row
    harm = {(r["shift"], r["share"]): r["mean"] for r in shipped["harm"]}
    for row in fresh["harm"]:
        assert row["mean"] == pytest.approx(harm[row["shift"], share], abs=0.01)


def test_the_shipped_table_is_whole_and_consistent():
    shipped = drift.shipped_power()
    rows, month = shipped["rows"], drift.a_month(shipped["size"])
    assert {row["shift"] for row in rows} == set(drift.CONDITIONS)
    assert {row["detector"] for row in rows} == set(DETECTORS)
    assert shipped["canaries"] == CANARIES
    for row in rows:
        if row["power"] > 0.05:
            expected = np.ceil(np.log(0.5) / np.log1p(-min(row["power"], 0.999999)))
            assert row["median"] == pytest.approx(expected * 30 / month, rel=0.25, abs=0.25)


def test_canaries_meet_a_share_of_the_replicas(world):
    watch = drift.Watch(world, windows=120, classifier=0)
    condition = next(world.conditions(["model: max pooling"], [0.05]))
    noticed = watch.canaries(condition, 4000)["canary vectors"].mean()
    assert noticed == pytest.approx(1 - 0.95**CANARIES, abs=0.015)


def test_any_of_several_detectors_calls_oftener_than_one():
    shipped = drift.shipped_days()
    means = {
        name: {detector: one["calls"][0] for detector, one in found["detectors"].items()}
        for name, found in shipped.items()
    }
    steady = [value for detector, value in means["steady"].items() if detector != "any"]
    assert max(steady) < means["steady"]["any"] < sum(steady)
    assert means["steady"]["any"] < means["mild"]["any"] < means["medium"]["any"] < means["strong"]["any"]


def test_a_month_of_days_is_counted_again(world):
    fresh = drift.measure_days(world, months=4, seeds=1)
    for name, found in drift.shipped_days().items():
        assert found["points"] == fresh[name]["points"]
        for detector in ("centroid cosine", "nearest document"):
            known, one = found["detectors"][detector], fresh[name]["detectors"][detector]
            assert one["calls"][0] == pytest.approx(known["calls"][0], abs=2 + 0.5 * known["calls"][0])
            assert one["days"][0] <= one["calls"][0]
    quiet = fresh["steady"]["detectors"]["centroid cosine"]
    assert 0.2 < quiet["sum calls"][0] < 3  # the CUSUM's limit: one a month, estimated


def test_an_index_whose_links_are_cut_finds_less(world):
    churned = world.service.churned(1.0)
    after = churned.observe(world.texts, world.traffic.vectors)
    assert after.recall.mean() < world.traffic.recall.mean() - 0.01
    assert np.array_equal(
        np.sort(churned.owner[~churned.index.deleted[: len(churned.index)]]), np.arange(6152)
    )
    with pytest.raises(ValueError, match="step must be"):
        world.service.churned(0.01)


def test_days_that_differ_are_no_shift_on_average(world):
    rng = np.random.default_rng(0)
    chances = drift.restless(world, rng, 4000, 4)
    assert np.allclose(chances.sum(1), 1)
    assert np.allclose(chances.mean(0), 1 / len(world.ids), rtol=0.1)
    assert np.array_equal(chances[0], chances[3])  # one day
    assert not np.array_equal(chances[3], chances[4])


def test_small_shifts_want_wide_windows_and_large_ones_narrow_windows():
    found = {}
    for size in (50, 250, 1000):
        result = drift.shipped_sizes()[str(size)]
        found[size] = {(r["shift"], r["share"], r["detector"]): r["median"] for r in result["rows"]}
    small = ("length: two words", 0.05, "nearest document")
    large = ("language: German", 0.2, "nearest document")
    assert found[1000][small] < found[50][small]
    assert found[1000][large] > found[50][large]
