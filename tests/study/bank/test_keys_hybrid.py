"""Keys of the questions on hybrid search that no notebook prints, measured."""

import numpy as np
import pytest

from embedlab.hybrid import BM25Index, idf


def test_idf_of_common_words():
    assert idf(500, 1000) == pytest.approx(np.log(2))
    assert idf(1000, 1000) == pytest.approx(0.0005, rel=0.01)
    assert idf(500, 1000) / idf(1, 1000) == pytest.approx(0.1, abs=0.02)
    original = np.log((1000 - 600 + 0.5) / (600 + 0.5))
    assert original < 0 < idf(600, 1000)


def test_a_constant_factor_changes_a_sum_only():
    index = BM25Index(analyzer="words", k1=1.2, b=0.75)
    index.add(["needle needle hay", "needle hay hay", "hay hay hay", "needle straw"])
    new = index.scores("needle straw").astype(np.float64)
    old = 2.2 * new
    assert np.array_equal(np.argsort(-new, kind="stable"), np.argsort(-old, kind="stable"))
    boost = np.array([0, 0, 1.5, 0])
    assert np.argmax(old + boost) != np.argmax(new + boost)


def test_fields_are_saturated_once_or_each():
    def saturated(count):
        return count / (count + 1.2)

    assert saturated(5 * 1 + 1 * 3) == pytest.approx(0.87, abs=0.005)
    assert 5 * saturated(1) + 1 * saturated(3) == pytest.approx(2.99, abs=0.01)


def test_wand_skips_what_cannot_enter():
    """Draw contributions below the bounds: no document before 95 gets above 6."""
    rng = np.random.default_rng(0)
    largest, begin = np.array([2, 3, 5]), np.array([17, 40, 95])
    documents = np.arange(120)
    weights = rng.random((1000, 120, 3)) * largest * (documents[:, None] >= begin)
    totals = weights.sum(axis=2)
    assert totals[:, :95].max() <= 5
    assert totals[:, 95:].max() > 6


def test_rrf_break_even():
    def lead(k):
        return 1 / (k + 1) - 2 / (k + 10)

    assert lead(8) == pytest.approx(0)
    assert lead(7) > 0 > lead(9)
    assert 2 / (60 + 61) > 1 / 61 > 2 / (60 + 63)


def test_weighted_rrf_by_hand():
    def score(words, near, k=60):
        return 1000 * (0.3 / (k + words) + 0.7 / (k + near))

    assert score(3, 1) - score(1, 4) == pytest.approx(0.382, abs=0.001)
    assert score(3, 1, k=5) - score(1, 4, k=5) > 20


def test_min_max_fusion_at_its_edges():
    def scaled(scores):
        low, high = min(scores.values()), max(scores.values())
        spread = high - low or 1.0
        return {d: (s - low) / spread for d, s in scores.items()}

    def fuse(words, near, weight=0.5):
        words, near = scaled(words), scaled(near)
        total = {
            d: weight * near.get(d, 0.0) + (1 - weight) * words.get(d, 0.0)
            for d in words.keys() | near.keys()
        }
        return sorted(total, key=total.get, reverse=True)

    assert fuse({"a": 9, "b": 5, "c": 1}, {"b": 0.8, "d": 0.2})[:2] == ["b", "a"]
    assert fuse({"a": 3, "b": 3}, {"b": 0.9, "a": 0.1}) == ["b", "a"]  # equal scores: the other list decides
    assert fuse({"a": 3}, {"b": 0.9, "a": 0.1})[0] == "b"
    flat = scaled({"a": 1000, "b": 12, "c": 10, "d": 1})
    assert flat["b"] - flat["c"] < 0.01  # an outlier flattens the rest


def test_a_short_window_loses_agreement():
    words = [f"word {i}" for i in range(11)] + ["both"] + [f"w{i}" for i in range(88)]
    near = [f"near {i}" for i in range(11)] + ["both"] + [f"n{i}" for i in range(88)]

    def first(depth):
        total = {}
        for ranked in (words[:depth], near[:depth]):
            for place, name in enumerate(ranked, start=1):
                total[name] = total.get(name, 0) + 1 / (60 + place)
        return max(total, key=total.get)

    assert first(100) == "both"
    assert first(10) != "both"
