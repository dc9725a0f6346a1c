"""MaxSim: compare every token of a query with every token of a document (Khattab & Zaharia 2020, ColBERT).

Each token of the query looks for the token of the document that is most like it; the score is the sum of
these likenesses. Documents have different numbers of tokens, so all their tokens lie in one long array, and
offsets say where each document begins: nothing is padded, and nothing has to be copied together.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.colbert.maxima import LANES, document_maxima
from embedlab.index import Floats, Ints, as_vectors, top_k
from embedlab.machine import compiled, compiling_is_announced, files

FORMAT = 1  # of saved files


def maxsim(query: Floats, tokens: Floats, offsets: Ints) -> Floats:
    """Score documents for one query.

    Parameters
    ----------
    query : float32 array (t, d)
        The vectors of the query's tokens.
    tokens : float32 array (total, d)
        The vectors of all documents' tokens, one document after the other.
    offsets : int64 array (n + 1,)
        Document i has the tokens from ``offsets[i]`` to ``offsets[i + 1]``.

    Returns
    -------
    float32 array (n,)
        The sum over the query's tokens of the largest inner product with a token of the document; -inf for a
        document without tokens, which nothing can match; 0 for a query without tokens.

    Raises
    ------
    ValueError
        If query and documents differ in their dimensions, or the offsets do not fit the tokens.

    Examples
    --------
    >>> query = np.eye(2, dtype=np.float32)
    >>> tokens = np.float32([[1, 0], [0, 1], [0.5, 0.75], [0, 0.5]])
    >>> maxsim(query, tokens, np.array([0, 2, 3, 4]))  # documents of two, one and one token
    array([2.  , 1.25, 0.5 ], dtype=float32)
    """
    tokens, offsets = np.ascontiguousarray(tokens, np.float32), np.asarray(offsets, np.int64)
    if query.shape[1] != tokens.shape[1]:
        raise ValueError(f"the query has {query.shape[1]} dimensions, the documents {tokens.shape[1]}")
    if offsets[0] < 0 or offsets[-1] > len(tokens) or (np.diff(offsets) < 0).any():
        raise ValueError(f"the offsets do not divide {len(tokens)} tokens")  # nobody checks in compiled code
    return score_spans(query, tokens, offsets[:-1], offsets[1:])


def score_spans(query: Floats, tokens: Floats, starts: Ints, ends: Ints) -> Floats:
    """Score documents that lie anywhere: document i has the tokens from ``starts[i]`` to ``ends[i]``."""
    columns, best = as_columns(query), no_maxima(len(starts), len(query))
    with compiling_is_announced():
        take_maxima(tokens, starts, ends, columns, best)
    return summed(best, len(query), ends - starts)


@compiled()
def take_maxima(tokens, starts, ends, columns, best):
    """Raise row i of ``best`` to the largest similarities of document i's tokens to each of the query's."""
    for i in range(len(starts)):
        following = starts[(i + 1) % len(starts)]
        document_maxima(tokens, starts[i], ends[i], following, columns, best[i])


def as_columns(query: Floats) -> Floats:
    """Return the query's tokens as columns (d, t), filled up with zeros to a multiple of `LANES`."""
    columns = np.zeros((query.shape[1], -(-len(query) // LANES) * LANES), np.float32)
    columns[:, : len(query)] = query.T
    return columns


def no_maxima(n: int, t: int) -> Floats:
    """Return the maxima of n documents before any token was seen, as many columns as `as_columns` has."""
    return np.full((n, -(-t // LANES) * LANES), -np.inf, np.float32)


def summed(best: Floats, t: int, lengths: Ints) -> Floats:
    """Add up the maxima of the query's t tokens; -inf for a document without tokens."""
    scores = best[:, :t].sum(axis=1)
    scores[lengths == 0] = -np.inf
    return scores


class TokenIndex:
    """Documents as matrices of token vectors, searched by exact `maxsim`.

    Parameters
    ----------
    dims : int
        Numbers in a token's vector.

    Examples
    --------
    >>> index = TokenIndex(2)
    >>> index.add([np.float32([[1, 0], [0, 1]]), np.float32([[0.75, 0.75]])])
    >>> index.search([np.float32([[1, 0.5]])], k=3)
    (array([[1.125, 1.   ,  -inf]], dtype=float32), array([[ 1,  0, -1]]))
    """

    def __init__(self, dims: int):
        if dims < 1:
            raise ValueError(f"dims must be at least 1, but is {dims}")
        self.dims = dims
        self.tokens = np.zeros((0, dims), np.float32)
        self.offsets = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one token: 4 bytes a number."""
        return 4.0 * self.dims

    @property
    def bytes_per_doc(self) -> float:
        """Memory for one document on average: its tokens, and the offset."""
        return self.bytes_per_vector * self.offsets[-1] / max(len(self), 1) + 8

    def add(self, documents: Sequence[Floats]) -> None:
        """Append documents, an array (tokens, dims) each; they get the next ids.

        Raises
        ------
        ValueError
            If the dimensions differ, or a number is NaN or infinite.
        """
        if not len(documents):
            return
        lengths = [len(document) for document in documents]
        self._append(as_vectors(np.concatenate(documents), self.dims))
        self.offsets = np.concatenate([self.offsets, self.offsets[-1] + np.cumsum(lengths)])

    def _append(self, tokens: Floats) -> None:
        self.tokens = np.concatenate([self.tokens, tokens])

    def scores(self, query: Floats, ids: Ints | None = None) -> Floats:
        """Score all documents, or those of some ids, for one query (t, dims): float32 (n,) or (len(ids),)."""
        starts, ends = self.offsets[:-1], self.offsets[1:]
        if ids is not None:
            starts, ends = starts[np.asarray(ids)], ends[np.asarray(ids)]
        return self._scores(as_vectors(query, self.dims), starts, ends)

    def _scores(self, query: Floats, starts: Ints, ends: Ints) -> Floats:
        return score_spans(query, self.tokens, starts, ends)

    def candidates(self, query: Floats) -> Ints | None:
        """Return the ids worth scoring, in rising order; None for all."""
        return None

    def search(self, queries: Sequence[Floats], k: int) -> tuple[Floats, Ints]:
        """Find the k best documents of each query, a matrix (t, dims) each.

        Returns
        -------
        scores : float32 array (q, k), best first
        ids : int64 array (q, k)
            Where there are fewer than k documents with tokens, the rest has score -inf and id -1.
        """
        return self.rerank(queries, [self.candidates(query) for query in queries], k)

    def rerank(
        self, queries: Sequence[Floats], candidates: Sequence[Ints | None], k: int
    ) -> tuple[Floats, Ints]:
        """Score only the candidates of each query (ids; -1 is passed over) and keep the k best."""
        if k < 1:
            raise ValueError(f"k must be at least 1, but is {k}")
        best = np.full((len(queries), k), -np.inf, np.float32)
        found = np.full((len(queries), k), -1, np.int64)
        for row, (query, ids) in enumerate(zip(queries, candidates, strict=True)):
            ids = np.arange(len(self)) if ids is None else np.unique(ids[ids >= 0])  # ties: the earlier wins
            scores, places = top_k(self.scores(query, None if len(ids) == len(self) else ids)[None], k)
            best[row], found[row] = scores, np.where(np.isfinite(scores), np.append(ids, -1)[places], -1)
        return best, found

    def save(self, path: str | Path) -> None:
        """Write the index to a file, all or nothing."""
        arrays, about = self._state()
        arrays = {"offsets": self.offsets, **arrays}
        files.save(path, type(self).__name__, arrays, {"format": FORMAT, **about})

    def _state(self) -> tuple[dict[str, NDArray], dict]:
        return {"tokens": self.tokens}, {"dims": self.dims}

    @classmethod
    def load(cls, path: str | Path) -> "TokenIndex":
        """Read an index back; `StoreError` if the file is missing, damaged or something else."""
        arrays, about = files.load(path, cls.__name__)
        found = about.pop("format", 1)  # the first version did not say
        if found != FORMAT:
            raise files.StoreError(f"{str(path)!r} has format {found}, but this version reads {FORMAT}")
        try:
            return cls._restored(arrays, about)
        except (KeyError, TypeError, ValueError) as error:
            raise files.StoreError(f"{str(path)!r} holds no whole {cls.__name__}: {error!r}") from error

    @classmethod
    def _restored(cls, arrays: dict[str, NDArray], about: dict) -> "TokenIndex":
        index = cls(**about)
        index.tokens, index.offsets = as_vectors(arrays["tokens"], index.dims), arrays["offsets"]
        index._check(len(index.tokens))
        return index

    def _check(self, tokens: int) -> None:
        ends = self.offsets[:1].tolist(), self.offsets[-1:].tolist()
        if self.offsets.dtype != np.int64 or ends != ([0], [tokens]) or (np.diff(self.offsets) < 0).any():
            raise ValueError(f"the offsets do not divide {tokens} tokens")
