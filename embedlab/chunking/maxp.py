"""Many vectors a document: its best passage stands for it (MaxP, Dai and Callan 2019, section 2).

Measured on DocSearch's docstrings, of which every second is longer than 373 tokens. All their chunks are some
four million tokens, an hour or more on two cores: what the queries find is shipped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark, docsearch
from embedlab.chunking.experiments import known
from embedlab.chunking.splitters import chunk
from embedlab.chunking.words import Words
from embedlab.embedder import Embedder

KEPT = 100  # documents of a query
# how, tokens, and whether a docstring's first line stands before each of its chunks
WAYS = {
    "fixed-254": ("fixed", 254, False),
    "fixed-128": ("fixed", 128, False),
    "sections-128": ("sections", 128, False),
    "docstrings-128": ("docstrings", 128, False),
    "fixed-128+first line": ("fixed", 128, True),
    "sections-128+first line": ("sections", 128, True),
    "docstrings-128+first line": ("docstrings", 128, True),
}


def best_passages(scores: NDArray[np.floating], documents: NDArray[np.integer]) -> NDArray[np.floating]:
    """Return each document's best score: (q, documents).

    Parameters
    ----------
    scores : array (q, n)
        Of each query with each chunk.
    documents : int array (n,)
        Which document a chunk is of, ascending, each of 0, 1, ... at least once.

    Raises
    ------
    ValueError
        If the documents are not ascending without gaps.

    Examples
    --------
    >>> best_passages(np.array([[0.1, 0.9, 0.4]]), np.array([0, 0, 1]))
    array([[0.9, 0.4]])
    """
    starts = np.flatnonzero(np.diff(documents, prepend=-1))
    if not np.array_equal(documents[starts], np.arange(len(starts))):
        raise ValueError("documents must ascend from 0 without gaps: sort the chunks by document")
    return np.maximum.reduceat(scores, starts, axis=1)


def docstring_chunks(way: str, benchmark: Benchmark, embedder: Embedder) -> tuple[list[str], NDArray]:
    """Cut all docstrings in one of `WAYS`: texts (n) and the document of each (n,)."""
    how, size, first_line = WAYS[way]
    texts, of = [], []
    for number, document in enumerate(benchmark.documents):
        words, above = Words(document, embedder.tokenizer), document.split("\n")[0][:300]
        for one in chunk(words, how, size=size):
            text = document[one.start : one.end]
            texts.append(text if not first_line or text.startswith(above) else f"{above}\n{text}")
            of.append(number)
    return texts, np.array(of)


def docstring_ranking(way: str, split: str = "test") -> tuple[NDArray[np.float32], NDArray[np.integer]]:
    """Return what the queries of a split find by the best passage: scores and documents, (q, 100) each.

    The scores only say the order: 100 for the first, then 99 ...

    Raises
    ------
    ValueError
        If there is no such way to cut.

    Examples
    --------
    >>> scores, documents = docstring_ranking("docstrings-128+first line", "dev")
    >>> documents.shape
    (300, 100)
    """
    if way not in WAYS:
        raise ValueError(f"there is no way {way!r}; choose from {', '.join(WAYS)}")
    benchmark = docsearch()
    key = f"docsearch {way} {split} {benchmark.fingerprint[:16]}"

    def compute() -> NDArray[np.int16]:
        embedder = Embedder.load().reading(512)
        texts, of = docstring_chunks(way, benchmark, embedder)
        queries = embedder.encode(benchmark.split(split)[1], show_progress=False)
        scores = best_passages(queries @ embedder.encode(texts, cache=True).T, of)
        return np.argsort(-scores, axis=1, kind="stable")[:, :KEPT].astype(np.int16)

    rows = known(key, compute)
    order = np.arange(KEPT, 0, -1, dtype=np.float32)
    return np.broadcast_to(order, rows.shape), rows.astype(np.int64)


def docstring_counts(way: str) -> NDArray[np.integer]:
    """Return how many chunks each docstring has, (n,): what the index of a way costs.

    Examples
    --------
    >>> counts = docstring_counts("docstrings-128+first line")
    >>> len(counts) == len(docsearch().documents), bool(counts.min() >= 1)
    (True, True)
    """
    benchmark = docsearch()
    key = f"docsearch {way} chunks {benchmark.fingerprint[:16]}"

    def compute() -> NDArray[np.int16]:
        of = docstring_chunks(way, benchmark, Embedder.load())[1]
        return np.bincount(of, minlength=len(benchmark.documents)).astype(np.int16)

    return known(key, compute)
