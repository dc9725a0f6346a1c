"""What a placement costs, and what a merge may not do, measured on DocSearch and on grown vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from embedlab.benchmark import (
    Benchmark,
    docsearch,
    grown,
    paired_difference,
    quality,
    seeded_sample,
)
from embedlab.embedder import Embedder
from embedlab.hybrid import BM25Index
from embedlab.index import Floats, Ints, top_k
from embedlab.vector_databases.gather import Part, merge, merge_by_rank, merge_standardised
from embedlab.vector_databases.sharding import (
    by_cluster,
    by_id,
    fit_centroids,
    gini,
    imbalance,
    recall_by_asked,
    shards_to_ask,
)
from embedlab.vector_databases.shared_idf import share_statistics

K = 10
KINDS = ("dense", "BM25, local idf", "BM25, shared idf")
MERGES: dict[str, Callable[[Sequence[Part], int], Part]] = {
    "scores as they are": merge,
    "standardised by shard": merge_standardised,
    "reciprocal rank": merge_by_rank,
}


def docsearch_vectors(sample: int | None = None) -> tuple[Benchmark, Floats, Floats]:
    """Return DocSearch, the vectors of its documents, and those of test queries: all, or a seeded sample."""
    benchmark, embedder = docsearch(), Embedder.load()
    texts = benchmark.split("test")[1]
    queries = seeded_sample(texts, sample or len(texts))
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
    return benchmark, documents, embedder.encode(queries, cache=True)


def placement_rows(
    documents: Floats, queries: Floats, *, n: int = 30_000, shards: int = 8, seed: int = 0
) -> list[dict]:
    """Place grown vectors by id and by cluster, and ask ever more of the shards.

    Returns
    -------
    list of dict
        ``by``; ``documents`` and ``traffic`` (max / mean of the shards' documents, and of the queries that
        each gets if one is asked); ``gini`` of the documents; ``recall`` (recall@10 if 1, 2 ... are asked).
    """
    vectors = grown(documents, n, seed=seed)
    exact = top_k(queries @ vectors.T, K)[1]
    centroids = fit_centroids(vectors, shards, seed=seed)
    draw = np.random.default_rng(seed)
    anywhere = np.array([draw.permutation(shards) for _ in queries])  # a hash of the id tells nothing
    ways = {
        "id": (by_id([str(i) for i in range(n)], shards), anywhere),
        "cluster": (by_cluster(vectors, centroids), shards_to_ask(queries, centroids, shards)),
    }
    return [
        {
            "by": name,
            "shards": shards,
            "documents": round(imbalance(placed, shards), 3),
            "gini": round(gini(np.bincount(placed, minlength=shards)), 3),
            "traffic": round(imbalance(order[:, 0], shards), 3),
            "recall": recall_by_asked(exact, placed, order).mean(axis=0).round(4).tolist(),
        }
        for name, (placed, order) in ways.items()
    ]


def places_of(benchmark: Benchmark, vectors: Floats, *, seed: int = 0) -> dict[str, Ints]:
    """Place DocSearch on four shards: by id, by package (each is a tenant), and by cluster."""
    packages = [i.split(".")[0] for i in benchmark.doc_ids]
    names = sorted(set(packages))
    return {
        "id": by_id(benchmark.doc_ids, len(names)),
        "package": np.array([names.index(package) for package in packages]),
        "cluster": by_cluster(vectors, fit_centroids(vectors, len(names), seed=seed)),
    }


def parts_of_dense(vectors: Floats, queries: Floats, placed: Ints, depth: int = K) -> list[Part]:
    """Search each shard by itself: the ``depth`` best of each, by their rows in the whole.

    Examples
    --------
    >>> parts = parts_of_dense(np.eye(2, dtype=np.float32), np.float32([[1, 0]]), np.array([0, 1]), depth=1)
    >>> [ids.tolist() for _, ids in parts]
    [[[0]], [[1]]]
    """
    parts = []
    for shard in np.unique(placed):
        rows = np.flatnonzero(placed == shard)
        scores, found = top_k(queries @ vectors[rows].T, depth)
        parts.append((scores, np.where(found >= 0, np.append(rows, -1)[found], -1)))
    return parts


def parts_of_words(
    texts: Sequence[str], queries: Sequence[str], placed: Ints, depth: int = K, *, shared: bool = False
) -> list[Part]:
    """Search each shard by BM25 that knows only its own documents, or (``shared``) the numbers of all.

    Examples
    --------
    >>> texts = ["a cat", "a dog", "a cat and a dog", "fish"]
    >>> parts = parts_of_words(texts, ["cat"], np.array([0, 0, 1, 1]), depth=1)
    >>> [ids.tolist() for _, ids in parts]
    [[[0]], [[2]]]
    """
    rows_of = [np.flatnonzero(placed == shard) for shard in np.unique(placed)]
    indexes = []
    for rows in rows_of:
        indexes.append(BM25Index())
        indexes[-1].add([texts[row] for row in rows])
    if shared:
        share_statistics(indexes)
    found = [index.search(queries, depth) for index in indexes]
    return [
        (scores, np.where(ids >= 0, np.append(rows, -1)[ids], -1))
        for rows, (scores, ids) in zip(rows_of, found, strict=True)
    ]


def merging_rows(
    benchmark: Benchmark, vectors: Floats, queries: Floats, *, split: str = "test"
) -> list[dict]:
    """Merge what four shards found, in right and wrong ways, and compare with one search of the whole.

    Parameters
    ----------
    benchmark : Benchmark
    vectors, queries : float32 arrays
        Of its documents, and of the queries of the split.

    Returns
    -------
    list of dict
        ``scores`` (of `KINDS`), ``by``, ``merge``; ``shared`` (of the first 10 of one
        search, mean), ``changed`` (share of the queries whose first 10 are others); ``ndcg``, and how much
        less than that of one search it is: ``lost``, with ``low`` and ``high`` of its 95 % interval.
    """
    texts = benchmark.split(split)[1]
    everything = np.zeros(len(vectors), np.int64)
    rows = []
    for kind in KINDS:

        def parts(placed: Ints, kind: str = kind) -> list[Part]:
            if kind == "dense":
                return parts_of_dense(vectors, queries, placed)
            return parts_of_words(benchmark.documents, texts, placed, shared=kind == "BM25, shared idf")

        whole = merge(parts(everything), K)
        right = quality(benchmark, whole, split=split)
        for by, placed in places_of(benchmark, vectors).items():
            found = parts(placed)
            for name, way in MERGES.items():
                merged = way(found, K)
                gained = quality(benchmark, merged, split=split)
                difference = paired_difference(gained, right)
                same = [len(set(a) & set(b) - {-1}) for a, b in zip(merged[1], whole[1], strict=True)]
                there = (whole[1] >= 0).sum(axis=1)
                rows.append(
                    {
                        "scores": kind,
                        "by": by,
                        "merge": name,
                        "shared": round(float(np.mean(same / np.maximum(there, 1))), 4),
                        "changed": round(float(np.mean(same < there)), 4),
                        "ndcg": round(float(gained.mean()), 4),
                        "lost": round(0.0 - difference.mean, 4),
                        "low": round(0.0 - difference.high, 4),
                        "high": round(0.0 - difference.low, 4),
                    }
                )
    return rows
