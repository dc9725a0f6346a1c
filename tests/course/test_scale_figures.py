"""The figures of chapter 16 on lists and codes: what they show, on small made-up inputs."""

import numpy as np
from vectors import unit

from embedlab.course import scale_code_figures, scale_figures
from embedlab.course.hnsw_figures import flat_map
from embedlab.scale import train_centroids


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_map_is_lifted_to_where_the_largest_product_is_nearest():
    points, dome = flat_map(unit(60), n=40)
    np.testing.assert_allclose(scale_figures.lifted(points), dome, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(dome, axis=1), 1, atol=1e-6)


def test_more_cells_find_more_of_the_ten():
    points, dome = flat_map(unit(300), n=200)
    centroids, place = train_centroids(dome, 8), np.float32([0.1, 0.05])
    found = [scale_figures.found_on_map(points, centroids, place, nprobe) for nprobe in (1, 3, 8)]
    counts = [int(read[ten].sum()) for read, ten in found]
    assert counts == sorted(counts)
    assert counts[-1] == 10
    assert found[-1][0].all()
    figure = scale_figures.draw_lists(points, centroids, place)
    assert figure.axes[0].get_title("left") == (
        f"nprobe 1: {found[0][0].sum()} of 200 read, {counts[0]} of the ten nearest found"
    )


def test_balance_names_each_nprobe():
    recall = np.random.default_rng(0).random((2, 9))
    figure = scale_figures.draw_balance(np.array([9, 1, 5]), recall, np.array([2000, 5000]), (1, 8))
    assert texts(figure.axes[0]) == ["mean 5"]
    assert {"nprobe 1", "nprobe 8"} <= set(texts(figure.axes[1]))
    assert (np.diff(figure.axes[0].lines[0].get_ydata()) <= 0).all()


def test_residuals_have_their_lengths():
    along = np.float32([0.7, 0.8, 0.9])
    axes = scale_figures.draw_residuals(along, 0.8)
    assert "mean, length 0.80" in texts(axes)
    assert "residual 0.60" in texts(axes)  # across: the root of 1 - 0.64
    assert f"residual {np.hypot(0.2, 0.6):.2f}" in texts(axes)


def test_subspaces_of_each_rotation():
    rng = np.random.default_rng(0)
    shares = {name: rng.dirichlet(np.ones(6)) for name in ("none", "random", "balanced", "OPQ")}
    errors = {name: share / 3 for name, share in shares.items()}
    figure = scale_figures.draw_subspaces(shares, errors, {name: rng.random(20) for name in shares})
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == list(shares)
    assert figure.axes[1].get_title("left") == "the same 6 bytes"


def test_a_shuffle_shows_what_is_looked_up():
    rng = np.random.default_rng(0)
    table, codes = rng.integers(0, 256, 16, np.uint8), rng.integers(0, 16, 16, np.uint8)
    axes = scale_code_figures.draw_shuffle(table, codes)
    numbers = [text for text in texts(axes) if text.isdigit()]
    assert numbers[:48] == [str(value) for value in (*table, *codes, *table[codes])]


def test_bounds_that_reach_the_line_are_coloured():
    exact, estimates = np.float32([0.9, 0.5, 0.2]), np.float32([0.8, 0.55, 0.4])
    outside = {0.5: (0.6, 0.62), 1.0: (0.3, 0.32), 1.9: (0.06, 0.057)}
    figure = scale_code_figures.draw_bounds(exact, estimates, np.float32([0.2, 0.2, 0.1]), 0.7, outside)
    bars = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2][:3]
    assert [bar.get_color() == scale_code_figures.BLUE for bar in bars] == [True, True, False]
    np.testing.assert_allclose(figure.axes[1].lines[1].get_ydata(), [0.6, 0.3, 0.06])


def test_equal_errors_have_unequal_scores():
    recall = np.random.default_rng(0).random((3, 9))
    figure = scale_code_figures.draw_weights((0, 0.1, 0.2), recall, [0.3, 0.2, 0.1], [0.4, 0.5, 0.6], 0.1)
    scores = {
        text.split("\n")[0]: float(text.split()[-1]) for text in texts(figure.axes[0]) if "score" in text
    }
    assert abs(scores["error across"] - scores["vector"]) < abs(scores["error along"] - scores["vector"]) / 2
    assert {"along", "across"} <= set(texts(figure.axes[1]))
