"""Exact search against brute force, and an engine that is saved, loaded and refused."""

import numpy as np
import pytest

from embedlab.engine import ENGINES, SearchEngine, build_engine
from embedlab.matryoshka import LinearAdapter
from embedlab.quantization import BinaryIndex

TEXTS = ["the cat sat on the mat", "stocks fell on Monday", "how to bake bread"]


@pytest.fixture(scope="module")
def engine():
    return SearchEngine.build(TEXTS, ["cat", "stocks", "bread"], cache=False)


def test_engine_finds_by_meaning(engine):
    hits = engine.search("a kitten resting", k=10)
    assert len(hits) == 3
    assert hits[0].id == "cat"
    assert hits[0].score > hits[1].score


@pytest.mark.parametrize("adapted", [False, True])
def test_engine_keeps_its_index_and_adapter(engine, tmp_path, adapted):
    adapter = LinearAdapter(np.eye(384)[::-1], engine.embedder.identity) if adapted else None
    index = BinaryIndex(64 if adapted else 384)
    small = SearchEngine.build(TEXTS, embedder=engine.embedder, index=index, adapter=adapter, cache=False)
    assert small.bytes_per_doc == index.dims / 8
    assert small.search("a kitten resting", k=1)[0].text == TEXTS[0]
    small.save(tmp_path)
    assert SearchEngine.load(tmp_path, engine.embedder).search("baking", k=2) == small.search("baking", k=2)
    with pytest.raises(ValueError, match="already holds 3 vectors"):
        SearchEngine.build(TEXTS, embedder=engine.embedder, index=index)


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


@pytest.mark.parametrize("build", [SearchEngine.build, lambda texts: build_engine("bm25", texts)])
def test_engine_refuses_one_string_and_what_is_no_string(build):
    with pytest.raises(TypeError, match=r"texts must be a list of strings, but is one string: pass \['hello"):
        build("hello world")
    with pytest.raises(TypeError, match=r"texts\[1\] must be a string, but is int: 7"):
        build(["hello", 7])


def test_engine_refuses_bad_queries(engine):
    with pytest.raises(ValueError, match="the query is empty"):
        engine.search("  ")
    with pytest.raises(TypeError, match="must be a string, but is int"):
        engine.search(7)


def test_engines_by_name():
    assert list(ENGINES)[:5] == ["dense", "dense-cls", "dense-max", "dense-last", "dense-lead"]
    assert set(ENGINES) >= {
        "flat",
        "matryoshka-64",
        "adapter-64",
        "int8",
        "binary",
        "binary+rescore",
        "pq",
        "hnsw",
    }
    assert list(ENGINES)[-7:] == ["colbert", "bm25", "rrf", "hybrid", "rerank", "rerank-alone", "full"]
    with pytest.raises(ValueError, match="no engine 'dens'; choose from dense, dense-cls"):
        build_engine("dens", TEXTS, ["1", "2", "3"])


@pytest.mark.parametrize("name", ["colbert", "bm25", "rrf", "hybrid", "rerank", "full"])
def test_composed_engines_take_any_collection(name):
    texts = ["how to bake bread and rolls", "the cat sat on the mat", "stocks fell on Monday", "..."]
    engine = build_engine(name, texts, ["bread", "cat", "stocks", "dots"])
    assert engine.search("where did the cat sit", k=10)[0].id == "cat"
    assert engine.bytes_per_doc > 0
    for query in ("zxqv", "?"):  # unknown words, no words
        assert len(engine.search(query, k=3)) <= 3
    alone = build_engine(name, texts[1:2], ["only"])
    assert [hit.id for hit in alone.search("cat", k=5)] == ["only"]
