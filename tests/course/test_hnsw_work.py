"""What chapter 06 compares at equal work: by hand, and on a small collection."""

import numpy as np
from vectors import unit

from embedlab.course import hnsw_work
from embedlab.hnsw import experiments


def test_recall_between_two_beams_and_beyond_the_last():
    recall, compared = np.array([[0.8, 0.6], [1.0, 0.8]]), np.array([100, 400])
    assert np.allclose(hnsw_work.at_work(recall, compared, 200), [0.9, 0.7])
    assert np.allclose(hnsw_work.at_work(recall, compared, 900), [1.0, 0.8])
    assert np.allclose(hnsw_work.at_work(recall, compared, 50), [0.8, 0.6])


def test_without_deletes_all_ways_cost_the_same_and_tombstones_cost_work():
    vectors, queries = unit(600), unit(40, 3)
    found = hnsw_work.deletes_at_equal_recall(vectors, queries, shares=(0.0, 0.8), widths=(10, 20, 40, 80))
    none, most = found["compared"]
    assert np.ptp(none) == 0
    assert most[0] > 1.5 * most[2]


def test_own_and_other_queries_are_counted_apart():
    vectors, queries = unit(400), unit(20, 3)
    masks, own = np.zeros((2, 400), bool), np.zeros((2, 20), bool)
    masks[:, :40], own[0, :5] = True, True
    work = hnsw_work.filters_by_subject(vectors, queries, masks, own, ef=20)["compared"]
    whole = experiments.filters(vectors, queries, masks[:1], ef=20)["compared"][0, 2]
    assert np.isnan(work[1, 0])
    assert work[1, 1] == whole  # all queries are another's
    assert np.isclose((5 * work[0, 0] + 15 * work[0, 1]) / 20, whole)


def test_widening_ends_with_ten_or_with_all():
    vectors, queries = unit(300), unit(10, 3)
    masks = np.zeros((2, 300), bool)
    masks[0, ::2], masks[1, :12] = True, True
    found = hnsw_work.afterwards_widened(vectors, queries, masks, ef=20)
    assert found["recall"].min() > 0.9
    assert found["compared"][1] > found["compared"][0]
