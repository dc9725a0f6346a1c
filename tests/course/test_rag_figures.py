"""The figures of chapter 11 show what they are given, and no text lies on another."""

from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab import course
from embedlab.course import rag_curves
from embedlab.rag import GROUPS, Check, decided, risk_coverage

RIGHT = np.array([0, 1, 1, 1])
CURVE = {1: RIGHT[:2], 10: RIGHT}


def collisions(figure):
    """Return the pairs of texts that overlap, also of two panels."""
    figure.canvas.draw()
    shown = []
    for axes in figure.axes:
        shown += [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title]
        if axes.axison:
            shown += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        shown += axes.get_legend().get_texts() if axes.get_legend() else []
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown if text.get_text()]
    return [(a, b) for (a, one), (b, two) in combinations(boxes, 2) if one.overlaps(two)]


def outside(figure):
    """Return the texts that the edge of the figure cuts."""
    figure.canvas.draw()
    edge = figure.bbox.padded(1)
    inside = [(text, text.get_window_extent()) for axes in figure.axes for text in axes.texts]
    return [
        text.get_text()
        for text, box in inside
        if text.get_text() and not (edge.contains(*box.min) and edge.contains(*box.max))
    ]


def test_the_loop_names_stages_and_measures(texts):
    figure = course.draw_loop()
    named = {"question", "rewrite", "search", "choose", "read", "verify", "answer", "“not found”"}
    assert named <= set(texts(figure))
    measures = " ".join(texts(figure)).replace("\n", " ")
    for measure in ("recall, context precision", "token F1", "faithfulness", "risk, coverage"):
        assert measure in measures
    assert collisions(figure) == outside(figure) == []


def test_a_text_of_the_loop_stays_in_its_box():
    figure = course.draw_loop()
    figure.canvas.draw()
    axes = figure.axes[0]
    boxes = [box.get_window_extent() for box in axes.patches]
    texts = [text.get_window_extent() for text in axes.texts if text.get_text()]
    for text in texts:
        for box in boxes:
            if text.overlaps(box):
                assert box.x0 < text.x0 < text.x1 < box.x1
                assert box.y0 < text.y0 < text.y1 < box.y1


def test_places_are_shares_of_the_way_to_the_question(texts):
    found = {10: {1: RIGHT, 10: RIGHT}, 20: {1: RIGHT, 20: RIGHT}}
    figure = course.draw_gold_places(found, found, gold=(0.76, 0.77), none=(0.1, 0.24))
    left, right = figure.axes
    assert left.lines[0].get_xdata().round(1).tolist() == left.lines[1].get_xdata().round(1).tolist()
    assert left.lines[0].get_ydata().tolist() == [0.75, 0.75]
    both = ["no passage", "10 passages", "20 passages", "gold passage alone"]
    assert texts(figure) == [*both, both[0], "chance", *both[1:]]
    assert collisions(figure) == outside(figure) == []
    assert right.get_title(loc="left") == "right answer chosen of 4"


def test_a_place_that_is_none_is_refused():
    with pytest.raises(ValueError, match="place 11 of 10"):
        course.draw_gold_places({10: {11: RIGHT}}, {10: CURVE}, gold=(1, 1), none=(0, 0))
    with pytest.raises(ValueError, match="nothing to draw"):
        course.draw_gold_places({10: {}}, {10: CURVE}, gold=(1, 1), none=(0, 0))


def test_depth_has_a_tick_for_each_number_of_passages(texts):
    figure = course.draw_depth(CURVE, {1: RIGHT, 40: RIGHT}, {1: RIGHT, 5: RIGHT}, none=0.74, gold=0.76)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "5", "10", "40"]
    assert axes.get_ylim() == (0, 1)
    assert {"no passage", "gold passage alone", "answers, best passage last"} <= set(texts(figure))
    assert collisions(figure) == outside(figure) == []
    with pytest.raises(ValueError, match="nothing to draw"):
        course.draw_depth(CURVE, {}, CURVE, none=0, gold=1)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_labels_keep_their_order_their_distance_and_the_panel(ends):
    axes = plt.subplots(figsize=(7, 4))[1]
    rag_curves._label_ends(axes, [(y, str(y), "black") for y in ends])
    places = [text.get_position()[1] for text in axes.texts]
    assert [float(text.get_text()) for text in axes.texts] == sorted(ends)
    assert all(b - a > 0.05 for a, b in pairwise(places))
    assert -1e-9 < min(places) <= max(places) < 1 + 1e-9
    if len(ends) == 1:
        assert places == pytest.approx(ends)
    plt.close(axes.figure)


