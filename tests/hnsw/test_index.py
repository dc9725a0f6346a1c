"""HNSW: its results against exact search and hnswlib, and the rules of the graph."""

import os
import subprocess
import sys

import numpy as np
import pytest
from vectors import exact, filled, recall

from embedlab.hnsw import HNSWIndex
from embedlab.machine import cpu_features, runnable

DIMS = 16
BOTH = pytest.mark.parametrize("codes", [None, "int8"])


def test_recall_rises_with_the_beam(index, vectors, queries):
    expected = exact(vectors, queries, 10)
    by_width = [recall(index.search(queries, 10, ef=ef)[1], expected[1]) for ef in (10, 40, 160, 640)]
    assert by_width == sorted(by_width)
    assert by_width[0] > 0.6
    assert by_width[-1] > 0.995
    scores, ids = index.search(queries, 10, ef=640)
    same = ids == expected[1]
    np.testing.assert_allclose(scores[same], expected[0][same], atol=1e-6)


def test_the_graph_keeps_its_rules(index):
    degrees = {0: [], 1: []}
    for i in range(len(index)):
        for layer in range(index.levels[i] + 1):
            links = index.links_of(i, layer)
            assert i not in links
            assert len(set(links)) == len(links)
            assert (index.levels[links] >= layer).all()
            degrees[min(layer, 1)].append(len(links))
    assert 0 < max(degrees[0]) <= 2 * index.m
    assert max(degrees[1]) <= index.m
    assert index.levels[index.entry] == index.top == index.levels.max()
    # Each layer holds one in m of those below it (section 4.1).
    assert 0.5 < (index.levels > 0).mean() * index.m < 2


def test_a_search_compares_few(index, vectors, queries):
    index.search(queries, 10, ef=20)
    assert 20 < index.compared < len(vectors) / 3


def test_a_greedy_path_goes_down_and_nearer(index, queries):
    steps = index.path(queries[0])
    assert steps[0] == (index.top, index.entry)
    layers = [layer for layer, _ in steps]
    assert layers == sorted(layers, reverse=True)
    similarities = [index.vectors_of([i])[0] @ queries[0] for _, i in steps]
    assert similarities == sorted(similarities)
    assert HNSWIndex(4).path(np.ones(4)) == []


def test_threads_change_nothing(index, queries):
    for ours, theirs in zip(index.search(queries, 10, threads=3), index.search(queries, 10), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert index.search(queries[:1], 10, threads=8)[1].shape == (1, 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 0}, "dims must be at least 1, but is 0"),
        ({"m": 1}, "m must be at least 2, but is 1"),
        ({"ef_construction": 0}, "ef_construction must be at least 1"),
        ({"codes": "int4"}, "codes must be None or 'int8', but is 'int4'"),
    ],
)
def test_impossible_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        HNSWIndex(**{"dims": 8, **options})


@pytest.mark.parametrize("name", ["k", "ef", "threads"])
def test_impossible_searches_are_refused(name, vectors, queries):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, but is 0"):
        filled(vectors[:10]).search(queries, **{"k": 1, name: 0})


@BOTH
def test_recall_equals_hnswlib(codes, vectors, queries):
    import hnswlib

    expected = exact(vectors, queries, 10)[1]
    peer = hnswlib.Index("ip", DIMS)
    peer.init_index(len(vectors), M=16, ef_construction=200)
    peer.add_items(vectors, num_threads=1)
    peer.set_ef(30)
    ours = filled(vectors, codes=codes).search(queries, 10, ef=30)[1]
    assert recall(ours, expected) > recall(peer.knn_query(queries, 10)[0], expected) - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("kernel", runnable(cpu_features()))
def test_every_kernel_makes_the_same_graph_of_codes(tmp_path, vectors, kernel):
    code = """
import numpy as np
from embedlab.hnsw import HNSWIndex
vectors = np.load("vectors.npy")
index = HNSWIndex(vectors.shape[1], codes="int8")
index.add(vectors)
scores, ids = index.search(vectors[:50], 10)
np.savez("found.npz", scores=scores, ids=ids, **index.state()[0])
"""
    np.save(tmp_path / "vectors.npy", vectors[:500])
    environment = {**os.environ, "EMBEDLAB_KERNELS": kernel}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    ours = filled(vectors[:500], codes="int8")
    scores, ids = ours.search(vectors[:50], 10)
    with np.load(tmp_path / "found.npz") as found:
        for name, array in {"scores": scores, "ids": ids, **ours.state()[0]}.items():
            np.testing.assert_array_equal(found[name], array, err_msg=name)
