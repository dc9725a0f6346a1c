"""The switch, the way back, the judge; and everybody killed at random moments."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import drift
from embedlab.drift.kill_trial import longest_stretch
from tests.drift.test_registry import CARDS, begun, db, fill  # noqa: F401, a fixture


@pytest.fixture
def shadowed(db):  # noqa: F811
    old = begun(db)
    new = drift.new_index(db, CARDS[1], "whole", {})
    fill(db, new)
    drift.to_shadow(db, new)
    return db, old, new


def test_no_switch_without_a_verdict_of_now(shadowed):
    db, old, new = shadowed  # noqa: F811
    with pytest.raises(drift.SwitchRefused, match="no verdict"):
        drift.switch(db, new, "hope")
    drift.note_verdict(db, new, False, "worse")
    with pytest.raises(drift.SwitchRefused, match="judge disagrees"):
        drift.switch(db, new, "hope")
    drift.note_verdict(db, new, True, "better")
    drift.switch(db, new, "judged")
    drift.roll_back(db, "at night")
    with pytest.raises(drift.SwitchRefused, match="no verdict"):
        drift.switch(db, new, "again")
    assert drift.states(db) == {old: "live", new: "shadow"}


def test_a_switch_is_refused_while_the_new_index_is_staler(shadowed):
    db, _, new = shadowed  # noqa: F811
    drift.note_verdict(db, new, True, "better")
    drift.edit(db, 1, "edited")  # waits in both: no reason
    drift.switch(db, new, "judged")
    drift.roll_back(db, "back")
    drift.note_verdict(db, new, True, "better")
    db.execute("DELETE FROM pending WHERE index_id <> ?", [new])
    with pytest.raises(drift.SwitchRefused, match="staler than live"):
        drift.switch(db, new, "judged")


def test_a_way_back_is_no_way_forth(shadowed):
    db, _, new = shadowed  # noqa: F811
    drift.note_verdict(db, new, True, "better")
    drift.switch(db, new, "judged")
    drift.roll_back(db, "at night")
    with pytest.raises(drift.SwitchRefused, match="no switch that could be undone"):
        drift.roll_back(db, "twice")


def test_old_vectors_are_kept_and_the_live_index_always_is(shadowed):
    db, old, new = shadowed  # noqa: F811
    with pytest.raises(drift.SwitchRefused, match="live"):
        drift.retire(db, old, 0)
    drift.note_verdict(db, new, True, "better")
    drift.switch(db, new, "judged")
    with pytest.raises(drift.SwitchRefused, match="kept for 3600 s"):
        drift.retire(db, old, 3600)
    assert drift.retire(db, old, 3600, now=time.time() + 3601) == 7
    with pytest.raises(drift.SwitchRefused, match="retired"):
        drift.roll_back(db, "too late")


def test_a_backfill_that_is_unfinished_keeps_an_index_out_of_shadow(db):  # noqa: F811
    begun(db)
    new = drift.new_index(db, CARDS[1], "whole", {})
    with pytest.raises(drift.SwitchRefused, match="unfinished"):
        drift.to_shadow(db, new)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.01, 0.5), st.floats(0, 0.5))
def test_a_better_interval_is_never_judged_worse(low, width, margin, up):
    order = ("worse", "undecided", "no worse", "better")
    says = [drift.judged(low + shift, low + shift + width, margin) for shift in (0.0, up)]
    assert order.index(says[0]) <= order.index(says[1])


def test_the_judge_needs_both_labels_and_canaries():
    old, new = np.tile([0.4, 0.6], 50), np.tile([0.5, 0.6], 50)
    assert drift.judge(old, new, [True], margin=0.01, floor=0.5).agrees
    assert not drift.judge(old, new, [False], margin=0.01, floor=0.5).agrees
    assert not drift.judge(new, old, [True], margin=0.01, floor=0.5).agrees
    with pytest.raises(ValueError, match="no canary"):
        drift.judge(old, new, [], margin=0.01, floor=0.5)


def test_the_longest_stretch_ends_with_the_first_good_answer():
    assert longest_stretch([3, 0, 1, 2, 4, 5], [False, True, True, True, True, False]) == 2


def test_killed_at_random_nothing_is_mixed_lost_or_stale():
    outcome = drift.kill_test(5, seed=3)
    assert outcome.clean, outcome
    assert outcome.edits > 10
    assert outcome.answers > 50


def test_the_control_is_shipped_with_mixed_answers_and_the_row_without():
    figures = drift.shipped_kills()["figures"]
    assert figures["one row"]["kills"] >= 50
    assert figures["one row"]["in_a_write"] > 10
    assert figures["one row"]["mixed"] == 0 < figures["two places"]["mixed"]
    for outcome in figures.values():
        assert outcome["sound"]
        assert not any(outcome[f] for f in ("lost_edits", "missing", "stale", "wrong", "left_over"))


def test_as_many_queries_as_the_margin_asks_for():
    rng, margin, deviation = np.random.default_rng(0), 0.02, 0.25
    means = {n: rng.normal(0, deviation / np.sqrt(n), 20_000) for n in (600, 1640)}  # two equal models
    passed = {n: (mean - 1.96 * deviation / np.sqrt(n) > -margin).mean() for n, mean in means.items()}
    assert 1.96 * deviation / np.sqrt(600) == pytest.approx(margin, rel=0.02)
    assert passed[600] == pytest.approx(0.5, abs=0.02)
    assert passed[1640] == pytest.approx(0.9, abs=0.02)
