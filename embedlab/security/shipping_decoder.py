"""The decoder that comes with the course: how it is trained, and the card that says so."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from embedlab.embedder import Embedder
from embedlab.machine import content_key, data_path, machine_name, write_atomically
from embedlab.security.decoder import BATCH, train_decoder
from embedlab.security.public_corpus import public_texts

LONGEST = 16  # words: of the texts that it is trained on
STEPS, SMALL = 2400, 512  # of the training; texts on which a test repeats the first steps


def short_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts of at most `LONGEST` words."""
    return [text for text in texts if len(text.split()) <= LONGEST]


def ship_decoder(work: Path) -> None:
    """Train on all short public texts, and put decoder and card into ``data/trained``; a quarter of an hour.

    Parameters
    ----------
    work : Path
        An empty folder for the checkpoint. Interrupted, the same call goes on.
    """
    texts, embedder, start = short_texts(public_texts()), Embedder.load(), time.perf_counter()
    vectors = embedder.encode(texts, cache=True, on_long="cut")
    decoder, losses = train_decoder(vectors, texts, steps=STEPS, checkpoint=work / "inversion.checkpoint")
    seconds = round(time.perf_counter() - start)
    decoder.save(data_path("trained") / "inversion.safetensors", {"model": embedder.identity})
    write_card(texts, vectors, losses, seconds)


def write_card(texts: Sequence[str], vectors: np.ndarray, losses: Sequence[float], seconds: float) -> None:
    """Write down what made the decoder, and the first losses of a training on few texts."""
    _, small = train_decoder(vectors[:SMALL], texts[:SMALL], steps=STEPS, stop_after=3, show_progress=False)
    card = {
        "base": Embedder.load().identity["sha256"],
        "versions": {name: version(name) for name in ("numpy", "torch", "gensim")},
        "examples": content_key(*texts),
        "texts": len(texts),
        "recipe": {"steps": STEPS, "batch": BATCH, "learning_rate": 2e-3, "hidden": 384, "seed": 0},
        "first losses": np.round(losses[:5], 6).tolist(),
        "last losses": np.round(losses[-5:], 6).tolist(),
        "small": {"texts": SMALL, "losses": np.round(small, 6).tolist()},
        "seconds": seconds,
        "machine": machine_name(),
    }
    text = json.dumps(card, indent=2) + "\n"
    file = data_path("trained") / "inversion.json"
    write_atomically(file, lambda path: path.write_text(text, encoding="utf-8"))
    file.chmod(0o644)
