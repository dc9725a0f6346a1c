"""An index on disk: its file, what it reads, that it finds what its graph in memory finds."""

import copy
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import exact as nearest
from vectors import recall, unit

from embedlab.index import FlatIndex
from embedlab.machine import StoreError, files
from embedlab.scale import DiskIndex, VamanaIndex, memory_of, sectors


@pytest.fixture(scope="module")
def graph(vectors):
    one = VamanaIndex(32, 16, width=40)
    one.add(vectors)
    return one


@pytest.fixture(scope="module")
def index(graph):
    return DiskIndex.from_graph(graph, 8)


@given(n=st.integers(0, 20), words=st.sampled_from([5, 300, 417, 600, 1024, 1025, 2100]))
def test_nodes_are_where_they_are_looked_for(n, words, tmp_path_factory):
    path = tmp_path_factory.mktemp("nodes") / "file"
    nodes = np.arange(n * words, dtype=np.int32).reshape(n, words)
    laid = sectors.as_sectors(nodes)
    assert laid.shape[1] % sectors.SECTOR == 0
    path.write_bytes(b"x" * 100 + laid.tobytes())
    read = sectors.Nodes(path, 100, words)
    order = np.random.default_rng(0).permutation(n)
    np.testing.assert_array_equal(read.read_these(order), nodes[order])
    for i in range(n):
        first, last = read.place(i) - 100, read.place(i) - 100 + 4 * words - 1
        reach = last // sectors.SECTOR - first // sectors.SECTOR + 1
        assert reach == -(-4 * words // sectors.SECTOR), "as few sectors as it fills"
    with pytest.raises(StoreError, match="the file ends within node"):
        read.read(n + 5000, memoryview(bytearray(4 * words)))


def test_the_file_is_a_safetensors_file_whose_sectors_begin_on_a_sector(index, vectors, graph, tmp_path):
    index.save(tmp_path / "index")
    arrays, start, shape = sectors.read_rest(tmp_path / "index")
    assert start % sectors.SECTOR == 0
    whole, about = files.load(tmp_path / "index", "index")
    assert about["class"] == "DiskIndex"
    assert whole["sectors"].shape == shape == (150, 4096)  # 20 nodes of 49 words each, 21 would straddle
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, whole[name])
    np.testing.assert_array_equal(index.vectors_of(np.arange(3000)), vectors)
    np.testing.assert_array_equal(index.graph().graph.links, graph.graph.links)
    assert index.disk_bytes_per_vector == pytest.approx(whole["sectors"].nbytes / 3000, rel=0.01)


def test_it_finds_what_the_graph_in_memory_finds(index, graph, queries, exact):
    recalls = [recall(one.search(queries, 10, beam=100)[1], exact) for one in (index, graph)]
    assert recalls[0] > recalls[1] - 0.03
    scores, ids = index.search(queries, 10)
    np.testing.assert_allclose(
        scores, np.einsum("qd,qkd->qk", queries, graph.vectors_of(ids)), atol=1e-6, err_msg="scores are exact"
    )


def test_a_beam_for_all_reads_all_and_is_exact(index, vectors, queries):
    scores, ids = index.search(queries[:5], 10, beam=3000)
    expected = nearest(vectors, queries[:5], 10)
    np.testing.assert_array_equal(ids, expected[1])
    np.testing.assert_allclose(scores, expected[0], atol=1e-6)
    assert index.reads == 3000
    assert index.rounds >= 3000 / 4


def test_reads_are_counted(index, queries, monkeypatch):
    numbers, read = [], sectors.Nodes.read
    monkeypatch.setattr(sectors.Nodes, "read", lambda self, i, out: (numbers.append(i), read(self, i, out)))
    index.search(queries[:7], 5, beam=30)
    assert index.reads == len(numbers) / 7
    assert 30 <= index.reads < 60
    assert index.reads / 4 <= index.rounds <= index.reads


@pytest.mark.parametrize("at_a_time", [1, 2, 4])
def test_more_at_a_time_are_fewer_rounds(index, queries, at_a_time):
    few = index.search(queries, 10, beam=40, at_a_time=at_a_time)
    rounds, reads = index.rounds, index.reads
    index.search(queries, 10, beam=40, at_a_time=2 * at_a_time)
    assert index.rounds < 0.75 * rounds
    assert index.reads > 0.99 * reads
    assert few[1].shape == (60, 10)


@pytest.mark.parametrize("cache", [1, 50, 3000, 9999])
def test_kept_nodes_need_not_be_read(index, graph, queries, cache):
    expected, reads = index.search(queries, 10), index.reads
    kept = DiskIndex.from_graph(graph, 8, cache=cache)
    np.testing.assert_array_equal(kept.search(queries, 10)[1], expected[1])
    assert len(kept.kept) == min(cache, 3000)
    assert kept.reads < reads if cache < 3000 else kept.reads == 0
    assert kept.bytes_per_vector - index.bytes_per_vector == pytest.approx(4 * 49 * min(cache, 3000) / 3000)


def test_bytes_count_all_that_is_in_memory(index):
    held = [index.codes, index.quantizer.centroids, index.equals]
    assert index.bytes_per_vector == pytest.approx(sum(part.nbytes for part in held) / 3000)


