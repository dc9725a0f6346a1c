"""Cheap first, exact afterwards: a shortlist by a small index, rescored with better vectors.

Any two indexes go together: 64 dimensions before 384 ("funnel search"), bits before floats.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, index_class, top_k
from embedlab.matryoshka.prefixes import truncate


class PrefixIndex(Index):
    """An index over the first numbers of each vector, brought to length 1 again.

    Parameters
    ----------
    dims : int
        Numbers of the vectors that are added and searched for.
    inner : Index
        An empty index of fewer dims.

    Examples
    --------
    >>> from embedlab.quantization import BinaryIndex
    >>> index = PrefixIndex(384, BinaryIndex(64))
    >>> index.dims, index.bytes_per_vector
    (384, 8.0)
    """

    def __init__(self, dims: int, inner: Index):
        if inner.dims > dims:
            raise ValueError(f"a prefix of {inner.dims} numbers cannot be cut from {dims}")
        self.dims, self.inner = dims, inner

    def __len__(self) -> int:
        return len(self.inner)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector."""
        return self.inner.bytes_per_vector

    def add(self, vectors: Floats) -> None:
        """Append the prefixes of vectors (n, dims)."""
        self.inner.add(truncate(as_vectors(vectors, self.dims), self.inner.dims))

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Search with the prefixes of the queries; see `Index.search`."""
        return self.inner.search(truncate(as_vectors(queries, self.dims), self.inner.dims), k)

    def state(self) -> State:
        """Return what `save` writes."""
        return _nested({"inner": self.inner}, {"dims": self.dims})

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "PrefixIndex":
        """Make the index from its `state`."""
        return cls(about["dims"], _part("inner", arrays, about))


class RescoredIndex(Index):
    """Two indexes over the same vectors: one finds a shortlist, the other puts it in order.

    Parameters
    ----------
    coarse : Index
        Searched in full.
    fine : Index
        Asked only for the vectors of the shortlist (``fine.vectors_of``): a `FlatIndex`, or an `Int8Index`.
    shortlist : int
        How many candidates are rescored, at least; never fewer than k.

    Examples
    --------
    >>> from embedlab.index import FlatIndex
    >>> from embedlab.quantization import BinaryIndex
    >>> index = RescoredIndex(BinaryIndex(384), FlatIndex(384), shortlist=100)
    >>> index.bytes_per_vector  # 48 to walk through, 1,536 to look up
    1584.0
    """

    def __init__(self, coarse: Index, fine: Index, *, shortlist: int = 100):
        if coarse.dims != fine.dims:
            raise ValueError(f"the coarse index has {coarse.dims} dims, but the fine one {fine.dims}")
        if not hasattr(fine, "vectors_of"):
            raise TypeError(f"a {type(fine).__name__} cannot rescore: it gives no vectors back")
        if shortlist < 1:
            raise ValueError(f"shortlist must be at least 1, but is {shortlist}")
        self.coarse, self.fine, self.shortlist, self.dims = coarse, fine, shortlist, coarse.dims

    def __len__(self) -> int:
        return len(self.fine)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector, in both indexes."""
        return self.coarse.bytes_per_vector + self.fine.bytes_per_vector

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims) to both."""
        vectors = as_vectors(vectors, self.dims)
        self.coarse.add(vectors)
        self.fine.add(vectors)

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Find candidates, score them by inner product, keep the k best; see `Index.search`."""
        queries = as_vectors(queries, self.dims)
        _, candidates = self.coarse.search(queries, max(k, self.shortlist))
        best = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        for i, row in enumerate(candidates):
            found = np.sort(row[row >= 0])  # in the order of ids, so that the earlier wins a tie
            scores = self.fine.vectors_of(found) @ queries[i]
            best[i], places = (part[0] for part in top_k(scores[None], k))
            ids[i, : len(found)] = found[places[: len(found)]]
        return best, ids

    def state(self) -> State:
        """Return what `save` writes."""
        return _nested({"coarse": self.coarse, "fine": self.fine}, {"shortlist": self.shortlist})

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "RescoredIndex":
        """Make the index from its `state`."""
        parts = (_part(name, arrays, about) for name in ("coarse", "fine"))
        return cls(*parts, shortlist=about["shortlist"])


def _nested(parts: dict[str, Index], about: dict) -> State:
    """Put the states of several indexes into one: the arrays' names get the part's name in front."""
    arrays = {}
    for name, part in parts.items():
        inner, description = part.state()
        arrays |= {f"{name}.{key}": array for key, array in inner.items()}
        about = {**about, name: {"class": type(part).__name__, **description}}
    return arrays, about


def _part(name: str, arrays: dict[str, NDArray], about: dict) -> Index:
    """Undo `_nested` for one part."""
    inner = {
        key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")
    }
    return index_class(about[name]["class"]).from_state(inner, about[name])
