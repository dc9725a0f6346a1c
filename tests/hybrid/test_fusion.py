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
    gains = [scaled(listed(ranking), scale) for ranking in given_]
    best = max((gain for gained in gains for gain in gained.values()), default=0) or 1
    for weight, gained in zip(weights, gains, strict=True):
        for i, gain in gained.items():
            expected[i] = expected.get(i, 0) + weight * (gain if any(gained.values()) else best)
    assert listed(convex(given_, weights, 10, scale=scale)) == pytest.approx(expected, abs=1e-5)


def scaled(scores, scale):
    """Return how far each stands above the last; all 0 where there is no spread."""
    values = np.array(list(scores.values()) or [0])
    spread = np.ptp(values) and (np.ptp(values) if scale == "min-max" else values.std())
    return {i: (score - values.min()) / (spread or 1) for i, score in scores.items()}


@settings(max_examples=60, deadline=None)
@given(
    st.data(), st.sampled_from(["min-max", "z-score"]), st.integers(1, 4), st.floats(0.125, 1000, width=32)
)
def test_matches_without_spread_gain_what_the_best_of_another_list_gains(data, scale, count, score):
    other = np.float32([sorted(data.draw(st.sets(st.integers(-9, 9), min_size=2)), reverse=True)])
    words = np.full((1, 4), -np.inf, np.float32), np.full((1, 4), -1)
    words[0][0, :count], words[1][0, :count] = score, np.arange(100, 100 + count)
    fused = listed(convex([(other, np.arange(other.size)[None]), words], [1, 1], 99, scale=scale))
    assert [fused[i] for i in range(100, 100 + count)] == [fused[0]] * count  # 0 is the other list's best
    assert max(fused.values()) == fused[0] > 0


@pytest.mark.parametrize("scale", ["min-max", "z-score"])
def test_the_only_document_with_the_word_is_found(scale):
    dense = np.float32([[0.9, 0.8, 0.7, 0.6]]), np.array([[1, 2, 3, 7]])
    for words in (
        (np.float32([[5, -np.inf]]), np.array([[7, -1]])),
        (np.float32([[5]]), np.array([[7]])),
        (np.float32([[0.1, 0.1, 0.1]]), np.array([[7, 9, 8]])),  # their mean is not 0.1 to the last bit
    ):
        assert 7 in convex([dense, words], [1, 1], 2, scale=scale)[1]
        assert set(listed(convex([words], [1], 3, scale=scale)).values()) == {1.0}
    empty = np.float32([[-np.inf]]), np.array([[-1]])
    assert convex([dense, empty], [1, 1], 2, scale=scale)[1].tolist() == [[1, 2]]


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
    for nothing in (lambda: reciprocal_rank([], 2), lambda: convex([], [], 2)):
        with pytest.raises(ValueError, match="at least one ranking"):
            nothing()
