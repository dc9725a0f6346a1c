"""The drawings of chapter 00: the plane, and what each measure prefers."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from embedlab.course import draw_map, draw_measures, plane, winners

DOCUMENTS = {"A": np.array([2.0, 1.5]), "B": np.array([0.36, 0.12]), "C": np.array([0.85, 0.42])}
QUERY = np.array([0.9, 0.18])


def test_the_plane_is_that_of_a_pca():
    x = np.random.default_rng(0).normal(size=(30, 6))
    places, share = plane(x)
    model = PCA(2).fit(x)
    np.testing.assert_allclose(np.abs(places), np.abs(model.transform(x)), atol=1e-9)
    assert np.isclose(share, model.explained_variance_ratio_.sum())


def test_each_measure_has_its_winner_until_all_have_length_one():
    assert list(winners(QUERY, DOCUMENTS).values()) == ["A", "B", "C"]
    scaled = {name: x / np.linalg.norm(x) for name, x in DOCUMENTS.items()}
    assert set(winners(QUERY / np.linalg.norm(QUERY), scaled).values()) == {"B"}


def test_the_panels_name_the_winners():
    left, right = draw_measures(QUERY, DOCUMENTS).axes
    assert "dot product: A\ncosine: B\nEuclidean distance: C" in left.get_title(loc="left") + left.get_title()
    assert (right.get_title(loc="left") + right.get_title()).count(": B") == 3
    plt.close("all")


def test_every_query_is_written_at_its_star():
    x = np.random.default_rng(1).normal(size=(9, 5))
    figure, share = draw_map(["one", "two"], x[:2], x, np.array([[2, 3, 4], [5, 6, 7]]), [8, 5])
    assert [text.get_text() for text in figure.axes[0].texts] == ["one", "two"]
    assert 0 < share < 1
    plt.close("all")


def test_a_label_stands_on_the_free_side():
    """All documents lie above the query: it is written below, and hides none of them."""
    documents = np.array([[x, 1.0] for x in np.linspace(-1, 1, 21)])
    figure, _ = draw_map(["the query"], np.zeros((1, 2)), documents, np.arange(21)[None], [10])
    (axes,) = figure.axes
    (label,) = axes.texts
    places = np.concatenate([line.get_xydata() for line in axes.lines[:1]])
    assert label.get_window_extent().count_contains(axes.transData.transform(places)) == 0
    plt.close("all")
