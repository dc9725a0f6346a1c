"""Fusion of rankings: against dictionaries and loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.hybrid import convex, reciprocal_rank


def rankings(draw, count):
    """Draw several rankings of one query over ten documents, of one length, some places empty."""
    made = []
    for _ in range(count):
        held = draw(st.integers(0, 4))
        ids = draw(st.permutations(range(10)))[:held] + [-1] * (4 - held)
        values = sorted(draw(st.lists(st.integers(-5, 5), min_size=held, max_size=held)), reverse=True)
        scores = np.float32([[*values, *[-np.inf] * (4 - held)]])
        made.append((scores, np.array([ids])))
    return made


def listed(ranking):
    """Turn a ranking of one query into {document: score}."""
    return {int(i): float(s) for s, i in zip(ranking[0][0], ranking[1][0], strict=True) if i >= 0}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_reciprocal_rank_adds_up_places(data):
    given_ = rankings(data.draw, 3)
    expected = {}
    for ranking in given_:
        for place, i in enumerate(listed(ranking), start=1):
            expected[i] = expected.get(i, 0) + 1 / (60 + place)
    found = listed(reciprocal_rank(given_, 10))
    assert found == pytest.approx(expected)
    assert list(found.values()) == sorted(found.values(), reverse=True)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["min-max", "z-score"]))
def test_convex_adds_up_scaled_scores(data, scale):
    given_, weights, expected = rankings(data.draw, 2), (0.3, 0.7), {}
    for weight, ranking in zip(weights, given_, strict=True):
        scores = listed(ranking)
        values = np.array(list(scores.values()))
        spread = 0 if not scores else np.ptp(values) if scale == "min-max" else values.std()
        for i, score in scores.items():
            expected.setdefault(i, 0)
            expected[i] += weight * (score - values.min()) / (spread or 1)
    assert listed(convex(given_, weights, 10, scale=scale)) == pytest.approx(expected, abs=1e-5)


def test_more_asked_than_there_is_and_ties():
    one = np.float32([[2, 2, -np.inf]]), np.array([[7, 3, -1]])
    scores, ids = reciprocal_rank([one], 4)
    assert ids.tolist() == [[7, 3, -1, -1]]
    assert np.isneginf(scores[0, 2:]).all()
    assert convex([one], [1], 2)[1].tolist() == [[3, 7]]  # equal scores: the lower id first


def test_no_queries_give_an_empty_ranking():
    empty = np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int64)
    for scores, ids in (reciprocal_rank([empty, empty], 5), convex([empty], [1], 5)):
        assert scores.shape == ids.shape == (0, 5)


def test_what_cannot_be_fused_is_refused():
    one = np.float32([[1, 0]]), np.array([[0, 1]])
    with pytest.raises(ValueError, match="2 rankings need as many weights, but got 1"):
        convex([one, one], [1], 2)
    with pytest.raises(ValueError, match="'softmax'"):
        convex([one], [1], 2, scale="softmax")
    with pytest.raises(ValueError, match="NaN"):
        convex([(np.float32([[np.nan, 0]]), one[1])], [1], 2)
    with pytest.raises(ValueError, match="at least one ranking"):
        reciprocal_rank([], 2)
