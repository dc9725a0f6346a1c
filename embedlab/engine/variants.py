"""ColBERT in variants: how each searches all of DocSearch, so that chapter 07 can compare them.

A variant needs the token vectors of every document, minutes of the encoder, so what they find comes with the
course (``data/vectors/variants.safetensors``): the ten best documents of each dev query, and of each test
query for the few variants that a table of results shows. All but single vectors rank the same candidates by
MaxSim, some 600 a query (`pool`). Where documents, queries or weights are others, a variant is computed when
it is asked for.
"""

from __future__ import annotations

import itertools
import json
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from embedlab import colbert
from embedlab.benchmark import Benchmark, docsearch
from embedlab.engine.catalogue import parts_for
from embedlab.engine.controls import adapted, pool_tokens
from embedlab.engine.models import COLBERT_LEAD, LEAD, embedder, trained_colbert
from embedlab.hybrid import Ranking
from embedlab.index import Floats
from embedlab.machine import cached, code_of, content_key, data_path, files
from embedlab.pooling import l2_normalize

K = 10


@dataclass(frozen=True)
class Variant:
    """What is done with the token vectors of all-MiniLM-L6-v2."""

    map: str = "trained"  # to 128 dims; "none" stays at 384; "adapter": one vector, of 384
    lead: int = COLBERT_LEAD  # tokens read of a document
    bits: int | None = None  # of a residual's number; None for float32
    pooled: int = 1  # token vectors merged into one
    splits: tuple[str, ...] = ("dev",)


SHOWN = "dev", "test"
VARIANTS = {
    "384 dims": Variant("none", splits=SHOWN),
    "384 dims, lead 64": Variant("none", lead=LEAD, splits=SHOWN),
    "128 dims": Variant(splits=SHOWN),
    "128 dims, lead 64": Variant(lead=LEAD, splits=SHOWN),
    "2 bits": Variant(bits=2),
    "1 bit": Variant(bits=1),
    "pooled by 2": Variant(pooled=2),
    "pooled by 4": Variant(pooled=4),
    "2 bits, pooled by 2": Variant(bits=2, pooled=2),
    "one vector, lead 64": Variant("adapter", lead=LEAD, splits=SHOWN),
    "one vector, lead 128": Variant("adapter", splits=SHOWN),
}


def variant_ranking(name: str, split: str = "dev") -> Ranking:
    """Return what a variant finds for the queries of a split: (scores, rows), each (q, 10), best first.

    Raises
    ------
    KeyError
        If there is no such variant, or not of that split.
    """
    return tuple(_found(name)[f"{split} {kind}"] for kind in ("scores", "rows"))


def variant_bytes(name: str) -> float:
    """Return the bytes that a document takes in a variant's index, on average."""
    return _found(name)["bytes"].item()


def exact_ten(split: str = "dev") -> NDArray:
    """Return the ten best documents (q, 10) of ColBERT's compressed index, every document scored."""
    benchmark = docsearch()
    made_of = made_of_all(benchmark)
    if f"exact {split}" in (shipped := _shipped(made_of)):
        return shipped[f"exact {split}"]
    key = content_key(code_of(colbert), made_of, split)
    return cached("exact", key, lambda: {"rows": exactly(split, benchmark)}, _save, _load)["rows"]


def exactly(split: str, benchmark: Benchmark) -> NDArray:
    """Score every document for each query of a split; a tenth of a second each."""
    stage = parts_for(benchmark.documents, benchmark.doc_ids).colbert
    index = copy(stage.index)
    index.probes = None
    return index.search(stage.model.encode_queries(benchmark.split(split)[1]), K)[1].astype(np.int16)


@lru_cache(maxsize=len(VARIANTS))
def _found(name: str) -> dict[str, NDArray]:
    """Return the arrays of one variant: shipped, kept in the cache, or computed now."""
    variant, benchmark = VARIANTS[name], docsearch()
    made_of = made_of_all(benchmark)
    if (shipped := _shipped(made_of)) and f"{name} bytes" in shipped:
        start = f"{name} "
        return {key.removeprefix(start): array for key, array in shipped.items() if key.startswith(start)}
    key = content_key(code_of(colbert), made_of, repr(variant))
    return cached("variants", key, lambda: computed(variant, benchmark), _save, _load)


