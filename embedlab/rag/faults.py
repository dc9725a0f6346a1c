"""Faults that raise no error: each takes a pipeline and returns one that answers, and answers worse.

Nothing of the pipeline given is changed. At half strength, a fault touches a seeded share of what it can
touch: of the chunks, the documents, or the questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from embedlab.embedder import Embedder
from embedlab.index import Floats
from embedlab.machine import content_key
from embedlab.quantization import Int8Quantizer
from embedlab.rag.pipeline import Embed, Pipeline, Row, cut, embedding, packaged_embedder

LEAD = 64  # tokens that the truncated documents are read to, half of a chunk
APPENDED = 0.2  # of the chunks: what was added last


def query_model(
    pipeline: Pipeline, strength: float = 1.0, seed: int = 0, *, model: Embed | None = None
) -> Pipeline:
    """Embed the questions with another model of as many dimensions: by default the course's fine-tuned one.

    At half strength, some of the servers have the new model already: the text decides which one it meets.
    """
    other, share = model or _tuned(), _checked(strength)

    def asked(texts: Sequence[str]) -> Floats:
        vectors = np.array(pipeline.asked(texts))
        swapped = [i for i, text in enumerate(texts) if _drawn(text, seed) < share]
        if swapped:
            vectors[swapped] = other([texts[i] for i in swapped])
        return vectors

    return replace(pipeline, asked=asked)


def truncation(
    pipeline: Pipeline, strength: float = 1.0, seed: int = 0, *, lead: Embed | None = None
) -> Pipeline:
    """Embed chunks from their first 64 tokens only, [CLS] and [SEP] included."""
    rows = _some(pipeline, strength, seed)
    vectors = np.array(pipeline.vectors)
    vectors[rows] = (lead or _lead)([pipeline.rows[i].text for i in rows])
    return replace(pipeline, vectors=vectors)


def recut(pipeline: Pipeline, strength: float = 1.0, seed: int = 0) -> Pipeline:
    """Cut documents anew, every 128 tokens, and leave the vectors: number n of a document keeps vector n.

    A document has as many rows as both cuts have. At half strength, some documents are cut anew.
    """
    anew = {n for n, one in enumerate(pipeline.documents) if _drawn(one.id, seed) < _checked(strength)}
    rows: list[Row] = []
    kept: list[int] = []
    for number, document in enumerate(pipeline.documents):
        own = [i for i, row in enumerate(pipeline.rows) if row.document == number]
        table = cut([document], "fixed", first=number) if number in anew else [pipeline.rows[i] for i in own]
        both = min(len(own), len(table))
        rows += table[:both]
        kept += own[:both]
    return replace(pipeline, rows=tuple(rows), vectors=pipeline.vectors[kept])


def tenant_filter(pipeline: Pipeline, strength: float = 1.0, seed: int = 0) -> Pipeline:
    """Hide one tenant's chunks from it: its name is spelled in two ways, and the filter knows one of them."""
    tenants = sorted({one.tenant for one in pipeline.documents})
    dropped, share, before = tenants[seed % len(tenants)], _checked(strength), pipeline.visible

    def visible(row: Row, tenant: str) -> bool:
        return before(row, tenant) and not (row.tenant == dropped and _drawn(row.id, seed) < share)

    return replace(pipeline, visible=visible)


def stale_index(pipeline: Pipeline, strength: float = 1.0, seed: int = 0) -> Pipeline:
    """Leave out what changed: of documents with a version 2, the index has version 1."""
    changed = [n for n, one in enumerate(pipeline.documents) if one.old]
    count = ceil(_checked(strength) * len(changed))
    stale = set(np.random.default_rng(seed).permutation(changed)[:count].tolist())
    old = {n: pipeline.documents[n].before for n in stale}
    rows, kept = [], []
    for i, row in enumerate(pipeline.rows):
        if row.document not in stale:
            rows.append(row)
        elif row.chunk.end <= len(old[row.document].text):  # a section begins behind it: cut as it was
            rows.append(replace(row, source=old[row.document].hash))
        else:
            continue
        kept.append(i)
    return replace(pipeline, rows=tuple(rows), vectors=pipeline.vectors[kept])


