"""An inverted file of RaBitQ codes (IVF-RaBitQ): one bit a number, in lists, and a bound that rescores."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints, State, as_vectors, whole
from embedlab.scale.list_index import ListIndex
from embedlab.scale.rabitq import RaBitQuantizer, check_options, words_of
from embedlab.scale.rabitq_scan import columns_of, search_codes
from embedlab.scale.rescoring import KEPT, Kept

OPTIONS = ("nprobe", "keep", "bits_of_query", "epsilon", "seed")


class IVFRaBitQIndex(ListIndex):
    """Keep the signs of what each vector has beyond the centroid of its list (Gao & Long 2024, section 4).

    Residuals to a list's centroid are shorter than those to the mean of all, and so are errors and bounds.
    The lists are read one after the other, the best first. Where vectors are kept, a vector is scored exactly
    if its estimate plus its bound reaches the k-th best exact score so far.

    The paper rounds query - centroid anew for each list. An inner product splits: query * residual =
    (query - centroid) * residual + centroid * residual, where the last is known exactly, and the estimate of
    the first splits alike. So the query is rounded once, as it is, and a number of each code makes up for it.

    Parameters
    ----------
    dims : int
        At least 2; filled up to D, a multiple of 64.
    nlist : int
    nprobe : int
        Lists that a query looks into; it can be changed at any time.
    keep : {None, "float16", "float32"}
        Keep the vectors, and rescore.
    bits_of_query, epsilon, seed
        See `RaBitQIndex`.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 64)).astype(np.float32)
    >>> index = IVFRaBitQIndex(64, nlist=20, keep="float16")
    >>> index.add(vectors)
    >>> index.search(vectors[:3], k=1)[1].ravel()
    array([0, 1, 2])
    """

    def __init__(
        self,
        dims: int,
        nlist: int = 128,
        *,
        nprobe: int = 8,
        keep: str | None = None,
        bits_of_query: int = 4,
        epsilon: float = 1.9,
        seed: int = 0,
    ):
        check_options(dims, bits_of_query, epsilon)
        super().__init__(dims, nlist, nprobe, seed)
        self.bits_of_query, self.epsilon = bits_of_query, epsilon
        self.keep, self.kept = keep, Kept(dims, keep)
        self.quantizer: RaBitQuantizer | None = None
        self.rescored = 0.0  # vectors that the last search scored exactly, for each query

    def _empty(self) -> NDArray:
        return np.zeros((0, words_of(self.dims)), np.uint64)

    def _learn(self, vectors: Floats, centroids: Floats | None = None) -> None:
        super()._learn(vectors, centroids)
        origin = np.zeros((1, self.dims), np.float32)  # residuals are what is encoded, and lie around it
        self.quantizer = RaBitQuantizer.fit(origin, seed=self.seed)

    def _rows(self, vectors: Floats, numbers: Ints) -> NDArray[np.uint64]:
        self.kept.append(vectors)
        return self.quantizer.encode(vectors, self._middles[numbers])

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: code, id, what is kept for rescoring, its share of all that is learned."""
        kept = self.dims * np.dtype(KEPT[self.keep]).itemsize if self.keep else 0
        if not len(self.lists):
            return float(8 * words_of(self.dims) + 4 + kept)
        shared = self.centroids.nbytes + self.quantizer.matrix.nbytes
        return (kept * len(self) + self.lists.bytes_used + shared) / len(self.lists)

    def search(
        self, queries: Floats, k: int, *, nprobe: int | None = None, shortlist: int | None = None
    ) -> tuple[Floats, Ints]:
        """Find the k best of the lists that are looked into: by estimates, or exact scores of kept vectors.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int
        nprobe : int, optional
            By default that of the index.
        shortlist : int, optional
            So many of the best estimates are scored exactly; by default those whose bound asks for it.

        Returns
        -------
        scores : float32 array (q, k), best first
        ids : int64 array (q, k); -1, with score -inf, where the lists hold less than k

        Raises
        ------
        ValueError
            If the dimensions differ, a number is NaN or infinite, or a number is less than 1.
        """
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
        self.compared = self.rescored = 0.0
        if not len(self.lists):
            return scores, ids
        (starts, codes, numbers), nprobe = self.lists.merged, self._probes(nprobe)
        columns, bounds = columns_of(codes), (np.float32(self.epsilon), (self._middles**2).sum(axis=1))
        for i in range(0, len(queries), self.ROWS):
            some = queries[i : i + self.ROWS]
            asked = self.quantizer.encode_queries(some, self.bits_of_query)
            scanned = some @ self._middles.T, nprobe, starts, numbers, *columns, *asked
            kept = (self.kept.for_compiled, some) if self.keep else None
            found = scores[i : i + self.ROWS], ids[i : i + self.ROWS]
            compared, again = search_codes(scanned, kept, bounds, shortlist, *found)
            self.compared += compared / len(queries)
            self.rescored += again / len(queries)
        return scores, ids

    def vectors_of(self, ids: Ints) -> Floats:
        """Return the vectors of these ids, (len(ids), dims), where they are kept; ValueError where not."""
        if not self.keep:
            raise ValueError("no vectors are kept: signs alone give none back")
        self.lists.places(ids)  # raises where one is gone
        return self.kept.rows[ids].astype(np.float32)

    def state(self) -> State:
        """Return what `save` writes."""
        arrays, about = super().state()
        if arrays:
            arrays |= {"matrix": self.quantizer.matrix} | ({"kept": self.kept.rows} if self.keep else {})
        return arrays, about | {name: getattr(self, name) for name in OPTIONS}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "IVFRaBitQIndex":
        """Make the index from its `state`."""
        index = cls(about["dims"], about["nlist"], **{name: about[name] for name in OPTIONS})
        index._restore(arrays, about["given"], index._empty())
        if arrays:
            index.quantizer = RaBitQuantizer(np.zeros(index.dims, np.float32), arrays["matrix"])
        if arrays and index.keep:
            index.kept.append(as_vectors(arrays["kept"], index.dims))
            if len(index.kept.rows) != len(index):
                raise ValueError(f"{len(index.kept.rows)} vectors are kept for {len(index)} codes")
        return index
