"""HNSW: its functions by hand, its results against exact search, and what must not get lost."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.hnsw import HNSWIndex
from embedlab.hnsw import graph as hnsw
from embedlab.index import FlatIndex
from embedlab.machine import StoreError, aligned, pack

DIMS = 16
BOTH = pytest.mark.parametrize("codes", [None, "int8"])


def unit(n, seed=0, dims=DIMS):
    vectors = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def filled(vectors, **options):
    index = HNSWIndex(vectors.shape[1], **options)
    index.add(vectors)
    return index


def exact(vectors, queries, k):
    index = FlatIndex(vectors.shape[1])
    index.add(vectors)
    return index.search(queries, k)


def recall(ids, expected):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(ids, expected, strict=True)])


VECTORS, QUERIES = unit(3000), unit(100, 1)


@pytest.fixture(scope="module", params=[None, "int8"])
def index(request):
    return filled(VECTORS, codes=request.param)


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 10))
def test_a_beam_keeps_the_smallest_in_order(values, width):
    beam, size = np.empty(width, np.int64), 0
    for value in values:
        size, at = hnsw.place_in_beam(beam, size, value)
        assert at == size == width or beam[at] == value
    assert beam[:size].tolist() == sorted(values)[:width]


def test_neighbours_in_other_directions_are_chosen():
    # 1 and 2 lie close together on one side of the query, 3 on the other: 2 is reached through 1.
    rows = aligned(4, 2, np.float32)
    rows[:, :2] = [[1, 0], [0.95, 0.3122], [0.93, 0.3676], [0.9, -0.4359]]
    candidates = np.array([pack(rows[0] @ rows[i], i) for i in (1, 2, 3)])
    chosen, scratch = np.empty(4, np.int32), np.zeros(rows.shape[1], np.float32)
    count = hnsw.select_neighbours(rows, candidates, 3, 4, chosen, scratch)
    assert chosen[:count].tolist() == [1, 3]
    assert hnsw.select_neighbours(rows, candidates, 3, 1, chosen, scratch) == 1


def test_recall_rises_with_the_beam(index):
    expected = exact(VECTORS, QUERIES, 10)
    by_width = [recall(index.search(QUERIES, 10, ef=ef)[1], expected[1]) for ef in (10, 40, 160, 640)]
    assert by_width == sorted(by_width)
    assert by_width[0] > 0.6
    assert by_width[-1] > 0.995
    scores, ids = index.search(QUERIES, 10, ef=640)
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


def test_a_search_compares_few(index):
    index.search(QUERIES, 10, ef=20)
    assert 20 < index.compared < len(VECTORS) / 3


def test_a_greedy_path_goes_down_and_nearer(index):
    steps = index.path(QUERIES[0])
    assert steps[0] == (index.top, index.entry)
    layers = [layer for layer, _ in steps]
    assert layers == sorted(layers, reverse=True)
    similarities = [index.vectors_of([i])[0] @ QUERIES[0] for _, i in steps]
    assert similarities == sorted(similarities)
    assert HNSWIndex(4).path(np.ones(4)) == []


def test_threads_change_nothing(index):
    for ours, theirs in zip(index.search(QUERIES, 10, threads=3), index.search(QUERIES, 10), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert index.search(QUERIES[:1], 10, threads=8)[1].shape == (1, 10)


@BOTH
def test_the_same_seed_makes_the_same_graph(codes):
    whole = filled(VECTORS[:700], codes=codes)
    parts = HNSWIndex(DIMS, codes=codes)
    parts.scale = whole.scale
    for start in range(0, 700, 90):
        parts.add(VECTORS[start : start + 90][:700])
    assert len(parts) == 720
    again = filled(VECTORS[:720], codes=codes)
    if codes is None:
        np.testing.assert_array_equal(parts.graph.links[:720], again.graph.links[:720])
    assert filled(VECTORS[:700], seed=1).levels.tolist() != whole.levels.tolist()


@BOTH
@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 200), k=st.integers(1, 30), seed=st.integers(0, 999), share=st.floats(0, 1))
def test_filters_and_deletes_return_only_what_is_left(codes, n, k, seed, share):
    vectors, queries = unit(n, seed), unit(5, seed + 1)
    rng = np.random.default_rng(seed)
    index, mask = filled(vectors, codes=codes), rng.random(n) < share
    gone = np.flatnonzero(rng.random(n) < 0.3)
    index.delete(gone)
    left = mask & ~np.isin(np.arange(n), gone)
    scores, ids = index.search(queries, k, ef=n, mask=mask)
    kept = np.flatnonzero(left)
    assert set(ids[ids >= 0]) <= set(kept)
    reachable = min(k, len(kept))
    assert (ids[:, reachable:] == -1).all()
    assert (scores[:, reachable:] == -np.inf).all()
    if reachable:
        expected = kept[exact(vectors[kept], queries, reachable)[1]]
        assert recall(ids[:, :reachable], expected) > 0.9


def test_filters_do_not_cost_recall(index):
    rng = np.random.default_rng(0)
    for share in (0.5, 0.1, 0.01):
        mask = rng.random(len(VECTORS)) < share
        kept = np.flatnonzero(mask)
        expected = kept[exact(VECTORS[kept], QUERIES, 5)[1]]
        assert recall(index.search(QUERIES, 5, ef=100, mask=mask)[1], expected) > 0.95


def test_everything_deleted_even_the_entry():
    index = filled(VECTORS[:300])
    index.delete(index.entry)
    assert index.entry not in index.search(VECTORS[[index.entry]], 300, ef=300)[1]
    index.delete(np.arange(300))
    assert (index.search(QUERIES, 3)[1] == -1).all()
    index.add(VECTORS[300:310])
    assert sorted(index.search(QUERIES[:1], 20)[1][0])[-10:] == list(range(300, 310))
    with pytest.raises(ValueError, match="no vector 310: the index holds 0 to 309"):
        index.delete([3, 310])


def test_deletes_are_saved(tmp_path):
    index = filled(VECTORS[:50])
    index.delete([7])
    index.save(tmp_path / "index")
    loaded = HNSWIndex.load(tmp_path / "index")
    assert 7 not in loaded.search(VECTORS[[7]], 50)[1]
    assert loaded.ef_search == index.ef_search


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones(9, bool), r"bool array of shape \(10,\), but is bool \(9,\)"),
        (np.ones(10), r"but is float64 \(10,\)"),
    ],
)
def test_wrong_masks_are_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        filled(VECTORS[:10]).search(QUERIES, 1, mask=mask)


def test_a_mask_that_allows_nothing():
    scores, ids = filled(VECTORS[:10]).search(QUERIES, 2, mask=np.zeros(10, bool))
    assert (ids == -1).all()
    assert (scores == -np.inf).all()


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
def test_impossible_searches_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, but is 0"):
        filled(VECTORS[:10]).search(QUERIES, **{"k": 1, name: 0})


def test_an_interrupt_keeps_what_is_linked(monkeypatch):
    index, real, calls = HNSWIndex(DIMS), hnsw.insert, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(hnsw, "insert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        index.add(VECTORS)
    monkeypatch.undo()
    assert len(index) == 1000
    assert index.search(VECTORS[:1000], 1)[1].max() < 1000
    index.add(VECTORS[1000:])
    np.testing.assert_array_equal(index.graph.links[:3000], filled(VECTORS).graph.links[:3000])


def test_an_interrupt_that_comes_after_linking_leaves_no_loose_ends(monkeypatch):
    index, real = HNSWIndex(DIMS), hnsw.insert

    def interrupted(*arguments):  # as Ctrl-C does during compiled code: it arrives when that returns
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(hnsw, "insert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        index.add(VECTORS)
    monkeypatch.undo()
    assert max(index.links_of(i).max() for i in range(len(index))) < len(index)
    assert index.search(QUERIES, 10, ef=1000)[1].max() < len(index)
    index.add(VECTORS[len(index) :])
    np.testing.assert_array_equal(index.graph.links[:3000], filled(VECTORS).graph.links[:3000])


def test_a_foreign_file_is_refused(tmp_path):
    flat = FlatIndex(DIMS)
    flat.save(tmp_path / "flat")
    with pytest.raises(StoreError, match="holds a FlatIndex, not a HNSWIndex"):
        HNSWIndex.load(tmp_path / "flat")


@BOTH
def test_recall_equals_hnswlib(codes):
    import hnswlib

    expected = exact(VECTORS, QUERIES, 10)[1]
    peer = hnswlib.Index("ip", DIMS)
    peer.init_index(len(VECTORS), M=16, ef_construction=200)
    peer.add_items(VECTORS, num_threads=1)
    peer.set_ef(30)
    ours = filled(VECTORS, codes=codes).search(QUERIES, 10, ef=30)[1]
    assert recall(ours, expected) > recall(peer.knn_query(QUERIES, 10)[0], expected) - 0.02


def test_portable_code_finds_the_same(tmp_path):
    code = """
import numpy as np
from embedlab.hnsw import HNSWIndex
from embedlab.machine import FAST
assert not FAST
vectors = np.load("vectors.npy")
for codes in (None, "int8"):
    index = HNSWIndex(vectors.shape[1], codes=codes)
    index.add(vectors)
    np.save(f"{codes}.npy", index.search(vectors[:50], 10)[1])
"""
    np.save(tmp_path / "vectors.npy", VECTORS[:500])
    environment = {**os.environ, "EMBEDLAB_PORTABLE": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    for codes in (None, "int8"):
        ours = filled(VECTORS[:500], codes=codes).search(VECTORS[:50], 10)[1]
        assert recall(ours, np.load(tmp_path / f"{codes}.npy")) > 0.99
