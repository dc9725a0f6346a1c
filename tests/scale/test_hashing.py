"""Hashing and trees: keys and probes against all that is possible, recall against exact search."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import unit

from embedlab.scale import HyperplaneLSH, ProjectionForest, likely_flips


@settings(max_examples=40, deadline=None)
@given(bits=st.integers(1, 7), seed=st.integers(0, 99))
def test_flips_come_cheapest_first_and_each_once(bits, seed):
    costs = np.sort(np.random.default_rng(seed).random(bits))
    sets = likely_flips(costs, 2**bits)
    possible = [flips for size in range(bits + 1) for flips in combinations(range(bits), size)]
    assert sorted(sets) == sorted(possible)
    sums = [costs[list(flips)].sum() for flips in sets]
    np.testing.assert_allclose(sums, np.sort(sums))
    assert len(likely_flips(costs, 2**bits + 5)) == 2**bits


def test_a_collision_is_as_likely_as_the_angle_says():
    pair = np.float32([[1, 0], [np.cos(0.6), np.sin(0.6)]])
    lsh = HyperplaneLSH(pair, bits=1, tables=20_000)
    together = (lsh.keys[:, 0] == lsh.keys[:, 1]).mean()
    assert abs(together - (1 - 0.6 / np.pi)) < 4 * np.sqrt(0.2 * 0.8 / 20_000)


def test_all_probes_find_all():
    vectors = unit(200)
    lsh = HyperplaneLSH(vectors, bits=4, tables=1)
    assert lsh.candidates(unit(1, 9)[0], probes=16).tolist() == list(range(200))
    assert ProjectionForest(vectors, trees=1, leaf=5).candidates(vectors[0], 200).tolist() == list(range(200))


@pytest.mark.parametrize("kind", ["hashing", "trees"])
def test_more_candidates_hold_more_of_the_nearest(vectors, queries, exact, kind):
    if kind == "hashing":
        lsh, steps = HyperplaneLSH(vectors, bits=8, tables=4), (1, 4, 16, 64)
        ask = lsh.candidates
    else:
        forest, steps = ProjectionForest(vectors, trees=4, leaf=32), (50, 200, 800, 2000)
        ask = forest.candidates
    found = [[ask(query, step) for query in queries] for step in steps]
    shares = [np.mean([np.isin(row, ids).mean() for row, ids in zip(exact, at, strict=True)]) for at in found]
    read = [np.mean([len(ids) for ids in at]) for at in found]
    assert shares == sorted(shares)
    assert read == sorted(read)
    assert shares[-1] > 0.9
    chance = read[1] / len(vectors)
    assert shares[1] > 2 * chance


def test_leaves_are_small_and_hold_each_vector_once():
    vectors = np.repeat(unit(7), 30, axis=0)  # many equal ones: a median cannot tell them apart
    forest, todo, leaves = ProjectionForest(vectors, trees=1, leaf=8), [], []
    todo = list(forest.trees)
    while todo:
        node = todo.pop()
        if isinstance(node, np.ndarray):
            leaves.append(node)
        else:
            todo += node[2:]
    assert sorted(np.concatenate(leaves)) == list(range(210))
    assert max(map(len, leaves)) <= 8


@pytest.mark.parametrize("bad", [{"bits": 0}, {"tables": 0}, {"bits": 63}])
def test_bad_numbers_of_hashing_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        HyperplaneLSH(unit(10), **bad)


@pytest.mark.parametrize("bad", [{"trees": 0}, {"leaf": 0}])
def test_bad_numbers_of_trees_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        ProjectionForest(unit(10), **bad)


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="16"):
        HyperplaneLSH(unit(10)).candidates(np.ones(3, np.float32))
    with pytest.raises(ValueError, match="16"):
        ProjectionForest(unit(10)).candidates(np.ones(3, np.float32), 1)
