"""Keys of the questions on geometry, measured."""

import numpy as np
import pytest

from embedlab.pooling import l2_normalize as unit


def appearances(documents, queries, k=10):
    found = np.argpartition(-(queries @ documents.T), k, axis=1)[:, :k]
    return np.bincount(found.ravel(), minlength=len(documents))


def test_hubs_lie_near_the_mean_and_grow_with_dimensions():
    rng = np.random.default_rng(0)
    largest = {}
    for dims in (3, 200):
        shared = np.r_[0.6 * np.sqrt(dims), np.zeros(dims - 1)]  # what all texts have in common
        documents, queries = (unit(shared + rng.normal(size=(2000, dims))) for _ in range(2))
        counts = appearances(documents, queries)
        largest[dims] = counts.max()
    to_mean = documents @ unit(documents.mean(axis=0))
    hubs, never = np.argsort(-counts)[:20], counts == 0
    assert to_mean[hubs].mean() > np.quantile(to_mean, 0.95)
    assert never.sum() > 100
    assert to_mean[never].mean() < np.quantile(to_mean, 0.2)
    assert largest[200] > 4 * largest[3]
    centre = documents.mean(axis=0)
    assert appearances(unit(documents - centre), unit(queries - centre)).max() < largest[200] / 4


def test_a_mean_cosine_of_zero_does_not_make_a_space_isotropic():
    rng = np.random.default_rng(0)
    scale = 1 / np.arange(1, 101)  # a cigar
    vectors = unit(np.r_[np.zeros(99), 1.5] + rng.normal(size=(2000, 100)) * scale)
    off = ~np.eye(2000, dtype=bool)
    before = (vectors @ vectors.T)[off].mean()
    assert before > 0.5
    assert np.isclose(before, (vectors.mean(axis=0) ** 2).sum(), atol=1e-3)
    centred = unit(vectors - vectors.mean(axis=0))
    assert abs((centred @ centred.T)[off].mean()) < 0.01
    eigen = np.linalg.eigvalsh(np.cov(centred.T))
    assert eigen.sum() ** 2 / (eigen**2).sum() < 10  # of 100


@pytest.mark.slow
def test_whitening_from_few_documents_blows_up_directions_they_lack():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(768, 768)))[0]
    scale = np.arange(1, 769) ** -0.5
    documents = rng.normal(size=(500, 768)) * scale @ turn
    queries = documents + 0.3 * rng.normal(size=(500, 768))  # each near its document, noise in all directions

    def found(vectors, asked):
        return (np.argmax(unit(asked) @ unit(vectors).T, axis=1) == np.arange(500)).mean()

    share = {}
    for n in (500, 8000):
        sample = rng.normal(size=(n, 768)) * scale @ turn
        mean = sample.mean(axis=0)
        values, axes = np.linalg.eigh(np.cov(sample.T))
        whiten = axes / np.sqrt(values.clip(0) + 1e-9)
        white = (documents - mean) @ whiten
        share[n] = found(white, (queries - mean) @ whiten)
        empty = values < 1e-12
        assert empty.sum() == max(768 - (n - 1), 0)
        if n == 500:
            assert (white[:, empty] ** 2).sum() > 0.99 * (white**2).sum()
    assert found(documents, queries) > 0.95
    assert share[8000] > 0.7
    assert share[500] < 0.5


def test_one_more_number_turns_inner_product_into_distance():
    rng = np.random.default_rng(0)
    documents, query = rng.normal(size=(500, 16)) * rng.uniform(0.2, 3, size=(500, 1)), rng.normal(size=16)
    wanted = np.argsort(-documents @ query)
    lengths = (documents**2).sum(axis=1)
    longer = np.c_[documents, np.sqrt((lengths.max() - lengths).clip(0))]
    by_distance = np.argsort(np.linalg.norm(longer - np.r_[query, 0], axis=1))
    assert (by_distance == wanted).all()
    assert (np.argsort(np.linalg.norm(documents - query, axis=1)) != wanted).any()


def test_two_neighbours_without_the_point_itself():
    from scipy.spatial.distance import cdist

    rng = np.random.default_rng(0)
    x = rng.uniform(size=(1500, 3)) @ np.linalg.qr(rng.normal(size=(50, 3)))[0].T
    distances = np.sort(cdist(x, x), axis=1)
    with np.errstate(divide="ignore"):
        assert len(x) / np.log(distances[:, 1] / distances[:, 0]).sum() == 0
    assert abs(len(x) / np.log(distances[:, 2] / distances[:, 1]).sum() - 3) < 0.4
