"""ColBERT in variants: how each searches all of DocSearch, so that chapter 07 can compare them.

A variant needs the token vectors of every document, minutes of the encoder, so what they find comes with the
course (``data/vectors/variants.safetensors``): the ten best documents of each dev query, by exact MaxSim, and
of each test query for the few variants that a table of results shows. Where documents, queries or weights are
others, a variant is computed when it is asked for, and kept.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from embedlab import colbert, finetuning
from embedlab.benchmark import Benchmark, docsearch
from embedlab.embedder import Embedder
from embedlab.engine.models import COLBERT_LEAD, LEAD, embedder, trained_colbert
from embedlab.hybrid import Ranking
from embedlab.index import Floats
from embedlab.machine import cached, code_of, content_key, data_path, files, write_atomically
from embedlab.matryoshka import LinearAdapter, pca_rotation
from embedlab.pooling import l2_normalize

K = 10


@dataclass(frozen=True)
class Variant:
    """What is done with the token vectors of all-MiniLM-L6-v2."""

    map: str | None = (
        "trained"  # from 384 dims to 128: "trained", "PCA", "random" and a seed; None for no map
    )
    lead: int = COLBERT_LEAD  # tokens read of a document
    bits: int | None = None  # of a residual's number; None for float32
    pooled: int = 1  # so many tokens of a document become one
    punctuation: bool = False  # whether its vectors are kept
    splits: tuple[str, ...] = ("dev",)


SHOWN = ("dev", "test")
VARIANTS = {
    "384 dims": Variant(None, splits=SHOWN),
    "384 dims, lead 64": Variant(None, lead=LEAD, splits=SHOWN),
    "384 dims, with punctuation": Variant(None, punctuation=True),
    "128 dims": Variant(splits=SHOWN),
    "128 dims, lead 64": Variant(lead=LEAD, splits=SHOWN),
    "PCA": Variant("PCA"),
    **{f"random {seed}": Variant(f"random {seed}") for seed in range(3)},
    **{f"{bits} bits": Variant(bits=bits) for bits in (4, 2, 1)},
    "2 bits, lead 64": Variant(bits=2, lead=LEAD),
    **{f"2 bits, {n} tokens in one": Variant(bits=2, pooled=n) for n in (2, 3)},
}


def variant_ranking(name: str, split: str = "dev") -> Ranking:
    """Return what a variant finds for the queries of a split: (scores, rows), each (q, 10), best first.

    Raises
    ------
    KeyError
        If there is no such variant, or it is not for that split.
    """
    return tuple(_found(name)[f"{split} {kind}"] for kind in ("scores", "rows"))


def variant_bytes(name: str) -> float:
    """Return the bytes that a document takes in a variant's index, on average."""
    return float(_found(name)["bytes"])


def long_adapter() -> LinearAdapter:
    """Return an adapter like the one of chapter 04, trained on documents read as far as ColBERT reads them.

    The two are matched: same encoder, frozen, same pairs, same tokens read, one linear map trained.
    """
    benchmark = docsearch()
    made_of = made_of_all(benchmark)
    if "adapter matrix" in (shipped := _shipped(made_of)):
        return LinearAdapter(shipped["adapter matrix"])
    key = content_key(code_of(finetuning), made_of)
    return cached("adapters", key, fitted_adapter, _save_adapter, LinearAdapter.load)


def fitted_adapter() -> LinearAdapter:
    """Train it: seconds, once the pairs are embedded, which takes minutes."""
    return finetuning.fit_adapter(docsearch(), Embedder.load(dtype="float32"), lead=COLBERT_LEAD)


def _save_adapter(path: Path, adapter: LinearAdapter) -> None:
    adapter.save(path)


