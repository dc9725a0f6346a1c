"""The table: measured, kept, shown and compared."""

import numpy as np
import pytest
from tiny_benchmark import BENCHMARK, always

from embedlab.benchmark import Scoreboard, as_text, measure, median_ms


@pytest.fixture
def board(tmp_path):
    return Scoreboard(BENCHMARK, tmp_path / "board.json")


def test_measures_by_hand():
    row = measure("same", always([0, 1, 2]), BENCHMARK, bytes_per_doc=12)
    assert row.per_query == (1.0, 0.63093, 0.5)
    assert row.ndcg == pytest.approx(np.mean([1, 1 / np.log2(3), 0.5]))
    assert row.recall == 1.0
    assert row.low <= row.ndcg <= row.high
    assert list(row.as_json()) == [
        "engine",
        "ndcg@10",
        "ndcg@10_interval",
        "recall@100",
        "ms_per_query",
        "bytes_per_doc",
    ]


def test_a_known_ranking_is_not_asked_for_again():
    asked = []

    def rank(texts, k):
        asked.append(len(texts))
        return always([0, 1, 2])(texts, k)

    known = always([0, 1, 2])(["one", "two", "three"], 100)
    row = measure("known", rank, BENCHMARK, bytes_per_doc=12, ranking=known)
    assert row.per_query == measure("asked", always([0, 1, 2]), BENCHMARK, bytes_per_doc=12).per_query
    assert set(asked) == {1}, "only single queries, to time them"


def test_rows_are_kept_in_the_order_of_chapters(board):
    for chapter, engine in (("03", "later"), ("01", "early"), ("03", "later")):
        board.add(measure(engine, always([0, 1, 2]), BENCHMARK, bytes_per_doc=1536, chapter=chapter))
    again = Scoreboard(BENCHMARK, board.path)
    assert [row.engine for row in again.rows] == ["early", "later"]
    assert "1,536" in repr(again)
    assert "Tiny &lt;b&gt;" in again._repr_html_()
    with pytest.raises(KeyError, match="no row 'none'"):
        again["none"]


def test_compares_query_by_query(board):
    board.add(measure("good", always([0, 1, 2]), BENCHMARK, bytes_per_doc=1))
    board.add(measure("bad", always([2, 1, 0]), BENCHMARK, bytes_per_doc=1))
    found = board.compare("good", "bad")
    assert found["difference"] == pytest.approx(0, abs=1e-6)
    assert found["low"] < 0 < found["high"]
    assert found["p"] == 1.0


def test_no_queries_to_measure_with():
    with pytest.raises(ValueError, match="Tiny <b> has no train queries"):
        measure("x", always([0]), BENCHMARK, bytes_per_doc=1, split="train")


def test_an_empty_board_shows_its_headings(board):
    assert board.rows == []
    assert repr(board) == as_text([])
    assert "nDCG@10" in board._repr_html_()


def test_median_ignores_the_first_call():
    calls = []
    assert median_ms(calls.append, ["a", "b"]) >= 0
    assert calls == ["a", "a", "b"]
