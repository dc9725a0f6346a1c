"""The vectors of DocSearch's documents that come with the course, so that nobody waits for them.

They are found by the text that they were made of (`embedder.vectors`): where another version of a library has
another docstring, only that one is computed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from embedlab.benchmark import docsearch
from embedlab.embedder import Embedder, text_key
from embedlab.engine.models import LEAD, embedder, finetuned_embedder
from embedlab.machine import data_path, write_atomically
from embedlab.pooling import POOLINGS

SIZES = (16, 32, 64, 128)  # tokens read, beside all 256: the curve of chapter 01
PACKAGES = ("embedlab", "numpy", "scipy", "scikit-learn", "pandas", "torch")


def ship_vectors(folder: Path | None = None) -> None:
    """Compute all vectors that are shipped, and write them with cards; a quarter of an hour on two cores."""
    folder = folder or data_path("vectors")
    texts = docsearch().documents
    plain, tuned = embedder(), finetuned_embedder()
    spaces = {model.fingerprint: vectors for model, vectors in all_poolings(plain, texts)}
    readers = [plain.reading(size) for size in SIZES] + [first_layers(plain, 3)]
    spaces |= {reader.fingerprint: _vectors(reader, texts) for reader in readers}
    write(folder / "base", texts, spaces, plain.encoder.sha256)
    lead = tuned.reading(LEAD)
    write(folder / "finetuned", texts, {lead.fingerprint: _vectors(lead, texts)}, plain.encoder.sha256)


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


def write(path: Path, texts: list[str], spaces: dict[str, np.ndarray], base: str) -> None:
    """Write vectors in half precision, the keys of their texts, and a card that says what made them."""
    keys = np.frombuffer(b"".join(map(text_key, texts)), np.uint8).reshape(-1, 16)
    arrays = {"keys": keys, **{space: made.astype(np.float16) for space, made in spaces.items()}}
    write_atomically(path.with_suffix(".safetensors"), lambda file: save_file(arrays, file))
    card = {"base": base, "documents": len(texts), "spaces": list(spaces)}
    card["versions"] = {package: version(package) for package in PACKAGES}
    text = json.dumps(card, indent=1) + "\n"
    write_atomically(path.with_suffix(".json"), lambda file: file.write_text(text, encoding="utf-8"))
