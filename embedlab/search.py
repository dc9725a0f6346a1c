"""The search engine: embed the documents once, each query as it comes, and find the nearest."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab import store
from embedlab.cache import write_atomically
from embedlab.embedder import Embedder

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def top_k(scores: Floats, k: int) -> tuple[Floats, Ints]:
    """Find the k largest scores of each row, best first; of equal scores the earlier column wins.

    Parameters
    ----------
    scores : float32 array (q, n)
    k : int
        Where k exceeds n, the rest is filled with score -inf and id -1, as FAISS does.

    Returns
    -------
    scores : float32 array (q, k)
    ids : int64 array (q, k)

    Examples
    --------
    >>> top_k(np.float32([[1, 5, 5, 0]]), 3)
    (array([[5., 5., 1.]], dtype=float32), array([[1, 2, 0]]))
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, but is {k}")
    q, n = scores.shape
    kept = min(k, n)
    # Sorting n scores costs n log n; partition finds the k-th largest in n, and only k are left to sort.
    threshold = np.partition(scores, n - kept, axis=1)[:, n - kept] if kept else np.zeros(q)
    best = np.full((q, k), -np.inf, np.float32)
    ids = np.full((q, k), -1, np.int64)
    for i in range(q):
        candidates = np.flatnonzero(scores[i] >= threshold[i])  # more than k where scores tie
        order = candidates[np.argsort(-scores[i, candidates], kind="stable")][:kept]
        best[i, :kept], ids[i, :kept] = scores[i, order], order
    return best, ids


class FlatIndex:
    """Exact search: compare the query with every vector. The yardstick for every faster index.

    Parameters
    ----------
    dims : int
        Numbers in a vector.

    Examples
    --------
    >>> index = FlatIndex(2)
    >>> index.add([[1, 0], [0, 1], [0.6, 0.8]])
    >>> index.search([[1, 0]], k=2)
    (array([[1. , 0.6]], dtype=float32), array([[0, 2]]))
    """

    ROWS = 256  # queries at a time: bounds the (rows, n) matrix of scores

    def __init__(self, dims: int):
        if dims < 1:
            raise ValueError(f"dims must be at least 1, but is {dims}")
        self.vectors = np.zeros((0, dims), np.float32)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dims(self) -> int:
        """Numbers in a vector."""
        return self.vectors.shape[1]

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: 4 bytes a number."""
        return 4.0 * self.dims

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims); they get the next n ids.

        Raises
        ------
        ValueError
            If the dimensions differ, or a number is NaN or infinite.
        """
        self.vectors = np.concatenate([self.vectors, as_vectors(vectors, self.dims)])

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Return (scores, ids), each (q, k), by inner product, best first; see `top_k`.

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, or k is less than 1.
        """
        queries = as_vectors(queries, self.dims)
        parts = [
            top_k(queries[i : i + self.ROWS] @ self.vectors.T, k)
            for i in range(0, max(len(queries), 1), self.ROWS)
        ]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def save(self, path: str | Path) -> None:
        """Write the index to a file."""
        store.save(path, "FlatIndex", {"vectors": self.vectors})

    @classmethod
    def load(cls, path: str | Path) -> "FlatIndex":
        """Read an index back; `StoreError` if the file is damaged or something else."""
        arrays, _ = store.load(path, "FlatIndex")
        index = cls(arrays["vectors"].shape[1])
        index.vectors = arrays["vectors"]
        return index


def as_vectors(vectors: Floats, dims: int) -> Floats:
    """Return vectors as C-contiguous float32 (n, dims); refuse other shapes, NaN and infinity."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != dims:
        raise ValueError(f"expected vectors of shape (n, {dims}), but got {vectors.shape}")
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        raise ValueError(f"vector {int(bad.argmax())} holds NaN or infinity")
    return vectors


@dataclass(frozen=True)
class Hit:
    """One result: the document's id, its score (larger is better) and its text."""

    id: str
    score: float
    text: str


