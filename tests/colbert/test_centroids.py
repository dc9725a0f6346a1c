"""PLAID's stages: what each leaves, and that nothing is lost where nothing is left out."""

import itertools

import numpy as np
import pytest
from token_matrices import DIMS, assert_equal_results, documents_of, filled, naive_maxsim, unit

from embedlab.colbert import ResidualIndex, plaid, probed_documents

OPEN = {"probes": 99, "threshold": -9, "ndocs": 9999}  # nothing is left out


@pytest.fixture(scope="module")
def index():
    return filled(lambda: ResidualIndex(DIMS, bits=4, centroids=24, probes=None), documents_of(60))


def test_where_nothing_is_left_out_it_finds_what_exact_search_finds(index):
    for seed in range(4):
        query = unit(3, seed)
        scores, ids, stages = plaid(index, query, 9, **OPEN)
        assert_equal_results((scores[None], ids[None]), index.search([query], 9))
        assert [stage.documents for stage in stages] == [60] * 4


def test_candidates_are_the_documents_in_probed_clusters(index):
    query = unit(4, 5)
    similar = index.codec.centroids @ query.T
    nearest = set(np.argsort(-similar, axis=0)[:2].ravel().tolist())
    spans = itertools.pairwise(index.offsets)
    expected = [i for i, (a, b) in enumerate(spans) if nearest & set(index.which[a:b].tolist())]
    assert probed_documents(index, similar, 2).tolist() == expected
    assert plaid(index, query, 3, probes=2)[2][0].ids.tolist() == expected


def test_each_stage_scores_what_the_one_before_has_left(index):
    _, ids, stages = plaid(index, unit(4, 6), 5, probes=4, threshold=0.3, ndocs=24)
    assert [stage.name for stage in stages] == ["candidates", "pruned", "centroids", "decoded"]
    for before, after in itertools.pairwise(stages):
        assert after.documents == len(before.ids)
        assert set(after.ids) <= set(before.ids)
        assert (np.diff(after.ids) > 0).all()
    assert [len(stage.ids) for stage in stages[1:]] == [24, 6, 5]
    assert stages[3].ids.tolist() == sorted(ids.tolist())
    assert stages[3].tokens == np.diff(index.offsets)[stages[2].ids].sum()


def test_stage_three_ranks_by_maxsim_over_centroids(index):
    query = unit(3, 8)
    centroids = index.codec.centroids[index.which]
    scores = np.array(naive_maxsim(query, np.split(centroids, index.offsets[1:-1])))
    left = plaid(index, query, 1, **{**OPEN, "ndocs": 40})[2][2].ids
    assert len(left) == 10
    assert scores[left].min() >= np.delete(scores, left).max() - 1e-5


def test_pruned_centroids_do_not_count(index):
    query = unit(2, 3)
    similar = query @ index.codec.centroids.T
    threshold = float(np.sort(similar.max(axis=0))[-4])  # four centroids stay
    liked = set(np.flatnonzero(similar.max(axis=0) >= threshold).tolist())
    scores = []
    for a, b in itertools.pairwise(index.offsets):
        own = sorted(liked & set(index.which[a:b].tolist()))
        scores.append(similar[:, own].max(axis=1).sum() if own else -np.inf)
    left = plaid(index, query, 1, **{**OPEN, "threshold": threshold, "ndocs": 8})[2][1].ids
    assert np.array(scores)[left].min() >= np.delete(scores, left).max() - 1e-5


def test_an_index_without_documents_finds_nothing():
    scores, ids, stages = plaid(ResidualIndex(DIMS), unit(2), 2)
    assert (ids.tolist(), len(stages)) == ([-1, -1], 4)
    assert np.isneginf(scores).all()


@pytest.mark.parametrize("name", ["probes", "ndocs"])
def test_looking_nowhere_is_refused(index, name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1"):
        plaid(index, unit(2), 3, **{name: 0})
