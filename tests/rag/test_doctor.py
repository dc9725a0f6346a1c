"""The doctor names what was planted, acquits the healthy, and says what it misses."""

import json
from itertools import product

import numpy as np
import pytest
from typer.testing import CliRunner

from embedlab.cli import app
from embedlab.rag import (
    DECISIONS,
    FAULTS,
    GROUPS,
    HIDDEN,
    REMEDIES,
    Check,
    band,
    bisect,
    checks,
    confusion,
    confusion_table,
    decided,
    measures,
    wikipedia_pipeline,
)

runner = CliRunner()
ALL = [*FAULTS, *HIDDEN]


@pytest.mark.parametrize("name", ALL)
def test_each_fault_of_a_toy_is_named(toy, planted, name):
    assert bisect(planted(name), measures(toy), chunks=16, questions=12).fault == name


def test_a_healthy_toy_is_acquitted(toy):
    found = bisect(toy, measures(toy), chunks=16, questions=12)
    assert found.fault == "no fault"
    assert all(step.inside for step in found.steps)


def test_each_fault_is_outside_at_its_own_stage_only(toy, planted):
    expected = {"query-model": 4, "truncation": 3, "stale-index": 0}
    for name, place in expected.items():
        found = bisect(planted(name), measures(toy), chunks=16, questions=12)
        assert [i for i, step in enumerate(found.steps[:5]) if not step.inside] == [place]


def test_every_finding_has_one_line_and_every_fault_a_remedy():
    for marks in product("ox", repeat=len(GROUPS)):
        values = [0.0 if mark == "x" else 1.0 for mark in marks]
        found = decided([Check(g, g, v, 1.0, 1.0, 9) for g, v in zip(GROUPS, values, strict=True)])
        assert found.remedy
    assert {fault for _, fault in DECISIONS} == set(REMEDIES) == {*ALL, "no fault", "unknown"}
    assert {len(line) for line, _ in DECISIONS} == {len(GROUPS)}


def test_only_the_whole_outside_is_unknown():
    found = [Check(group, group, 1.0, 1.0, 1.0, 9) for group in GROUPS]
    assert decided([*found[:-1], Check("recall, a", "recall", 0.2, 0.7, 0.9, 30)]).fault == "unknown"


def test_a_band_holds_the_means_of_other_samples():
    rng = np.random.default_rng(1)
    values = rng.random(400) ** 3
    low, high = band(values, 30, 0.05)
    inside = np.mean([low <= rng.choice(values, 30).mean() <= high for _ in range(2000)])
    assert 0.92 < inside < 0.98
    assert band(values, 120)[1] - band(values, 120)[0] < 0.6 * (high - low)


def test_what_cannot_be_examined(toy):
    with pytest.raises(ValueError, match="at least 2 chunks have to be drawn"):
        measures(toy, chunks=1)
    with pytest.raises(ValueError, match="at least 1 item"):
        measures(toy, questions=0)
    with pytest.raises(ValueError, match="not measured in health: documents indexed, finds itself"):
        checks(toy, {})


def test_an_unknown_fault_is_one_line_that_names_the_choices():
    found = runner.invoke(app, ["rag", "doctor", "--fault", "magic"])
    assert found.exit_code == 2
    assert found.stderr == (
        "error: there is no fault 'magic'; choose from query-model, truncation, recut, tenant-filter, "
        "stale-index, hidden\n"
    )


@pytest.mark.slow
def test_wikipedia_every_fault_is_named_and_half_of_one_mostly():
    pipeline = wikipedia_pipeline()
    names = ["no fault", *ALL]
    whole = confusion(pipeline)
    assert {name: dict(whole[name]) for name in names} == {name: {name: 5} for name in names}
    assert len(confusion_table(whole).splitlines()) == len(names) + 1
    fifth = confusion(pipeline, strength=0.2)
    assert {name: fifth[name][name] for name in names if name != "tenant-filter"} == {
        name: 5 for name in names if name != "tenant-filter"
    }
    assert fifth["tenant-filter"]["tenant-filter"] >= 3  # a fortieth of the chunks
    assert set(fifth["tenant-filter"]) <= {"tenant-filter", "no fault"}


@pytest.mark.slow
def test_answers_get_worse_and_the_command_says_where():
    pipeline = wikipedia_pipeline()

    def recall(one):
        asked = [question.text for question in one.questions]
        rows = one.ranked(asked, [question.tenant for question in one.questions])[1]
        return one.recall(one.questions, rows).mean()

    assert recall(pipeline) > recall(FAULTS["query-model"](pipeline)) > 0.75  # nobody would notice
    assert recall(FAULTS["recut"](pipeline)) < 0.3
    found = runner.invoke(app, ["rag", "doctor", "--fault", "query-model", "--json"])
    shown = json.loads(found.stdout)
    assert (shown["planted"], shown["diagnosis"]) == ("query-model", "query-model")
    assert next(one["group"] for one in shown["steps"] if not one["inside"]) == "question side"
    printed = runner.invoke(app, ["rag", "doctor"]).stdout
    assert "1. ingest, exonerated" in printed
    assert "diagnosis: no fault; planted: none" in printed
