"""The chapter's experiments on few vectors: against the parts that they are made of, kept and found again."""

import numpy as np
import pytest
from vectors import unit

from embedlab.benchmark import grown, recall_at_k
from embedlab.index import top_k
from embedlab.scale import IVFIndex, IVFPQIndex, PQFastScanIndex, experiments, parallel_weight


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))


def test_more_and_more_lists():
    documents, queries = unit(50), unit(20, 1)
    found = experiments.by_nlist(documents, queries, n=400, nlists=(4, 16))
    vectors = grown(documents, 400)
    index = IVFIndex(16, 16)
    index.add(vectors)
    exact = top_k(queries @ vectors.T, 10)[1]
    for nprobe in (1, 5, 16):
        recall = recall_at_k(index.search(queries, 10, nprobe=nprobe)[1], exact)
        assert found["recall"][1, nprobe - 1] == pytest.approx(recall)
        assert found["compared"][1, nprobe - 1] == pytest.approx(index.compared)
    assert np.isnan(found["recall"][0, 4:]).all()
    assert found["imbalance"][1] == pytest.approx(index.imbalance)


def test_rotations_in_the_same_lists():
    documents, dev, test = unit(50), unit(9, 1), unit(5, 2)
    centroids = experiments.centroids_of(documents, n=600, nlist=5)["centroids"]
    found = experiments.by_rotation(documents, centroids, dev, test, n=600, m=4, kinds=(None, "balanced"))
    np.testing.assert_allclose(found["shares"].sum(axis=1), 1)
    assert (found["errors"] < found["shares"]).all()
    assert (found["loudest"] > 1 / 4).all()  # of four directions
    assert (found["loudest"] < 1).all()
    assert found["loudest"][1].mean() > found["loudest"][0].mean()
    index = IVFPQIndex(16, 5, 4, nprobe=5)
    index.train(vectors := grown(documents, 600), centroids)
    index.add(vectors)
    recall = recall_at_k(index.search(test, 10)[1], top_k(test @ vectors.T, 10)[1])
    assert found["test"][0].mean() == pytest.approx(recall)
    assert found["dev"].shape == (2, 9)


def test_weights():
    documents, dev, test = unit(50), unit(9, 1), unit(5, 2)
    found = experiments.by_weight(documents, dev, test, n=600, m=8, thresholds=(0, 0.5))
    index = PQFastScanIndex(16, 8, weight=parallel_weight(16, 0.5))
    index.add(vectors := grown(documents, 600))
    recall = recall_at_k(index.search(dev, 10)[1], top_k(dev @ vectors.T, 10)[1])
    assert found["dev"][1].mean() == pytest.approx(recall)
    assert found["along"][1] < found["along"][0]
    assert found["across"][1] > found["across"][0]


def test_an_index_is_filled_once(monkeypatch):
    documents, queries = unit(50), unit(5, 1)
    centroids = experiments.centroids_of(documents, n=300, nlist=6)["centroids"]
    once = experiments.filled(IVFPQIndex(16, 6, 4), documents, 300, centroids)
    monkeypatch.setattr(IVFPQIndex, "add", lambda *_: pytest.fail("it is there already"))
    again = experiments.filled(IVFPQIndex(16, 6, 4), documents, 300, centroids)
    for mine, other in zip(once.search(queries, 3), again.search(queries, 3), strict=True):
        np.testing.assert_array_equal(mine, other)
    with pytest.raises(pytest.fail.Exception, match="already"):
        experiments.filled(IVFPQIndex(16, 6, 8), documents, 300, centroids)
