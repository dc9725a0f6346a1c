"""The models that the engines share, each loaded once and only where an engine asks for it."""

from __future__ import annotations

from functools import cache
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
def finetuned_embedder(name: str = "encoder") -> Embedder:
    """Load the encoder that is fine-tuned on DocSearch, once.

    Parameters
    ----------
    name : str
        "encoder"; or "encoder-384", the same training with a loss on all dimensions only (chapter 04).
    """
    model = with_encoder(finetuning.trained_encoder(finetuning.trained_file(name)))
    model.source = FINETUNED if name == "encoder" else None
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
    """Load the default model with a projection trained on the train part of DocSearch, once."""
    return colbert.ColBERT.load(finetuning.trained_file("colbert"), embedder())


# What the reranker is compared with in chapter 08: one thing is changed in each.
RERANKERS = ("reranker", "reranker-pointwise", "reranker-plain", "untrained", "untrained-plain")


def cross_encoder(name: str = "reranker", dtype: str | None = None) -> reranking.CrossEncoder:
    """Load a cross-encoder that comes with the course, once.

    Parameters
    ----------
    name : str
        "reranker", trained on the fine-tuned encoder with a listwise loss; "reranker-pointwise", with a
        pointwise one; "reranker-plain", on all-MiniLM-L6-v2 as published; "untrained" and "untrained-plain",
        the fine-tuned and the published encoder with `maxsim_head` and no training on pairs.
    dtype : {"float32", "bfloat16", "int8"}, optional
        See `PackedEncoder`.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in RERANKERS:
        raise ValueError(f"there is no reranker {name!r}; choose from {', '.join(RERANKERS)}")
    return _cross_encoder(name, dtype)


@cache  # by itself, since `cache` takes cross_encoder() and cross_encoder("reranker") for different calls
def _cross_encoder(name: str, dtype: str | None) -> reranking.CrossEncoder:
    base = None if name.endswith("plain") else finetuning.trained_encoder()
    if name.startswith("untrained"):
        return reranking.CrossEncoder.untrained(base, dtype=dtype)
    return reranking.CrossEncoder.load(finetuning.trained_file(name), base=base, dtype=dtype)
