"""Shortlists are put in order as NumPy does it, for every float that half precision has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.machine import compiled, dot
from embedlab.scale import RaBitQIndex, rescored
from embedlab.scale.rescoring import Kept


def plainly(rows, queries, listed, k):
    """For each query: gather, multiply, sort."""
    scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
    for q, query in enumerate(queries):
        there = np.sort(listed[q, listed[q] >= 0])  # of equal scores the earlier
        found = rows[there].astype(np.float32) @ query
        best = np.argsort(-found, kind="stable")[:k]
        scores[q, : len(best)], ids[q, : len(best)] = found[best], there[best]
    return scores, ids


@settings(max_examples=60)
@given(
    n=st.integers(1, 40),
    dims=st.sampled_from([1, 7, 64, 100]),
    k=st.integers(1, 12),
    wide=st.integers(1, 30),
    dtype=st.sampled_from([np.float16, np.float32]),
    seed=st.integers(0, 999),
)
def test_a_shortlist_is_put_in_order(n, dims, k, wide, dtype, seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-3, 4, (n, dims)).astype(dtype)  # sums are exact, and many are equal
    queries = rng.integers(-3, 4, (3, dims)).astype(np.float32)
    listed = np.full((3, wide), -1)
    for row in listed:
        some = rng.permutation(n)[: rng.integers(0, wide + 1)]
        row[rng.permutation(wide)[: len(some)]] = some
    for mine, other in zip(
        rescored(rows, queries, listed, k), plainly(rows, queries, listed, k), strict=True
    ):
        np.testing.assert_array_equal(mine, other)


def test_every_half_is_read_as_what_it_is():
    halves = np.arange(1 << 16, dtype=np.uint16)
    halves = halves[np.isfinite(halves.view(np.float16))]
    read = np.array([one_dot(halves[:, None], i, np.ones(1, np.float32)) for i in range(len(halves))])
    np.testing.assert_array_equal(read, halves.view(np.float16).astype(np.float32))


@compiled()
def one_dot(rows, i, query):
    return dot(rows, i, query)


def test_what_is_kept_is_joined_and_refused_where_half_precision_ends():
    kept = Kept(2, "float16")
    for portion in ([[1, 2]], [[3, 4], [5, 6]]):
        kept.append(np.float32(portion))
    np.testing.assert_array_equal(kept.rows, np.float16([[1, 2], [3, 4], [5, 6]]))
    with pytest.raises(ValueError, match="70000 is too large for float16"):
        kept.append(np.float32([[7e4, 0]]))
    assert len(kept.rows) == 3


def test_a_shortlist_is_what_the_estimates_put_first(vectors, queries):
    index = RaBitQIndex(32, keep=True)
    index.add(vectors)
    estimates, exact = index.estimates(queries), queries @ vectors.T
    for shortlist in (1, 30, 5000):
        ids = index.search(queries, 5, shortlist=shortlist)[1]
        listed = np.argsort(-estimates, axis=1, kind="stable")[:, : max(shortlist, 5)]
        best = np.argsort(-np.take_along_axis(exact, listed, axis=1), axis=1, kind="stable")[:, :5]
        np.testing.assert_array_equal(np.take_along_axis(listed, best, axis=1), ids)
        assert index.rescored == min(max(shortlist, 5), 3000)
    estimating = RaBitQIndex(32)  # which keeps nothing to score anew, but looks at what it is given
    estimating.add(vectors)
    for one in (index, estimating):
        with pytest.raises(ValueError, match="shortlist must be at least 1, but is 0"):
            one.search(queries, 5, shortlist=0)
