"""Centroids: assignment against comparing all, k-means against its rules and FAISS, how even lists are."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import unit

from embedlab.scale import assign, imbalance, train_centroids
from embedlab.scale import clusters as module


@given(n=st.integers(0, 50), lists=st.integers(1, 40), block=st.sampled_from([1, 7, 64, 10_000]))
def test_blocks_change_nothing(n, lists, block):
    vectors, centroids = unit(n, 1), unit(lists, 2)
    whole, module.BLOCK = module.BLOCK, block
    try:
        numbers, similarities = assign(vectors, centroids)
    finally:
        module.BLOCK = whole
    all_of_them = vectors @ centroids.T
    np.testing.assert_array_equal(numbers, all_of_them.argmax(axis=1) if n else [])
    np.testing.assert_allclose(similarities, all_of_them.max(axis=1, initial=-9), atol=1e-6)


@pytest.mark.parametrize("centroids", [np.zeros((0, 16), np.float32), np.ones((2, 15), np.float32)])
def test_what_cannot_be_assigned(centroids):
    with pytest.raises(ValueError, match=r"cannot assign vectors \(3, 16\) to centroids"):
        assign(unit(3), centroids)


@given(n=st.integers(1, 120), nlist=st.integers(1, 40), seed=st.integers(0, 9))
def test_centroids_are_means_of_their_lists(n, nlist, seed):
    vectors = unit(n, seed, dims=4)
    centroids = train_centroids(vectors, nlist, iterations=30, sample=1000, seed=seed)
    assert centroids.shape == (min(n, nlist), 4)
    np.testing.assert_allclose(np.linalg.norm(centroids, axis=1), 1, atol=2e-3)
    numbers, _ = assign(vectors, centroids)
    settled = 0
    for number in np.unique(numbers):
        mean = vectors[numbers == number].mean(axis=0)
        settled += mean @ centroids[number] > np.linalg.norm(mean) * 0.9
    assert settled >= 0.9 * len(np.unique(numbers))


def test_more_iterations_bring_vectors_nearer(vectors):
    nearness = [assign(vectors, train_centroids(vectors, 50, iterations=i))[1].mean() for i in (1, 2, 5, 20)]
    assert nearness == sorted(nearness)


def test_as_near_as_those_of_faiss(vectors):
    theirs = faiss.Kmeans(32, 50, niter=10, spherical=True, seed=1)
    theirs.train(vectors)
    ours = train_centroids(vectors, 50, iterations=10)
    nearness = [assign(vectors, centroids)[1].mean() for centroids in (ours, theirs.centroids)]
    assert nearness[0] == pytest.approx(nearness[1], abs=0.01)


def test_no_list_stays_empty_where_there_are_vectors_for_all():
    # All start in one place, but for a few outliers that k-means with farthest vectors would give lists to.
    vectors = unit(1000, dims=8)
    centroids = np.repeat(vectors[:1], 20, axis=0)
    rng = np.random.default_rng(0)
    for _ in range(30):
        numbers, _ = assign(vectors, centroids)
        sums, counts = module.sums_by_list(vectors, numbers, 20)
        filled = counts > 0
        centroids[filled] = sums[filled] / np.linalg.norm(sums[filled], axis=1, keepdims=True)
        module.split_full_lists(centroids, counts, rng)
    sizes = np.bincount(assign(vectors, centroids)[0], minlength=20)
    assert (sizes > 0).all()
    assert imbalance(sizes) < 2


def test_equal_vectors_leave_lists_empty_and_finite():
    centroids = train_centroids(np.ones((100, 8), np.float32), 5)
    assert np.isfinite(centroids).all()
    assert np.isfinite(train_centroids(np.zeros((9, 8), np.float32), 3)).all()


@pytest.mark.parametrize("wrong", [{"nlist": 0}, {"iterations": 0}, {"sample": 0}])
def test_bad_numbers_are_named(wrong):
    (name, value), options = *wrong.items(), {"nlist": 2} | wrong
    with pytest.raises(ValueError, match=f"got {name}={value}"):
        train_centroids(unit(9), **options)
    with pytest.raises(ValueError, match="got no vectors"):
        train_centroids(unit(0), 2)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_imbalance_is_that_of_faiss(sizes):
    n = sum(sizes)
    if n:
        numbers = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        theirs = faiss.imbalance_factor(n, len(sizes), faiss.swig_ptr(numbers))
        assert imbalance(sizes) == pytest.approx(theirs)
        assert 1 - 1e-9 <= imbalance(sizes) <= len(sizes) + 1e-9
    else:
        assert imbalance(sizes) == 0