@lru_cache(maxsize=len(VARIANTS))
def _found(name: str) -> dict[str, NDArray]:
    """Return the arrays of one variant: shipped, kept in the cache, or computed now."""
    variant, benchmark = VARIANTS[name], docsearch()
    made_of = made_of_all(benchmark)
    if (shipped := _shipped(made_of)) and f"{name} bytes" in shipped:
        start = f"{name} "
        return {key.removeprefix(start): array for key, array in shipped.items() if key.startswith(start)}

    def save(path: Path, arrays: dict[str, NDArray]) -> None:
        files.save(path, "Variant", arrays)

    key = content_key(code_of(colbert), made_of, repr(variant))
    return cached("variants", key, lambda: computed(variant, benchmark), save, _load)


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
    index, project = built(variant, benchmark)
    found = {"bytes": np.float64(index.bytes_per_doc)}
    for split in variant.splits:
        queries = [project(tokens) for tokens in _reader(LEAD).encode_queries(benchmark.split(split)[1])]
        scores, rows = index.search(queries, K)
        found |= {f"{split} scores": scores, f"{split} rows": rows.astype(np.int16)}
    return found


def built(variant: Variant, benchmark: Benchmark):
    """Return the index of a variant, and the function that maps a query's token vectors."""
    tokens, offsets, kept = encoded(variant.lead, benchmark)
    matrix = _matrix(variant.map, tokens[kept])

    def project(vectors: Floats) -> Floats:
        return vectors if matrix is None else l2_normalize(vectors @ matrix)

    documents = []
    for start, end in itertools.pairwise(offsets):
        stay = kept[start:end] | variant.punctuation
        documents.append(project(tokens[start:end][stay].astype(np.float32)))
    if variant.pooled > 1:
        documents = pooled(documents, variant.pooled)
    dims = documents[0].shape[1]
    exact = variant.bits is None
    index = colbert.TokenIndex(dims) if exact else colbert.ResidualIndex(dims, bits=variant.bits, probes=None)
    index.add(documents)
    return index, project


@lru_cache(maxsize=1)
def encoded(lead: int, benchmark: Benchmark) -> tuple[NDArray, NDArray, NDArray]:
    """Return all documents' token vectors (float16), offsets, and which tokens hold a letter or a digit."""
    reader = _reader(lead)
    documents = reader.encode_documents(benchmark.documents)
    offsets = np.concatenate([[0], np.cumsum([len(document) for document in documents])])
    ids = reader.document_ids(benchmark.documents)
    kept = np.array([token not in reader.bare for sequence in ids for token in sequence])
    return np.concatenate([document.astype(np.float16) for document in documents]), offsets, kept


def _reader(lead: int) -> colbert.ColBERT:
    return colbert.ColBERT(embedder(), lead=lead, punctuation=True)


def _matrix(name: str | None, tokens: NDArray) -> Floats | None:
    """Return the map from 384 dims to 128."""
    dims = trained_colbert().dims
    if name is None:
        return None
    if name == "trained":
        return trained_colbert().projection
    if name == "PCA":
        sample = np.random.default_rng(0).permutation(len(tokens))[:100_000]
        return pca_rotation(tokens[np.sort(sample)].astype(np.float32))[:, :dims]
    rng = np.random.default_rng(int(name.split()[1]))
    return np.linalg.qr(rng.normal(size=(tokens.shape[1], dims)))[0].astype(np.float32)


def pooled(documents: list[Floats], n: int) -> list[Floats]:
    """Replace clusters of a document's token vectors by their means, one for about n tokens.

    Token pooling (Clavié et al. 2024), by sentence-transformers.
    """
    import torch
    from sentence_transformers.multi_vector_encoder.modules import HierarchicalTokenPooling

    made = HierarchicalTokenPooling(pool_factor=n).pool([torch.from_numpy(tokens) for tokens in documents])
    return [tokens.numpy() for tokens in made]


def ship_variants(folder: Path | None = None) -> None:
    """Compute all variants, and write them with a card; half an hour on two cores."""
    from embedlab.engine.shipping import card

    benchmark, path = docsearch(), (folder or data_path("vectors")) / "variants"
    arrays = {}
    for name in sorted(VARIANTS, key=lambda name: VARIANTS[name].lead):  # each lead is read once
        for key, array in computed(VARIANTS[name], benchmark).items():
            arrays[f"{name} {key}"] = np.asarray(array)
    arrays["adapter matrix"] = fitted_adapter().matrix
    write_atomically(path.with_suffix(".safetensors"), lambda file: save_file(arrays, file))
    about = {"made of": made_of_all(benchmark), "spaces": []}
    card(path, trained_colbert().identity["model"], about)
