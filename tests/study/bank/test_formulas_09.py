"""Each formula of chapter 09, computed by another route."""

import numpy as np
import pytest

from embedlab.hybrid import BM25Index, convex, idf, reciprocal_rank
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("count", "length"), [(1, 50), (3, 100), (10, 400)])
def test_bm25_term_against_an_index_of_real_texts(count, length):
    """Fill the collection up so that the mean length is 100, and search for the word."""
    document = " ".join(["needle"] * count + ["hay"] * (length - count))
    others = [" ".join(["hay"] * size) for size in np.diff(np.linspace(0, 500 - length, 5).astype(int))]
    index = BM25Index(analyzer="words", k1=1.2, b=0.75)
    index.add([document, *others])
    expected = index.scores("needle")[0]
    assert FORMULAS["bm25_term"](count, length, idf(1, 5)) == pytest.approx(expected, rel=1e-5)


def test_bm25_term_orders_words_by_rarity_before_repetition():
    words = [(9000, 10), (1000, 1), (1000, 5), (3, 2)]  # documents with the word, times here
    added = [FORMULAS["bm25_term"](count, 100, idf(held_by, 10_000)) for held_by, count in words]
    assert added == sorted(added)


@pytest.mark.parametrize(("first", "second"), [(1, 3), (10, 20), (2, 100)])
def test_rrf_thousandths_by_the_package(first, second):
    """Put document 7 at these places of two lists, which hold no other document in common."""
    lists = []
    for place, start in ((first, 1000), (second, 2000)):
        ids = np.arange(start, start + 120)
        ids[place - 1] = 7
        lists.append((np.zeros((1, 120), np.float32), ids[None]))
    scores, ids = reciprocal_rank(lists, 240)
    expected = 1000 * float(scores[0, list(ids[0]).index(7)])
    assert FORMULAS["rrf_thousandths"](first, second) == pytest.approx(expected, rel=1e-5)


def test_min_max_separates_two_documents_whose_places_tie():
    words = np.float32([[20, 12, 10]]), np.array([[0, 1, 2]])  # A, B, C
    vectors = np.float32([[0.60, 0.58, 0.40]]), np.array([[1, 0, 3]])  # B, A, D
    scores, ids = reciprocal_rank([words, vectors], 2)
    assert set(ids[0]) == {0, 1}
    assert scores[0, 0] == pytest.approx(scores[0, 1])
    scores, ids = convex([words, vectors], [1, 1], 2, scale="min-max")
    assert list(ids[0]) == [0, 1]
    assert scores[0, 0] - scores[0, 1] == pytest.approx(0.7, abs=1e-5)
