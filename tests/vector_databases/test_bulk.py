"""Writing many rows, and a graph over sparse vectors."""

import numpy as np
import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.vector_databases import sparse_graph, ways_to_write  # noqa: E402

WORDS = ["cat", "dog", "bird", "fish", "bread", "stock", "market", "river", "snow", "tree"]


def test_four_ways_write_the_same_rows(url, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    rows = ways_to_write(url, unit(400, dims=32))
    assert [row["rows"] for row in rows] == [400] * 4
    speed = {row["way"]: row["rows_s"] for row in rows}
    assert speed["COPY, binary"] > speed["INSERT, one by one"]


def test_a_graph_of_words(url):
    draw = np.random.default_rng(0)
    texts = [" ".join(draw.choice(WORDS, draw.integers(2, 12))) for _ in range(300)]
    exact, _, wide = sparse_graph(url, texts, ["cat dog", "river bread"], widths=(40, 300))
    assert exact["recall"] == 1
    assert wide["rows"] == 10
