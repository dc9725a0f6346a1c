"""What chapter 08 measures with: the cascade is the engine's own, figures name all."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from embedlab.benchmark import docsearch
from embedlab.course import Cascade, draw_places, draw_waterfall, places_of
from embedlab.engine import Runs


@pytest.mark.slow
def test_the_cascade_finds_what_the_engines_find():
    dev, runs = Cascade(docsearch(), "dev"), Runs()
    np.testing.assert_allclose(dev.base, runs.quality("hybrid", "dev"))
    np.testing.assert_allclose(dev.quality("reranker"), runs.quality("rerank", "dev"), atol=1e-6)
    assert (dev.bound(20) >= dev.quality("reranker") - 1e-9).all()
    assert dev.right.shape == dev.read("reranker").shape == (300, 100)


def test_places_count_from_one_and_nothing_is_zero():
    ranking = np.zeros((2, 3)), np.array([[4, 2, -1], [0, 1, 2]])
    np.testing.assert_array_equal(places_of(ranking, [[2, 9], [0]]), [2, 0, 1])


def test_each_stage_has_its_bar():
    axes = draw_places({"first": np.array([1, 5, 0]), "second": np.array([1, 1, 30])})
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert "67%" in {text.get_text() for text in axes.texts}
    plt.close(axes.figure)


def test_a_waterfall_ends_at_its_sum():
    axes = draw_waterfall({"a": 1.0, "b": 3.0})
    assert max(bar.get_x() + bar.get_width() for bar in axes.patches) == 4.0
    assert [text.get_text().strip() for text in axes.texts] == ["1.0 ms, 25%", "3.0 ms, 75%"]
    plt.close(axes.figure)
