"""Token vectors in few bytes, and how to find documents among them without looking at all.

Tokens cluster: "array" in one docstring is much like "array" in another. So a vector is stored as the number
of its nearest centroid and what is left, each of its numbers rounded to one or two bits (Santhanam et al.
2022, ColBERTv2, section 3.3). That paper's other half is training: hard negatives, and a cross-encoder's
scores as targets, which nothing here does. The centroids are also a way in: only documents with a token near
one of the query's need to be scored (`plaid`, and `ResidualIndex.candidates`).
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.colbert.interaction import TokenIndex
from embedlab.index import Floats, Ints, as_vectors, top_k
from embedlab.machine import compiled, compiling_is_announced
from embedlab.quantization import kmeans, squared_distances

SAMPLE = 64  # vectors a centroid to learn from


class ResidualCodec:
    """Centroids, and the few values that the numbers of a residual are rounded to.

    Parameters
    ----------
    centroids : float32 array (c, d)
    cuts : float32 array (2^bits - 1,)
        Between them lie the classes of numbers.
    values : float32 array (2^bits,)
        What stands for each class.
    """

    def __init__(self, centroids: Floats, cuts: Floats, values: Floats):
        self.centroids, self.cuts, self.values = centroids, cuts, values

    @property
    def bits(self) -> int:
        """Bits for each number."""
        return len(self.values).bit_length() - 1

    @classmethod
    def fit(cls, vectors: Floats, *, centroids: int = 1024, bits: int = 2, seed: int = 0) -> "ResidualCodec":
        """Learn centroids with `kmeans`, and classes that each hold equally many of the residuals' numbers.

        Parameters
        ----------
        vectors : float32 array (n, d)
            Like those to be encoded.
        centroids : int
            At most 65,536. Fewer vectors, fewer centroids.
        bits : {1, 2, 4}

        Raises
        ------
        ValueError
            If there are no vectors, or one of the numbers cannot be.
        """
        if bits not in (1, 2, 4):
            raise ValueError(f"bits must be 1, 2 or 4, but is {bits}")
        if not 1 <= centroids <= 65_536:
            raise ValueError(f"centroids must be between 1 and 65,536, but is {centroids}")
        vectors = as_vectors(vectors, np.shape(vectors)[-1])
        rng = np.random.default_rng(seed)
        sample = vectors[np.sort(rng.permutation(len(vectors))[: SAMPLE * centroids])]
        found = kmeans(sample, centroids, iterations=6, seed=seed)
        residuals = (sample - found[nearest(sample, found)]).ravel()
        steps = 2**bits
        cuts = np.quantile(residuals, np.arange(1, steps) / steps)
        values = np.quantile(residuals, (np.arange(steps) + 0.5) / steps)
        return cls(found, cuts.astype(np.float32), values.astype(np.float32))

    def encode(self, vectors: Floats) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Turn vectors (n, d) into the numbers of centroids (n,) and packed residuals (n, d * bits / 8)."""
        which = nearest(vectors, self.centroids)
        classes = np.searchsorted(self.cuts, vectors - self.centroids[which]).astype(np.uint8)
        spread = (
            classes[:, :, None] >> np.arange(self.bits, dtype=np.uint8)
        ) & 1  # (n, d, bits), low bit first
        return which.astype(np.uint16), np.packbits(
            spread.reshape(len(vectors), self.bits * vectors.shape[1]), axis=1, bitorder="little"
        )

    def decode(self, which: NDArray[np.uint16], packed: NDArray[np.uint8]) -> Floats:
        """Put centroid and residual together, and bring the vectors to length 1: (n, d)."""
        out = np.empty((len(which), self.centroids.shape[1]), np.float32)
        with compiling_is_announced():
            unpack(self.centroids, self.values, self.bits, which, packed, out)
        return out


@compiled(fastmath=True)
def unpack(centroids, values, bits, which, packed, out):
    """Fill ``out`` with centroid plus residual, each row of length 1."""
    mask = 2**bits - 1
    for i in range(len(which)):
        centroid, row, total = centroids[which[i]], out[i], np.float32(0)
        for j in range(len(row)):
            place = j * bits
            row[j] = centroid[j] + values[(packed[i, place >> 3] >> (place & 7)) & mask]
            total += row[j] * row[j]
        scale = np.float32(1) / max(np.sqrt(total), np.float32(1e-12))
        for j in range(len(row)):
            row[j] *= scale


def nearest(vectors: Floats, centroids: Floats, rows: int = 8192) -> Ints:
    """Return the number of the centroid nearest to each vector, (n,).

    Examples
    --------
    >>> nearest(np.float32([[0, 1], [5, 5]]), np.float32([[4, 4], [0, 0]]))
    array([1, 0])
    """
    parts = [vectors[i : i + rows] for i in range(0, len(vectors), rows)]
    found = [squared_distances(part, centroids).argmin(axis=1) for part in parts]
    return np.concatenate([np.zeros(0, np.int64), *found])


