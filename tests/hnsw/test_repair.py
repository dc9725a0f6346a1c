"""Deleted vectors: links around them, also where the entry, or one of several equal vectors, is deleted."""

import numpy as np
import pytest
from vectors import exact, filled, recall, unit


@pytest.mark.parametrize("codes", [None, "int8"])
def test_no_walk_leads_over_the_deleted_any_more(codes):
    vectors, queries = unit(1500, dims=16), unit(60, 1)
    index = filled(vectors, codes=codes)
    gone = np.random.default_rng(0).permutation(1500)[:900]
    index.delete(gone)
    index.delete(index.entry)
    living = np.flatnonzero(~index.deleted[:1500])
    expected = living[exact(vectors[living], queries, 10)[1]]
    index.search(queries, 10, ef=40, fallback=False)
    before = index.compared
    index.repair()
    assert index.entry in living
    assert index.levels[index.entry] == index.top
    for i in living:
        for layer in range(index.levels[i] + 1):
            links = index.links_of(i, layer)
            assert i not in links
            assert len(set(links)) == len(links)
            assert np.isin(links, living).all()
    found = index.search(queries, 10, ef=40, fallback=False)[1]
    assert recall(found, expected) > 0.9
    assert index.compared < before


def test_equal_vectors_of_which_one_is_deleted():
    vectors = np.repeat(unit(50, dims=8), 2, axis=0)
    index = filled(vectors)
    index.delete(np.arange(0, 100, 2))  # the first of each pair, which is the linked one
    index.repair()
    assert index.search(vectors[:1], 1)[1].tolist() == [[1]]
    assert (index.search(vectors[::2], 1, fallback=False)[1].ravel() == np.arange(1, 100, 2)).mean() > 0.9


def test_all_or_none_deleted():
    index = filled(unit(30))
    before = index.search(unit(5, 1), 3)[1]
    index.repair()
    np.testing.assert_array_equal(index.search(unit(5, 1), 3)[1], before)
    index.delete(np.arange(30))
    index.repair()
    assert (index.search(unit(5, 1), 3)[1] == -1).all()


def test_what_is_added_after_a_repair_is_found():
    index = filled(unit(300))
    index.delete(np.arange(200))
    index.repair()
    new = unit(50, 5)
    index.add(new)
    assert (index.search(new, 1)[1].ravel() == np.arange(300, 350)).mean() > 0.95