@settings(max_examples=10)
@given(n=st.integers(1, 40), k=st.integers(1, 60), dims=st.sampled_from([1, 8, 70]), seed=st.integers(0, 99))
def test_small_ones_are_exact(n, k, dims, seed):
    vectors, queries = unit(n, seed, dims), unit(3, seed + 1, dims)
    if seed % 3 == 0:
        vectors[n // 2 :] = vectors[0]
    index = DiskIndex(dims, cache=seed % 5)
    index.add(vectors)
    expected = nearest(vectors, queries, k)
    scores, ids = index.search(queries, k)
    np.testing.assert_allclose(scores, expected[0], atol=1e-5)
    np.testing.assert_array_equal(ids >= 0, expected[1] >= 0)


def test_adding_writes_it_anew(vectors, queries):
    index = DiskIndex(32, 8, degree=16, width=40)
    index.add(vectors[:1000])
    before = index.path
    index.add(vectors[1000:1500])
    assert not before.exists()
    expected = nearest(vectors[:1500], queries, 10)[1]
    assert recall(index.search(queries, 10)[1], expected) > 0.9
    path = index.path
    del index
    assert not path.exists()


def test_opening_leaves_the_rest_in_the_file(index, queries, tmp_path):
    index.save(tmp_path / "index")
    opened = DiskIndex.load(tmp_path / "index")
    assert opened.path == tmp_path / "index"
    np.testing.assert_array_equal(opened.search(queries, 10)[1], index.search(queries, 10)[1])
    opened.save(tmp_path / "index")  # to its own place, while it is read
    again = copy.copy(opened)
    np.testing.assert_array_equal(again.search(queries, 10)[1], index.search(queries, 10)[1])
    np.testing.assert_array_equal(opened.search(queries, 10)[1], index.search(queries, 10)[1])
    assert again.path != opened.path


def damaged(index, path, place, value):
    """Save the index with a word of a node changed."""
    index.save(path)
    node, word = place
    _, start, _ = sectors.read_rest(path)
    at = sectors.Nodes(path, start, index.words).place(node) + 4 * word
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(np.int32(value).tobytes())


@pytest.mark.parametrize(("word", "value"), [(33, 3000), (33, -1), (32, 17), (32, -5)])
def test_a_link_that_leads_nowhere_is_noticed_when_it_is_read(index, queries, word, value, tmp_path):
    damaged(index, tmp_path / "index", (index.entry, word), value)
    opened = DiskIndex.load(tmp_path / "index")
    with pytest.raises(StoreError, match="index' is damaged: a link leads nowhere"):
        opened.search(queries, 10)
    if word == 33:
        with pytest.raises(StoreError, match=f"is damaged: a link of node {index.entry} leads nowhere"):
            opened.keep_near(5)
    with pytest.raises(ValueError, match="a link leads to a vector that does not exist"):
        opened.graph()


def test_foreign_and_damaged_files(index, tmp_path):
    flat = FlatIndex(4)
    flat.save(tmp_path / "flat")
    with pytest.raises(StoreError, match="holds a FlatIndex, not a DiskIndex"):
        DiskIndex.load(tmp_path / "flat")
    index.save(tmp_path / "index")
    data = (tmp_path / "index").read_bytes()
    for end in (0, 5, 3000, 5000, len(data) // 2, len(data) - 1):
        (tmp_path / "cut").write_bytes(data[:end])
        with pytest.raises(StoreError, match="damaged"):
            DiskIndex.load(tmp_path / "cut")
    (tmp_path / "text").write_text("no index at all")
    with pytest.raises(StoreError, match="damaged"):
        DiskIndex.load(tmp_path / "text")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entry": 3000}, "there is no vector 3000 to begin at"),
        ({"dims": 40}, "for sectors of shape|do not fit the codes"),
        ({"m": 4}, "codes of shape"),
        ({"degree": 200}, "for sectors of shape"),
        ({"alpha": 0}, "alpha must be a number of at least 1"),
    ],
)
def test_settings_that_do_not_fit_the_arrays(index, change, message, tmp_path):
    arrays, about = index.state()
    files.save_aligned(tmp_path / "index", "index", arrays, {**about, **change}, first="sectors")
    with pytest.raises(StoreError, match=message):
        DiskIndex.load(tmp_path / "index")


def test_nothing_is_left_of_a_file_that_could_not_be_written(index, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        files.save_aligned(tmp_path / "index", "index", *index.state(), first="sectors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"m": 5}, "16 dimensions cannot be cut into 5 equal pieces"),
        ({"m": 0}, "m must be at least 1, but is 0"),
        ({"at_a_time": 0}, "at_a_time must be at least 1"),
        ({"cache": -1}, "cache must be at least 0"),
        ({"degree": 1}, "degree must be at least 2"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        DiskIndex(16, **options)


def test_a_graph_with_deleted_ones_is_refused(graph):
    other = VamanaIndex.from_state(*graph.state())
    other.delete([1, 2])
    with pytest.raises(ValueError, match="2 vectors are deleted: build anew"):
        DiskIndex.from_graph(other)


@pytest.mark.slow
def test_memory_in_a_fresh_process(index, graph, queries, tmp_path):
    for one in (index, graph):
        one.save(tmp_path / "index")
        found = memory_of(tmp_path / "index", queries)
        assert found["searched"] > 0
        assert found["open_ms"] < 500
