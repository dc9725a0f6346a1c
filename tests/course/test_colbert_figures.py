"""The figures of chapter 07 show what they are given."""

import numpy as np

from embedlab.colbert import PlaidStage
from embedlab.course import draw_frontier, draw_funnel, draw_maxsim, draw_meetings, draw_recall


def test_the_three_designs_are_named(texts):
    assert {"bi-encoder", "ColBERT", "cross-encoder", "MaxSim"} <= set(texts(draw_meetings()))


def test_maxsim_shows_the_best_of_each_row_and_their_sum(texts):
    figure = draw_maxsim(np.array([[0.1, 0.9], [0.4, 0.2]]), ["[CLS]", "sort"], ["a", "b"])
    assert [text.strip() for text in texts(figure)] == ["0.90 b", "0.40 a"]
    assert "sum 1.30" in [axes.get_title(loc="left") + axes.get_title() for axes in figure.axes]


def test_the_frontier_leaves_out_what_is_larger_and_worse(texts):
    good, bad = np.full(20, 0.7), np.full(20, 0.5)
    figure = draw_frontier({"one": {"a": (100, bad), "b": (1000, good)}, "many": {"c": (9000, bad)}})
    steps = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert steps[0].get_xydata().tolist() == [[100, 0.5], [1000, 0.7]]
    assert {"a", "b", "c"} <= set(texts(figure))


def test_the_funnel_counts_what_each_stage_leaves(texts):
    stages = [PlaidStage("x", 9, 9, 0.5, np.arange(n)) for n in (50, 20, 10, 5)]
    shown = texts(draw_funnel([stages, stages], 80))
    assert [text for text in shown if text.isdigit()] == ["80", "50", "20", "10", "5"]
    assert shown.count("0.50 ms") == 4


def test_recall_has_a_tick_for_each_number_of_probes():
    axes = draw_recall({"a": {1: np.full(9, 0.5), 4: np.full(9, 0.8)}})
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "4"]
