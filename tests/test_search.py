"""Exact search against brute force, and an engine that is saved, loaded and refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embedlab.embedder import Embedder
from embedlab.search import ENGINES, FlatIndex, SearchEngine, build_engine, top_k
from embedlab.store import StoreError

TEXTS = ["the cat sat on the mat", "stocks fell on Monday", "how to bake bread"]


@pytest.fixture(scope="module")
def engine():
    return SearchEngine.build(TEXTS, ["cat", "stocks", "bread"], cache=False)


@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 4), st.integers(0, 12)), elements=st.sampled_from([0, 1, 2, 3])
    ),
    st.integers(1, 15),
)
def test_top_k_equals_a_full_sort(scores, k):
    best, ids = top_k(scores, k)
    assert best.shape == ids.shape == (len(scores), k)
    for row, mine, places in zip(scores, best, ids, strict=True):
        expected = sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]
        assert places.tolist() == expected + [-1] * (k - len(expected))
        assert mine.tolist() == [row[i] for i in expected] + [-np.inf] * (k - len(expected))


def test_flat_index_equals_faiss_order():
    rng = np.random.default_rng(0)
    vectors, queries = rng.normal(size=(500, 16)), rng.normal(size=(300, 16))
    index = FlatIndex(16)
    index.add(vectors[:200])
    index.add(vectors[200:])
    scores, ids = index.search(queries, 7)
    exact = queries @ vectors.T
    np.testing.assert_array_equal(ids, np.argsort(-exact, axis=1)[:, :7])
    np.testing.assert_allclose(scores, -np.sort(-exact, axis=1)[:, :7], rtol=1e-4, atol=1e-5)
    assert scores.dtype == np.float32
    assert ids.dtype == np.int64


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((2, 3)), r"\(n, 4\), but got \(2, 3\)"),
        (np.ones(4), r"but got \(4,\)"),
        ([[1, 2, 3, np.nan]], "vector 0 holds NaN"),
        ([[1, 2, 3, 4], [np.inf, 0, 0, 0]], "vector 1 holds NaN or infinity"),
    ],
)
def test_flat_index_refuses_bad_vectors(vectors, message):
    index = FlatIndex(4)
    with pytest.raises(ValueError, match=message):
        index.add(vectors)
    with pytest.raises(ValueError, match=message):
        index.search(vectors, 1)
    assert len(index) == 0


def test_flat_index_edges(tmp_path):
    index = FlatIndex(2)
    assert index.search(np.ones((1, 2)), 2)[1].tolist() == [[-1, -1]]
    assert index.search(np.ones((0, 2)), 2)[1].shape == (0, 2)
    with pytest.raises(ValueError, match="k must be at least 1, but is 0"):
        index.search(np.ones((1, 2)), 0)
    index.add(np.asfortranarray(np.ones((3, 2), np.float64)))
    index.save(tmp_path / "flat")
    loaded = FlatIndex.load(tmp_path / "flat")
    loaded.add(np.zeros((1, 2)))
    assert len(loaded) == 4
    (tmp_path / "flat").write_bytes((tmp_path / "flat").read_bytes()[:-5])
    with pytest.raises(StoreError, match="damaged"):
        FlatIndex.load(tmp_path / "flat")
    with pytest.raises(StoreError, match="there is no file"):
        FlatIndex.load(tmp_path / "nothing")


def test_engine_finds_by_meaning(engine):
    hits = engine.search("a kitten resting", k=10)
    assert len(hits) == 3
    assert hits[0].id == "cat"
    assert hits[0].score > hits[1].score


def test_engine_survives_saving(engine, tmp_path):
    engine.save(tmp_path / "engine")
    loaded = SearchEngine.load(tmp_path / "engine", engine.embedder)
    assert loaded.search("baking", k=2) == engine.search("baking", k=2)


def test_engine_refuses_another_models_vectors(engine, tmp_path):
    engine.save(tmp_path)
    with pytest.raises(StoreError, match=r"was built with .*'pooling': 'mean'.*'pooling': 'cls'"):
        SearchEngine.load(tmp_path, Embedder.load(pooling="cls"))


def test_engine_refuses_damaged_folders(engine, tmp_path):
    with pytest.raises(StoreError, match="holds no search engine"):
        SearchEngine.load(tmp_path / "nowhere", engine.embedder)
    engine.save(tmp_path)
    lines = (tmp_path / "texts.jsonl").read_text().splitlines()
    (tmp_path / "texts.jsonl").write_text("\n".join(lines[:2]))
    with pytest.raises(StoreError, match="3 vectors for 2 texts"):
        SearchEngine.load(tmp_path, engine.embedder)
    (tmp_path / "engine.json").write_text(json.dumps({})[:1])
    with pytest.raises(StoreError, match="holds no search engine"):
        SearchEngine.load(tmp_path, engine.embedder)


@pytest.mark.parametrize(
    ("texts", "ids", "message"),
    [
        ([], None, "no texts were given"),
        (TEXTS, ["a"], "3 texts, but 1 ids"),
        (TEXTS, ["a", "b", "a"], "two texts have the id 'a'"),
    ],
)
def test_engine_refuses_bad_collections(texts, ids, message):
    with pytest.raises(ValueError, match=message):
        SearchEngine.build(texts, ids)


def test_engine_refuses_bad_queries(engine):
    with pytest.raises(ValueError, match="the query is empty"):
        engine.search("  ")
    with pytest.raises(TypeError, match="must be a string, but is int"):
        engine.search(7)


def test_engines_by_name():
    assert list(ENGINES) == ["dense", "dense-cls", "dense-max", "dense-last", "dense-lead"]
    with pytest.raises(ValueError, match="no engine 'dens'; choose from dense, dense-cls"):
        build_engine("dens", TEXTS, ["1", "2", "3"])
