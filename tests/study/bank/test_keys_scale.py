"""What questions on scale claim beyond the notebook's own measurements, each in about a second."""

import time

import numpy as np
import pytest

from embedlab.benchmark import recall_at_k
from embedlab.pooling import l2_normalize as unit
from embedlab.scale import (
    IVFIndex,
    assign,
    imbalance,
    robust_prune,
    train_centroids,
)


def gaussian(n, dims, seed):
    return unit(np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32))


def clustered(n, dims=32, clusters=20, spread=0.6, seed=0, first=0):
    """Vectors around so many of 99 centres, from the first on."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(99, dims))[first : first + clusters]
    return unit(
        (centres[rng.integers(0, clusters, n)] + spread * rng.normal(size=(n, dims))).astype(np.float32)
    )


def topics(n, numbers, seed, dims=48):
    """Vectors of some topics, each with eight subtopics round a direction of its own."""
    centres, rng = np.random.default_rng(99), np.random.default_rng(seed)
    top, sub = centres.normal(size=(12, dims)), centres.normal(size=(12, 8, dims))
    topic = rng.choice(numbers, n)
    vectors = top[topic] + 0.7 * sub[topic, rng.integers(0, 8, n)] + 0.5 * rng.normal(size=(n, dims))
    return unit(vectors.astype(np.float32))


def trained(sample, vectors):
    index = IVFIndex(vectors.shape[1], nlist=64, nprobe=4)
    index.train(sample)
    index.add(vectors)
    return index


def read_off(index, queries, vectors):
    """Recall, and how many vectors a query scans."""
    found = index.search(queries, 10)[1]
    return recall_at_k(found, nearest(queries, vectors)), index.compared - 64


def nearest(queries, vectors, k=10):
    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :k]


def test_nprobe_by_hand():
    ranks = np.array([1, 1, 1, 2, 2, 3, 5, 8, 8, 20])
    found = [(ranks <= nprobe).sum() for nprobe in range(1, 21)]
    assert found.index(9) + 1 == 8
    assert found[4] == 7
    assert found.index(10) + 1 == 20


def test_uneven_lists():
    sizes = np.array([70, 10, 10, 10])
    scanned = sizes[np.random.default_rng(0).choice(4, 100_000, p=sizes / sizes.sum())].mean()
    assert scanned / sizes.mean() == pytest.approx(2.08, rel=0.01)
    assert imbalance(sizes) == pytest.approx(2.08)


def test_bug_nearest_recall():
    recalls = {8: 0.90, 16: 0.943, 32: 0.974}
    assert min(recalls, key=lambda nprobe: abs(recalls[nprobe] - 0.95)) == 16
    assert min(nprobe for nprobe, recall in recalls.items() if recall >= 0.95) == 32


def test_empty_list():
    """Two thick clusters and an outlier: the third list for the outlier, or for half of a cluster."""
    rng = np.random.default_rng(0)
    centres = np.repeat(gaussian(3, 32, 5), [400, 400, 1], axis=0)
    vectors = unit((centres + 0.1 * rng.normal(size=centres.shape)).astype(np.float32))
    two = unit(np.stack([vectors[:400].mean(axis=0), vectors[400:800].mean(axis=0)]))
    outlier = np.concatenate([two, vectors[assign(vectors, two)[1].argmin()][None]])
    halves = np.concatenate([train_centroids(vectors[:400], 2), two[1:]])
    sizes = [np.bincount(assign(vectors, part)[0], minlength=3) for part in (outlier, halves)]
    assert sizes[0].min() == 1
    assert imbalance(sizes[0]) > 1.25 * imbalance(sizes[1])


def test_long_centroids():
    """A tight list and a scattered one: with plain means the tight one wins queries of the other."""
    rng = np.random.default_rng(0)
    tight = unit((np.eye(16)[0] + 0.05 * rng.normal(size=(500, 16))).astype(np.float32))
    loose = unit((np.eye(16)[1] + 0.6 * rng.normal(size=(500, 16))).astype(np.float32))
    means = np.stack([tight.mean(axis=0), loose.mean(axis=0)])
    lengths = np.linalg.norm(means, axis=1)
    assert lengths[0] > 1.5 * lengths[1]
    lost = [(loose @ part[0] > loose @ part[1]).mean() for part in (means, unit(means))]
    assert lost[0] > 1.3 * lost[1] > 0


def test_bug_alpha_misplaced():
    vectors = clustered(400)

    def near(i, j):
        return float(((vectors[i] - vectors[j]) ** 2).sum())

    def as_written(i, candidates, alpha, degree):
        chosen = []
        for j in sorted(candidates, key=lambda j: near(i, j)):
            if all(near(p, j) > alpha * near(i, j) for p in chosen):
                chosen.append(j)
            if len(chosen) == degree:
                break
        return chosen

    counts = {alpha: [] for alpha in (1.0, 2.0)}
    kept = {alpha: [] for alpha in (1.0, 2.0)}
    for i in range(20):
        candidates = set(np.argsort(-(vectors @ vectors[i]))[1:120].tolist())
        for alpha in counts:
            counts[alpha].append(len(as_written(i, candidates, alpha, 64)))
            kept[alpha].append(len(robust_prune(i, candidates, vectors, alpha, 64)))
        assert as_written(i, candidates, 1.0, 64) == robust_prune(i, candidates, vectors, 1.0, 64)
    assert sum(counts[2.0]) < 0.5 * sum(counts[1.0])
    assert sum(kept[2.0]) > 1.5 * sum(kept[1.0])


def test_bug_id_twice():
    vectors = clustered(600)
    centroids = train_centroids(vectors, 12)
    two_best = np.argsort(-(vectors @ centroids.T), axis=1)[:, :2]
    lists = [np.flatnonzero((two_best == j).any(axis=1)) for j in range(12)]
    short = 0
    for query in clustered(40, seed=1):
        ids = np.concatenate([lists[j] for j in np.argsort(-(centroids @ query))[:8]])
        best = np.argsort(-(vectors[ids] @ query), kind="stable")[:10]
        short += len(dict.fromkeys(ids[best].tolist())) < 10
        once = np.unique(ids)
        assert len(once[np.argsort(-(vectors[once] @ query))[:10]]) == 10
    assert short > 20


def test_fewer_lists_reach_a_recall_with_copies():
    vectors, queries = clustered(3000), clustered(100, seed=1)
    centroids, exact = train_centroids(vectors, 50), nearest(queries, vectors)
    order = np.argsort(-(vectors @ centroids.T), axis=1)
    probed = np.argsort(-(queries @ centroids.T), axis=1)
    needed = []
    for copies in (1, 2):
        stands = np.zeros((3000, 50), bool)
        np.put_along_axis(stands, order[:, :copies], True, axis=1)
        recalls = [
            np.mean(
                [
                    stands[ids][:, lists[:n]].any(axis=1).mean()
                    for ids, lists in zip(exact, probed, strict=True)
                ]
            )
            for n in range(1, 51)
        ]
        needed.append(int(np.argmax(np.array(recalls) >= 0.95)) + 1)
    assert needed[1] <= 0.7 * needed[0]


def test_filter_in_lists():
    """Of the answers that pass 1 %, fewer lie in the first lists."""
    vectors, queries = clustered(20_000, clusters=60), clustered(100, clusters=60, seed=1)
    passing = np.flatnonzero(np.random.default_rng(0).random(20_000) < 0.01)
    centroids = train_centroids(vectors, 100, iterations=5)
    numbers, _ = assign(vectors, centroids)
    probed = np.argsort(-(queries @ centroids.T), axis=1)[:, :8]
    of_all, of_passing = nearest(queries, vectors), passing[nearest(queries, vectors[passing])]
    found = [
        (numbers[ids][:, :, None] == probed[:, None, :]).any(axis=2).mean() for ids in (of_all, of_passing)
    ]
    assert found[0] > found[1] + 0.05
    thousandth = np.sort(queries @ vectors.T, axis=1)[:, -1000].mean()
    tenth_that_passes = np.sort(queries @ vectors[passing].T, axis=1)[:, -10].mean()
    assert tenth_that_passes == pytest.approx(thousandth, abs=0.05)


def test_new_topic_in_old_lists():
    old, new = topics(8000, range(8), 0), topics(2000, [9], 1)
    both, queries = np.concatenate([old, new]), topics(150, [9], 3)
    index, anew = trained(old, both), trained(both, both)
    assert index.imbalance > 1.3 * anew.imbalance
    recall, work = read_off(index, queries, both)
    recall_anew, work_anew = read_off(anew, queries, both)
    assert work > 1.3 * work_anew
    assert recall < recall_anew - 0.08
    assert read_off(index, topics(150, range(8), 2), both)[0] > 0.97  # who asks for old ones notices nothing


def test_distances_alike():
    """The same 384 numbers: random directions, and a plane of eight dimensions."""
    scanned, contrast = {}, {}
    plane = np.random.default_rng(9).normal(size=(8, 384)).astype(np.float32)
    for name, dims in (("random", 384), ("plane", 8)):
        vectors, queries = gaussian(4000, dims, 0), gaussian(60, dims, 1)
        if dims == 8:
            vectors, queries = unit(vectors @ plane), unit(queries @ plane)
        index = IVFIndex(384, nlist=64)
        index.add(vectors)
        exact = nearest(queries, vectors)
        scores = queries @ vectors.T
        contrast[name] = np.sqrt((1 - scores.max(axis=1)) / (1 - scores.min(axis=1))).mean()
        for nprobe in range(1, 65):
            if recall_at_k(index.search(queries, 10, nprobe=nprobe)[1], exact) >= 0.95:
                break
        scanned[name] = nprobe
    assert scanned["random"] > 45
    assert scanned["plane"] < 16
    assert contrast["random"] > 0.8
    assert contrast["plane"] < 0.4


@pytest.mark.slow
def test_flat_in_batches():
    vectors, queries = gaussian(40_000, 384, 0), gaussian(256, 384, 1)
    single, batch = [], []
    for _ in range(5):
        start = time.perf_counter()
        for query in queries[:8]:
            vectors @ query
        single.append((time.perf_counter() - start) / 8)
        start = time.perf_counter()
        vectors @ queries.T
        batch.append((time.perf_counter() - start) / 256)
    assert min(single) > 2 * min(batch)


def test_bug_first_portion():
    first, second = topics(5000, range(5), 0), topics(5000, range(5, 10), 1)
    in_order, queries = np.concatenate([first, second]), topics(150, range(5, 10), 3)
    drawn = in_order[np.random.default_rng(0).choice(10_000, 5000, replace=False)]
    of_first, of_all = trained(first, in_order), trained(drawn, in_order)
    recall, work = read_off(of_first, queries, in_order)
    recall_of_all, work_of_all = read_off(of_all, queries, in_order)
    assert work > 1.5 * work_of_all
    assert recall < recall_of_all - 0.08
    assert read_off(of_first, topics(150, range(5), 2), in_order)[0] > 0.97
    assert of_first.imbalance > 1.3 * of_all.imbalance
