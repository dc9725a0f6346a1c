"""PLAID: find the best documents by centroids first, and decode only the last few (Santhanam et al. 2022).

Four stages, each cheaper for a document than the next, and each leaving fewer of them:

1. candidates: all documents with a token in one of the clusters that a query token probes;
2. pruned: MaxSim over the documents' centroids alone, and only over centroids that some query token likes;
3. centroids: MaxSim over all of the documents' centroids;
4. decoded: residuals unpacked, exact MaxSim.

`ResidualIndex.candidates` goes another way, that of XTR (Lee et al. 2023) and WARP (Scheerer et al. 2025): it
adds up what was probed, and imputes what was not.
"""

import time
from dataclasses import dataclass

import numpy as np

from embedlab.colbert.residual import ResidualIndex
from embedlab.index import Floats, Ints, as_vectors, top_k, whole
from embedlab.machine import compiled, compiling_is_announced

STAGES = ("candidates", "pruned", "centroids", "decoded")


@dataclass(frozen=True)
class PlaidStage:
    """What one stage looked at, and how long that took."""

    name: str
    documents: int  # that it scored
    tokens: int  # codes read, or vectors decoded
    ms: float
    ids: Ints  # that it left to the next, in rising order


def plaid(
    index: ResidualIndex,
    query: Floats,
    k: int,
    *,
    probes: int = 1,
    threshold: float = 0.5,
    ndocs: int = 256,
) -> tuple[Floats, Ints, list[PlaidStage]]:
    """Search a residual index in PLAID's four stages.

    Parameters
    ----------
    index : ResidualIndex
    query : float32 array (t, dims)
    k : int
    probes : int
        Clusters that each token of the query looks into ("nprobe").
    threshold : float
        Stage 2 passes over a centroid whose similarity to every query token is below this ("t_cs").
    ndocs : int
        Documents that stage 2 leaves; stage 3 leaves a quarter of them to be decoded, at least k.

    Returns
    -------
    scores : float32 array (k,), best first
    ids : int64 array (k,)
        Where fewer are decoded, the rest has score -inf and id -1.
    stages : list of four PlaidStage

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> documents = [rng.normal(size=(5, 16)).astype(np.float32) for _ in range(50)]
    >>> index = ResidualIndex(16, centroids=32)
    >>> index.add(documents)
    >>> scores, ids, stages = plaid(index, documents[7], 1, probes=2, ndocs=16)
    >>> int(ids[0]), [stage.name for stage in stages]
    (7, ['candidates', 'pruned', 'centroids', 'decoded'])
    """
    k, probes, ndocs = whole("k", k), whole("probes", probes), whole("ndocs", ndocs)
    query, stages, start = as_vectors(query, index.dims), [], time.perf_counter()

    def done(name: str, scored: Ints, left: Ints) -> Ints:
        nonlocal start
        tokens = int((index.offsets[scored + 1] - index.offsets[scored]).sum()) if name != "candidates" else 0
        now = time.perf_counter()
        stages.append(PlaidStage(name, len(scored), tokens, 1000 * (now - start), left))
        start = time.perf_counter()
        return left

    if index.codec is None:  # no document has come yet
        stages = [PlaidStage(name, 0, 0, 0.0, np.zeros(0, np.int64)) for name in STAGES]
        return np.full(k, -np.inf, np.float32), np.full(k, -1), stages
    similar = index.codec.centroids @ query.T  # (centroids, t)
    ids = done("candidates", np.arange(len(index)), probed_documents(index, similar, probes))
    liked = similar.max(axis=1, initial=-np.inf) >= threshold
    ids = done("pruned", ids, _best(index, similar, liked, ids, ndocs))
    ids = done("centroids", ids, _best(index, similar, np.ones(len(similar), bool), ids, max(ndocs // 4, k)))
    scores, found = (row[0] for row in index.rerank([query], [ids], k))
    done("decoded", ids, np.sort(found[found >= 0]))
    return scores, found, stages


def probed_documents(index: ResidualIndex, similar: Floats, probes: int) -> Ints:
    """Return the documents with a token in a cluster that is probed, in rising order.

    ``similar`` (centroids, t) says how like each token of the query the centroids are.
    """
    starts, members = index.members
    _, clusters = top_k(np.ascontiguousarray(similar.T), min(probes, len(similar)))
    lists = [members[starts[c] : starts[c + 1]] for c in np.unique(clusters)]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *lists])).astype(np.int64)


def _best(index: ResidualIndex, similar: Floats, kept: np.ndarray, ids: Ints, n: int) -> Ints:
    """Return the n documents of ``ids`` that MaxSim over their kept centroids ranks best, in rising order."""
    best = np.full((len(ids), similar.shape[1]), -np.inf, np.float32)
    with compiling_is_announced():
        centroid_maxima(
            np.ascontiguousarray(similar), kept, index.which, index.offsets[ids], index.offsets[ids + 1], best
        )
    scores = np.where(np.isneginf(best).any(axis=1), -np.inf, best.sum(axis=1)).astype(np.float32)
    return np.sort(ids[top_k(scores[None], min(n, len(ids)))[1][0]]) if len(ids) else ids


@compiled()
def centroid_maxima(similar, kept, which, starts, ends, best):
    """Raise row i of ``best`` to the largest similarities of the kept centroids of document i's tokens."""
    for i in range(len(starts)):
        row = best[i]
        for place in range(starts[i], ends[i]):
            code = which[place]
            if kept[code]:
                for j in range(len(row)):
                    if similar[code, j] > row[j]:
                        row[j] = similar[code, j]
