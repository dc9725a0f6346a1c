"""How evidence is shown: the forest plot and the folded scoreboard."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from embedlab.benchmark import Benchmark, Difference, Scoreboard, measure
from embedlab.course import forest, show_scoreboard

BENCHMARK = Benchmark(
    "tiny",
    ["a", "b"],
    ["A", "B"],
    {"q1": "one", "q2": "two"},
    {"q1": {"a": 1}, "q2": {"b": 1}},
    {"test": ["q1", "q2"]},
)


def rank(texts, k):
    rows = np.tile([0, 1], (len(texts), 1))[:, :k]
    return -rows.astype(np.float32), rows


@pytest.fixture
def board(tmp_path):
    board = Scoreboard(BENCHMARK, tmp_path / "board.json")
    for name in ("dense", "binary", "hnsw"):
        board.add(measure(name, rank, BENCHMARK, bytes_per_doc=8, chapter=name))
    return board


def test_a_forest_plot_names_all_and_greys_what_may_be_nothing():
    axes = forest(
        {"sure": Difference(0.02, 0.01, 0.03, 0.0, 9), "unsure": Difference(0.0, -0.01, 0.01, 0.9, 9)}
    )
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sure", "unsure"]
    texts = [text.get_text() for text in axes.texts]
    assert "+0.020, p < 0.001" in texts[0]
    assert axes.texts[0].get_color() != axes.texts[1].get_color()
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first stands on top"
    plt.close(axes.figure)


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="no differences"):
        forest({})


def test_a_chapter_shows_its_rows_and_folds_the_others(board):
    shown = show_scoreboard(board, ["hnsw"])
    html = shown._repr_html_()
    opened, folded = html.split("<details>")
    assert "hnsw" in opened
    assert "dense" in opened
    assert "binary" not in opened
    assert "binary" in folded
    assert "1 other rows" in folded
    assert "binary" not in repr(shown)
    assert "measured in this notebook" in html


def test_a_row_that_is_not_there_is_named(board):
    with pytest.raises(KeyError, match="no row 'pq'"):
        show_scoreboard(board, ["pq"])
