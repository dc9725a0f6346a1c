"""Masks and deletes: what may be returned is found, wherever it lies; hnswlib is the measure."""

import hnswlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import exact, filled, recall, unit

from embedlab.hnsw import HNSWIndex

BOTH = pytest.mark.parametrize("codes", [None, "int8"])


def two_sides(n, seed=0):
    """Return a query, and vectors of which half lie around it and half around its opposite."""
    query, spread = unit(1, seed, 32), unit(2 * n, seed + 1, 32)
    vectors = np.concatenate([query + spread[:n], -query + spread[n:]])
    return query, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("deleted", [False, True], ids=["masked", "deleted"])
def test_half_are_allowed_and_none_of_them_is_near(codes, deleted):
    query, vectors = two_sides(2000)
    index, allowed = filled(vectors, codes=codes), np.arange(4000) >= 2000
    peer = hnswlib.Index("ip", 32)
    peer.init_index(4000, M=16, ef_construction=200)
    peer.add_items(vectors, num_threads=1)
    peer.set_ef(64)
    if deleted:
        index.delete(np.flatnonzero(~allowed))
        for i in range(2000):
            peer.mark_deleted(i)
        _, ids = index.search(query, 10)
        theirs = peer.knn_query(query, 10, num_threads=1)[0]
    else:
        _, ids = index.search(query, 10, mask=allowed)
        theirs = peer.knn_query(query, 10, num_threads=1, filter=lambda i: bool(allowed[i]))[0]
    best = 2000 + exact(vectors[2000:], query, 10)[1]
    assert (ids >= 2000).all()
    assert recall(ids, best) >= recall(theirs.astype(int), best)
    assert recall(ids, best) >= 0.9


@pytest.mark.parametrize("share", [0.9, 0.5, 0.3])
def test_what_is_allowed_lies_together_or_apart(index, vectors, queries, share):
    by_side = vectors @ queries[0] < np.quantile(vectors @ queries[0], share)  # not those near the query
    at_random = np.random.default_rng(0).random(len(vectors)) < share
    for mask in (by_side, at_random):
        kept = np.flatnonzero(mask)
        expected = kept[exact(vectors[kept], queries, 10)[1]]
        assert recall(index.search(queries, 10, ef=100, mask=mask)[1], expected) > 0.95


def test_a_walk_that_leads_too_far_ends_in_comparing_all():
    query, vectors = two_sides(1000)
    index, allowed = filled(vectors), np.arange(2000) >= 1000
    _, ids = index.search(query, 10, mask=allowed)
    assert index.compared < 2.2 * 1000, "at most as many as are allowed, then just these"
    assert set(ids[0]) == set(1000 + exact(vectors[1000:], query, 10)[1][0])


@BOTH
@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 200), k=st.integers(1, 30), seed=st.integers(0, 999), share=st.floats(0, 1))
def test_filters_and_deletes_return_only_what_is_left(codes, n, k, seed, share):
    vectors, queries = unit(n, seed), unit(5, seed + 1)
    rng = np.random.default_rng(seed)
    index, mask = filled(vectors, codes=codes), rng.random(n) < share
    gone = np.flatnonzero(rng.random(n) < 0.3)
    index.delete(gone)
    left = mask & ~np.isin(np.arange(n), gone)
    scores, ids = index.search(queries, k, ef=n, mask=mask)
    kept = np.flatnonzero(left)
    assert set(ids[ids >= 0]) <= set(kept)
    reachable = min(k, len(kept))
    assert (ids[:, reachable:] == -1).all()
    assert (scores[:, reachable:] == -np.inf).all()
    if reachable:
        expected = kept[exact(vectors[kept], queries, reachable)[1]]
        assert recall(ids[:, :reachable], expected) > 0.9


def test_filters_do_not_cost_recall(index, vectors, queries):
    rng = np.random.default_rng(0)
    for share in (0.5, 0.1, 0.01):
        mask = rng.random(len(vectors)) < share
        kept = np.flatnonzero(mask)
        expected = kept[exact(vectors[kept], queries, 5)[1]]
        assert recall(index.search(queries, 5, ef=100, mask=mask)[1], expected) > 0.95


def test_everything_deleted_even_the_entry(vectors, queries):
    index = filled(vectors[:300])
    index.delete(index.entry)
    assert index.entry not in index.search(vectors[[index.entry]], 300, ef=300)[1]
    index.delete(np.arange(300))
    assert (index.search(queries, 3)[1] == -1).all()
    index.add(vectors[300:310])
    assert sorted(index.search(queries[:1], 20)[1][0])[-10:] == list(range(300, 310))
    with pytest.raises(ValueError, match="no vector 310: the index holds 0 to 309"):
        index.delete([3, 310])


def test_deletes_are_saved(tmp_path, vectors):
    index = filled(vectors[:50])
    index.delete([7])
    index.save(tmp_path / "index")
    loaded = HNSWIndex.load(tmp_path / "index")
    assert 7 not in loaded.search(vectors[[7]], 50)[1]
    assert loaded.ef_search == index.ef_search


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones(9, bool), r"bool array of shape \(10,\), but is bool \(9,\)"),
        (np.ones(10), r"but is float64 \(10,\)"),
    ],
)
def test_wrong_masks_are_refused(mask, message, vectors, queries):
    with pytest.raises(ValueError, match=message):
        filled(vectors[:10]).search(queries, 1, mask=mask)


def test_a_mask_that_allows_nothing(vectors, queries):
    scores, ids = filled(vectors[:10]).search(queries, 2, mask=np.zeros(10, bool))
    assert (ids == -1).all()
    assert (scores == -np.inf).all()
