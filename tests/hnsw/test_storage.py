"""What an index holds: the same however it is filled, after an interrupt, and after a file."""

import copy
import pickle

import numpy as np
import pytest
from vectors import exact, filled, recall, unit

from embedlab.hnsw import HNSWIndex
from embedlab.hnsw import graph as hnsw
from embedlab.index import FlatIndex, Index
from embedlab.machine import StoreError, files

DIMS = 16
BOTH = pytest.mark.parametrize("codes", [None, "int8"])


@BOTH
def test_the_same_seed_makes_the_same_graph(codes, vectors):
    whole = filled(vectors[:700], codes=codes)
    parts = HNSWIndex(DIMS, codes=codes)
    parts.scale = whole.scale
    for start in range(0, 700, 90):
        parts.add(vectors[start : start + 90][:700])
    assert len(parts) == 720
    again = filled(vectors[:720], codes=codes)
    if codes is None:
        np.testing.assert_array_equal(parts.graph.links[:720], again.graph.links[:720])
    assert filled(vectors[:700], seed=1).levels.tolist() != whole.levels.tolist()


def test_an_interrupt_keeps_what_is_linked(monkeypatch, vectors):
    index, real, calls = HNSWIndex(DIMS), hnsw.insert, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(hnsw, "insert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        index.add(vectors)
    monkeypatch.undo()
    assert len(index) == 1000
    assert index.search(vectors[:1000], 1)[1].max() < 1000
    index.add(vectors[1000:])
    np.testing.assert_array_equal(index.graph.links[:3000], filled(vectors).graph.links[:3000])


def test_an_interrupt_that_comes_after_linking_leaves_no_loose_ends(monkeypatch, vectors, queries):
    index, real = HNSWIndex(DIMS), hnsw.insert

    def interrupted(*arguments):  # as Ctrl-C does during compiled code: it arrives when that returns
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(hnsw, "insert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        index.add(vectors)
    monkeypatch.undo()
    assert max(index.links_of(i).max() for i in range(len(index))) < len(index)
    assert index.search(queries, 10, ef=1000)[1].max() < len(index)
    index.add(vectors[len(index) :])
    np.testing.assert_array_equal(index.graph.links[:3000], filled(vectors).graph.links[:3000])


def test_a_foreign_file_is_refused(tmp_path):
    flat = FlatIndex(DIMS)
    flat.save(tmp_path / "flat")
    with pytest.raises(StoreError, match="holds a FlatIndex, not a HNSWIndex"):
        HNSWIndex.load(tmp_path / "flat")


@pytest.mark.parametrize("first", [1e-4, 1.0])
def test_codes_get_a_scale_that_fits_all(first, vectors, queries):
    # A first vector of tiny numbers must not set the scale of all that follow.
    index = HNSWIndex(DIMS, codes="int8")
    for part in (first * vectors[:1], vectors[1:50], vectors[50:]):
        index.add(part)
    assert index.scale == np.float32(np.abs(vectors[1:] if first < 1 else vectors).max()) / 127
    found = index.search(queries, 10)[1]
    assert recall(found, exact(np.concatenate([first * vectors[:1], vectors[1:]]), queries, 10)[1]) > 0.95


def test_links_that_codes_have_chosen_serve_the_vectors(vectors, queries, tmp_path):
    coded, floats = filled(vectors, codes="int8"), filled(vectors)
    light, truth = coded.without_codes(), exact(vectors, queries, 10)[1]
    assert coded.codes == "int8", "as it was"
    assert (light.codes, light.scale) == (None, 0)
    assert light.bytes_per_vector == floats.bytes_per_vector < coded.bytes_per_vector
    found, known = (recall(one.search(queries, 10, ef=64)[1], truth) for one in (light, floats))
    assert found > known - 0.02
    light.delete([1, 2])
    scores, ids = light.search(queries, 10, ef=64)
    np.testing.assert_allclose(scores, np.einsum("qd,qkd->qk", queries, vectors[ids]), atol=1e-5)
    assert not np.isin(ids, [1, 2]).any()
    light.save(tmp_path / "light")
    np.testing.assert_array_equal(HNSWIndex.load(tmp_path / "light").search(queries, 10, ef=64)[1], ids)
    light.add(unit(500, seed=9))
    assert (light.search(unit(500, seed=9), 1)[1].ravel() == np.arange(500) + len(vectors)).mean() > 0.99


def test_vectors_of_one_code_are_told_apart_without_it():
    alike = np.tile(np.float32([1, 0.5, 0, 0]), (5, 1))
    alike[:, 3] = np.linspace(0, 0.003, 5)  # less than half a step of the codes
    index = filled(alike, codes="int8")
    assert len(np.unique(index.graph.rows[:5], axis=0)) == 1
    query = np.float32([[0, 0, 0, 1]])
    assert index.without_codes().search(query, 5)[1].tolist() == [[4, 3, 2, 1, 0]]


def test_copies_and_pickles(index, queries):
    for other in (copy.deepcopy(index), pickle.loads(pickle.dumps(index))):
        np.testing.assert_array_equal(other.search(queries, 5)[1], index.search(queries, 5)[1])
        other.add(unit(3, 5))
        assert len(other) == len(index) + 3


def test_a_file_of_the_first_format_has_no_twins(index, queries, tmp_path):
    arrays, about = index.state()
    del arrays["twins"]
    files.save(tmp_path / "old", "index", arrays, {"class": "HNSWIndex", **about})
    loaded = Index.load(tmp_path / "old")
    np.testing.assert_array_equal(loaded.search(queries, 5)[1], index.search(queries, 5)[1])


def links(place, value):
    def damage(arrays, _about):
        arrays["links"][place] = value

    return damage


def upper_link_to_the_ground(arrays, _about):
    arrays["upper"][0, :2] = 1, np.flatnonzero(arrays["levels"] == 0)[0]


@pytest.mark.parametrize(
    "damage",
    [
        links((3, 1), 200),
        links((3, 1), -1),
        links((3, 0), 33),
        links((3, 0), -1),
        upper_link_to_the_ground,
        lambda arrays, about: about.update(entry=200),
        lambda arrays, about: about.update(entry=-1),
        lambda arrays, about: about.update(top=about["top"] + 1),
        lambda arrays, about: about.update(m=8),
        lambda arrays, about: about.update(m="16"),
        lambda arrays, about: about.update(dims=8),
        lambda arrays, about: about.update(codes="int4"),
        lambda arrays, about: about.pop("seed"),
        lambda arrays, about: arrays.pop("levels"),
        lambda arrays, about: arrays.update(levels=arrays["levels"][:-1]),
        lambda arrays, about: arrays.update(levels=arrays["levels"] + 1),
        lambda arrays, about: arrays.update(deleted=arrays["deleted"][:-1]),
        lambda arrays, about: arrays.update(deleted=arrays["deleted"].astype(np.int64)),
        lambda arrays, about: arrays.update(twins=np.zeros_like(arrays["twins"])),
        lambda arrays, about: arrays["vectors"].__setitem__((0, 0), np.nan),
    ],
)
def test_links_that_lead_nowhere_are_refused(damage, tmp_path):
    arrays, about = filled(unit(200)).state()
    arrays = {name: array.copy() for name, array in arrays.items()}
    damage(arrays, about)
    files.save(tmp_path / "index", "index", arrays, {"class": "HNSWIndex", **about})
    with pytest.raises(StoreError, match="holds no HNSWIndex that can be read"):
        Index.load(tmp_path / "index")
