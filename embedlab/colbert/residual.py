"""Documents whose token vectors take few bytes, and how to find some among them without looking at all.

The centroids of `ResidualCodec` are also a way in: only documents with a token near one of the query's need
to be scored (`plaid`, and `ResidualIndex.candidates`). They are unpacked one by one, just before that.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.colbert.codec import ResidualCodec, unpack
from embedlab.colbert.interaction import TokenIndex, as_columns, no_maxima, summed
from embedlab.colbert.maxima import document_maxima
from embedlab.index import Floats, Ints, as_vectors, top_k
from embedlab.machine import compiled, compiling_is_announced


@compiled()
def take_decoded_maxima(centroids, table, which, packed, starts, ends, out, columns, best):
    """Do what `take_maxima` does, with the tokens of one document at a time unpacked into ``out``."""
    for i in range(len(starts)):
        unpack(centroids, table, which, packed, starts[i], ends[i], out)
        document_maxima(out, 0, ends[i] - starts[i], 0, columns, best[i])


@compiled()
def add_gains(gains, clusters, starts, ids, total, counted):
    """Add to each document, for each token of the query, the gain of the best of its clusters, once."""
    for token in range(len(gains)):
        for rank in range(gains.shape[1]):  # the best first
            cluster = clusters[token, rank]
            for place in range(starts[cluster], starts[cluster + 1]):
                if counted[ids[place]] <= token:
                    counted[ids[place]] = token + 1
                    total[ids[place]] += gains[token, rank]


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

    def _scores(self, query: Floats, starts: Ints, ends: Ints) -> Floats:
        columns, best = as_columns(query), no_maxima(len(starts), len(query))
        if self.codec:
            codec, out = self.codec, self.codec.room(int((ends - starts).max(initial=0)))
            with compiling_is_announced():
                take_decoded_maxima(
                    codec.centroids, codec.table, self.which, self.packed, starts, ends, out, columns, best
                )
        return summed(best, len(query), ends - starts)

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
        gains = (values - values[:, -1:])[:, : self.probes]  # without one that is probed, 0: the next counts
        total, counted = np.zeros(len(self), np.float32), np.zeros(len(self), np.int64)
        with compiling_is_announced():
            add_gains(gains, probed, starts, ids, total, counted)
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
        if (index.which.dtype, index.packed.dtype) != (np.uint16, np.uint8):
            raise ValueError(f"codes of {index.which.dtype} and {index.packed.dtype}")
        shapes = (len(index.which),), (len(index.which), -(-index.dims * index.bits // 8))
        if (index.which.shape, index.packed.shape) != shapes:
            raise ValueError(f"codes of shapes {index.which.shape} and {index.packed.shape}, not {shapes}")
        if (index.which >= (len(codec.centroids) if codec else 0)).any():
            raise ValueError("a token's centroid does not exist")
        return index
