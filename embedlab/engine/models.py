"""The models that the engines share, each loaded once and only where an engine asks for it."""

from __future__ import annotations

from functools import cache
from inspect import getsource

from embedlab import colbert, finetuning, reranking
from embedlab.benchmark import docsearch, training_pairs
from embedlab.embedder import Embedder
from embedlab.machine import cached, content_key

LEAD = 64  # tokens: docstrings begin with what matters, see chapter 01
COLBERT_LEAD = 128  # token vectors are not averaged, so more of them do no harm
COLBERT_DIMS = 128
FINETUNED = "fine-tuned"  # what a saved engine calls the model of `finetuned_embedder`


@cache
def embedder(pooling: str | None = None) -> Embedder:
    """Load the default model, once."""
    return Embedder.load(pooling=pooling)


@cache
def finetuned_embedder() -> Embedder:
    """Load the encoder that is fine-tuned on DocSearch, once; the first time ever, it is trained."""
    model = Embedder.load(finetuning.finetuned(docsearch()))
    model.source = FINETUNED
    return model


@cache
def trained_colbert(dims: int = COLBERT_DIMS) -> colbert.ColBERT:
    """Return the default model with a projection trained on DocSearch's train half; kept in the cache."""
    benchmark, model = docsearch(), colbert.ColBERT(embedder(), lead=COLBERT_LEAD)

    def build() -> colbert.ColBERT:
        pairs = training_pairs(benchmark)
        weights = finetuning.pair_weights(benchmark, pairs)
        return colbert.fit_projection(model, pairs, dims=dims, weights=weights)

    key = content_key(
        benchmark.fingerprint, str(model.identity), str(dims), getsource(colbert.fit_projection)
    )
    return cached(
        "colbert",
        key,
        build,
        lambda path, made: made.save(path),
        lambda path: colbert.ColBERT.load(path, embedder()),
    )


@cache
def cross_encoder() -> reranking.CrossEncoder:
    """Load the cross-encoder trained on DocSearch's train half, once; the first time ever, it is trained."""
    from embedlab.engine.catalogue import Parts

    benchmark = docsearch()
    first = Parts(benchmark.documents, benchmark.doc_ids, lead=LEAD).hybrid
    trained = reranking.trained_reranker(benchmark, first.rank, finetuning.finetuned(benchmark))
    return reranking.CrossEncoder.load(trained)
