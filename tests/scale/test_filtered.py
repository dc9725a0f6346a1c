"""Filtered search: only who passes is returned; exact search and a plain walk are the measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import exact as nearest
from vectors import recall, unit

from embedlab.scale import VamanaIndex, crossing_count, filtered, search_filtered, topics


def filled(vectors, degree=16, **options):
    index = VamanaIndex(vectors.shape[1], degree, **{"width": 40} | options)
    index.add(vectors)
    return index


@pytest.fixture(scope="module")
def index(vectors):
    return filled(vectors)


def best(vectors, queries, mask, k=10):
    kept = np.flatnonzero(mask)
    return kept[nearest(vectors[kept], queries, k)[1]]


def plain_two_hops(index, vectors, query, mask, starts, width):
    """Walk with lists and sets: who is compared, and the beam."""
    most = index.graph.links.shape[1] - 1
    similar = {i: float(vectors[i] @ query) for i in starts}
    seen, todo = set(starts), set(starts)
    while todo:
        i = max(todo, key=lambda j: (similar[j], -j))
        beam = sorted((j for j in similar if mask[j]), key=lambda j: (-similar[j], j))[:width]
        if len(beam) == width and similar[i] < similar[beam[-1]]:
            break
        todo.remove(i)
        links = index.links_of(i).tolist()
        fresh = [j for j in links if mask[j] and j not in seen]
        seen.update(fresh)
        for j in links:
            if mask[j] or j in seen or len(fresh) == most:
                continue
            for far in index.links_of(j).tolist():
                if mask[far] and far not in seen and len(fresh) < most:
                    fresh.append(far)
                    seen.add(far)
            if len(fresh) < most:
                seen.add(j)
        similar |= {j: float(vectors[j] @ query) for j in fresh}
        todo.update(fresh)
    return similar, sorted((j for j in similar if mask[j]), key=lambda j: (-similar[j], j))[:width]


@pytest.mark.parametrize("share", [0.6, 0.2, 0.05])
def test_two_hops_walks_as_the_plain_one(index, vectors, queries, share):
    mask = np.random.default_rng(1).random(len(vectors)) < share
    starts = filtered._starts(index, mask, 8).tolist()
    for query in queries[:10]:
        compared, beam = plain_two_hops(index, vectors, query, mask, starts, 20)
        found = search_filtered(index, query[None], mask, 20, beam=20)
        assert found.compared == len(compared)
        assert found.ids[0, : len(beam)].tolist() == beam


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("way", filtered.WAYS)
def test_random_filters_cost_no_recall_down_to_a_tenth(index, vectors, queries, share, way):
    mask = np.random.default_rng(0).random(len(vectors)) < share
    found = search_filtered(index, queries, mask, 10, way=way)
    assert mask[found.ids[found.ids >= 0]].all()
    assert recall(found.ids, best(vectors, queries, mask)) > 0.95
    if way == "exact":
        assert found.compared == mask.sum()


def test_two_hops_compares_less_than_through_all(index, vectors, queries):
    mask = np.random.default_rng(0).random(len(vectors)) < 0.1
    work = {
        way: search_filtered(index, queries, mask, 10, way=way, beam=16).compared for way in filtered.WAYS
    }
    assert work["two hops"] < 0.7 * work["through all"]


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 120),
    k=st.integers(1, 20),
    seed=st.integers(0, 99),
    share=st.floats(0, 1),
    way=st.sampled_from(filtered.WAYS),
    each=st.booleans(),
)
def test_what_does_not_pass_is_never_returned(n, k, seed, share, way, each):
    vectors, queries, rng = unit(n, seed), unit(3, seed + 1), np.random.default_rng(seed)
    if seed % 3 == 0:
        vectors[n // 2 :] = vectors[0]
    index, mask = filled(vectors, degree=8), rng.random((3, n) if each else n) < share
    gone = rng.random(n) < 0.2
    index.delete(np.flatnonzero(gone))
    found = search_filtered(index, queries, mask, k, way=way, beam=n, exact_below=1)
    for q, (row, ids) in enumerate(zip(np.broadcast_to(mask, (3, n)), found.ids, strict=True)):
        there = ids[ids >= 0]
        assert (row & ~gone)[there].all()
        assert len(set(there)) == len(there)
        np.testing.assert_allclose(found.scores[q, : len(there)], vectors[there] @ queries[q], atol=1e-5)
        if way != "afterwards" or share == 1:
            assert len(there) == min(k, (row & ~gone).sum())


def test_a_walk_that_finds_too_few_ends_in_exact_search(index, vectors, queries):
    mask = np.random.default_rng(0).random(len(vectors)) < 0.005
    walked = search_filtered(index, queries, mask, 10, beam=10)
    safe = search_filtered(index, queries, mask, 10, beam=10, exact_below=1)
    short = (walked.ids < 0).any(axis=1)
    assert short.any()
    assert recall(safe.ids[short], best(vectors, queries[short], mask)) == 1
    assert safe.compared == walked.compared + short.mean() * mask.sum()


def test_the_measured_count_splits_exact_and_walk(index, queries):
    counts = np.array([20, 60, 200, 600, 2000])
    below = crossing_count(index, queries, counts)
    assert below in counts[:-1]
    few, many = (np.arange(len(index)) < count for count in (below, 2000))
    assert search_filtered(index, queries, few, 10, exact_below=below).compared == below
    assert search_filtered(index, queries, many, 10, beam=32, exact_below=below).compared < 2000
    assert crossing_count(index, queries, counts[:0]) == 0


def test_seeds_reach_a_region_that_the_entry_does_not(index, vectors, queries):
    far = (vectors @ vectors[index.graph.entry]).argmin()
    mask = topics(vectors, np.array([far]), 0.01)[0]
    right = best(vectors, queries, mask)
    without, with_some = (search_filtered(index, queries, mask, 10, seeds=seeds).ids for seeds in (0, 8))
    assert recall(with_some, right) > 0.9
    assert recall(without, right) <= recall(with_some, right)


def test_topics_are_the_nearest(vectors):
    found = topics(vectors, np.array([5, 9]), 0.1)
    assert found.sum(axis=1).tolist() == [300, 300]
    assert set(np.flatnonzero(found[1])) == set(nearest(vectors, vectors[9:10], 300)[1][0])


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones(9, bool), r"bool array \(3000,\) or \(60, 3000\), but is bool \(9,\)"),
        (np.ones(3000), r"but is float64 \(3000,\)"),
        (np.ones((2, 3000), bool), r"but is bool \(2, 3000\)"),
    ],
)
def test_wrong_masks_are_refused(index, queries, mask, message):
    with pytest.raises(ValueError, match=message):
        search_filtered(index, queries, mask, 10)


def test_an_unknown_way_is_named(index, queries):
    with pytest.raises(ValueError, match=r"way must be one of exact, .*, but is 'three hops'"):
        search_filtered(index, queries, np.ones(3000, bool), 10, way="three hops")
