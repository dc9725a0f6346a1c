"""The vectors of DocSearch's documents that come with the course, so that nobody waits for them.

They are found by the text that they were made of (`embedder.vectors`): where another version of a library has
another docstring, only that one is computed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from embedlab import colbert
from embedlab.benchmark import docsearch
from embedlab.chunking import SETUPS, Study
from embedlab.embedder import Embedder, text_key
from embedlab.engine.catalogue import parts_for, tokens_made_of
from embedlab.engine.models import (
    LEAD,
    RERANKERS,
    cross_encoder,
    embedder,
    finetuned_embedder,
    trained_colbert,
)
from embedlab.engine.quoting import pairs_quoted
from embedlab.engine.runs import DEPTH
from embedlab.engine.scores import kept_scores, pairs_found
from embedlab.engine.variants import VARIANTS, computed, exactly, made_of_all
from embedlab.machine import PACKAGED_SHA256, data_path, files, write_atomically
from embedlab.pooling import POOLINGS
from embedlab.rag import SECTIONS

SIZES = (16, 32, 64, 128)  # tokens read, beside all 256: the curve of chapter 01
PACKAGES = ("embedlab", "numpy", "scipy", "scikit-learn", "pandas", "torch")


def ship_all(*, report: Callable[[str], None] = print) -> None:
    """Make all that is shipped anew: vectors, ColBERT's index and variants, the scores of the candidates."""
    for ship in (ship_vectors, ship_passages, ship_tokens, ship_variants, ship_scores):
        report(ship.__name__.replace("_", " "))
        ship()


def ship_vectors(folder: Path | None = None) -> None:
    """Compute all vectors that are shipped, and write them with cards; a quarter of an hour on two cores."""
    folder = folder or data_path("vectors")
    texts = docsearch().documents
    plain = embedder()
    spaces = {model.fingerprint: vectors for model, vectors in all_poolings(plain, texts)}
    readers = [plain.reading(size) for size in SIZES] + [first_layers(plain, 3)]
    spaces |= {reader.fingerprint: _vectors(reader, texts) for reader in readers}
    keys, base = [text_key(text) for text in texts], plain.encoder.sha256
    write(folder / "base", keys, {space: made.astype(np.float16) for space, made in spaces.items()}, base)
    for name in ("encoder", "encoder-384"):
        lead = finetuned_embedder(name).reading(LEAD)
        made = {lead.fingerprint: _vectors(lead, texts).astype(np.float16)}
        write(folder / f"finetuned-{name}", keys, made, base)


def ship_passages(folder: Path | None = None) -> None:
    """Write the vectors of the chunks that chapter 11 searches; five minutes on two cores."""
    study = Study()
    texts, reader = study.texts(SETUPS[SECTIONS]), study.embedder.reading(512)
    made = {reader.fingerprint: _vectors(reader, texts).astype(np.float16)}
    path = (folder or data_path("vectors")) / "passages"
    write(path, [text_key(text) for text in texts], made, study.embedder.encoder.sha256)


def _vectors(reader: Embedder, texts: list[str]) -> np.ndarray:
    return reader.encode(texts, normalize=False, on_long="cut")


def first_layers(model: Embedder, layers: int) -> Embedder:
    """Return the packaged model stopped after some layers, as chapter 02 asks for it."""
    import torch

    from embedlab.encoder import BertEncoder, PackedEncoder

    whole = BertEncoder.load()
    config, name = replace(whole.config, num_hidden_layers=layers), f"{whole.sha256}, {layers} layers"
    part = PackedEncoder(BertEncoder(config, whole.weights, name), torch.float32)
    return Embedder(model.tokenizer, part, pooling=model.pooling, max_length=model.max_length)


