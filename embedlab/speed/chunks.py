"""Real vectors by the hundred thousand: chunks of 32 tokens of both collections of the course, embedded.

Vectors that are grown from a few documents crowd around them. So what is measured at scale is measured on
these, and only beyond them are vectors grown, from all of them.
"""

import json
from pathlib import Path

import numpy as np

from embedlab.benchmark import docsearch, grown, seeded_sample, wikipedia
from embedlab.chunking import chunk
from embedlab.embedder import Embedder
from embedlab.index import Floats
from embedlab.machine import cached, code_of, content_key

CHUNKS, TOKENS, WORDS = 100_000, 32, 4  # how many; tokens of one, at most; words of one, at least


def chunk_texts() -> list[str]:
    """Return `CHUNKS` different chunks of DocSearch's documents and of Wikipedia's articles, in random order.

    Cutting takes a minute, and is kept in the cache.
    """
    from embedlab import benchmark, chunking

    def build() -> list[str]:
        texts = [*docsearch().documents, *(article.text for article in wikipedia())]
        pieces = (
            " ".join(text[one.start : one.end].split())
            for text in texts
            for one in chunk(text, "recursive", size=TOKENS)
        )
        different = list(dict.fromkeys(piece for piece in pieces if len(piece.split()) >= WORDS))
        sample = seeded_sample(different, CHUNKS, 0)
        return [sample[i] for i in np.random.default_rng(0).permutation(len(sample))]

    key = content_key(code_of(benchmark, chunking), Path(__file__).read_bytes())
    return cached("chunk-texts", key, build, _write, _read, suffix=".json")


def real_vectors(n: int, embedder: Embedder, *, show_progress: bool = True) -> Floats:
    """Return n vectors, float32 (n, d): of real chunks as far as there are any, beyond them grown from all.

    Embedding takes some ten minutes on two cores, and is kept in the cache.

    Raises
    ------
    ValueError
        If n is less than 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, but is {n}")
    real = embedder.encode(chunk_texts(), cache=True, show_progress=show_progress)
    return real[:n] if n <= len(real) else np.concatenate([real, grown(real, n - len(real), seed=1)])


def _write(path: Path, texts: list[str]) -> None:
    path.write_text(json.dumps(texts), encoding="utf-8")


def _read(path: Path) -> list[str]:
    return json.loads(path.read_text(encoding="utf-8"))
