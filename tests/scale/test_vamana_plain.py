"""The pieces of Vamana to read: what pruning guarantees, what it has of HNSW's, links to start from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import unit

from embedlab.hnsw import select_neighbours
from embedlab.scale import vamana_plain as plain
from embedlab.scale.vamana_plain import distances, robust_prune


@given(
    n=st.integers(1, 40),
    degree=st.integers(1, 12),
    alpha=st.floats(1, 2),
    seed=st.integers(0, 99),
)
def test_what_is_dropped_is_reached_through_what_is_chosen(n, degree, alpha, seed):
    vectors = unit(n, seed, 4)
    chosen = robust_prune(0, set(range(n)), vectors, alpha, degree)
    assert 0 not in chosen
    assert len(chosen) == len(set(chosen)) <= degree
    direct = distances(vectors[0], vectors)
    first = robust_prune(0, set(range(n)), vectors, 1, degree)
    assert chosen[: len(first)] == first, "what alpha = 1 chooses comes first"
    if n > 1:
        assert direct[chosen[0]] == direct[1:].min()
    for at, j in enumerate(chosen):
        factor = 1 if at < len(first) else alpha
        assert (factor * distances(vectors[j], vectors[chosen[:at]]) > direct[j]).all()
    for j in set(range(1, n)) - set(chosen) if len(chosen) < degree else ():
        assert (alpha * distances(vectors[j], vectors[chosen]) <= direct[j]).any()


@given(n=st.integers(1, 40), degree=st.integers(1, 12), seed=st.integers(0, 99))
def test_with_alpha_1_it_is_the_heuristic_of_hnsw(n, degree, seed):
    vectors = unit(n + 1, seed, 6)
    candidates = [(-float(vectors[0] @ vectors[i]), i) for i in range(1, n + 1)]
    expected = select_neighbours(candidates, degree, vectors)
    assert robust_prune(0, set(range(n + 1)), vectors, 1.0, degree) == expected


@pytest.mark.parametrize("seed", range(5))
def test_a_larger_alpha_keeps_more(seed):
    vectors = unit(60, seed, 8)
    counts = [len(robust_prune(0, set(range(60)), vectors, alpha, 60)) for alpha in (1, 1.2, 1.5, 3)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@given(n=st.integers(0, 60), degree=st.integers(1, 40), seed=st.integers(0, 9))
def test_random_links_are_regular_both_ways(n, degree, seed):
    links = plain.random_links(n, degree, np.random.default_rng(seed))
    assert links.shape == (n, min(degree, max(n - 1, 0)))
    for i, row in enumerate(links.tolist()):
        assert i not in row
        assert len(set(row)) == len(row)
    np.testing.assert_array_equal(np.bincount(links.ravel(), minlength=n), links.shape[1])


@pytest.mark.parametrize("width", [1, 5, 40])
def test_a_walk_ends_when_all_of_its_beam_was_visited(width):
    vectors = unit(60, 3)
    links, entry = plain.build(vectors, degree=6, width=10)
    found, visited = plain.greedy_search(vectors[50], entry, width, vectors, links)
    assert visited[0] == entry
    assert len(found) == width
    assert found == sorted(found)
    assert {i for _, i in found} <= set(visited)
    assert len(set(visited)) == len(visited)
