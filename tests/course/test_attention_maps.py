"""The table of heads shows every weight, in the place of its layer and head."""

import numpy as np
import pytest

from embedlab.course.attention_maps import draw_heads


@pytest.fixture
def axes():
    layers = [np.full((3, 2, 2), layer / 4 + np.arange(3)[:, None, None] / 12) for layer in range(2)]
    return draw_heads(layers, {(2, 3): "the last one"}).axes[0]


def test_a_map_for_each_layer_and_head(axes):
    table = axes.images[0].get_array().filled(np.nan)
    values = table[~np.isnan(table)]
    assert table.shape == (2 * 2 + 1, 3 * 2 + 2)
    assert len(values) == 2 * 3 * 4
    assert table[-1, -1] == pytest.approx(1 / 4 + 2 / 12)  # layer 2, head 3


def test_layers_and_heads_count_from_one(axes):
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "3"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "2"]


def test_a_named_head_is_framed_where_it_stands(axes):
    (frame,) = axes.patches
    x, y = frame.get_xy()
    assert x < 6 < x + frame.get_width()
    assert y < 3 < y + frame.get_height()
    assert [text.get_text() for text in axes.texts] == ["the last one"]
