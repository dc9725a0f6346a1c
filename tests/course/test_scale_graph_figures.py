"""The plots of chapter 16 on graphs: what is drawn is what was measured, and it is labelled."""

import numpy as np

from embedlab.course import scale_graph_figures as figures
from embedlab.machine import shipped_figures
from embedlab.scale import WAYS


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_pruning_names_who_is_chosen():
    points = np.float32([[0, 0], [1, 0], [1.6, 0.8], [0.6, 1.2], [-1.5, 0.5], [-2, 1]])
    figure = figures.draw_prune(points, (1.0, 1.2))
    assert [axes.get_title("left") for axes in figure.axes] == ["alpha 1.0: A, D", "alpha 1.2: A, D, C"]
    assert words(figure).count("B") == 2


def test_alpha_draws_the_shipped_curves():
    rows = shipped_figures("scale", "graphs")["alpha"]
    hops, compared = figures.draw_alpha(rows, least=0.9).axes
    assert [text.get_text() for text in hops.texts] == [
        f"alpha {row['alpha']}, R {row['degree']}: {row['links']:.0f} links" for row in rows
    ]
    shown = [recall for recall in rows[0]["recall"] if recall >= 0.9]
    assert hops.lines[0].get_ydata().tolist() == shown == compared.lines[0].get_ydata().tolist()


def test_reads_and_rounds():
    found = {w: [(0.8, 20 + w, 20 / w), (0.9, 40 + w, 40 / w)] for w in (1, 4, 16)}
    reads, rounds = figures.draw_reads(found).axes
    assert [text.get_text() for text in reads.texts] == ["W 1", "W 4", "W 16"]
    assert rounds.lines[1].get_xdata().tolist() == [5, 10]


def test_filters_have_a_panel_for_each_kind_and_share():
    rng, size = np.random.default_rng(0), (3, 4, len(WAYS), 2)
    found = {"recall": rng.random(size), "compared": 10 + 1000 * rng.random(size)}
    figure = figures.draw_filters(found, (0.5, 0.1, 0.01, 0.001))
    assert len(figure.axes) == 12
    assert [axes.get_title("left") for axes in figure.axes[:4]] == [
        "50% pass",
        "10% pass",
        "1% pass",
        "0.1% pass",
    ]
    drawn = figure.axes[5].lines[3]
    assert drawn.get_ydata().tolist() == found["recall"][1, 1, 3].tolist()


def test_churn_draws_both_alphas():
    found = shipped_figures("scale", "graphs")
    figure = figures.draw_churn(found["churn"], found["ways"])
    assert any("alpha 1.0" in text for text in words(figure))
    assert figure.axes[1].lines[2].get_ydata().tolist() == found["churn"][0]["compared"][1]
