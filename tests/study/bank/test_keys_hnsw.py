"""What questions on HNSW claim beyond the notebook's own measurements, each in well under a second."""

from heapq import heappop, heappush

import numpy as np
import pytest

from embedlab.benchmark import recall_at_k
from embedlab.hnsw import HNSWIndex, draw_levels
from embedlab.index import FlatIndex
from embedlab.pooling import l2_normalize as unit


def gaussian(n, seed, inner=384, outer=384):
    """Random directions; with fewer inner than outer dimensions, on a plane of so few."""
    rows = np.random.default_rng(seed).normal(size=(n, inner))
    return unit(rows if inner == outer else rows @ np.random.default_rng(9).normal(size=(inner, outer)))


def built(vectors, **settings):
    index, exact = HNSWIndex(vectors.shape[1], **settings), FlatIndex(vectors.shape[1])
    index.add(vectors, show_progress=False)
    exact.add(vectors)
    return index, exact


def share_reached(links, start):
    """Share of all points to which some way leads from one of them."""
    seen, todo = {start}, [start]
    while todo:
        for j in links[todo.pop()]:
            if j not in seen:
                seen.add(j)
                todo.append(j)
    return len(seen) / len(links)


def nearest(candidates, similar, i, m):
    return list(candidates[:m])


def diverse(candidates, similar, i, m):
    """Algorithm 4, over candidates from near to far."""
    chosen = []
    for j in candidates:
        if len(chosen) < m and all(similar[j, c] <= similar[i, j] for c in chosen):
            chosen.append(j)
    return chosen


def grow(similar, choose, m=6, width=120):
    """Insert one after the other as Algorithm 1 does, with exact search for the candidates."""
    links = [[]]
    for i in range(1, len(similar)):
        mine = choose(np.argsort(-similar[i, :i])[:width], similar, i, m)
        links.append([int(j) for j in mine])
        for j in links[i]:
            links[j].append(i)
            if len(links[j]) > 2 * m:
                kept = choose(sorted(links[j], key=lambda k: -similar[j, k]), similar, j, 2 * m)
                links[j] = [int(k) for k in kept]
    return links


@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_alone_hardly_lead_out_of_a_cluster(seed):
    rng = np.random.default_rng(seed)
    cluster, order = np.repeat(np.arange(8), 60), rng.permutation(480)
    points = unit(rng.normal(size=(8, 32)))[cluster] + 0.02 * rng.normal(size=(480, 32))
    points, cluster = unit(points)[order], cluster[order]
    for choose, leaving, reached in ((nearest, (0, 0.02), (0, 0.6)), (diverse, (0.05, 1), (0.99, 1))):
        links = grow(points @ points.T, choose)
        out = np.mean([cluster[i] != cluster[j] for i, row in enumerate(links) for j in row])
        assert leaving[0] <= out <= leaving[1]
        share = np.mean([share_reached(links, start) for start in range(0, 480, 16)])
        assert reached[0] <= share <= reached[1]


def test_rounding_puts_a_quarter_on_layer_one():
    chances = np.random.default_rng(0).random(100_000)
    rounded = np.rint(-np.log(1 - chances) / np.log(16)).astype(np.int32)
    assert np.mean(rounded >= 1) == pytest.approx(1 / 4, rel=0.05)
    assert np.mean(rounded >= 2) == pytest.approx(1 / 64, rel=0.1)
    assert np.mean(draw_levels(chances, 16) >= 1) == pytest.approx(1 / 16, rel=0.05)
    assert np.mean(-np.log(chances) / np.log(16) >= 1) == pytest.approx(1 / 16, rel=0.05)  # u for 1 - u


@pytest.mark.slow
def test_random_vectors_are_harder_than_structured_ones():
    recall = {}
    for inner in (12, 384):
        index, exact = built(gaussian(2000, 1, inner))
        queries = gaussian(100, 2, inner)
        scores, truth = exact.search(queries, 1000)
        recall[inner] = recall_at_k(index.search(queries, 10, ef=20)[1], truth[:, :10])
        nearest_stand_out = np.mean(scores[:, 0] - scores[:, -1])  # the nearest before the median
        recall[inner, "lead"] = nearest_stand_out
    assert recall[12] > 0.95 > 0.7 > recall[384]
    assert recall[12, "lead"] > 3 * recall[384, "lead"]


