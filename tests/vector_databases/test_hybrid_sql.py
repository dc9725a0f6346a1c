"""Full text, and hybrid search in one statement against the same in Python."""

import numpy as np
import pytest
from vectors import exact, unit

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.hybrid import reciprocal_rank  # noqa: E402
from embedlab.vector_databases import create_hnsw, full_text, fused, ranking  # noqa: E402

DIMS = 8
HOSTILE = [
    "",
    "   ",
    "'",
    "'; DROP TABLE docs; --",
    '"',
    "a & | ! <-> b",
    ":*",
    "%s %(text)s",
    "\\",
    "🙂",
    "-",
]


def test_all_words_or_any(connection, table):
    both = ["cat stocks", "cats", "the"]
    every = ranking(connection, full_text(table), both, k=3)[1]
    assert every.tolist() == [[-1, -1, -1], [0, 1, -1], [-1, -1, -1]]
    some = ranking(connection, full_text(table, match="any"), both, k=3)[1]
    assert some.tolist() == [[0, 1, 2], [0, 1, -1], [-1, -1, -1]]


def test_a_rare_word_counts_no_more_than_a_common_one(connection, table):
    connection.execute(f"UPDATE {table} SET text = 'document bread' WHERE id = 100")
    statement = full_text(table, match="any")
    [scores], _ = ranking(connection, statement, ["document bread"], k=200)
    rows = dict(connection.execute(statement, {"text": "document", "k": 200}))
    [(_, bread), *_] = connection.execute(statement, {"text": "bread", "k": 200})
    assert rows[10] == pytest.approx(bread), "no idf"
    assert np.isfinite(scores).sum() == 197


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("match", ["all", "any"])
def test_any_text_is_a_query(connection, table, query, text, match):
    scores, ids = ranking(connection, fused(table, match=match, dims=DIMS), [text], query[None], 10)
    assert (ids >= 0).all(), "the vectors find ten, whatever the words"
    assert (np.diff(scores[0]) <= 0).all()
    ranking(connection, full_text(table, match=match), [text], k=10)
    assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (200,)


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("text", ["cats", "document", "how to bake", "nothing of this"])
def test_one_statement_equals_two_rankings_fused(connection, table, query, text, index):
    if index:
        connection.execute(create_hnsw(table, dims=DIMS))
    depth = 20
    words = ranking(connection, full_text(table), [text], k=depth)
    meaning = exact(unit(200, dims=DIMS), query[None], depth)
    expected = reciprocal_rank([meaning, words], 10)
    scores, ids = ranking(connection, fused(table, dims=DIMS), [text], query[None], 10, depth=depth)
    np.testing.assert_allclose(scores, expected[0], rtol=1e-5)
    np.testing.assert_array_equal(ids, expected[1])


def test_ways_that_there_are_not():
    with pytest.raises(ValueError, match=r"match is one of all, any .* they are 'most'"):
        full_text("docs", match="most")
    with pytest.raises(ValueError, match="'halved'"):
        fused("docs", length="halved")
    with pytest.raises(ValueError, match="'bm25' was asked for"):
        fused("docs", score="bm25")


def test_two_scores(connection, table):
    """`ts_rank` counts words, `ts_rank_cd` how near they are: only that one minds the words between."""
    for row, text in {
        100: "cat bread",
        101: "cat of some twelve other long and quite different words bread",
    }.items():
        connection.execute(f"UPDATE {table} SET text = %s WHERE id = %s", [text, row])
    found = {}
    for score in ("ts_rank", "ts_rank_cd"):
        rows = connection.execute(full_text(table, score=score), {"text": "cat bread", "k": 200})
        found[score] = dict(rows.fetchall())
    near, far = found["ts_rank_cd"][100], found["ts_rank_cd"][101]
    assert near > 3 * far > 0
    assert found["ts_rank"][100] < 3 * found["ts_rank"][101], "nearness counts for less"
    assert found["ts_rank"][100] != near
