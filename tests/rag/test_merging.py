"""Several searches for one question: their mean vector, their fused ranking, one from each in turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.rag import fused, hyde_vector, in_turn

rankings = st.lists(st.lists(st.integers(0, 9), unique=True), min_size=1, max_size=4)


@given(st.integers(0, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_vector_of_made_up_passages_is_a_unit_vector_between_them(n, dims, seed):
    vectors = np.random.default_rng(seed).random((n + 1, dims)).astype(np.float32) + 0.1
    found = hyde_vector(vectors[0], vectors[1:])
    assert (found.shape, found.dtype) == ((dims,), np.float32)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    expected = vectors.mean(axis=0)
    assert found == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


@given(rankings, st.integers(1, 12))
def test_fused_is_a_ranking_of_what_was_found(lists, k):
    found = fused(lists, k)
    points = {}
    for one in lists:
        for place, number in enumerate(one):
            points[number] = points.get(number, 0) + 1 / (61 + place)
    assert len(found) == len(set(found)) == min(k, len(points))
    assert [points[one] for one in found] == pytest.approx(
        sorted(points.values(), reverse=True)[:k], rel=1e-6
    )


@given(rankings, st.integers(0, 12))
def test_in_turn_each_ranking_keeps_its_order_and_gets_its_share(lists, k):
    found = in_turn(lists, 99)
    assert len(found) == len(set(found))
    assert set(found) == {one for ranking in lists for one in ranking}
    assert in_turn(lists, k) == found[:k]
    for ranking in lists:
        for place, one in enumerate(ranking):
            assert found.index(one) < (place + 1) * len(lists)


def test_what_parts_have_in_common_is_not_put_first():
    lists = [[1, 2, 9], [3, 4, 9]]
    assert in_turn(lists, 3) == [1, 3, 2]
    assert fused(lists, 3)[0] == 9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: hyde_vector(np.ones(2), np.ones((3, 4))), r"but got shapes \(2,\) and \(3, 4\)"),
        (lambda: fused([], 3), "at least one ranking"),
        (lambda: in_turn([], 3), "at least one ranking"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
