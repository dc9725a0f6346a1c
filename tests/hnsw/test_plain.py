"""The index to read against the compiled one, and against exact search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study.exercises.alternatives import hnsw as written
from vectors import exact, filled, recall, unit

from embedlab.hnsw import PlainHNSW, search_layer, select_neighbours


def whole_numbers(n, seed, dims=8):
    """Draw vectors whose inner products are whole numbers below 2 ** 24: no order of adding rounds them."""
    return np.random.default_rng(seed).integers(-1000, 1000, (n, dims)).astype(np.float32)


@pytest.mark.parametrize(("m", "ef_construction", "seed"), [(2, 5, 0), (4, 30, 1), (8, 10, 2), (16, 100, 3)])
def test_it_builds_and_finds_the_same_as_the_compiled_one(m, ef_construction, seed):
    """Equal vectors apart, of which the compiled one links the first only."""
    vectors, queries = whole_numbers(400, seed), whole_numbers(50, seed + 10)
    fast = filled(vectors, m=m, ef_construction=ef_construction)
    plain = PlainHNSW(8, m=m, ef_construction=ef_construction)
    plain.add(vectors, fast.levels)
    assert (plain.entry, len(plain.layers)) == (fast.entry, fast.top + 1)
    for height, layer in enumerate(plain.layers):
        for i, links in layer.items():
            assert sorted(links) == sorted(fast.links_of(i, height))
    for ef in (10, 40):
        ours, theirs = plain.search(queries, 10, ef=ef), fast.search(queries, 10, ef=ef)
        np.testing.assert_array_equal(ours[1], theirs[1])
        np.testing.assert_array_equal(ours[0], theirs[0])


def test_a_learners_two_functions_make_the_same_index():
    vectors, queries = whole_numbers(150, 5), whole_numbers(20, 6)
    found = []
    for pieces in ({}, {name: getattr(written, name) for name in ("search_layer", "select_neighbours")}):
        index = PlainHNSW(8, m=4, ef_construction=15, **pieces)
        index.add(vectors)
        found.append((index.layers, index.search(queries, 5, ef=10)[1].tolist()))
    assert found[0] == found[1]


def test_it_draws_the_same_levels():
    vectors = unit(300, dims=8)
    plain = PlainHNSW(8, m=4, ef_construction=20)
    plain.add(vectors[:120])
    plain.add(vectors[120:])
    levels = filled(vectors, m=4).levels
    assert [len(layer) for layer in plain.layers] == [(levels >= h).sum() for h in range(levels.max() + 1)]


@pytest.fixture(scope="module")
def plain():
    index = PlainHNSW(16, m=8, ef_construction=60)
    index.add(unit(1000))
    return index


@pytest.mark.slow
def test_recall_rises_with_the_beam(plain):
    queries = unit(50, 1)
    expected = exact(plain.vectors, queries, 10)[1]
    by_width = [recall(plain.search(queries, 10, ef=ef)[1], expected) for ef in (10, 40, 200)]
    assert by_width == sorted(by_width)
    assert by_width[-1] > 0.98


def test_the_rules_of_its_graph(plain):
    for height, layer in enumerate(plain.layers):
        for i, links in layer.items():
            assert i not in links
            assert len(set(links)) == len(links) <= (8 if height else 16)
            assert all(j in layer for j in links)


def test_of_a_narrow_beam_come_few_results(plain):
    assert (plain.search(unit(1, 2), 50, ef=10)[1] >= 0).sum() == 10


numbers = st.integers(0, 2**32 - 1)


@given(numbers, st.integers(1, 30), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_a_beam_as_wide_as_a_connected_layer_finds_all(seed, n, ef):
    vectors = unit(n, seed, dims=4)
    ring = {i: sorted({(i - 1) % n, (i + 1) % n} - {i}) for i in range(n)}
    found, seen = search_layer(vectors[0], [n - 1], n, vectors, ring)
    assert seen == {i for _, i in found} == set(range(n))
    assert found == sorted(found)
    narrow, compared = search_layer(vectors[0], [n - 1], ef, vectors, ring)
    assert len(narrow) <= ef
    assert {i for _, i in narrow} <= compared <= seen


@given(numbers, st.integers(1, 20), st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_what_is_selected(seed, n, m):
    vectors = unit(n + 1, seed, dims=3)
    candidates = [(-float(vectors[0] @ vectors[i]), i) for i in range(1, n + 1)]
    chosen = select_neighbours(candidates, m, vectors)
    filled_up = select_neighbours(candidates, m, vectors, True)
    assert chosen[0] == min(candidates)[1]
    assert filled_up[: len(chosen)] == chosen
    assert len(filled_up) == min(n, m) >= len(chosen)
    for a in chosen:  # none is nearer to an earlier one than to the vector itself
        for b in chosen[: chosen.index(a)]:
            assert vectors[a] @ vectors[b] <= vectors[a] @ vectors[0] + 1e-6
