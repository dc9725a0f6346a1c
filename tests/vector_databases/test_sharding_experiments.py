"""The chapter's measurements of shards on little data, and those that are shipped."""

import numpy as np
import pytest
from vectors import unit

from embedlab.benchmark import Benchmark
from embedlab.vector_databases import merging_rows, parts_of_dense, placement_rows

VECTORS, QUERIES = unit(400), unit(30, 1)


def small():
    words = ["cat", "dog", "array", "matrix", "sparse", "sum", "mean", "plot"]
    rng = np.random.default_rng(0)
    ids = [f"{['a', 'b', 'c'][i % 3]}.{i}" for i in range(60)]
    texts = [" ".join(rng.choice(words, 5)) for _ in ids]
    queries = {f"q{i}": " ".join(rng.choice(words, 2)) for i in range(10)}
    qrels = {query: {ids[rng.integers(60)]: 1} for query in queries}
    return Benchmark("small", ids, texts, queries, qrels, {"test": list(queries)})


def test_placements():
    by_id, by_cluster = placement_rows(VECTORS, QUERIES, n=2000, shards=4)
    assert (by_id["by"], by_cluster["by"]) == ("id", "cluster")
    assert by_id["recall"] == pytest.approx([0.25, 0.5, 0.75, 1.0], abs=0.15)
    assert by_cluster["recall"][0] > by_id["recall"][0]
    assert by_cluster["recall"][-1] == by_id["recall"][-1] == 1
    assert by_cluster["gini"] > by_id["gini"]


def test_merging():
    rows = merging_rows(small(), unit(60), unit(10, 1))
    assert len(rows) == 3 * 3 * 3
    for row in rows:
        right = row["scores"] != "BM25, local idf" and row["merge"] == "scores as they are"
        assert (row["shared"] == 1 and row["changed"] == 0 and row["lost"] == 0) == right


def test_parts_hold_the_rows_of_their_shard():
    placed = np.arange(400) % 3
    for shard, (_, ids) in enumerate(parts_of_dense(VECTORS, QUERIES, placed)):
        assert (placed[ids] == shard).all()
