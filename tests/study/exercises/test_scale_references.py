"""The exercises of scale: where they have references of their own, the package does the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study.exercises.alternatives import scale as written

import embedlab.scale as package
from embedlab.benchmark import recall_at_k
from embedlab.quantization import kmeans
from embedlab.study.exercises import exercises
from embedlab.study.exercises.scale import spherical_step
from embedlab.study.exercises.scale_ivf import search_lists
from embedlab.study.exercises.scale_nprobe import smallest_nprobe
from embedlab.study.exercises.scale_residuals import score_residuals
from embedlab.study.exercises.scale_signs import estimate_by_signs

SEEDS = st.integers(0, 2**32 - 1)


def unit(n, dims, seed):
    rows = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_they_come_in_the_order_of_the_chapter():
    own = [one.name for one in exercises().values() if one.chapter == "16_scale"]
    assert own == [
        "spherical_step",
        "search_lists",
        "smallest_nprobe",
        "score_residuals",
        "estimate_by_signs",
        "robust_prune",
    ]


def test_steps_repeated_are_the_training_of_an_inverted_file():
    vectors = unit(400, 8, 0) * np.random.default_rng(1).uniform(0.5, 2, (400, 1)).astype(np.float32)
    trained = package.train_centroids(vectors, 10, iterations=7)
    chosen = np.sort(np.random.default_rng(0).permutation(400)[:10])  # as in training
    centroids = vectors[chosen] / np.linalg.norm(vectors[chosen], axis=1, keepdims=True)
    for _ in range(7):
        centroids, sizes = spherical_step(vectors, centroids)
        assert sizes.min() > 0  # none runs empty here: those are split in training
    assert np.allclose(centroids, trained, atol=1e-5)
    assert sizes.sum() == 400


@given(SEEDS, st.integers(1, 8), st.integers(1, 12), st.integers(1, 9))
def test_lists_are_searched_as_by_the_package(seed, count, k, nprobe):
    vectors, centroids, query = unit(40, 4, seed), unit(count, 4, seed + 1), unit(1, 4, seed + 2)[0]
    plain = package.PlainIVF(centroids)
    plain.add(vectors)
    lists = [plain.lists[number] for number in range(count)]
    expected = [i for _, i in plain.search(query, k, nprobe)]
    case = query, centroids, lists, vectors, k, nprobe
    assert search_lists(*case) == written.search_lists(*case) == expected


@pytest.mark.parametrize("target", [0.5, 0.8, 0.95, 1.0])
def test_the_smallest_nprobe_is_the_one_that_is_chosen_by_searching(target):
    vectors, queries = unit(600, 8, 0), unit(40, 8, 1)
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    index = package.IVFIndex(8, nlist=24)
    index.add(vectors)
    nprobe = smallest_nprobe(package.list_ranks(index, queries, exact), target)
    assert nprobe == package.choose_nprobe(index, queries, exact, target)
    recalls = [recall_at_k(index.search(queries, 10, nprobe=n)[1], exact) for n in (nprobe - 1 or 1, nprobe)]
    assert recalls[1] >= target
    assert nprobe == 1 or recalls[0] < target


@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=1), st.integers(1, 16))
def test_another_way_to_the_smallest_nprobe(rows, sixteenths):
    answers = []
    for function in smallest_nprobe, written.smallest_nprobe:
        try:
            answers.append(function(np.array(rows), sixteenths / 16))
        except ValueError:
            answers.append("out of reach")
    assert answers[0] == answers[1]


@given(SEEDS, st.integers(1, 6))
def test_residuals_are_scored_as_by_the_package(seed, count):
    vectors, centroids, query = unit(60, 6, seed), unit(count, 6, seed + 1), unit(1, 6, seed + 2)[0]
    residuals = vectors - centroids[package.assign(vectors, centroids)[0]]
    codebooks = np.stack([kmeans(piece, 8, seed=0) for piece in np.split(residuals, 3, axis=1)])
    plain = package.PlainIVFPQ(centroids, codebooks)
    plain.add(vectors)
    numbers = np.empty(60, np.int64)
    for number, ids in plain.lists.items():
        numbers[ids] = number
    found = score_residuals(query, centroids, codebooks, numbers, plain.codes)
    for score, i in plain.search(query, 60, count):
        assert found[i] == pytest.approx(score, abs=1e-5)


@given(SEEDS, st.integers(2, 20), st.floats(0, 4))
def test_estimates_and_bounds_are_those_of_the_package(seed, dims, epsilon):
    residuals = np.random.default_rng(seed).normal(size=(5, dims)).astype(np.float32)
    residuals[seed % 5] = 0
    query = unit(1, dims, seed + 1)[0] * np.float32(3)
    signs, scales, errors = package.sign_codes(residuals)
    estimates, bounds = estimate_by_signs(residuals, query, epsilon)
    assert np.allclose(estimates, package.estimate(signs, scales, query[None])[0], atol=1e-4)
    lengths = np.linalg.norm(query, keepdims=True)
    assert np.allclose(bounds, package.error_bound(errors, lengths, epsilon)[0], rtol=1e-3, atol=5e-3)


@given(SEEDS, st.sampled_from([1.0, 1.25, 1.5, 2.0, 4.0]), st.integers(1, 8))
def test_another_way_to_prune(seed, alpha, degree):
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-5, 6, (12, 3)).astype(np.float32)
    candidates = set(rng.integers(0, 12, 9).tolist())
    case = int(rng.integers(12)), candidates, vectors, alpha, degree
    assert written.robust_prune(*case) == package.robust_prune(*case)