def all_poolings(model: Embedder, texts: list[str]):
    """Yield (embedder, vectors (n, d), not normalised) for every pooling, from one pass over the encoder."""
    ids = model.tokenizer.encode_batch(texts, max_length=model.max_length)
    vectors = {pooling: np.zeros((len(texts), model.dims), np.float32) for pooling in POOLINGS}
    for i, hidden in model.encoder.run(ids):
        for pooling, pool in POOLINGS.items():
            vectors[pooling][i] = pool(hidden[None], np.ones((1, len(hidden))))[0]
    for pooling, found in vectors.items():
        yield embedder(None if pooling == model.pooling else pooling), found


def ship_tokens(folder: Path | None = None) -> None:
    """Write ColBERT's index of all documents; some four minutes on two cores."""
    benchmark, model = docsearch(), trained_colbert()
    index = colbert.ResidualIndex(model.dims)
    index.add(model.encode_documents(benchmark.documents))
    path = (folder or data_path("vectors")) / "tokens"
    index.save(path.with_suffix(".safetensors"))
    made_of = tokens_made_of(model, benchmark.documents)
    card(path, model.identity["model"], {"made of": made_of, "spaces": []})


def ship_variants(folder: Path | None = None) -> None:
    """Compute all variants of ColBERT, and write what they find; three quarters of an hour on two cores."""
    benchmark, path = docsearch(), (folder or data_path("vectors")) / "variants"
    arrays = {}
    for name in sorted(VARIANTS, key=lambda name: VARIANTS[name].lead):  # each lead is read once
        for key, array in computed(VARIANTS[name], benchmark).items():
            arrays[f"{name} {key}"] = np.asarray(array)
    arrays["exact dev"] = exactly("dev", benchmark)
    write_atomically(path.with_suffix(".safetensors"), lambda file: save_file(arrays, file))
    about = {"made of": made_of_all(benchmark), "spaces": []}
    card(path, trained_colbert().identity["model"], about)


def ship_scores(folder: Path | None = None) -> None:
    """Write what the cross-encoders say of the candidates of all dev and test queries.

    The reranker: of all that the engines rerank and full may let it read, down to a hundred, and of the
    negatives it was trained on; and of the sentences that chapter 11 has scored. Those that it is compared
    with: of the same candidates of rerank.
    """
    benchmark, folder = docsearch(), folder or data_path("vectors")
    parts = parts_for(benchmark.documents, benchmark.doc_ids)
    queries = benchmark.split("dev")[1] + benchmark.split("test")[1]
    mined, _ = files.load(data_path("trained") / "mined.safetensors", "Mined")
    first = pairs_found(queries, parts.texts, parts.hybrid.rank(queries, DEPTH)[1])
    more = pairs_found(queries, parts.texts, parts.full.first.rank(queries, DEPTH)[1])
    more += pairs_found(benchmark.split("train")[1], parts.texts, mined["real"])
    more += pairs_quoted()
    for file, names, pairs in [
        ("scores", RERANKERS[:1], [*first, *more]),
        ("scores-compared", RERANKERS[1:], first),
    ]:
        pairs, models = list(dict.fromkeys(pairs)), map(cross_encoder, names)
        spaces = {model.fingerprint: kept_scores(model, pairs)[:, None] for model in models}
        write(folder / file, [text_key("\0".join(pair)) for pair in pairs], spaces, PACKAGED_SHA256)


def write(path: Path, keys: list[bytes], spaces: dict[str, np.ndarray], base: str) -> None:
    """Write vectors, the keys of their texts, and a card that says what made them."""
    arrays = {"keys": np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 16), **spaces}
    write_atomically(path.with_suffix(".safetensors"), lambda file: save_file(arrays, file))
    card(path, base, {"spaces": list(spaces)})


def card(path: Path, base: str, about: dict) -> None:
    """Write the card beside a file: the model, and the versions whose texts it was made of."""
    about = {"base": base, **about, "versions": {package: version(package) for package in PACKAGES}}
    text = json.dumps(about, indent=1) + "\n"
    write_atomically(path.with_suffix(".json"), lambda file: file.write_text(text, encoding="utf-8"))
