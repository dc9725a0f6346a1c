"""Indexes that learn how to encode: filled bit by bit they are as good as filled at once."""

import numpy as np
import pytest

from embedlab.index import FlatIndex, Index
from embedlab.quantization import Int8Index, Int8Quantizer, PQIndex

rng = np.random.default_rng(0)
VECTORS = rng.normal(size=(1500, 32)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
QUERIES = VECTORS[:50]
KINDS = {"int8": lambda: Int8Index(32), "pq": lambda: PQIndex(32, m=8)}
each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())


def filled(index, *portions):
    for portion in portions:
        index.add(portion)
    return index


def recall(index):
    exact = filled(FlatIndex(32), VECTORS[: len(index)]).search(QUERIES, 10)[1]
    found = index.search(QUERIES, 10)[1]
    return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, exact, strict=True)])


@each_kind
def test_one_vector_at_a_time_is_all_at_once(make):
    at_once, one_by_one = filled(make(), VECTORS[:400]), filled(make(), *VECTORS[:400, None])
    np.testing.assert_array_equal(one_by_one.codes, at_once.codes)
    assert one_by_one.bytes_per_vector == at_once.bytes_per_vector
    assert len(one_by_one) == 400
    for mine, theirs in zip(one_by_one.search(QUERIES, 5), at_once.search(QUERIES, 5), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@each_kind
def test_searching_and_saving_in_between_change_nothing(make, tmp_path):
    index = make()
    for portion in (VECTORS[:1], VECTORS[1:3], VECTORS[3:3], VECTORS[3:200], VECTORS[200:400]):
        index.add(portion)
        index.search(QUERIES, 3)
        index.save(tmp_path / "index")
        index = Index.load(tmp_path / "index")
    np.testing.assert_array_equal(index.codes, filled(make(), VECTORS[:400]).codes)


def test_what_comes_after_enough_leaves_the_scale_as_it_is():
    index = filled(Int8Index(32), *VECTORS[: Int8Index.ENOUGH, None])
    learned = Int8Quantizer.fit(VECTORS[: Int8Index.ENOUGH])
    filled(index, *VECTORS[Int8Index.ENOUGH :, None])
    np.testing.assert_array_equal(index.codes, learned.encode(VECTORS))
    assert index.state()[0].keys() == {"codes", "lo", "hi"}  # the floats are gone
    assert recall(index) >= recall(filled(Int8Index(32), VECTORS)) - 0.01


def test_a_large_portion_is_enough_at_once(monkeypatch):
    monkeypatch.setattr(PQIndex, "ENOUGH", 300)
    index = filled(PQIndex(32, m=8), VECTORS[:100], VECTORS[100:400], VECTORS[400:])
    trained = filled(PQIndex(32, m=8), VECTORS[:400])
    np.testing.assert_array_equal(index.quantizer.centroids, trained.quantizer.centroids)
    np.testing.assert_array_equal(index.codes, trained.quantizer.encode(VECTORS))
    assert "floats" not in index.state()[0]


def test_a_quantizer_that_is_given_stays():
    given = Int8Quantizer.fit(VECTORS)
    index = filled(Int8Index(32, quantizer=given), VECTORS[:1])
    assert index.quantizer is given
    assert "floats" not in index.state()[0]


def test_a_scale_saved_as_lo_and_step_still_loads():
    quantizer = Int8Quantizer.fit(VECTORS)
    old = {"codes": quantizer.encode(VECTORS), "lo": quantizer.lo, "step": quantizer.step}
    index = Int8Index.from_state(old, {"dims": 32, "percentile": 100.0})
    np.testing.assert_allclose(index.quantizer.step, quantizer.step, rtol=1e-6)
    np.testing.assert_array_equal(index.codes, old["codes"])
    index.add(VECTORS[:1])  # encoded by the old scale
    assert (np.abs(index.codes[-1].astype(int) - old["codes"][0]) <= 1).all()
