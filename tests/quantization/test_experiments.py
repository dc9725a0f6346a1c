"""What chapter 05 measures on grown collections, on small ones."""

import numpy as np
import pytest

from embedlab.index import top_k
from embedlab.quantization import (
    BinaryIndex,
    ProductQuantizer,
    balanced_order,
    places,
    shortlist_places,
    trained_codebooks,
)

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(300, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
QUERIES = VECTORS[:20] + 0.1 * RNG.normal(size=(20, 16)).astype(np.float32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))


def test_each_subspace_gets_its_share():
    order = balanced_order(384, 24)
    assert sorted(order) == list(range(384))
    sums = order.reshape(24, 16).sum(axis=1)
    assert np.ptp(sums) == 0  # 16 rounds, half of them backwards


def test_places_are_those_of_the_ranking():
    index = BinaryIndex(16)
    index.add(VECTORS)
    truth = top_k(QUERIES @ VECTORS.T, 5)[1]
    ranked = index.search(QUERIES, 300)[1]
    wanted = [[list(row).index(i) + 1 for i in right] for row, right in zip(ranked, truth, strict=True)]
    np.testing.assert_array_equal(places(index, QUERIES, truth), wanted)


def test_the_first_rows_of_a_grown_collection_are_the_real_ones():
    found = shortlist_places(BinaryIndex, VECTORS, QUERIES, (300, 3000), k=5)
    assert found[300].shape == (20, 5)
    assert found[3000].max() <= 3000
    index = BinaryIndex(16)
    index.add(VECTORS)
    truth = top_k(QUERIES @ VECTORS.T, 5)[1]
    np.testing.assert_array_equal(found[300], places(index, QUERIES, truth))
    again = shortlist_places(BinaryIndex, VECTORS, QUERIES, (300,), k=5)
    np.testing.assert_array_equal(again[300], found[300])


def test_codebooks_are_kept():
    fresh = ProductQuantizer.fit(VECTORS, 4)
    for _ in range(2):
        np.testing.assert_array_equal(trained_codebooks(VECTORS, 4).centroids, fresh.centroids)
