"""Plots of chapter 10: what they draw is what they were given."""

import matplotlib.pyplot as plt
import numpy as np

from embedlab import course
from embedlab.benchmark import Difference
from embedlab.chunking import Chunk


def test_cuts_have_a_row_each_and_the_text_above():
    text = "## Head\n\nSome text.\n\n| a | b |"
    ways = {"one": [Chunk(0, 10, 0, 3), Chunk(10, 30, 3, 9)], "two": [Chunk(0, 30, 0, 9)]}
    axes = course.draw_cuts(text, ways, (0, 30), (20, 28))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["the text", "one", "two"]
    assert sum(len(bars) for bars in axes.containers) == 3 + 3  # heading, text, table; then the chunks


def test_curves_go_through_the_means():
    axes = plt.subplots()[1]
    values = {32: np.array([0.0, 1.0]), 64: np.array([1.0, 1.0])}
    course.draw_curves({"a": values}, ax=axes, xlabel="x", ylabel="y")
    assert axes.lines[0].get_ydata().tolist() == [0.5, 1.0]
    assert axes.texts[0].get_text() == "a"


def test_each_kind_has_a_panel():
    found = {
        (kind, "b - a"): Difference(0.1, 0.0, 0.2, 0.04, n) for kind, n in (("written", 9), ("heading", 8))
    }
    course.draw_by_kind(found, xlabel="difference")
    titles = [axes.get_title() or axes.get_title(loc="left") for axes in plt.gcf().axes]
    assert titles == ["written (9 queries)", "heading (8 queries)"]


def test_panels_share_their_axis_and_what_is_written_stands_behind_all_intervals():
    found = {("written", "b - a"): Difference(0.1, 0.0, 0.2, 0.04, 9)}
    found["heading", "b - a"] = Difference(0.3, 0.2, 0.5, 0.04, 8)
    course.draw_by_kind(found, xlabel="difference")
    one, two = plt.gcf().axes
    assert one.get_xlim() == two.get_xlim()
    assert [axes.texts[0].get_position()[0] for axes in (one, two)] == [0.5, 0.5]


def test_costs_are_joined_and_labelled_by_size():
    spent = {"sections-32": (4.0, 0.5), "sections-64+headings": (2.0, 0.7)}
    axes = course.draw_spent({"plain": list(spent)}, spent, xlabel="MB", ylabel="found")
    assert [text.get_text() for text in axes.texts] == ["32", "64"]


def test_a_single_point_is_named_beside_it_and_not_in_the_legend():
    spent = {"sections-32": (4.0, 0.5), "sections-64": (2.0, 0.7), "sections-128, int8": (1.0, 0.6)}
    lines = {"plain": ["sections-32", "sections-64"], "int8": ["sections-128, int8"]}
    axes = course.draw_spent(lines, spent, xlabel="MB", ylabel="found")
    assert [text.get_text() for text in axes.texts] == ["32", "64", "128, int8"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["plain"]
