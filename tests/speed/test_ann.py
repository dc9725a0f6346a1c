"""The arithmetic of the comparison; the comparison itself on few vectors."""

import json

import numpy as np
import pytest

from embedlab.speed import ann as module
from embedlab.speed import as_text, bench_ann, grown, qps_at, recall_at_k


def test_grown_vectors_are_like_their_parents():
    parents = grown(np.eye(384, dtype=np.float32), 50, seed=1)
    children = grown(parents, 2000)
    np.testing.assert_allclose(np.linalg.norm(children, axis=1), 1, rtol=1e-5)
    nearest = np.sort(children @ parents.T)[:, ::-1]
    assert nearest[:, 0].mean() > 0.6
    np.testing.assert_array_equal(grown(parents, 10), grown(parents, 10))


def test_recall():
    assert recall_at_k(np.array([[1, 2], [3, 9]]), np.array([[2, 1], [3, 4]])) == 0.75


def test_a_curve_is_read_between_its_points():
    curve = [{"recall": r, "qps": q} for r, q in [(0.8, 4000), (0.96, 1000), (0.94, 4000), (0.93, 50)]]
    assert qps_at(curve, 0.95) == pytest.approx(2000)
    assert qps_at(curve, 0.97) is None
    assert qps_at([], 0.9) is None


def test_everything_is_compared(monkeypatch):
    monkeypatch.setattr(module, "WIDTHS", (10, 160))
    result = bench_ann(1000, repeats=1, growth=False)
    assert set(result["indexes"]) == {*module.OURS, *module.PEERS}
    for name, index in result["indexes"].items():
        assert index["build_s"] > 0
        assert index["bytes_per_vector"] > 48
        assert index["curve"][-1]["recall"] > (0.5 if "i8" in name else 0.9), name
    assert all(ratio > 0 for ratio in result["ratios"].values())
    text = as_text(json.loads(json.dumps(result)))
    assert all(name in text for name in result["indexes"])


def test_too_few_vectors_are_refused():
    with pytest.raises(ValueError, match="at least 1,000, but is 10"):
        bench_ann(10)
