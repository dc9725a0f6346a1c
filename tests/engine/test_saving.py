"""Engines of every kind are saved, read back and added to; files of old versions still open."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from embedlab.colbert import ColBERT, TokenIndex
from embedlab.embedder import Embedder
from embedlab.engine import (
    BM25Stage,
    ColBERTStage,
    DenseStage,
    Engine,
    FusionStage,
    RerankStage,
    SearchEngine,
    build_engine,
    embedder,
)
from embedlab.hnsw import HNSWIndex
from embedlab.hybrid import BM25Index
from embedlab.index import FlatIndex
from embedlab.machine import StoreError
from embedlab.matryoshka import LinearAdapter
from embedlab.quantization import BinaryIndex
from embedlab.reranking import CrossEncoder

pytestmark = pytest.mark.slow

OLD = Path(__file__).with_name("fixtures") / "format_1"
TEXTS = ["the cat sat on the mat", "stocks fell on Monday", "how to bake bread"]
IDS = ["cat", "stocks", "bread"]
MORE = ["a dog barked at night", "tax law for beginners"]


def stages(name):
    """Make a stage over no documents."""
    dense = DenseStage(embedder(), FlatIndex(384), lead=16)
    bm25 = BM25Stage(BM25Index(k1=0.9))
    return {
        "dense": dense,
        "adapted": DenseStage(
            embedder(), BinaryIndex(64), LinearAdapter(np.eye(384)[::-1], embedder().identity), "adapted"
        ),
        "hnsw": DenseStage(embedder(), HNSWIndex(384, m=4)),
        "bm25": bm25,
        "colbert": ColBERTStage(ColBERT(embedder(), np.eye(384, 32, dtype=np.float32)), TokenIndex(32)),
        "fusion": FusionStage([dense, bm25], method="min-max", weights=[1, 2], depth=7),
        "rerank in int8": RerankStage(bm25, CrossEncoder.untrained(dtype="int8", max_length=60), [], depth=2),
        "rerank": RerankStage(FusionStage([dense, bm25]), CrossEncoder.untrained(), [], depth=2, weight=0.3),
    }[name]


def engine_of(name):
    engine = Engine(stages(name), [], [])
    engine.add(TEXTS, IDS)
    return engine


every_kind = pytest.mark.parametrize(
    "name", ["dense", "adapted", "hnsw", "bm25", "colbert", "fusion", "rerank", "rerank in int8"]
)


@pytest.mark.slow
@every_kind
def test_what_is_saved_comes_back(name, tmp_path):
    engine = engine_of(name)
    engine.save(tmp_path)
    loaded = Engine.load(tmp_path)
    assert loaded.search("who sat on the mat?", k=3) == engine.search("who sat on the mat?", k=3)
    assert loaded.bytes_per_doc == engine.bytes_per_doc
    assert isinstance(loaded, SearchEngine) == isinstance(engine.stage, DenseStage)
    loaded.add(MORE)
    assert len(loaded.search("night", k=9)) >= 1


@pytest.mark.slow
@every_kind
def test_added_to_is_the_same_as_built_at_once(name):
    grown, whole = engine_of(name), Engine(stages(name), [], [])
    grown.add(MORE, ["dog", "tax"])
    whole.add(TEXTS + MORE, [*IDS, "dog", "tax"])
    query = "a dog at night sat on the mat"
    assert grown.search(query, k=5) == whole.search(query, k=5)


def test_the_trained_engine_carries_its_models(tmp_path):
    engine = build_engine("full", TEXTS, IDS)
    engine.save(tmp_path)
    assert (tmp_path / "engine.json").read_text().count("fine-tuned") == 2  # the stage, its model
    assert Engine.load(tmp_path).search("who sat?", k=3) == engine.search("who sat?", k=3)


def test_a_built_engine_takes_more_documents():
    engine = build_engine("hybrid", TEXTS, IDS)
    engine.add(["zebra crossing"], ["zebra"])
    assert engine.search("zebra", k=1)[0].id == "zebra"
    with pytest.raises(ValueError, match="two texts have the id 'zebra'"):
        engine.add(["again"], ["zebra"])
    with pytest.raises(TypeError, match="is one string"):
        engine.add("one string")
    assert len(engine.ids) == len(engine.texts) == len(engine.stage) == 4


def test_adding_is_all_or_nothing(monkeypatch):
    engine = engine_of("fusion")

    def interrupted(texts):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.stage.parts[1], "encoded", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.add(MORE)
    assert len(engine.stage.parts[0]) == len(engine.stage.parts[1]) == len(engine.ids) == 3


def test_an_index_filled_behind_the_engines_back_is_noticed():
    engine = SearchEngine.build(TEXTS, IDS, cache=False)
    engine.index.add(engine.index.vectors[:1])
    with pytest.raises(ValueError, match=r"holds 3 documents, but its dense stage 4: add with engine.add"):
        engine.search("cat")


def test_saving_again_leaves_nothing_old_and_nothing_of_others(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for name in ("fusion", "bm25"):
        engine_of(name).save(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4  # engine.json, texts, index; the notes
    assert Engine.load(tmp_path).search("bread", k=1)[0].id == "bread"


def test_an_interrupted_saving_leaves_the_engine_that_was_there(tmp_path, monkeypatch):
    engine_of("bm25").save(tmp_path)
    other = engine_of("fusion")
    monkeypatch.setattr(other.stage.parts[1].index, "save", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        other.save(tmp_path)
    assert isinstance(Engine.load(tmp_path).stage, BM25Stage)


def test_an_engine_of_format_1_opens():
    engine = SearchEngine.load(OLD, Embedder.load(dtype="float32"))
    hits = engine.search("baking", k=3)
    assert [hit.id for hit in hits] == ["bread", "cat", "stocks"]
    np.testing.assert_allclose([hit.score for hit in hits], [0.682585, 0.123240, 0.054552], atol=1e-5)


def test_another_models_vectors_are_refused():
    with pytest.raises(StoreError, match=r"was built with .*'pooling': 'mean'.*but the embedder is .*'cls'"):
        SearchEngine.load(OLD, Embedder.load(pooling="cls"))


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ("", "holds no search engine"),
        ("{}", "holds no search engine: it lacks 'model'"),
        ("[]", "holds no search engine"),
        ('{"format": 2}', "it lacks 'prefix'"),
        ('{"format": 2, "prefix": "", "stage": {}}', "it lacks 'kind'"),
        ('{"format": 2, "prefix": "", "stage": {"kind": "psychic"}}', "unknown kind of stage: 'psychic'"),
        ('{"format": 99}', "written by a newer embedlab"),
    ],
)
def test_damaged_descriptions_are_refused(tmp_path, about, message):
    folder = shutil.copytree(OLD, tmp_path / "engine")
    (folder / "engine.json").write_text(about)
    with pytest.raises(StoreError, match=message):
        Engine.load(folder)


def test_missing_texts_and_folders_are_refused(tmp_path):
    with pytest.raises(StoreError, match="holds no search engine"):
        Engine.load(tmp_path / "nowhere")
    folder = shutil.copytree(OLD, tmp_path / "engine")
    lines = (folder / "texts.jsonl").read_text().splitlines()
    (folder / "texts.jsonl").write_text("\n".join(lines[:2]))
    with pytest.raises(StoreError, match="3 vectors for 2 texts"):
        Engine.load(folder)
