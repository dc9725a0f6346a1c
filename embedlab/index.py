"""Exact search: every score, then the k largest. Its interface is that of every index."""

from numbers import Integral
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import files

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
State = tuple[dict[str, NDArray], dict]


def whole(name: str, value: int, *, least: int = 1) -> int:
    """Return a whole number that is not too small.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number, or less than ``least``.

    Examples
    --------
    >>> whole("k", 0)
    Traceback (most recent call last):
    ValueError: k must be at least 1, but is 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, but is {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, but is {value}")
    return int(value)


def as_vectors(vectors: Floats, dims: int) -> Floats:
    """Return vectors as C-contiguous float32 (n, dims); refuse other shapes, NaN and infinity."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != dims:
        raise ValueError(f"expected vectors of shape (n, {dims}), but got {vectors.shape}")
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        raise ValueError(f"vector {int(bad.argmax())} holds NaN or infinity")
    return vectors


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

    Raises
    ------
    ValueError
        If k is less than 1, a score is NaN, or the scores are no matrix of floats.

    Examples
    --------
    >>> top_k(np.float32([[1, 5, 5, 0]]), 3)
    (array([[5., 5., 1.]], dtype=float32), array([[1, 2, 0]]))
    """
    k, scores = whole("k", k), np.asarray(scores)
    if scores.ndim != 2 or not np.issubdtype(scores.dtype, np.floating):
        raise ValueError(f"expected floats of shape (q, n), but got {scores.dtype} {scores.shape}")
    q, n = scores.shape
    kept = min(k, n)
    # The smallest of a row is NaN if any is. Looked for by itself: no comparison below would find it always.
    nan = np.isnan(scores.min(axis=1, initial=np.inf))
    if nan.any():
        raise ValueError(f"the scores of query {nan.argmax()} hold NaN")
    # Sorting n scores costs n log n; partition finds the k-th largest in n, and only k are left to sort.
    threshold = np.partition(scores, n - kept, axis=1)[:, n - kept] if kept else np.zeros(q)
    best = np.full((q, k), -np.inf, np.float32)
    ids = np.full((q, k), -1, np.int64)
    for i in range(q):
        candidates = np.flatnonzero(scores[i] >= threshold[i])  # more than k where scores tie
        order = candidates[np.argsort(-scores[i, candidates], kind="stable")][:kept]
        best[i, :kept], ids[i, :kept] = scores[i, order], order
    return best, ids


class Index:
    """What all indexes share: checked searching, saving and loading.

    An index has ``add(vectors)``, `search`, ``len(index)``, ``dims`` and ``bytes_per_vector``. It gives the
    vectors ids from 0 on, in the order in which they are added. To be saved, it tells its ``state()`` as
    arrays and things that JSON can hold, and ``from_state`` makes the same index from it.
    """

    dims: int
    ROWS = 256  # queries at a time: bounds the (rows, n) matrix of scores

    def scores(self, queries: Floats) -> Floats:
        """Score every vector for each query: (q, dims) -> (q, n), larger is better."""
        raise NotImplementedError

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Find the k best vectors of each query.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int

        Returns
        -------
        scores : float32 array (q, k), best first
        ids : int64 array (q, k)
            Where there are fewer than k vectors, the rest has score -inf and id -1.

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, or k is less than 1.
        """
        queries = as_vectors(queries, self.dims)
        starts = range(0, max(len(queries), 1), self.ROWS)
        parts = [top_k(self.scores(queries[i : i + self.ROWS]), k) for i in starts]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def save(self, path: str | Path) -> None:
        """Write the index to a file, all or nothing."""
        arrays, about = self.state()
        files.save(path, "index", arrays, {"class": type(self).__name__, **about})

    @classmethod
    def load(cls, path: str | Path) -> "Index":
        """Read an index back: of this class, or, called as ``Index.load``, of any.

        Raises
        ------
        StoreError
            If the file is missing, damaged, or holds something else.
        """
        arrays, about = files.load(path, "index")
        name = about.get("class")
        if cls is not Index and name != cls.__name__:
            raise files.StoreError(f"{str(path)!r} holds a {name}, not a {cls.__name__}")
        try:
            return index_class(name).from_state(arrays, about)
        except files.StoreError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise files.StoreError(f"{str(path)!r} holds no {name} that can be read ({reason})") from error


class UnknownIndexError(files.StoreError):
    """A saved index is of a class that no module loaded so far has defined; ``name`` says which."""

    def __init__(self, name: str):
        super().__init__(f"unknown kind of index: {name!r} (is the module that defines it imported?)")
        self.name = name


def index_class(name: str) -> type[Index]:
    """Find an index class by its name, such as ``"FlatIndex"``.

    Raises
    ------
    UnknownIndexError
        If its module is not loaded.
    """
    classes = [Index]
    for found in classes:
        if found.__name__ == name:
            return found
        classes += found.__subclasses__()
    raise UnknownIndexError(name)


class FlatIndex(Index):
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

    def __init__(self, dims: int):
        self.dims = whole("dims", dims)
        self.vectors = np.zeros((0, dims), np.float32)

    def __len__(self) -> int:
        return len(self.vectors)

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

    def scores(self, queries: Floats) -> Floats:
        """Inner products with all vectors, (q, n)."""
        return queries @ self.vectors.T

    def vectors_of(self, ids: Ints) -> Floats:
        """Return the vectors of these ids, (len(ids), dims)."""
        return self.vectors[ids]

    def state(self) -> State:
        """Return what `save` writes."""
        return {"vectors": self.vectors}, {"dims": self.dims}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "FlatIndex":
        """Make the index from its `state`."""
        index = cls(about["dims"])
        index.vectors = as_vectors(arrays["vectors"], index.dims)
        return index
