"""BM25 over shards with shared statistics is BM25 over the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.hybrid import BM25Index
from embedlab.vector_databases import merge, share_statistics

WORDS = st.sampled_from(["cat", "dog", "array", "matrix", "sum"])
TEXTS = st.lists(st.lists(WORDS, max_size=6).map(" ".join), min_size=1, max_size=12)


@pytest.mark.parametrize("kind", ["lucene", "robertson"])
@given(st.data(), TEXTS, st.integers(1, 4))
def test_shards_score_as_the_whole_does(kind, data, texts, shards):
    placed = np.array([data.draw(st.integers(0, shards - 1)) for _ in texts])
    whole, parts = BM25Index(idf_kind=kind), [BM25Index(idf_kind=kind) for _ in range(shards)]
    whole.add(texts)
    rows_of = [np.flatnonzero(placed == shard) for shard in range(shards)]
    for part, rows in zip(parts, rows_of, strict=True):
        part.add([texts[row] for row in rows])
    share_statistics(parts)
    for word in ("cat", "matrix dog"):
        expected, found = whole.scores(word), np.zeros(len(texts), np.float32)
        for part, rows in zip(parts, rows_of, strict=True):
            found[rows] = part.scores(word)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_without_it_a_word_is_worth_more_where_it_is_rare():
    texts = ["cat food", "dog food", "bird food", "cat nap", "cat tree", "cat and mouse"]
    parts = []
    for start in (0, 3):
        index = BM25Index()
        index.add(texts[start : start + 3])
        scores, rows = index.search(["cat"], 3)
        parts.append((scores, np.where(rows >= 0, rows + start, -1)))
    assert merge(parts, 1)[1] == 0
    assert parts[0][0][0, 0] > 3 * parts[1][0][0, 0]
