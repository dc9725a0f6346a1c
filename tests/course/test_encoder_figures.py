"""The drawings of chapter 02 show what they are given."""

import numpy as np

from embedlab.course.encoder_figures import (
    draw_attention,
    draw_encoder,
    draw_masks,
    draw_norms,
    draw_positions,
)


def test_the_encoder_has_its_shapes(texts):
    words = "\n".join(texts(draw_encoder(layers=2, heads=4, d=8)))
    assert "(n, t, 8)" in words
    assert "8 → 32 → 8" in words
    assert "2 such layers" in words
    assert "4 heads of 2" in words


def test_every_number_of_every_matrix_is_written(texts):
    parts = [(f"M{i}", np.full((2, 2), i / 4), "") for i in range(6)]
    words = texts(draw_attention(parts, ["a", "b"], digits=2))
    assert all(words.count(f"{i / 4:.2f}") == 4 for i in range(6))


def test_the_norm_stands_after_or_before():
    post, pre = (
        [
            text
            for text in (t.get_text() for t in axes.texts)
            if text in ("norm", "attention", "feed-forward", "+")
        ]
        for axes in draw_norms().axes
    )
    assert post == ["attention", "+", "norm", "feed-forward", "+", "norm"]
    assert pre == ["norm", "attention", "+", "norm", "feed-forward", "+"]


def test_the_blue_line_meets_norms_in_post_ln_alone():
    """Between the additions, that is: the one after all layers is not of this layer."""
    on_line = [
        [text.get_text() for text in axes.texts if text.get_position()[1] == 0 and text.get_text() != "x"]
        for axes in draw_norms().axes
    ]
    assert on_line[0].count("norm") == 2
    assert on_line[1].count("norm") == 0


def test_masks_allow_what_they_should():
    encoder, decoder, step = (
        [text.get_text() for text in axes.texts] for axes in draw_masks(["a", "b", "c"], padded=1).axes
    )
    assert encoder.count("−∞") == 4
    assert decoder.count("✓") == 6
    assert step.count("✓") == 3


def test_each_kind_of_position_has_its_map():
    figure = draw_positions({"one": np.eye(3), "two": np.zeros((3, 3))})
    titles = {axes.get_title(loc=side) for axes in figure.axes for side in ("left", "center")}
    assert {"one", "two"} <= titles
