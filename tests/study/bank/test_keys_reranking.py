"""Keys of the questions on reranking that no notebook prints, measured."""

import itertools

import numpy as np
import pytest
import torch

from embedlab.benchmark import ndcg
from embedlab.study.bank import FORMULAS


def windows(depth, window, step):
    """Return where each window begins, from the back to the front."""
    start, starts = depth - window, []
    while start > 0:
        starts.append(start)
        start -= step
    return [*starts, 0]


@pytest.mark.parametrize(("depth", "window", "step"), [(100, 20, 10), (60, 10, 5), (200, 20, 5)])
def test_window_calls_by_sliding(depth, window, step):
    assert FORMULAS["window_calls"](depth, window, step) == len(windows(depth, window, step))
    assert 1 < len(windows(100, 20, 10)) < 100 < len(list(itertools.permutations(range(100), 2)))


def test_one_pass_from_the_back_finds_the_ten_best():
    rng = np.random.default_rng(0)
    for _ in range(20):
        worth = rng.permutation(100)
        back, front = worth.copy(), worth.copy()
        for start in windows(100, 20, 10):
            back[start : start + 20] = -np.sort(-back[start : start + 20])
        for start in reversed(windows(100, 20, 10)):
            front[start : start + 20] = -np.sort(-front[start : start + 20])
        assert list(back[:10]) == list(range(99, 89, -1))
        assert list(front[:10]) == list(-np.sort(-worth[:20])[:10])  # nothing comes from behind


def test_margin_mse_by_hand():
    teacher, student = torch.tensor([7.5, 3.5]), torch.tensor([1.9, 0.9])
    for level in (0, 10):
        shifted = student + level
        loss = torch.nn.functional.mse_loss(shifted[0] - shifted[1], teacher[0] - teacher[1])
        assert float(loss) == pytest.approx(9, rel=1e-5)


def test_most_lists_hold_a_false_negative():
    lists = np.random.default_rng(0).random((200_000, 7)) < 0.14
    assert 100 * lists.any(axis=1).mean() == pytest.approx(65.2, rel=0.01)


def test_a_share_of_a_negative_logit_lets_better_ones_pass():
    def kept(positive, scores):
        return [score for score in scores if score < 0.95 * positive]

    assert kept(2.0, [1.95, 1.0]) == [1.0]
    assert kept(-2.0, [-1.95, -4.0]) == [-1.95, -4.0]  # the first is better than the positive


def test_padding_of_a_batch_with_one_long_pair():
    lengths = np.array([512, *[82] * 20, *[83] * 11])
    assert len(lengths) == 32
    assert 100 * (1 - lengths.mean() / lengths.max()) == pytest.approx(81.25, abs=0.5)


def test_scores_by_length_come_back_in_place():
    lengths = np.random.default_rng(0).integers(1, 50, 100)
    order, scores = np.argsort(lengths), np.empty(100)
    for start in range(0, 100, 32):
        chosen = order[start : start + 32]
        scores[chosen] = [float(i) for i in chosen]
    assert np.array_equal(scores, np.arange(100))


def test_bounds_of_a_reranker_are_in_order():
    rng = np.random.default_rng(0)
    for _ in range(20):
        right = rng.random(200) < 0.05
        right[rng.integers(0, 200)] = True
        relevant = {"q": {f"{i}": 1 for i in np.flatnonzero(right)}}

        def quality(places, relevant=relevant):
            run = {"q": {f"{place}": -float(i) for i, place in enumerate(places)}}
            return next(iter(ndcg(relevant, run, k=10).values()))

        best = [np.argsort(~right[:depth], kind="stable") for depth in (20, 100, 200)]
        worst = np.argsort(right[:20], kind="stable")
        values = [quality(places) for places in (worst, np.arange(200), *best)]
        assert values == sorted(values)
        assert values[-1] == pytest.approx(1)
