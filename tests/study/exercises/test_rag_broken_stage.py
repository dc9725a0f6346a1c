"""`broken_stage` decides as the chapter's doctor does, and the course's pipeline moves as its task says."""

from itertools import product

import numpy as np
import pytest
from study.exercises.alternatives import rag as written

from embedlab.rag import GROUPS, Check, bisect, decided, measures, plant, wikipedia_pipeline
from embedlab.study.exercises.rag_watching import EXERCISES, SHARES, broken_stage

(EXERCISE,) = EXERCISES
# The doctor's groups as the exercise calls them, in the same order; recall is asked by tenant.
METRICS = dict(zip((*SHARES[:1], "vector_length", *SHARES[1:-1]), GROUPS, strict=False))
MOVED = {
    "no fault": set(),
    "stale-index": {"in_index"},
    "unnormalised": {"vector_length"},
    "recut": {"stored_cosine_short", "stored_cosine_long", "self_retrieval"},
    "truncation": {"stored_cosine_long"},
    "query-model": {"question_side"},
    "tenant-filter": {"self_retrieval"},
}


def moved(report):
    """Name the metrics that fell, and the spread of lengths if it rose; recall is left out."""
    changes = {name: report[name][1] - report[name][0] for name in METRICS}
    changes["vector_length"] *= -1
    return {name for name, change in changes.items() if change < -0.05}


@pytest.mark.parametrize("marks", list(product("ox", repeat=len(GROUPS))), ids="".join)
def test_it_decides_as_the_doctor(marks):
    values = [0.0 if mark == "x" else 1.0 for mark in marks]
    checks = [Check(g, g, v, 1.0, 1.0, 9) for g, v in zip(GROUPS, values, strict=True)]
    report = {name: (1.0, value) for name, value in zip(METRICS, values, strict=False)}
    report["vector_length"] = 0.0, 1.0 - values[1]
    report["recall_by_tenant"] = {"a": (1.0, 1.0), "b": (1.0, values[-1])}
    report["recall"] = 1.0, 1.0
    found, part = decided(checks).fault, "".join(marks).startswith("ooox") and marks[5] == "x"
    if found == "foreign-scales" or part:  # no stage of the exercise: foreign scales, a recut of a part
        return
    # What lowers a tenant's recall alone the doctor does not know; the exercise has one fault that may.
    assert broken_stage(report) == ("tenant-filter" if found == "unknown" else found)


def test_no_case_lies_on_the_limit():
    """What falls in a case falls by more than noise: nobody's answer hangs on how 0.05 is rounded."""
    for (report,) in EXERCISE.cases(np.random.default_rng(0)):
        tenants = report["recall_by_tenant"]
        pairs = [*(report[name] for name in (*METRICS, "recall")), *tenants.values()]
        assert all(abs(healthy - now - 0.05) > 0.005 for healthy, now in pairs), report


def test_its_cases_move_as_the_pipeline_does():
    cases = [report for (report,) in EXERCISE.cases(np.random.default_rng(0))]
    for stage, expected in MOVED.items():
        own = [moved(report) for report in cases if broken_stage(report) == stage]
        assert len(own) >= 4
        may = {"self_retrieval"} if stage in ("unnormalised", "tenant-filter") else set()
        assert all(expected - may <= one <= expected | may for one in own), stage


def test_a_small_tenant_may_be_seen_in_its_own_recall_only():
    hidden = [
        report
        for (report,) in EXERCISE.cases(np.random.default_rng(0))
        if broken_stage(report) == "tenant-filter" and not moved(report)
    ]
    assert hidden
    for report in hidden:
        assert report["recall"][0] - report["recall"][1] < 0.05
        assert max(healthy - now for healthy, now in report["recall_by_tenant"].values()) > 0.2


@pytest.fixture(scope="module")
def examined():
    """Return the function that plants a fault: the report of the exercise, and the doctor's diagnosis."""
    pipeline = wikipedia_pipeline()
    healthy = measures(pipeline)

    def summary(found):
        means = {name: float(found[group].mean()) for name, group in METRICS.items()}
        means["vector_length"] = float(np.ptp(found["vector length"]))
        ages = [found[f"recall, {age} documents"] for age in ("changed", "other")]
        tenants = {
            name[8:]: float(found[name].mean()) for name in found if name.startswith("recall, tenant-")
        }
        return means | {"recall": float(np.concatenate(ages).mean())}, tenants

    def examine(stage):
        broken = pipeline if stage == "no fault" else plant(pipeline, stage)
        (before, tenants), (now, now_tenants) = summary(healthy), summary(measures(broken))
        report = {name: (before[name], now[name]) for name in before}
        report["recall_by_tenant"] = {name: (tenants[name], now_tenants[name]) for name in tenants}
        return report, bisect(broken, healthy).fault

    return examine


@pytest.mark.slow
@pytest.mark.parametrize("stage", MOVED)
def test_wikipedia_each_fault_moves_what_the_task_says(stage, examined):
    report, diagnosis = examined(stage)
    assert broken_stage(report) == written.broken_stage(report) == diagnosis == stage, report
    assert moved(report) == MOVED[stage]
    fell = report["recall"][0] - report["recall"][1]
    assert (fell > 0.05) == (stage in ("recut", "tenant-filter", "unnormalised")), report["recall"]
