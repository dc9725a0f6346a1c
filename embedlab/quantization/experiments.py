"""Measurements of chapter 05 that take a while, and are kept: codebooks, shortlists on grown collections."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import grown
from embedlab.index import Floats, Index, Ints, top_k
from embedlab.machine import cached, content_key
from embedlab.quantization.product import ProductQuantizer


def balanced_order(dims: int, m: int) -> Ints:
    """Deal components, the loudest first, to m subspaces to and fro, so that each gets its share.

    The parametric solution of optimised product quantization rotates by PCA and allocates the axes so that
    the subspaces have equal products of variances (Ge et al. 2013); dealing is a simple way near it.

    Examples
    --------
    >>> balanced_order(8, 2)  # the first subspace gets components 0, 3, 4, 7
    array([0, 3, 4, 7, 1, 2, 5, 6])
    """
    rounds = np.arange(dims).reshape(-1, m)
    rounds[1::2] = rounds[1::2, ::-1]
    return rounds.T.ravel()


def trained_codebooks(vectors: Floats, m: int, *, seed: int = 0) -> ProductQuantizer:
    """Fit a `ProductQuantizer`, or read what the same vectors gave before."""
    key = content_key(_code(ProductQuantizer), np.ascontiguousarray(vectors).tobytes(), f"{m} {seed}")

    def build() -> ProductQuantizer:
        return ProductQuantizer.fit(vectors, m, seed=seed)

    return cached(
        "codebooks", key, build, _write_codebooks, lambda path: ProductQuantizer(np.load(path)), suffix=".npy"
    )


def places(index: Index, queries: Floats, truth: Ints) -> Ints:
    """Return at which place an index ranks each right answer: (q, k), from 1; ties by the smaller row.

    Parameters
    ----------
    index : Index
        With ``scores(queries) -> (q, n)``.
    queries : float32 array (q, d)
    truth : int array (q, k)
        Rows of the right answers.

    Examples
    --------
    >>> from embedlab.quantization import BinaryIndex
    >>> index = BinaryIndex(8)
    >>> index.add(np.float32([[1] * 8, [1] * 4 + [-1] * 4]))
    >>> places(index, np.ones((1, 8), np.float32), np.array([[1, 0]]))
    array([[2, 1]])
    """
    rows, found = np.arange(len(index)), []
    for query, right in zip(queries, truth, strict=True):
        scores = index.scores(query[None])[0]
        own = scores[right][:, None]
        found.append(1 + ((scores > own) | ((scores == own) & (rows < right[:, None]))).sum(axis=1))
    return np.array(found)


def shortlist_places(
    make: Callable[[int], Index],
    documents: Floats,
    queries: Floats,
    sizes: Sequence[int],
    *,
    k: int = 10,
    name: str = "",
) -> dict[int, Ints]:
    """Grow a collection, and say where a code ranks the k that are nearest in float32: {n: (q, k)}.

    The first rows are the real documents, the others mixtures of them (`grown`): distractors.

    Parameters
    ----------
    make : callable
        ``make(dims)`` gives an empty index with ``scores``.
    name : str
        Names the code; with the data it finds what was measured before.
    """
    made_of = [np.ascontiguousarray(side).tobytes() for side in (documents, queries)]
    code = _code(shortlist_places, grown, type(make(documents.shape[1])))

    def build(n: int) -> Ints:
        vectors = np.concatenate([documents, grown(documents, n - len(documents))])[:n]
        index = make(documents.shape[1])
        index.add(vectors)
        return places(index, queries, top_k(queries @ vectors.T, k)[1])

    def measured(n: int) -> Ints:
        key = content_key(code, name, f"{n} {k}", *made_of)
        return cached("shortlists", key, lambda: build(n), _write_array, np.load, suffix=".npy")

    return {n: measured(n) for n in sizes}


def _code(*things: Callable) -> str:
    """Hash the files that things are written in."""
    return content_key(*(inspect.getsource(inspect.getmodule(thing)) for thing in things))


def _write_codebooks(path: Path, quantizer: ProductQuantizer) -> None:
    _write_array(path, quantizer.centroids)


def _write_array(path: Path, array: NDArray) -> None:
    with path.open("wb") as file:
        np.save(file, array)
