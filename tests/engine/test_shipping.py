"""What is shipped is what would be computed here: compared on a seeded sample."""

import random
import warnings

import numpy as np
import pytest

from embedlab.benchmark import docsearch
from embedlab.chunking import SETUPS, Study
from embedlab.embedder import VectorStore, shipped_spaces
from embedlab.embedder.vectors import shipped_vectors, text_key
from embedlab.engine import LEAD, build_engine, cross_encoder, embedder, finetuned_embedder, kept_scores
from embedlab.engine import shipping as module
from embedlab.engine.catalogue import Parts, shipped_tokens, tokens_made_of
from embedlab.engine.models import RERANKERS, trained_colbert
from embedlab.engine.scores import pairs_found
from embedlab.pooling import POOLINGS, cosine
from embedlab.rag import SECTIONS

READERS = {
    **{name: lambda name=name: embedder(None if name == "mean" else name) for name in POOLINGS},
    **{f"first {size} tokens": lambda size=size: embedder().reading(size) for size in module.SIZES},
    "3 of 6 layers": lambda: module.first_layers(embedder(), 3),
    "fine-tuned": lambda: finetuned_embedder().reading(LEAD),
    "fine-tuned on all dimensions only": lambda: finetuned_embedder("encoder-384").reading(LEAD),
}


@pytest.fixture(scope="module")
def texts():
    """Documents whose vectors are shipped; other versions of the libraries have some others, too."""
    documents = docsearch().documents
    rows, _ = shipped_vectors(embedder().fingerprint)
    known = [text for text in documents if text_key(text) in rows]
    assert len(known) > len(documents) / 2
    return random.Random(0).sample(known, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_shipped_vectors_are_those_of_the_model(name, texts, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    reader = READERS[name]()
    fresh = reader.encode(texts, on_long="cut")
    monkeypatch.setattr(reader.encoder, "run", None)  # what is shipped must do
    shipped = reader.encode(texts, cache=True, on_long="cut")
    assert np.diag(cosine(fresh, shipped)).min() > 0.9999
    # Half precision keeps 11 bits of each number.
    assert np.abs(fresh - shipped).max() < 2**-10 * np.abs(fresh).max() + 0.002


def test_all_that_is_shipped_is_made_by_one_command(monkeypatch):
    made = []
    ships = [name for name in vars(module) if name.startswith("ship_") and name != "ship_all"]
    assert "ship_variants" in ships
    for name in ships:

        def ship(name=name):
            made.append(name)

        ship.__name__ = name
        monkeypatch.setattr(module, name, ship)
    reported = []
    module.ship_all(report=reported.append)
    assert sorted(made) == sorted(ships)
    assert "ship variants" in reported


@pytest.mark.slow
def test_shipped_vectors_of_chunks_are_those_of_the_model(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    study, reader = Study(), embedder().reading(512)
    drawn = random.Random(0).sample(study.texts(SETUPS[SECTIONS]), 6)
    fresh = reader.encode(drawn)
    monkeypatch.setattr(reader.encoder, "run", None)  # what is shipped must do
    assert np.diag(cosine(fresh, reader.encode(drawn, cache=True))).min() > 0.9999


def test_every_shipped_space_is_one_that_is_used():
    used = {read().fingerprint for read in READERS.values()} | {embedder().reading(512).fingerprint}
    used |= {cross_encoder(name).fingerprint for name in RERANKERS}
    assert set(shipped_spaces()) == used


def test_the_shipped_token_index_is_that_of_the_model():
    benchmark = docsearch()
    parts = Parts(benchmark.documents, benchmark.doc_ids, lead=LEAD)
    if shipped_tokens(tokens_made_of(trained_colbert(), parts.texts)) is None:
        pytest.skip("other versions of the libraries, other documents: it is built at first use")
    index = parts.colbert.index
    rows = random.Random(0).sample(range(len(index)), 4)
    for row, fresh in zip(
        rows, trained_colbert().encode_documents([parts.texts[i] for i in rows]), strict=True
    ):
        query = fresh[:8]  # its own tokens find themselves, up to what two bits a number lose
        assert float(index.scores(query, np.array([row]))[0]) > 0.9 * len(query)


def test_kept_scores_are_those_of_the_model(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    model = cross_encoder()
    pairs = [("a kitten rests", "the cat sleeps"), ("a kitten rests", "stocks fell")]
    fresh = model.score_pairs(pairs)
    np.testing.assert_allclose(kept_scores(model, pairs), fresh, atol=1e-4)
    read = []
    monkeypatch.setattr(model, "score_pairs", lambda pairs: read.append(pairs))
    np.testing.assert_allclose(kept_scores(model, pairs[::-1]), fresh[::-1], atol=1e-4)
    assert read == []


@pytest.mark.slow
@pytest.mark.parametrize("name", RERANKERS)
def test_shipped_scores_are_those_of_the_models(name):
    benchmark, model = docsearch(), cross_encoder(name)
    parts = Parts(benchmark.documents, benchmark.doc_ids, lead=LEAD)
    queries = random.Random(1).sample(benchmark.split("dev")[1], 2)
    pairs = pairs_found(queries, parts.texts, parts.hybrid.rank(queries, 100)[1][:, ::33])
    kept, missing = VectorStore(model.fingerprint, dims=1).get(["\0".join(pair) for pair in pairs])
    if len(missing) == len(pairs):
        pytest.skip("other versions of the libraries, other pairs")
    there = [i for i in range(len(pairs)) if i not in missing]
    fresh = model.score_pairs([pairs[i] for i in there])
    np.testing.assert_allclose(kept[there, 0], fresh, atol=0.02)  # kept as float16


@pytest.mark.slow
def test_scores_of_the_evaluation_are_shipped():
    benchmark = docsearch()
    queries = benchmark.split("test")[1]
    if shipped_vectors(cross_encoder().fingerprint)[1] is None or len(benchmark.documents) != 6152:
        pytest.skip("other versions of the libraries, other pairs")
    engine = build_engine("rerank", benchmark.documents, benchmark.doc_ids)
    chosen = random.Random(0).sample(queries, 3)
    kept = engine.rank(chosen, 20)
    alone = [engine.rank([query], 20) for query in chosen]  # a single search is computed
    for i, (scores, rows) in enumerate(alone):
        np.testing.assert_allclose(kept[0][i], scores[0], atol=0.02)
        assert (kept[1][i, :3] == rows[0, :3]).all()


@pytest.mark.slow
def test_one_pass_gives_every_pooling(texts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model, vectors in module.all_poolings(embedder(), texts):
            expected = model.encode(texts, normalize=False, on_long="cut")
            np.testing.assert_allclose(vectors, expected, atol=1e-4)
