"""The drawings hold what they are told, and nothing lies outside of them."""

import pytest

from embedlab.course import draw_lookup, draw_matryoshka


def inside(axes):
    axes.figure.canvas.draw()
    box = axes.figure.bbox.padded(2)
    return all(box.contains(*corner) for text in axes.texts for corner in text.get_window_extent().corners())


def test_each_prefix_has_its_own_loss():
    axes = draw_matryoshka((384, 64, 32), batch=16)
    texts = [text.get_text() for text in axes.texts]
    assert [text for text in texts if text.startswith("first")] == ["first 384", "first 64", "first 32"]
    assert texts.count("cosines 16 x 16") == texts.count("cross-entropy") == 3
    assert inside(axes)


def test_a_code_is_drawn_with_its_entries():
    axes = draw_lookup([7, 200, 13], [0.1, -0.02, 0.3], dims=8)
    texts = [text.get_text() for text in axes.texts]
    assert {"7", "200", "13", "entry 200: -0.020", "score: sum = +0.380"} <= set(texts)
    assert inside(axes)


def test_a_part_of_a_code_says_that_its_sum_is_not_the_score():
    axes = draw_lookup([7, 200], [0.1, 0.2], dims=8, of=48)
    assert axes.texts[-1].get_text() == "sum of these 2 of 48 = +0.300"
    assert inside(axes)


def test_a_code_needs_its_entries():
    with pytest.raises(ValueError, match="2 numbers need as many entries, but got 1"):
        draw_lookup([1, 2], [0.5], dims=4)