def test_hnswlib_and_faiss_widen_the_beam_to_k():
    hnswlib, faiss = pytest.importorskip("hnswlib"), pytest.importorskip("faiss")
    vectors = gaussian(1000, 0, 16, 32)
    theirs = hnswlib.Index("ip", 32)
    theirs.init_index(1000, M=16, ef_construction=100)
    theirs.add_items(vectors, num_threads=1)
    theirs.set_ef(64)
    assert theirs.knn_query(vectors[:1], k=100, num_threads=1)[0].shape == (1, 100)
    other = faiss.IndexHNSWFlat(32, 16, faiss.METRIC_INNER_PRODUCT)
    other.add(vectors)
    other.hnsw.efSearch = 64
    assert (other.search(vectors[:1], 100)[1] >= 0).sum() == 100
    ours, _ = built(vectors)
    assert (ours.search(vectors[:1], 100, ef=64)[1] >= 0).sum() == 100


def walk(index, vectors, query, start, ef, limit):
    """The search of question hnsw/bug-stops-too-early; ``limit`` says what ends it."""
    near = lambda i: float(vectors[i] @ query)  # noqa: E731 (as in the question)
    seen, beam, todo = {start}, [(near(start), start)], [(-near(start), start)]
    while todo:
        away, i = heappop(todo)
        if -away < limit(beam)[0]:
            break
        for j in set(index.links_of(i).tolist()) - seen:
            seen.add(j)
            heappush(todo, (-near(j), j))
            heappush(beam, (near(j), j))
            if len(beam) > ef:
                heappop(beam)
    return [i for _, i in sorted(beam, reverse=True)][:10]


def test_stopping_at_the_best_of_the_beam_makes_its_width_useless():
    vectors, queries = gaussian(1500, 1, 16), gaussian(40, 2, 16)
    index, exact = built(vectors, m=8)
    truth = exact.search(queries, 10)[1]
    recall = {}
    for name, limit in (("wrong", max), ("right", min)):  # min(beam) is beam[0]
        for ef in (20, 160):
            rows = [walk(index, vectors, q, index.entry, ef, limit) for q in queries]
            recall[name, ef] = recall_at_k(np.array([(row + 10 * [-1])[:10] for row in rows]), truth)
    assert recall["right", 160] > 0.97
    assert recall["wrong", 160] < 0.85
    assert recall["wrong", 160] - recall["wrong", 20] < 0.05


@pytest.mark.slow
def test_seeds_change_recall_little():
    vectors, queries = gaussian(1500, 1, 24), gaussian(150, 2, 24)
    found = []
    for seed in range(3):
        index, exact = built(vectors, seed=seed)
        found.append(recall_at_k(index.search(queries, 10, ef=20)[1], exact.search(queries, 10)[1]))
    assert max(found) - min(found) < 0.03


def test_recall_by_hand_and_memory_of_more_links():
    assert recall_at_k(np.array([[8, 4, 42, 16, -1]]), np.array([[4, 8, 15, 16, 23]])) == pytest.approx(0.6)
    held = {}
    for m in (16, 48):
        index, _ = built(gaussian(1000, 0), m=m)
        held[m] = index.bytes_per_vector
    assert 100 * (held[48] / held[16] - 1) == pytest.approx(15.4, rel=0.03)


def test_recall_by_broadcasting_is_recall():
    truth = np.array([[1, 2, 3], [4, 5, 6]])
    found = np.array([[3, 9, -1], [6, 5, 4]])
    hits = (found[:, :, None] == truth[:, None, :]).any(axis=2)
    assert hits.sum() / truth.size == pytest.approx(4 / 6)
    assert hits.sum() / truth.size == pytest.approx(recall_at_k(found, truth))
