"""The arithmetic of the comparison; the comparison itself on few vectors."""

import json

import numpy as np
import pytest

from embedlab.benchmark import grown
from embedlab.speed import ann as module
from embedlab.speed import as_text, bench_ann, qps_at

pytestmark = pytest.mark.slow


def test_a_curve_is_read_between_its_points():
    curve = [{"recall": r, "qps": q} for r, q in [(0.8, 4000), (0.96, 1000), (0.94, 4000), (0.93, 50)]]
    assert qps_at(curve, 0.95) == pytest.approx(2000)
    assert qps_at(curve, 0.97) is None
    assert qps_at([], 0.9) is None
    assert qps_at(curve, 0.5) == 4000  # the cheapest setting finds more


@pytest.mark.slow
def test_everything_is_compared(monkeypatch):
    monkeypatch.setattr(module, "WIDTHS", (10, 160))
    vectors = grown(np.eye(64, dtype=np.float32), 1100)
    result = module.compare(vectors[:1000], vectors[1000:], repeats=3)
    assert set(result["indexes"]) == {*module.OURS, *module.PEERS}
    for name, index in result["indexes"].items():
        assert index["build_s"] > 0
        assert index["bytes_per_vector"] > 8
        assert index["curve"][-1]["recall"] > (0.5 if "i8" in name else 0.9), name
    assert all(0 < one["low"] <= one["ratio"] <= one["high"] for one in result["ratios"].values())
    text = as_text(json.loads(json.dumps(result)))
    assert all(name in text for name in result["indexes"])


def test_too_few_vectors_are_refused():
    with pytest.raises(ValueError, match="at least 1,000, but is 10"):
        bench_ann(10)