def _save(path: Path, arrays: dict[str, NDArray]) -> None:
    files.save(path, "Variant", arrays)


def _load(path: Path) -> dict[str, NDArray]:
    return files.load(path, "Variant")[0]


def made_of_all(benchmark: Benchmark) -> str:
    """Hash what the variants depend on: documents, queries, and the weights."""
    return content_key(benchmark.fingerprint, str(trained_colbert().identity))


@lru_cache(maxsize=1)
def _shipped(made_of: str) -> dict[str, NDArray]:
    file = data_path("vectors") / "variants.safetensors"
    card = file.with_suffix(".json")
    if not card.exists() or json.loads(card.read_text(encoding="utf-8"))["made of"] != made_of:
        return {}
    return load_file(file)


def computed(variant: Variant, benchmark: Benchmark) -> dict[str, NDArray]:
    """Index all documents as a variant does, and search for the queries of its splits."""
    if variant.map == "adapter":
        found = adapted(variant.lead, variant.splits, K)
        bytes_per_doc = 4.0 * embedder().dims
    else:
        index, project = built(variant)
        found, bytes_per_doc = {}, index.bytes_per_doc
        for split in variant.splits:
            queries = [project(tokens) for tokens in _reader(LEAD).encode_queries(benchmark.split(split)[1])]
            found[split] = index.rerank(queries, pool(split), K)
    arrays = {"bytes": np.float64(bytes_per_doc)}
    for split, (scores, rows) in found.items():
        arrays |= {f"{split} scores": scores, f"{split} rows": rows.astype(np.int16)}
    return arrays


@lru_cache(maxsize=2)
def pool(split: str) -> list[NDArray]:
    """Return each query's candidates: the 500 best by ColBERT's centroids, the 200 best by plain vectors."""
    benchmark = docsearch()
    parts, texts = parts_for(benchmark.documents, benchmark.doc_ids), benchmark.split(split)[1]
    plain, index = parts.plain.rank(texts, 200)[1], copy(parts.colbert.index)
    index.probes, index.shortlist = 16, 500
    queries = parts.colbert.model.encode_queries(texts)
    return [np.union1d(index.candidates(query), row) for query, row in zip(queries, plain, strict=True)]


def built(variant: Variant):
    """Return the index of a variant, and the function that maps a query's token vectors."""
    tokens, offsets, kept = encoded(variant.lead)
    matrix = None if variant.map == "none" else trained_colbert().projection

    def project(vectors: Floats) -> Floats:
        return vectors if matrix is None else l2_normalize(vectors @ matrix)

    documents = []
    for start, end in itertools.pairwise(offsets):
        vectors = project(tokens[start:end][kept[start:end]].astype(np.float32))
        documents.append(vectors if variant.pooled == 1 else pool_tokens(vectors, variant.pooled))
    dims = documents[0].shape[1]
    exact = variant.bits is None
    index = colbert.TokenIndex(dims) if exact else colbert.ResidualIndex(dims, bits=variant.bits, probes=None)
    index.add(documents)
    return index, project


@lru_cache(maxsize=1)
def encoded(lead: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return all documents' token vectors (float16), offsets, and which tokens hold a letter or a digit."""
    reader, texts = _reader(lead), docsearch().documents
    documents = reader.encode_documents(texts)
    offsets = np.concatenate([[0], np.cumsum([len(document) for document in documents])])
    ids = reader.document_ids(texts)
    kept = np.array([token not in reader.bare for sequence in ids for token in sequence])
    return np.concatenate([document.astype(np.float16) for document in documents]), offsets, kept


def _reader(lead: int) -> colbert.ColBERT:
    return colbert.ColBERT(embedder(), lead=lead, punctuation=True)
