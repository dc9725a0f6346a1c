"""An inverted file of product-quantized residuals (IVF-PQ, "IVFADC"): m bytes a vector, in lists."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints, State, as_vectors, whole
from embedlab.machine import compiling_is_announced
from embedlab.quantization import ProductQuantizer
from embedlab.scale.clusters import SAMPLE, assign, sampled, sums_by_list
from embedlab.scale.list_index import BLOCK, ListIndex, padded
from embedlab.scale.rescoring import KEPT, Kept, rescored
from embedlab.scale.rotation import ROTATIONS, make_rotation, rotate
from embedlab.scale.scan import scan_codes

ROTATED = 16_384  # residuals that rotation and codebooks are learned from
FOR_FACTORS = 32  # vectors a list that factors are learned from


class IVFPQIndex(ListIndex):
    """Keep of each vector only how it differs from the centroid of its list, in m bytes (Jégou et al. 2011).

    Residuals are shorter than vectors, and look more alike from list to list than vectors do, so the same
    bytes say them more exactly. An inner product splits: query * vector = query * centroid, once a list, +
    query * residual, by tables that are the same for all lists. (A squared distance does not: its tables
    differ from list to list.)

    A centroid of length 1, as inner products want for choosing lists, lies outside of its vectors, whose mean
    is shorter. So each list has a length, and residuals are taken from length * centroid. FAISS takes them
    from the centroid itself; on 100,000 grown vectors in 1,024 lists that makes the squared error of 48 bytes
    7 % larger.

    A code says less than its residual, since k-means keeps means: for queries near the vector it scores too
    low, the more so the looser the list. Each list has a factor that makes up for it: on average over the
    list, a vector has with what stands for it the inner product that it has with itself (RaBitQ does so
    vector by vector). On the same vectors recall@10 of all lists went from 0.636 to 0.649 on dev; from
    centroids as they are, without factors, it was 0.634 and 0.646 for two seeds.

    Parameters
    ----------
    dims : int
    nlist : int
    m : int
        Bytes a code; it must divide ``dims``.
    nprobe : int
        Lists that a query looks into; it can be changed at any time.
    rotation : {None, "random", "balanced", "opq"}
        What is done to vectors before they are cut into m pieces, see `rotation`.
    keep : {None, "float16", "float32"}
        Keep the vectors as well, and rescore with them what the codes found.
    shortlist : int
        How many are rescored, at least k.
    seed : int

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = IVFPQIndex(16, nlist=20, m=4, keep="float16")
    >>> index.add(vectors)
    >>> index.search(vectors[:3], k=1)[1].ravel()
    array([0, 1, 2])
    """

    def __init__(
        self,
        dims: int,
        nlist: int = 128,
        m: int = 48,
        *,
        nprobe: int = 8,
        rotation: str | None = None,
        keep: str | None = None,
        shortlist: int = 100,
        seed: int = 0,
    ):
        if m < 1 or dims % m:
            raise ValueError(f"{dims} dimensions cannot be cut into {m} equal pieces")
        if rotation not in ROTATIONS:
            known = ", ".join(map(repr, ROTATIONS))
            raise ValueError(f"rotation must be one of {known}, but is {rotation!r}")
        self.m, self.rotation, self.keep, self.kept = m, rotation, keep, Kept(dims, keep)
        self.shortlist = whole("shortlist", shortlist)
        super().__init__(dims, nlist, nprobe, seed)
        self.matrix: Floats | None = None  # (dims, dims), where there is a rotation
        self.lengths: Floats | None = None  # (lists,): residuals are taken from length * centroid
        self.factors: Floats | None = None  # (lists,): what scores are multiplied by
        self.quantizer: ProductQuantizer | None = None
        self._codebooks: Floats | None = None  # the quantizer's, as `fill_tables` wants them

    def _empty(self) -> NDArray:
        return np.zeros((0, self.m), np.uint8)

    def _learn(self, vectors: Floats, centroids: Floats | None = None) -> None:
        """Learn centroids, then from residuals the rotation, then from rotated residuals the codebooks."""
        vectors = sampled(vectors, max(SAMPLE * self.nlist, 39 * 256), self.seed)
        super()._learn(vectors, centroids)
        centroids = self.centroids[:, : self.dims]
        numbers, similarities = assign(vectors, centroids)
        sums, counts = sums_by_list(similarities[:, None], numbers, len(centroids))
        self.lengths = np.where(counts, sums[:, 0] / np.maximum(counts, 1), 1).astype(np.float32)
        some_numbers, some = (sampled(part, ROTATED, self.seed) for part in (numbers, vectors))
        residuals = some - self.lengths[some_numbers, None] * centroids[some_numbers]
        self.matrix = make_rotation(self.rotation, residuals, self.m, self.seed)
        self._set_centroids(rotate(centroids, self.matrix))
        self._set_quantizer(ProductQuantizer.fit(rotate(residuals, self.matrix), self.m, seed=self.seed))
        most = max(FOR_FACTORS * self.nlist, ROTATED)
        self.factors = self._learned_factors(*(sampled(part, most, self.seed) for part in (vectors, numbers)))

    def _learned_factors(self, vectors: Floats, numbers: Ints) -> Floats:
        """Compare vectors (n, dims) with what stands for them, by lists; without any, as all others do."""
        rotated, along = rotate(vectors, self.matrix), np.empty((len(vectors), 2), np.float32)
        for i in range(0, len(vectors), BLOCK):
            own, lists = rotated[i : i + BLOCK], numbers[i : i + BLOCK]
            decoded = self._stands_for(self._coded(own, lists), lists)
            along[i : i + BLOCK] = np.stack([(own * own).sum(axis=1), (own * decoded).sum(axis=1)], axis=1)
        sums, _ = sums_by_list(along, numbers, len(self.centroids))
        sums = np.where(sums[:, 1:] > 0, sums, sums.sum(axis=0))
        return np.divide(*sums.T, out=np.ones(len(sums), np.float32), where=sums[:, 1] > 0)

    def _coded(self, rotated: Floats, numbers: Ints) -> NDArray[np.uint8]:
        """Encode what is left of rotated vectors (n, dims) in the lists of these numbers."""
        return self.quantizer.encode(rotated - self.lengths[numbers, None] * self._middles[numbers])

    def _stands_for(self, codes: NDArray[np.uint8], numbers: Ints) -> Floats:
        """Decode, without factors and still rotated, codes (n, m) of the lists of these numbers."""
        return self.quantizer.decode(codes) + self.lengths[numbers, None] * self._middles[numbers]

    def _set_quantizer(self, quantizer: ProductQuantizer) -> None:
        self.quantizer = quantizer
        self._codebooks = np.ascontiguousarray(quantizer.centroids.transpose(0, 2, 1))  # (m, d/m, 256)

    def _assigned(self, vectors: Floats) -> Ints:
        return super()._assigned(rotate(vectors, self.matrix))

    def _rows(self, vectors: Floats, numbers: Ints) -> NDArray[np.uint8]:
        self.kept.append(vectors)
        return self._coded(rotate(vectors, self.matrix), numbers)

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: code, id, what is kept for rescoring, its share of all that is learned."""
        kept = self.dims * np.dtype(KEPT[self.keep]).itemsize if self.keep else 0
        if not len(self.lists):
            return float(self.m + 4 + kept)
        learned = [self.centroids, self.lengths, self.factors, self._codebooks, self.matrix]
        shared = sum(part.nbytes for part in learned if part is not None)
        kept *= len(self) / len(self.lists)  # of deleted ones as well
        return kept + (self.lists.bytes_used + shared) / len(self.lists)

    def probed(self, queries: Floats, nprobe: int | None = None) -> Ints:
        """Say which lists queries (q, dims) look into, best first: (q, nprobe)."""
        return super().probed(rotate(as_vectors(queries, self.dims), self.matrix), nprobe)

    def search(
        self, queries: Floats, k: int, *, nprobe: int | None = None, shortlist: int | None = None
    ) -> tuple[Floats, Ints]:
        """Find the k best of the lists that are looked into, by codes, and rescored where vectors are kept.

        Parameters
        ----------
        queries : float32 array (q, dims)
        k : int
        nprobe, shortlist : int, optional
            By default those of the index.

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
        wanted = whole("shortlist", self.shortlist if shortlist is None else shortlist)
        wanted = max(k, wanted) if self.keep else k
        scores = np.full((len(queries), wanted), -np.inf, np.float32)
        ids = np.full((len(queries), wanted), -1)
        if not len(self):
            return scores[:, :k], ids[:, :k]
        learned = (self.lengths, self.factors, self._codebooks)
        with compiling_is_announced():
            rotated = padded(rotate(queries, self.matrix))
            self._search_lists(scan_codes, learned, rotated, nprobe, scores, ids)
        return rescored(self.kept.rows, queries, ids, k) if self.keep else (scores, ids)

    def vectors_of(self, ids: Ints) -> Floats:
        """Return what is scored last of these ids, (len(ids), dims): vectors if kept, else decoded codes."""
        if self.keep:
            self.lists.places(ids)  # raises where one is gone
            return self.kept.rows[ids].astype(np.float32)
        numbers, codes = self.list_of(ids), self.lists.merged[1][self.lists.places(ids)]
        rotated = self.factors[numbers, None] * self._stands_for(codes, numbers)
        return rotated if self.matrix is None else rotated @ self.matrix

    def state(self) -> State:
        """Return what `save` writes."""
        arrays, about = super().state()
        if arrays:
            arrays |= {name: getattr(self, name) for name in ("lengths", "factors")}
            arrays |= {"codebooks": self.quantizer.centroids}
            arrays |= {} if self.matrix is None else {"matrix": self.matrix}
            arrays |= {"kept": self.kept.rows} if self.keep else {}
        return arrays, about | {name: getattr(self, name) for name in ("m", "rotation", "keep", "shortlist")}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "IVFPQIndex":
        """Make the index from its `state`."""
        options = {name: about[name] for name in ("nprobe", "rotation", "keep", "shortlist", "seed")}
        index = cls(about["dims"], about["nlist"], about["m"], **options)
        index._restore(arrays, about["given"], index._empty())
        if arrays:
            index.lengths, index.factors = arrays["lengths"], arrays["factors"]
            index._set_quantizer(ProductQuantizer(arrays["codebooks"]))
            index.matrix = arrays["matrix"] if index.rotation else None
            if index.keep:
                index.kept.append(arrays["kept"])
            if len(index.lengths) != len(index.centroids) or len(index.quantizer.centroids) != index.m:
                raise ValueError(f"{len(index.lengths)} lengths, {len(index.quantizer.centroids)} codebooks")
        return index