class ResidualIndex(TokenIndex):
    """Token vectors as residual codes, found through their centroids, scored by `maxsim` of the decoded.

    Parameters
    ----------
    dims : int
    bits : {1, 2, 4}
        For each number; a token takes ``2 + dims * bits / 8`` bytes.
    centroids : int
    probes : int, optional
        Each token of the query looks into so many clusters, the nearest. None looks at all documents.
    shortlist : int
        Documents to decode and score for each query; the first choice is made by centroids alone.
    codec : ResidualCodec, optional
        By default learned from the first documents added.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> documents = [rng.normal(size=(5, 16)).astype(np.float32) for _ in range(50)]
    >>> index = ResidualIndex(16, centroids=32)
    >>> index.add(documents)
    >>> int(index.search([documents[7]], k=1)[1][0, 0]), index.bytes_per_vector
    (7, 6.0)
    """

    def __init__(
        self,
        dims: int,
        *,
        bits: int = 2,
        centroids: int = 1024,
        probes: int | None = 8,
        shortlist: int = 256,
        seed: int = 0,
        codec: ResidualCodec | None = None,
    ):
        super().__init__(dims)
        if shortlist < 1 or (probes is not None and probes < 1):
            raise ValueError(f"probes and shortlist must be at least 1, but are {probes} and {shortlist}")
        bits = codec.bits if codec else bits
        self.bits, self.clusters, self.probes = bits, centroids, probes
        self.shortlist, self.seed, self.codec = shortlist, seed, codec
        self.which = np.zeros(0, np.uint16)
        self.packed = np.zeros((0, -(-dims * bits // 8)), np.uint8)
        self._members: tuple[Ints, Ints] | None = None

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one token: its centroid's number, and the bits."""
        return 2.0 + self.packed.shape[1]

    @property
    def bytes_per_doc(self) -> float:
        """Memory for one document on average: all that a search reads, shared among the documents.

        Its tokens' codes and the offset, its entries in the inverted lists, its share of the centroids.
        """
        if self.codec is None:
            return super().bytes_per_doc
        starts, ids = self.members
        shared = starts.nbytes + ids.nbytes + self.codec.centroids.nbytes
        return super().bytes_per_doc + shared / max(len(self), 1)

    def _append(self, tokens: Floats) -> None:
        if not len(tokens):
            return
        if self.codec is None:
            self.codec = ResidualCodec.fit(tokens, centroids=self.clusters, bits=self.bits, seed=self.seed)
        which, packed = self.codec.encode(tokens)
        self.which, self.packed = np.append(self.which, which), np.concatenate([self.packed, packed])
        self._members = None

    def _tokens_at(self, places: slice | Ints) -> Floats:
        if self.codec is None:
            return np.zeros((0, self.dims), np.float32)
        return self.codec.decode(self.which[places], self.packed[places])

    @property
    def members(self) -> tuple[Ints, Ints]:
        """The documents with a token in each cluster: cluster c has ``ids[starts[c] : starts[c + 1]]``."""
        if self._members is None:
            owners = np.repeat(np.arange(len(self)), np.diff(self.offsets))
            pairs = np.unique(self.which.astype(np.int64) * max(len(self), 1) + owners)
            clusters, ids = np.divmod(pairs, max(len(self), 1))
            starts = np.searchsorted(clusters, np.arange(len(self.codec.centroids) + 1))
            self._members = starts, ids.astype(np.int32)
        return self._members

    def candidates(self, query: Floats) -> Ints | None:
        """Return the ``shortlist`` documents that the centroids alone rank best, in rising order of ids.

        A query token that probed none of a document's clusters is given the similarity of the nearest cluster
        that was not probed, the most it can have: imputing what was not looked at, as XTR and WARP do.
        """
        if self.probes is None or not len(self.which):
            return None
        starts, ids = self.members
        similar = as_vectors(query, self.dims) @ self.codec.centroids.T  # (t, c)
        values, probed = top_k(similar, min(self.probes + 1, similar.shape[1]))
        gain, total = np.zeros((2, len(self)), np.float32)
        for row, clusters in zip(values - values[:, -1:], probed, strict=True):
            # A document counts with the best of its clusters that are probed; without one, with the next.
            lists = [ids[starts[c] : starts[c + 1]] for c in clusters[: self.probes]]
            for value, members in zip(row[: self.probes][::-1], lists[::-1], strict=True):
                gain[members] = value  # the best comes last, and overwrites
            touched = np.concatenate(lists)
            total[touched] += gain[touched]  # once for each document, however often it is there
        total[np.diff(self.offsets) == 0] = -1  # nothing can match a document without tokens
        return np.sort(top_k(total[None], min(self.shortlist, len(self)))[1][0])

    def _state(self) -> tuple[dict[str, NDArray], dict]:
        arrays = {"which": self.which, "packed": self.packed}
        if self.codec:
            arrays |= {name: getattr(self.codec, name) for name in ("centroids", "cuts", "values")}
        about = {name: getattr(self, name) for name in ("dims", "bits", "probes", "shortlist", "seed")}
        return arrays, {**about, "centroids": self.clusters}

    @classmethod
    def _restored(cls, arrays: dict[str, NDArray], about: dict) -> "ResidualIndex":
        codec = None
        if "centroids" in arrays:
            codec = ResidualCodec(*(arrays[name] for name in ("centroids", "cuts", "values")))
            if codec.centroids.shape[1:] != (about["dims"],) or len(codec.values) != 2 ** about["bits"]:
                raise ValueError(f"centroids of shape {codec.centroids.shape}, {len(codec.values)} values")
        index = cls(**about, codec=codec)
        index.offsets, index.which, index.packed = (arrays[name] for name in ("offsets", "which", "packed"))
        index._check(len(index.which))
        if index.packed.shape != (len(index.which), -(-index.dims * index.bits // 8)):
            raise ValueError(f"codes of shape {index.packed.shape} for {len(index.which)} tokens")
        return index
