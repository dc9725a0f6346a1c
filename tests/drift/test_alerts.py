"""Alert rules, fired by promtool: each where it should, none where it should not."""

import subprocess

import numpy as np
import pytest

from embedlab import drift
from embedlab.drift.dashboard import spans
from embedlab.drift.month import STEPS_A_DAY
from embedlab.machine import data_path

needs_promtool = pytest.mark.skipif(
    not drift.promtool(), reason="promtool is not installed (Debian: it is in the package prometheus)"
)


@needs_promtool
def test_promtool_finds_nothing_wrong_with_the_rules():
    rules = data_path("drift") / "alerts.yaml"
    done = subprocess.run(
        [drift.promtool(), "check", "rules", "--lint=all", "--lint-fatal", rules],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("scenario", drift.SCENARIOS, ids=lambda scenario: scenario.name)
def test_exactly_the_expected_alerts_fire(scenario):
    passed, said = drift.fire(scenario)
    assert passed, said


def test_each_alert_is_fired_by_some_scenario():
    fired = {name for scenario in drift.SCENARIOS for names in scenario.fires.values() for name in names}
    assert fired == set(drift.alert_rules())


@needs_promtool
@pytest.mark.parametrize("alert", [[], ["IndexOld"], ["AnnRecallLow", "IndexOld"]])
def test_a_wrong_expectation_does_not_pass(alert):
    decay = next(scenario for scenario in drift.SCENARIOS if scenario.name == "the graph decays")
    passed, said = drift.fire(drift.Scenario("wrong", decay.series, {"23h": alert}))
    assert not passed
    assert "AnnRecallLow" in said or "IndexOld" in said


def test_every_alert_says_what_to_do_and_how_urgent_it_is():
    for name, rule in drift.alert_rules().items():
        assert rule["labels"]["severity"] in ("page", "ticket"), name
        assert {"summary", "action"} <= set(rule["annotations"]), name
        assert "for" in rule or "keep_firing_for" in rule, name


def test_rules_ask_only_for_metrics_that_are_exported():
    import re

    metrics = drift.QualityMetrics()
    metrics.sampled(recall=1.0, psi=0.0, now=0.0)  # a gauge with labels has no sample before it is set
    exported = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    asked = re.findall(r"embedlab_\w+", (data_path("drift") / "alerts.yaml").read_text(encoding="utf-8"))
    assert set(asked) <= exported


def test_an_unknown_alert_is_refused():
    with pytest.raises(ValueError, match="NoSuchAlert"):
        drift.rule_test([], {"1h": ["NoSuchAlert"]})


@pytest.fixture(scope="module")
def month():
    return drift.make_month(drift.shipped_month())


@needs_promtool
def test_the_dashboard_and_prometheus_agree_on_the_incident(month):
    shown = {panel.title: panel.fires for panel in drift.panels(month)}
    same = {
        "Canaries that fail": "CanaryBudgetBurnsFast",
        "Vectors of fixed texts": "CanaryVectorsChanged",
        "Empty answers": "ManyEmptyAnswers",
    }
    start = 15 * STEPS_A_DAY
    for hours in (60, 64, 70, 78):  # before, in, in, in; each some hours away from an edge
        fired = drift.firing_at(month, start, start + 4 * STEPS_A_DAY, [f"{hours}h"])[f"{hours}h"]
        for title, alert in same.items():
            assert (alert in fired) == shown[title][start + hours * 12], (hours, title)


def test_the_swap_is_noticed_and_recall_and_latency_are_not_what_notices_it(month):
    shown = {panel.title: panel for panel in drift.panels(month)}
    swap = next(event for event in drift.EVENTS if event.state == "other pooling")
    first, last = round(swap.start * STEPS_A_DAY), round(swap.end * STEPS_A_DAY)
    fired = {title: panel.fires[first : last + 1].any() for title, panel in shown.items()}
    assert fired["Vectors of fixed texts"]
    assert fired["Canaries that fail"]
    assert not fired["Recall of the index"]
    assert not shown["Vectors of fixed texts"].fires[:first].any()
    assert len(spans(shown["Canary checks"].fires)) == 1


def test_a_month_is_the_same_for_the_same_seed_and_counts_whole_checks(month):
    again = drift.make_month(drift.shipped_month())
    for name, values in month.series.items():
        np.testing.assert_array_equal(values, again.series[name])
    failed, checks = (np.nan_to_num(month.series[f"canary_{name}"]) for name in ("failed", "checks"))
    assert (failed <= checks).all()
    assert np.isnan(month.series["canary_checks"]).sum() == 120  # ten hours of silence