def test_risk_ends_at_the_dashed_line_of_its_system(texts):
    coverage, risk = risk_coverage([4, 3, 2, 1], RIGHT[::-1] == 1)
    base = {"quotes": 0.25, "generator": 0.26}
    figure = course.draw_risk({"quotes": (coverage, risk), "generator": (coverage, risk + 0.01)}, base=base)
    lines = figure.axes[0].lines
    assert [line.get_ydata()[-1] for line in lines] == [0.25, 0.25, 0.26, 0.26]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert texts(figure) == ["quotes", "generator"]
    assert collisions(figure) == outside(figure) == []


def test_risk_needs_the_base_of_each_system():
    with pytest.raises(ValueError, match=r"of \['a'\], but base is of \['b'\]"):
        course.draw_risk({"a": (RIGHT, RIGHT)}, base={"b": 0.5})


def test_agreement_has_an_open_dot_and_an_interval_in_each_row(texts):
    figure = course.draw_agreement({"always": (0.8, -0.001, -0.2, 0.1), "two people": (1.0, 1.0, 1.0, 1.0)})
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["always", "two people"]
    assert texts(figure) == ["agrees 0.80, kappa 0.00", "agrees 1.00, kappa 1.00"]
    hollow = [line.get_xdata()[0] for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert hollow == [0.8, 1.0]
    assert axes.get_xlim()[0] < -0.2
    assert axes.get_xlabel() == "agreement with the labels"
    assert collisions(figure) == outside(figure) == []
    with pytest.raises(ValueError, match="no judge"):
        course.draw_agreement({})


def examined(**values):
    """Return a diagnosis: values by group, with a blank as "_"; all bands 0.5 to 0.7."""
    return decided([Check(g, g, values.get(g.replace(" ", "_"), 0.6), 0.5, 0.7, 9) for g in GROUPS])


def test_the_doctor_scales_bands_and_clips_what_is_far_away(texts):
    figure = course.draw_doctor(examined(long_chunks=0.1, recall=0.45, finds_itself=0.7))
    axes = figure.axes[0]
    dots = [line for line in axes.lines if line.get_marker() in "oD<>"]
    places = [round(float(line.get_xdata()[0]), 6) for line in dots]
    assert places == [0, 0, 0, -4, 0, 1, -1.5]
    assert [line.get_marker() for line in dots] == list("ooo<ooD")
    assert len({line.get_color() for line in dots}) == 2
    assert axes.get_title(loc="left") == "diagnosis: truncation"
    assert axes.get_yticklabels()[3].get_text() == "embedding: long chunks"
    assert "0.1, in health 0.5 to 0.7" in texts(figure)
    assert collisions(figure) == outside(figure) == []


def test_off_a_band_without_width_is_far_away(texts):
    found = [Check(group, group, 1.0, 1.0, 1.0, 9) for group in list(GROUPS)[:-1]]
    found += [Check(f"recall, {one}", "recall", value, 1.0, 1.0, 9) for one, value in (("a", 0.99), ("b", 1))]
    figure = course.draw_doctor(decided(found))
    dots = [line for line in figure.axes[0].lines if line.get_marker() in "oD<>"]
    assert [line.get_xdata()[0] for line in dots] == [0] * 6 + [-4, 0]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][-2:] == [
        "the whole: recall, a",
        "recall, b",
    ]
    assert texts(figure)[-2:] == ["0.99, in health 1", "1, in health 1"]


def test_a_diagnosis_without_checks_is_refused():
    with pytest.raises(ValueError, match="'no fault' has no check"):
        course.draw_doctor(decided([]))
