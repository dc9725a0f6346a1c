"""The models that the engines share, each loaded once and only where an engine asks for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from embedlab import colbert, finetuning, reranking
from embedlab.embedder import Embedder

if TYPE_CHECKING:
    from embedlab.encoder import BertEncoder

LEAD = 64  # tokens: docstrings begin with what matters, see chapter 01
COLBERT_LEAD = 128  # token vectors are not averaged, so more of them do no harm
FINETUNED = "fine-tuned"  # what a saved engine calls the model of `finetuned_embedder`


@cache
def embedder(pooling: str | None = None) -> Embedder:
    """Load the default model, once."""
    return Embedder.load(pooling=pooling)


@cache
def finetuned_embedder() -> Embedder:
    """Load the encoder that is fine-tuned on DocSearch, once."""
    model = with_encoder(finetuning.trained_encoder())
    model.source = FINETUNED
    return model


def with_encoder(encoder: BertEncoder) -> Embedder:
    """Return the default model with another encoder."""
    from embedlab.encoder import PackedEncoder

    plain = embedder()
    return Embedder(
        plain.tokenizer, PackedEncoder(encoder), pooling=plain.pooling, max_length=plain.max_length
    )


@cache
def trained_colbert() -> colbert.ColBERT:
    """Load the default model with a projection trained on DocSearch's train half, once."""
    return colbert.ColBERT.load(finetuning.trained_file("colbert"), embedder())


@cache
def cross_encoder(file: Path | None = None) -> reranking.CrossEncoder:
    """Load a cross-encoder, once: the one that comes with the course, trained on the fine-tuned encoder."""
    file = file or finetuning.trained_file("reranker")
    return reranking.CrossEncoder.load(file, base=finetuning.trained_encoder())
