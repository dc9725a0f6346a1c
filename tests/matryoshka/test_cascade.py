"""The funnel: what each stage drops is gone, and what it keeps is ranked anew."""

import numpy as np
import pytest

from embedlab.index import FlatIndex
from embedlab.matryoshka import PrefixIndex, RescoredIndex, funnel_search, truncate


def vectors(n, d, seed=0):
    return truncate(np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32), d)


def test_one_stage_is_exact_search():
    documents, query = vectors(50, 8), vectors(1, 8, 1)[0]
    np.testing.assert_array_equal(
        funnel_search(query, documents, [(8, 10)]), np.argsort(-documents @ query)[:10]
    )


def test_two_stages_are_a_rescored_index():
    documents, queries = vectors(200, 16), vectors(5, 16, 1)
    index = RescoredIndex(PrefixIndex(16, FlatIndex(4)), FlatIndex(16), shortlist=20)
    index.add(documents)
    found = [funnel_search(query, documents, [(4, 20), (16, 10)]) for query in queries]
    np.testing.assert_array_equal(found, index.search(queries, 10)[1])


def test_shortlists_that_keep_everything_change_nothing():
    documents, query = vectors(30, 8), vectors(1, 8, 1)[0]
    kept = funnel_search(query, documents, [(2, 30), (4, 99), (8, 30)])
    np.testing.assert_array_equal(kept, funnel_search(query, documents, [(8, 30)]))


def test_the_smaller_row_wins_a_tie():
    documents = np.float32([[0, 1], [1, 0], [2, 0], [1, 0]])
    np.testing.assert_array_equal(funnel_search(np.float32([1, 0]), documents, [(2, 3)]), [1, 2, 3])


@pytest.mark.parametrize("stages", [[], [(2, 0)], [(2, 4), (2, -1)]])
def test_stages_that_keep_nothing_are_refused(stages):
    with pytest.raises(ValueError, match="keep at least one candidate"):
        funnel_search(np.ones(2, np.float32), np.ones((3, 2), np.float32), stages)
