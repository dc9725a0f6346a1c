"""Real vectors by the hundred thousand: chunks of 32 tokens of both collections of the course, embedded.

Vectors that are grown from a few documents crowd around them. So what is measured at scale is measured on
these. Only beyond them are vectors grown, between related ones, so that the ten best of a query go on coming
nearer as they do among real ones.
"""

import json
from pathlib import Path

import numpy as np

from embedlab.benchmark import docsearch, seeded_sample, wikipedia
from embedlab.chunking import chunk
from embedlab.embedder import Embedder
from embedlab.index import Floats, top_k
from embedlab.machine import cached, code_of, content_key
from embedlab.pooling import l2_normalize

CHUNKS, TOKENS, WORDS = 100_000, 32, 4  # how many; tokens of one, at most; words of one, at least
RELATED, AMONG = 11, 10_000  # vectors are grown between a chunk and one of its nearest among so many
COLLECTIONS = {
    "frontier": f"{CHUNKS:,} real chunks, grown beyond",
    "related": "a tenth real chunks, nine tenths grown between related ones",
    "grown": "grown from documents",
}
NOISE = 0.01  # to each number of a grown vector: about 0.2 of its length in all


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


def real_vectors(n: int, embedder: Embedder, *, real: int = CHUNKS, show_progress: bool = True) -> Floats:
    """Return n vectors, float32 (n, d): of the first ``real`` chunks, beyond them grown ones.

    Embedding takes some ten minutes on two cores, and is kept in the cache.

    Raises
    ------
    ValueError
        If n is less than 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, but is {n}")
    found = embedder.encode(chunk_texts(), cache=True, show_progress=show_progress)[: min(n, real)]
    return np.concatenate([found, between_related(found, n - len(found))]) if len(found) < n else found


def between_related(vectors: Floats, n: int, *, seed: int = 0) -> Floats:
    """Make n vectors between a given one and a related one, plus noise: float32 (n, d), of length 1.

    Related is one of the `RELATED` nearest among the first `AMONG`. `embedlab.benchmark.grown` mixes any two:
    what lies between two subjects is near no query, so its vectors crowd around those that they are made of.

    Examples
    --------
    >>> made = between_related(np.eye(4, dtype=np.float32)[[0, 0, 1, 1]], 100)
    >>> [int(i) for i in np.unique(np.abs(made).argmax(axis=1))]
    [0, 1]
    """
    rng, first = np.random.default_rng(seed), vectors[:AMONG]
    nearest = np.concatenate(
        [
            top_k(part @ first.T, min(RELATED, len(first)))[1]
            for part in np.array_split(vectors, 1 + len(vectors) // 5000)
        ]
    )
    one = np.arange(n) % len(vectors)
    other = nearest[one, rng.integers(0, nearest.shape[1], n)]
    share = rng.random((n, 1), dtype=np.float32)
    mixed = l2_normalize(share * vectors[one] + (1 - share) * vectors[other])
    mixed += NOISE * rng.standard_normal(mixed.shape, dtype=np.float32)
    return l2_normalize(mixed)


def _write(path: Path, texts: list[str]) -> None:
    path.write_text(json.dumps(texts), encoding="utf-8")


def _read(path: Path) -> list[str]:
    return json.loads(path.read_text(encoding="utf-8"))
