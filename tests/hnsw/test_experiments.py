"""The chapter's experiments on little data: shapes, and what has to come out whatever the data."""

import numpy as np
import pytest
from vectors import unit

from embedlab.hnsw import HNSWIndex, experiments


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))


def kept(folder):
    return len([path for path in (folder / "hnsw").iterdir() if path.suffix != ".lock"])


def test_more_work_finds_more_and_is_kept(tmp_path):
    vectors, queries = unit(600), unit(30, 1)
    for _ in range(2):
        found = experiments.knobs(vectors, queries, settings=((4, 40), (8, 40)), widths=(10, 50))
        assert found["recall"].shape == (2, 2, 30)
        assert (np.diff(found["recall"].mean(axis=2)) > 0).all()
        assert (np.diff(found["compared"]) > 0).all()
        assert found["links"][0] < found["links"][1]
    assert kept(tmp_path) == 1
    experiments.knobs(vectors[1:], queries, settings=((4, 40),), widths=(10,))
    assert kept(tmp_path) == 2


def test_filters_afterwards_lose_what_the_walk_finds():
    masks = np.random.default_rng(0).random((2, 600)) < [[0.9], [0.05]]
    found = experiments.filters(unit(600), unit(30, 1), masks, ef=20)
    afterwards, islands, through_all, index = found["recall"][1].mean(axis=1)
    assert afterwards < 0.5
    assert islands < through_all
    assert index == 1  # few are allowed: exact
    assert found["compared"][1, 3] == masks[1].sum()


def test_deletes():
    found = experiments.deletes(unit(600), unit(30, 1), shares=(0.0, 0.7), ef=20)
    assert np.ptp(found["recall"][0].mean(axis=1)) == 0
    tombstones, cut, repaired, anew = found["recall"][1].mean(axis=1)
    assert min(tombstones, repaired, anew) > cut
    assert found["compared"][1, 0] > 1.5 * found["compared"][1, 3]


def test_growth():
    found = experiments.growth(unit(100), unit(20, 1), sizes=(100, 400), widths=(10, 40))
    assert found["recall"].shape == (2, 2, 20)
    assert found["compared"][0, 0] < found["compared"][1, 1]


def test_cut_moves_the_entry():
    index = HNSWIndex(16, m=4)
    index.add(unit(300))
    living = np.setdiff1d(np.arange(300), index.entry)
    old = index.entry
    experiments.cut(index, living)
    assert index.entry != old
    assert not any(old in index.links_of(i) for i in living)
