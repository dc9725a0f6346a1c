"""What the shards find, merged, is what one search of the whole finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.index import FlatIndex, top_k
from embedlab.vector_databases import (
    chance_to_miss,
    depth_needed,
    merge,
    merge_by_rank,
    merge_standardised,
    recall_lost,
    simulated_misses,
    without_repeats,
)


def searched(scores, placed, shard, depth):
    """Search one shard: the depth best of its columns, by their ids in the whole."""
    ids = np.flatnonzero(placed == shard)
    found, rows = top_k(scores[:, ids], depth)
    return found, np.where(rows >= 0, np.append(ids, -1)[rows], -1)


@given(st.data(), st.integers(0, 14), st.integers(1, 5), st.integers(1, 20))
def test_merged_shards_equal_one_search(data, n, shards, k):
    # Few different scores: many ties. Shards that hold nothing, and k larger than all, occur by themselves.
    scores = np.float32(
        data.draw(st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=2, max_size=2))
    ).reshape(2, n)
    placed = np.array(data.draw(st.lists(st.integers(0, shards - 1), min_size=n, max_size=n)), int)
    found = merge([searched(scores, placed, shard, k) for shard in range(shards)], k)
    for mine, whole in zip(found, top_k(scores, k), strict=True):
        np.testing.assert_array_equal(mine, whole)


def test_indexes_merge():
    rng = np.random.default_rng(0)
    vectors, queries = rng.integers(-4, 5, (200, 8)).astype(np.float32), rng.normal(size=(5, 8))
    whole, parts = FlatIndex(8), []
    whole.add(vectors)
    for shard in range(3):
        part = FlatIndex(8)
        part.add(vectors[shard::3])
        scores, rows = part.search(queries, 90)
        parts.append((scores, np.where(rows >= 0, rows * 3 + shard, -1)))
    np.testing.assert_array_equal(merge(parts, 20)[1], whole.search(queries, 20)[1])


@pytest.mark.parametrize("way", [merge_standardised, merge_by_rank])
def test_other_ways_to_merge_are_wrong(way):
    good = (np.float32([[9, 8, 7]]), np.array([[1, 2, 3]]))
    bad = (np.float32([[0.3, 0.2, 0.1]]), np.array([[4, 5, 6]]))
    assert merge([good, bad], 3)[1].tolist() == [[1, 2, 3]]
    assert 4 in way([good, bad], 3)[1]


@given(st.lists(st.integers(-1, 4), max_size=8))
def test_without_repeats(ids):
    scores = -np.arange(len(ids), dtype=np.float32)[None]
    expected = list(dict.fromkeys(i for i in ids if i >= 0))
    found = without_repeats((scores, np.array(ids, np.int64)[None]))[1][0]
    assert [i for i in found if i >= 0] == expected


@pytest.mark.parametrize(("k", "shards", "depth"), [(10, 2, 7), (10, 8, 3), (100, 8, 18), (100, 32, 7)])
def test_the_chance_to_miss_is_that_of_a_simulation(k, shards, depth):
    lost = simulated_misses(k, shards, depth, trials=40_000)
    chance = chance_to_miss(k, shards, depth)
    error = 4 * np.sqrt(chance * (1 - chance) / 40_000)
    assert abs((lost > 0).mean() - chance) <= error
    assert abs(lost.mean() / k - recall_lost(k, shards, depth)) <= 4 * lost.std() / k / 200


@given(st.integers(1, 60), st.integers(1, 40))
def test_depth_needed_is_enough_and_not_too_much(k, shards):
    depth = depth_needed(k, shards, 0.01)
    assert chance_to_miss(k, shards, depth) <= 0.01
    assert depth == 1 or chance_to_miss(k, shards, depth - 1) > 0.01
    assert k / shards <= depth <= k


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: merge([], 3), "at least one shard"),
        (lambda: merge([(np.zeros((1, 1)), np.zeros((1, 1)))], 0), "k must be at least 1, but is 0"),
        (lambda: depth_needed(10, 2, 1.5), "chance must be between 0 and 1, but is 1.5"),
        (lambda: chance_to_miss(10, 0, 1), "shards must be at least 1, but is 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_merged_shards_equal_those_of_faiss():
    faiss = pytest.importorskip("faiss")
    rng = np.random.default_rng(1)
    vectors, queries = (
        rng.normal(size=(300, 8)).astype(np.float32),
        rng.normal(size=(6, 8)).astype(np.float32),
    )
    theirs, parts = faiss.IndexShards(8, False, True), []  # ids go on from one shard to the next
    for start in range(0, 300, 100):
        flat = faiss.IndexFlatIP(8)
        flat.add(vectors[start : start + 100])
        theirs.add_shard(flat)
        scores, rows = top_k(queries @ vectors[start : start + 100].T, 10)
        parts.append((scores, rows + start))
    scores, ids = theirs.search(queries, 10)
    found = merge(parts, 10)
    np.testing.assert_array_equal(found[1], ids)
    np.testing.assert_allclose(found[0], scores, rtol=1e-4, atol=1e-6)
