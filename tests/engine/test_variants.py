"""The variants of ColBERT: what is shipped is what would be computed here, compared on a seeded sample."""

import random

import numpy as np
import pytest
from safetensors.numpy import load_file

from embedlab.benchmark import docsearch
from embedlab.colbert import ColBERT
from embedlab.engine import embedder, exact_ten, trained_colbert, variant_bytes, variant_ranking
from embedlab.engine import variants as module
from embedlab.machine import data_path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def shipped():
    if not module._shipped(module.made_of_all(docsearch())):
        pytest.skip("other versions of the libraries, other documents: variants are computed when asked for")


def test_every_variant_is_shipped_for_its_splits():
    arrays = load_file(data_path("vectors") / "variants.safetensors")
    for name, variant in module.VARIANTS.items():
        for split in variant.splits:
            scores, rows = variant_ranking(name, split)
            assert scores.shape == rows.shape == (len(docsearch().split(split)[0]), module.K)
            assert (np.diff(scores, axis=1) <= 0).all()
        assert variant_bytes(name) > 0
    names = {key.rpartition(" ")[0].removesuffix(" dev").removesuffix(" test") for key in arrays}
    assert names == {*module.VARIANTS, "exact"}


@pytest.mark.parametrize("name", ["384 dims", "384 dims, lead 64", "128 dims", "128 dims, lead 64"])
def test_shipped_scores_are_those_of_the_model(name):
    benchmark, variant = docsearch(), module.VARIANTS[name]
    model = ColBERT(
        embedder(), trained_colbert().projection if variant.map == "trained" else None, lead=variant.lead
    )
    scores, rows = variant_ranking(name, "dev")
    texts = benchmark.split("dev")[1]
    for q in random.Random(0).sample(range(len(texts)), 3):
        [query], [document] = (
            model.encode_queries([texts[q]]),
            model.encode_documents([benchmark.documents[rows[q, 0]]], show_progress=False),
        )
        assert (query @ document.T).max(axis=1).sum() == pytest.approx(scores[q, 0], rel=0.02)


def test_what_another_variant_would_be_is_no_variant():
    with pytest.raises(KeyError):
        variant_ranking("256 dims")
    with pytest.raises(KeyError):
        variant_ranking("1 bit", "test")


def test_the_exact_ten_score_above_others():
    benchmark = docsearch()
    stage = module.parts_for(benchmark.documents, benchmark.doc_ids).colbert
    texts, ten = benchmark.split("dev")[1], exact_ten("dev")
    for q in random.Random(1).sample(range(len(texts)), 2):
        [query] = stage.model.encode_queries([texts[q]])
        scores = stage.index.scores(query)
        assert scores[ten[q]].min() >= np.delete(scores, ten[q]).max() - 0.01
