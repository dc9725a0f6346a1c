"""An index searched where it lies: what it finds, what it reads and refuses, and files that are damaged."""

import copy
import io
import mmap
import pickle
import re
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import filled, unit

from embedlab.hnsw import HNSWIndex
from embedlab.index import FlatIndex, Index
from embedlab.machine import StoreError, files

BOTH = pytest.mark.parametrize("codes", [None, "int8"])
QUERIES = unit(20, 1)


def saved(index, folder, **options):
    index.save(folder / "index", **options)
    return folder / "index"


def same(one, other, queries=QUERIES, **options):
    """Assert that two indexes find the same, to the last bit."""
    ours, theirs = (index.search(queries, 7, **options) for index in (one, other))
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


@BOTH
@given(n=st.integers(0, 150), dims=st.sampled_from([3, 16, 64, 100]), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_it_finds_what_the_loaded_one_finds(codes, n, dims, seed, tmp_path_factory):
    rng = np.random.default_rng(seed)
    vectors, queries = unit(n, seed, dims), unit(5, seed + 1, dims)
    index = filled(np.concatenate([vectors, vectors[:20]]), codes=codes)
    index.delete(np.flatnonzero(rng.random(len(index)) < 0.2))
    path = saved(index, tmp_path_factory.mktemp("opened"))
    loaded, opened = HNSWIndex.load(path), HNSWIndex.open(path)
    mask = rng.random(len(index)) < 0.7
    for options in ({}, {"ef": 3}, {"mask": mask}, {"mask": mask, "fallback": False}, {"threads": 2}):
        same(opened, loaded, queries, **options)
        same(index, loaded, queries, **options)
    assert len(opened) == len(index)
    assert opened.path(queries[0]) == loaded.path(queries[0])


def origin(array):
    """Return the object whose memory an array shows."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


@BOTH
def test_no_vector_code_or_link_of_layer_0_is_copied_in_opening(codes, tmp_path):
    opened = HNSWIndex.open(saved(filled(unit(300), codes=codes), tmp_path))
    opened.search(QUERIES, 5)
    graph = opened.graph
    for array in (opened.vectors, opened.deleted, graph.rows, graph.links, graph.upper, graph.twins):
        assert isinstance(origin(array), mmap.mmap)
    assert graph.rows.ctypes.data % 64 == 0


def test_bytes_in_memory_are_those_of_what_a_walk_touches(tmp_path):
    index = filled(unit(300), codes="int8")
    opened = HNSWIndex.open(saved(index, tmp_path))
    assert opened.bytes_per_vector == index.bytes_per_vector - 4 * 16
    assert HNSWIndex.open(saved(index, tmp_path, rows="float16")).bytes_per_vector == opened.bytes_per_vector


def test_it_is_for_searching_only(tmp_path):
    path = saved(filled(unit(50), codes="int8"), tmp_path)
    before, opened = path.read_bytes(), HNSWIndex.open(path)
    for change in (lambda: opened.add(unit(1)), lambda: opened.delete(3), opened.repair):
        with pytest.raises(io.UnsupportedOperation, match=r"to be searched only: HNSWIndex\.load reads it"):
            change()
    assert len(opened) == 50
    assert 3 in opened.search(unit(50), 1)[1]
    assert path.read_bytes() == before


def test_copies_lie_in_memory_and_can_be_changed(tmp_path):
    opened = HNSWIndex.open(saved(filled(unit(50), codes="int8"), tmp_path))
    for other in (copy.deepcopy(opened), pickle.loads(pickle.dumps(opened))):
        same(other, opened)
        other.add(unit(5, 3))
        assert len(other) == 55
    opened.save(tmp_path / "again")
    same(HNSWIndex.open(tmp_path / "again"), opened)


@pytest.mark.parametrize("rows", ["float32", "float16"])
def test_a_copy_has_the_codes_of_the_file(rows, tmp_path):
    index = filled(unit(200) * 0.1, codes="int8")
    opened = HNSWIndex.open(saved(index, tmp_path, rows=rows))
    for one in (copy.deepcopy(opened), HNSWIndex.from_state(*opened.state())):
        np.testing.assert_array_equal(one.graph.rows[:200], index.graph.rows[:200])
        assert one.longest == index.longest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not replace a file that is mapped")
def test_a_new_file_in_its_place_does_no_harm(tmp_path):
    index = filled(unit(100), codes="int8")
    opened = HNSWIndex.open(saved(index, tmp_path))
    saved(filled(unit(30, 5), codes="int8"), tmp_path)
    same(opened, index)


def test_threads_search_side_by_side(tmp_path):
    index = filled(unit(500), codes="int8")
    opened = HNSWIndex.open(saved(index, tmp_path))
    expected, wrong = index.search(QUERIES, 5)[1], []

    def search():
        for _ in range(20):
            wrong.append((opened.search(QUERIES, 5)[1] != expected).any())

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(wrong) == 60
    assert not any(wrong)


@given(st.integers(0, 99), st.floats(0.01, 100))
@settings(deadline=None, max_examples=20)
def test_rows_of_float16_move_scores_by_their_rounding_only(tmp_path_factory, seed, length):
    vectors = unit(100, seed) * np.float32(length)
    index, folder = filled(vectors, codes="int8"), tmp_path_factory.mktemp("halves")
    path = saved(index, folder, rows="float16")
    opened, loaded = HNSWIndex.open(path), HNSWIndex.load(path)
    same(opened, loaded)
    scores, ids = opened.search(QUERIES, 5)
    exact = np.take_along_axis(QUERIES @ vectors.T, ids, axis=1)
    assert np.abs(scores - exact).max() <= length * (2**-11 + 1e-6)
    np.testing.assert_array_equal(opened.vectors_of(np.arange(100)), vectors.astype(np.float16))
    assert opened.vectors_of([0]).dtype == np.float32
    loaded.add(unit(3))
    assert len(loaded) == 103


def test_rows_that_cannot_be_stored_are_refused(tmp_path):
    index = filled(unit(10), codes="int8")
    with pytest.raises(ValueError, match="rows must be 'float32', or 'float16' beside codes, but are 'int8'"):
        index.save(tmp_path / "index", rows="int8")
    with pytest.raises(ValueError, match="'float16' beside codes"):
        filled(unit(10)).save(tmp_path / "index", rows="float16")
    index.add(unit(1) * 1e6)
    with pytest.raises(ValueError, match="a number is too large for float16"):
        index.save(tmp_path / "index", rows="float16")
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_refused(share, tmp_path):
    path = saved(filled(unit(300), codes="int8"), tmp_path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(StoreError, match="index' is damaged"):
        HNSWIndex.open(path)


def test_other_files_are_refused(tmp_path):
    flat = FlatIndex(16)
    flat.save(tmp_path / "flat")
    with pytest.raises(StoreError, match="flat' holds a FlatIndex, not a HNSWIndex"):
        HNSWIndex.open(tmp_path / "flat")
    with pytest.raises(StoreError, match="there is no file"):
        HNSWIndex.open(tmp_path / "nothing")
    with pytest.raises(StoreError, match=re.escape(repr(str(tmp_path)))):
        HNSWIndex.open(tmp_path)


@BOTH
def test_files_of_earlier_versions_are_loaded_and_not_opened(codes, tmp_path):
    index = filled(unit(200), codes=codes)
    arrays, about = index.state()
    del about["longest"]
    arrays.pop("codes", None)
    files.save(tmp_path / "old", "index", arrays, {"class": "HNSWIndex", **about})
    same(Index.load(tmp_path / "old"), index)
    with pytest.raises(StoreError, match=r"old' holds no .*an earlier version: load it, and save it anew"):
        HNSWIndex.open(tmp_path / "old")


def damaged(path, change):
    """Write the file anew with its arrays or what it says of itself changed."""
    arrays, about = files.load(path, "index")
    change(arrays, about)
    files.save_aligned(path, "index", arrays, about)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays, about: arrays["upper"].__setitem__((0, 1), 300),
        lambda arrays, about: arrays["upper"].__setitem__((0, 0), 99),
        lambda arrays, about: arrays["twins"].__setitem__(0, 1),
        lambda arrays, about: arrays.update(links=arrays["links"].astype(np.int64)),
        lambda arrays, about: arrays.update(levels=arrays["levels"] + 1),
        lambda arrays, about: arrays.update(deleted=arrays["deleted"].astype(np.uint8)),
        lambda arrays, about: arrays.update(codes=arrays["codes"][:, :32].copy()),
        lambda arrays, about: arrays.update(vectors=arrays["vectors"].astype(np.float64)),
        lambda arrays, about: arrays.pop("codes"),
        lambda arrays, about: about.update(entry=300),
        lambda arrays, about: about.update(dims=100),
        lambda arrays, about: about.pop("longest"),
        lambda arrays, about: about.update(scale="large"),
    ],
)
def test_what_is_wrong_is_found_in_opening(change, tmp_path):
    path = saved(filled(unit(300), codes="int8"), tmp_path)
    damaged(path, change)
    with pytest.raises(StoreError, match="index' holds no HNSWIndex that can be opened"):
        HNSWIndex.open(path)


@pytest.mark.parametrize("link", [300, -1, 2**31 - 1, -(2**31)])
def test_a_link_that_leads_nowhere_is_found_by_the_search_that_comes_to_it(link, tmp_path):
    path = saved(filled(unit(300), codes="int8"), tmp_path)
    damaged(path, lambda arrays, about: arrays["links"].__setitem__((slice(None), 1), link))
    opened = HNSWIndex.open(path)
    for mask in (None, np.arange(300) < 200):
        with pytest.raises(StoreError, match="index' is damaged: a link leads to a vector that does"):
            opened.search(QUERIES, 5, mask=mask, fallback=False)


@pytest.mark.parametrize("count", [33, 2**31 - 1, -(2**31)])
def test_more_links_than_there_is_room_for_are_not_followed(count, tmp_path):
    path = saved(filled(unit(300), codes="int8"), tmp_path)
    damaged(path, lambda arrays, about: arrays["links"].__setitem__((slice(None), 0), count))
    assert HNSWIndex.open(path).search(QUERIES, 5)[1].max() < 300
