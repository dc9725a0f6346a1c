"""LanceDB behind the contract of an index; filters, versions, and the traps that the chapter shows."""

from datetime import timedelta

import numpy as np
import pytest
from vectors import exact, unit

pytest.importorskip("lancedb", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.index import Index  # noqa: E402
from embedlab.vector_databases import (  # noqa: E402
    LanceIndex,
    as_of,
    as_table,
    build_lance,
    bytes_on_disk,
    lance_recall,
    open_table,
    search_lance,
)

VECTORS, QUERIES = unit(600, dims=32), unit(20, 1, dims=32)
TRUE = exact(VECTORS, QUERIES, 10)


@pytest.fixture
def table(tmp_path):
    table = open_table(tmp_path, 32)
    table.add(as_table(VECTORS))
    return table


def recall(ids):
    return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, TRUE[1], strict=True)])


@pytest.mark.parametrize("kind", ["exact", "IVF_HNSW_SQ", "IVF_PQ"])
def test_an_index_of_each_kind(kind, tmp_path):
    index = LanceIndex(32, tmp_path / "table", kind=kind, refine=10)
    index.add(VECTORS[:500])
    index.search(QUERIES[:1], 1)  # builds
    index.add(VECTORS[500:])  # found, though not in the graph yet
    scores, ids = index.search(QUERIES, 10)
    assert recall(ids) > 0.9
    np.testing.assert_allclose(scores[:, 0], (QUERIES * VECTORS[ids[:, 0]]).sum(axis=1), atol=1e-5)
    index.optimize()
    assert recall(index.search(QUERIES, 10)[1]) > 0.9
    again = LanceIndex(32, tmp_path / "table", kind=kind, refine=10)
    assert len(again) == 600
    index.save(tmp_path / "file")
    assert recall(Index.load(tmp_path / "file").search(QUERIES, 10)[1]) > 0.9
    assert index.bytes_per_vector > 4 * 32


def test_other_dims_than_the_table_has(tmp_path, table):
    with pytest.raises(ValueError, match="holds a table that is not of 8 dims"):
        open_table(tmp_path, 8)
    with pytest.raises(ValueError, match=r"shape \(n, 32\), but got \(1, 8\)"):
        LanceIndex(32, tmp_path).add(np.ones((1, 8)))
    with pytest.raises(ValueError, match="kind must be one of IVF_HNSW_SQ, IVF_PQ, but is 'exact'"):
        build_lance(table, "exact")


def test_a_filter_before_and_after(table):
    build_lance(table, "IVF_HNSW_SQ")
    where = "id % 100 = 7"
    ids = search_lance(table, QUERIES[0], 5, where=where)[1]
    allowed = np.arange(7, 600, 100)
    assert ids.tolist() == allowed[np.argsort(-(VECTORS[allowed] @ QUERIES[0]))][:5].tolist()
    after = search_lance(table, QUERIES[0], 5, where=where, prefilter=False)[1]
    assert len(after) < 5
    assert set(after) <= set(allowed)


def test_an_old_version_still_answers(tmp_path, table):
    version, best = table.version, TRUE[1][0, 0]
    table.delete(f"id = {best}")
    assert best not in search_lance(table, QUERIES[0], 10)[1]
    old = as_of(tmp_path, 32, version)
    assert search_lance(old, QUERIES[0], 10)[1][0] == best
    with pytest.raises(ValueError, match="cannot be modified"):
        old.add(as_table(VECTORS[:1]))
    before = bytes_on_disk(tmp_path)
    table.optimize(cleanup_older_than=timedelta(seconds=0.001))
    assert bytes_on_disk(tmp_path) < before
    with pytest.raises(ValueError, match="no longer exists"):
        as_of(tmp_path, 32, version)


def test_trap_the_distance_of_a_cosine_index_is_twice_that(table):
    build_lance(table, "IVF_HNSW_SQ")
    best = search_lance(table, QUERIES[0], 1, ef=100)[0][0]
    codes = search_lance(table, QUERIES[0], 1, ef=100, refine=None)[0][0]
    assert best == pytest.approx(TRUE[0][0, 0], abs=1e-5)
    assert 1 - codes == pytest.approx(2 * (1 - best), abs=0.05)


def test_trap_another_metric_than_the_index_reads_every_vector(table):
    build_lance(table, "IVF_HNSW_SQ")
    plans = {
        metric: table.search(QUERIES[0]).distance_type(metric).limit(5).explain_plan()
        for metric in ("cosine", "dot")
    }
    assert "ANN" in plans["cosine"]
    assert "KNNVectorDistance" in plans["dot"]
    assert "ANN" not in plans["dot"]


def test_trap_an_index_of_few_rows_is_no_index(tmp_path):
    table = open_table(tmp_path, 32)
    table.add(as_table(VECTORS[:200]))
    build_lance(table, "IVF_PQ")  # no error; 256 rows are needed to learn a codebook
    assert table.index_stats("vector_idx").num_indexed_rows == 0
    assert search_lance(table, VECTORS[3], 1)[1].tolist() == [3]


def test_the_measurement(tmp_path):
    one = lance_recall(unit(300, dims=32), QUERIES, 2000, folder=tmp_path, report=lambda text: None)
    rows = {(row["engine"], row["value"]): row["recall"] for row in one["rows"]}
    assert rows["lance exact", 0] > 0.999
    assert rows["lance IVF_HNSW_SQ", 320] > 0.95
    assert rows["lance IVF_HNSW_SQ", 320] >= rows["lance IVF_HNSW_SQ", 20]
    for share in (0.5, 0.01):
        before, after = (row for row in one["filters"] if row["share"] == share)
        assert before["rows"] == 10 > after["rows"]
    written, deleted, _, cleaned = one["disk"]
    assert deleted["bytes"] >= written["bytes"] > cleaned["bytes"]
    assert deleted["rows"] == cleaned["rows"] == round(0.7 * written["rows"])
    again = lance_recall(unit(300, dims=32), QUERIES, 2000, folder=tmp_path, report=lambda text: None)
    assert again["built"] == one["built"], "what is built is taken over"
    assert [row["rows"] for row in again["disk"]] == [row["rows"] for row in one["disk"]]