class SearchEngine:
    """Search over a collection of texts.

    Make one with `build` or `load`.

    Examples
    --------
    >>> engine = SearchEngine.build(["the cat sat on the mat", "stocks fell on Monday", "how to bake bread"])
    >>> [hit.text for hit in engine.search("a kitten resting", k=1)]
    ['the cat sat on the mat']
    """

    def __init__(self, embedder: Embedder, index: FlatIndex, ids: list[str], texts: list[str]):
        self.embedder, self.index, self.ids, self.texts = embedder, index, ids, texts

    @classmethod
    def build(
        cls,
        texts: Sequence[str],
        ids: Sequence[str] | None = None,
        *,
        embedder: Embedder | None = None,
        lead: int | None = None,
        cache: bool = True,
    ) -> "SearchEngine":
        """Embed the texts and index the vectors.

        Parameters
        ----------
        texts : sequence of n str
        ids : sequence of n different str, optional
            By default "0", "1", ...
        embedder : Embedder, optional
        lead : int, optional
            Read only so many tokens of each text; by default as many as the embedder takes.
        cache : bool
            Keep the vectors on disk, so that the next build of the same texts is quick.

        Raises
        ------
        ValueError
            If there are no texts, or the ids are not one for each text and all different.
        """
        texts = list(texts)
        ids = [str(i) for i in range(len(texts))] if ids is None else list(ids)
        if not texts:
            raise ValueError("there is nothing to search: no texts were given")
        if len(ids) != len(texts):
            raise ValueError(f"{len(texts)} texts, but {len(ids)} ids")
        if len(set(ids)) != len(ids):
            raise ValueError(f"two texts have the id {next(i for i in ids if ids.count(i) > 1)!r}")
        embedder = embedder or Embedder.load()
        reader = embedder.reading(lead) if lead else embedder
        index = FlatIndex(embedder.dims)
        # Long documents are the normal case here, and the part that is read stands for them: no warning.
        index.add(reader.encode(texts, cache=cache, on_long="cut"))
        return cls(embedder, index, ids, texts)

    def rank(self, queries: Sequence[str], k: int = 100) -> tuple[Floats, Ints]:
        """Find the k best documents of each query: (scores, positions), each (q, k), best first."""
        return self.index.search(self.embedder.encode(queries, show_progress=False), k)

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """Find the k best documents for one query, fewer where there are not so many.

        Raises
        ------
        TypeError
            If the query is no string.
        ValueError
            If it is empty.
        """
        if isinstance(query, str) and not query.strip():
            raise ValueError("the query is empty")
        scores, rows = self.rank([query], min(k, len(self.ids)))
        return [
            Hit(self.ids[row], float(score), self.texts[row])
            for score, row in zip(scores[0], rows[0], strict=True)
        ]

    @property
    def bytes_per_doc(self) -> float:
        """Memory that the index takes for one document."""
        return self.index.bytes_per_vector

    def save(self, folder: str | Path) -> None:
        """Write the engine to a folder: the index, the texts, and which model made the vectors."""
        folder = Path(folder)
        self.index.save(folder / "index.safetensors")
        lines = [json.dumps([i, text]) for i, text in zip(self.ids, self.texts, strict=True)]
        write_atomically(folder / "texts.jsonl", lambda file: file.write_text("\n".join(lines) + "\n"))
        about = {"model": self.embedder.identity, "dims": self.index.dims, "normalized": True}
        write_atomically(folder / "engine.json", lambda file: file.write_text(json.dumps(about)))

    @classmethod
    def load(cls, folder: str | Path, embedder: Embedder | None = None) -> "SearchEngine":
        """Read an engine back.

        Raises
        ------
        StoreError
            If a file is missing or damaged, or the vectors were made by another model than ``embedder``: they
            would live in another space, and the scores would mean nothing, even where the shapes agree.
        """
        folder, embedder = Path(folder), embedder or Embedder.load()
        try:
            about = json.loads((folder / "engine.json").read_text())
            lines = (folder / "texts.jsonl").read_text().splitlines()
            ids, texts = (list(column) for column in zip(*map(json.loads, lines), strict=True))
        except (OSError, ValueError) as error:
            raise store.StoreError(f"{str(folder)!r} holds no search engine: {error}") from error
        if about["model"] != embedder.identity:
            raise store.StoreError(
                f"{str(folder)!r} was built with {about['model']}, but the embedder is {embedder.identity}: "
                "load that model, or build the index again"
            )
        index = FlatIndex.load(folder / "index.safetensors")
        if len(index) != len(ids):
            raise store.StoreError(f"{str(folder)!r} is damaged: {len(index)} vectors for {len(ids)} texts")
        return cls(embedder, index, ids, texts)


def _dense(
    texts: Sequence[str], ids: Sequence[str], pooling: str | None = None, lead: int | None = None
) -> SearchEngine:
    return SearchEngine.build(texts, ids, embedder=Embedder.load(pooling=pooling), lead=lead)


# The engines that the command line knows, each built by its function from texts and ids.
ENGINES: dict[str, Callable[[Sequence[str], Sequence[str]], SearchEngine]] = {
    "dense": partial(_dense),  # as the model was trained: mean pooling, the first 256 tokens
    "dense-cls": partial(_dense, pooling="cls"),
    "dense-max": partial(_dense, pooling="max"),
    "dense-last": partial(_dense, pooling="lasttoken"),
    "dense-lead": partial(_dense, lead=64),  # reads only how a document begins
}


def build_engine(name: str, texts: Sequence[str], ids: Sequence[str]) -> SearchEngine:
    """Build one of `ENGINES` over texts.

    Raises
    ------
    ValueError
        If there is no engine of that name; the message lists those there are.
    """
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; choose from {', '.join(ENGINES)}")
    return ENGINES[name](texts, ids)