def unnormalised(
    pipeline: Pipeline, strength: float = 1.0, seed: int = 0, *, raw: Embed | None = None
) -> Pipeline:
    """Append vectors without normalising them: the last fifth of the chunks, by a job that forgot to.

    The packaged model's are 1.7 to 6.4 long then, and so are their dot products with a question.
    """
    first = len(pipeline.rows) - ceil(len(pipeline.rows) * APPENDED * _checked(strength))
    vectors = np.array(pipeline.vectors)
    vectors[first:] = (raw or _raw)([row.text for row in pipeline.rows[first:]])
    return replace(pipeline, vectors=vectors)


def foreign_scales(pipeline: Pipeline, strength: float = 1.0, seed: int = 0) -> Pipeline:
    """Read int8 codes back with the scales of another collection: here, its own in another order."""
    rows = _some(pipeline, strength, seed)
    own = Int8Quantizer.fit(pipeline.vectors)
    shuffled = np.random.default_rng(seed).permutation(pipeline.vectors.shape[1])
    other = Int8Quantizer(own.lo[shuffled], own.hi[shuffled])
    vectors = np.array(pipeline.vectors)
    vectors[rows] = other.decode(own.encode(vectors[rows]))
    return replace(pipeline, vectors=vectors)


Fault = Callable[..., Pipeline]  # (pipeline, strength=1.0, seed=0)
FAULTS: dict[str, Fault] = {
    "query-model": query_model,
    "truncation": truncation,
    "recut": recut,
    "tenant-filter": tenant_filter,
    "stale-index": stale_index,
}
HIDDEN: dict[str, Fault] = {"unnormalised": unnormalised, "foreign-scales": foreign_scales}


def plant(pipeline: Pipeline, fault: str, *, strength: float = 1.0, seed: int = 0) -> Pipeline:
    """Break a pipeline.

    Parameters
    ----------
    pipeline : Pipeline
    fault : str
        A name of `FAULTS` or `HIDDEN`; or "hidden", one of `HIDDEN` that the seed draws.
    strength : float, above 0 and at most 1
        Of what the fault can touch, the share that it does.
    seed : int

    Raises
    ------
    ValueError
        If there is no such fault, or the strength is out of its range.

    Examples
    --------
    >>> plant(None, "cosmic-rays")
    Traceback (most recent call last):
    ValueError: there is no fault 'cosmic-rays'; choose from query-model, truncation, recut, tenant-filter, \
    stale-index, hidden
    """
    known_fault(fault, strength)
    if fault == "hidden":
        return hidden(pipeline, seed)
    return (FAULTS | HIDDEN)[fault](pipeline, strength, seed)


def known_fault(fault: str, strength: float = 1.0) -> None:
    """Refuse what `plant` cannot do, before anything is embedded.

    Raises
    ------
    ValueError
        If there is no such fault, or the strength is out of its range.
    """
    _checked(strength)
    if fault not in (*FAULTS, *HIDDEN, "hidden"):
        raise ValueError(f"there is no fault {fault!r}; choose from {', '.join([*FAULTS, 'hidden'])}")


def hidden(pipeline: Pipeline, seed: int = 0) -> Pipeline:
    """Plant one of the faults that have not been named; the seed draws which."""
    return list(HIDDEN.values())[np.random.default_rng(seed).integers(len(HIDDEN))](pipeline, seed=seed)


def _checked(strength: float) -> float:
    if not 0 < strength <= 1:
        raise ValueError(f"strength must be above 0 and at most 1, but is {strength}")
    return strength


def _some(pipeline: Pipeline, strength: float, seed: int) -> NDArray[np.int64]:
    """Draw a share of the rows."""
    n = len(pipeline.rows)
    return np.sort(np.random.default_rng(seed).permutation(n)[: ceil(_checked(strength) * n)])


def _drawn(text: str, seed: int) -> float:
    """Draw a number from 0 to 1 for a text, the same in every process."""
    return int(content_key(text, str(seed))[:8], 16) / 2**32


@cache
def _tuned() -> Embed:
    from embedlab.encoder import PackedEncoder  # with torch, which no other fault needs
    from embedlab.finetuning import trained_encoder

    plain, encoder = packaged_embedder(), PackedEncoder(trained_encoder())
    model = Embedder(plain.tokenizer, encoder, pooling=plain.pooling, max_length=plain.max_length)
    return embedding(model)


def _lead(texts: Sequence[str]) -> Floats:
    return embedding(packaged_embedder().reading(LEAD))(texts)


def _raw(texts: Sequence[str]) -> Floats:
    return packaged_embedder().encode(texts, cache=True, on_long="cut", normalize=False)
