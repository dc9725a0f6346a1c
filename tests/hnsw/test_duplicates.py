"""More equal vectors than a vector has links: all are found, and nothing is hidden behind them."""

import numpy as np
import pytest
from vectors import filled, unit

BOTH = pytest.mark.parametrize("codes", [None, "int8"])
MANY = 100  # three times what one vector has links for


@BOTH
def test_all_equal_vectors_are_found(codes):
    index = filled(np.ones((5 * MANY, 16), np.float32) / 4, codes=codes)
    for k in (10, MANY, 5 * MANY, 6 * MANY):
        ids = index.search(np.ones((1, 16)) / 4, k)[1][0]
        assert sorted(ids[ids >= 0]) == sorted(set(ids[ids >= 0]))
        assert (ids >= 0).sum() == min(k, 5 * MANY)


@BOTH
def test_groups_of_equal_vectors(codes):
    index = filled(np.repeat(np.eye(5, 16), MANY, axis=0), codes=codes)
    ids = index.search(np.eye(5, 16), MANY)[1]
    assert [sorted(row) for row in ids] == [list(range(i * MANY, (i + 1) * MANY)) for i in range(5)]


def mixed(order):
    """Return 300 different vectors and as many that are equal: before them, after them, or in turn."""
    others, equal = unit(300), np.repeat(unit(1, 1), 300, axis=0)
    if order == "in turn":
        return np.stack([equal, others], axis=1).reshape(600, 16)
    return np.concatenate([equal, others] if order == "before" else [others, equal])


@BOTH
@pytest.mark.parametrize("order", ["before", "after", "in turn"])
def test_equal_vectors_hide_nothing(codes, order):
    vectors = mixed(order)
    index = filled(vectors, codes=codes)
    ids = index.search(vectors, 1)[1][:, 0]
    np.testing.assert_array_equal(vectors[ids], vectors)


def test_masked_and_deleted_twins():
    vectors = mixed("before")
    index = filled(vectors)
    index.delete(np.arange(299))
    assert index.search(vectors[:1], 1)[1][0, 0] == 299
    mask = np.ones(600, bool)
    mask[299] = False
    assert index.search(vectors[:1], 300, mask=mask)[1].min() >= 300


def test_twins_are_saved(tmp_path):
    index = filled(mixed("in turn")[:400])
    index.save(tmp_path / "index")
    loaded = type(index).load(tmp_path / "index")
    for one in (index, loaded):
        one.add(mixed("in turn")[400:])
    query = mixed("before")[:1]
    np.testing.assert_array_equal(index.search(query, 300)[1], loaded.search(query, 300)[1])
    assert (loaded.search(query, 300)[1] % 2 == 0).all()


def test_many_equal_similarities():
    # No two are equal, but all are equally far from each other: nothing says which to link.
    index = filled(np.eye(200))
    assert sorted(index.search(np.eye(200)[:1], 200)[1][0]) == list(range(200))
    assert reached_from(index, index.entry) == 200


def reached_from(index, start):
    seen, todo = {start}, [start]
    while todo:
        new = set(index.links_of(todo.pop()).tolist()) - seen
        seen |= new
        todo += new
    return len(seen)
