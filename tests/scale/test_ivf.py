"""IVF-Flat: FAISS's results from the same centroids, exact search when all lists are looked into."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import unit

from embedlab.benchmark import recall_at_k
from embedlab.index import FlatIndex
from embedlab.scale import IVFIndex, PlainIVF, choose_nprobe, list_ranks, recall_by_probes
from embedlab.scale import list_index as module


@pytest.fixture(scope="module")
def index(vectors):
    one = IVFIndex(32, 40)
    one.add(vectors)
    return one


@pytest.fixture(scope="module")
def theirs(index, vectors):
    centroids = np.ascontiguousarray(index.centroids[:, :32])
    coarse = faiss.IndexFlatIP(32)
    coarse.add(centroids)
    one = faiss.IndexIVFFlat(coarse, 32, len(centroids), faiss.METRIC_INNER_PRODUCT)
    one.is_trained = True
    one.add(vectors)
    return one


@pytest.mark.parametrize("nprobe", [1, 3, 10, 40])
def test_faiss_finds_the_same_from_the_same_centroids(index, theirs, queries, nprobe):
    theirs.nprobe = nprobe
    scores, ids = index.search(queries, 10, nprobe=nprobe)
    their_scores, their_ids = theirs.search(queries, 10)
    np.testing.assert_allclose(scores, np.where(their_ids < 0, -np.inf, their_scores), atol=1e-5)
    assert (ids == their_ids).mean() > 0.999
    stats = faiss.cvar.indexIVF_stats
    stats.reset()
    theirs.search(queries, 10)
    assert index.compared == pytest.approx(40 + stats.ndis / len(queries))
    assert index.imbalance == pytest.approx(theirs.invlists.imbalance_factor())


def test_trained_alone_it_finds_as_much_as_faiss(vectors, queries, exact):
    their = faiss.IndexIVFFlat(faiss.IndexFlatIP(32), 32, 40, faiss.METRIC_INNER_PRODUCT)
    their.train(vectors)
    their.add(vectors)
    ours = IVFIndex(32, 40)
    ours.add(vectors)
    for nprobe in (2, 6):
        their.nprobe = nprobe
        recalls = [
            recall_at_k(ids, exact)
            for ids in (ours.search(queries, 10, nprobe=nprobe)[1], their.search(queries, 10)[1])
        ]
        assert recalls[0] > recalls[1] - 0.05


def test_the_plain_one_finds_the_same(index, vectors, queries):
    plain = PlainIVF(index.centroids[:, :32])
    plain.add(vectors[:1000])
    plain.add(vectors[1000:])
    for nprobe in (1, 4):
        scores, ids = index.search(queries[:20], 5, nprobe=nprobe)
        for q in range(20):
            found = plain.search(queries[q], 5, nprobe)
            assert [i for _, i in found] == ids[q].tolist()
            np.testing.assert_allclose([score for score, _ in found], scores[q], atol=1e-5)


@given(
    n=st.integers(1, 60),
    nlist=st.integers(1, 30),
    k=st.integers(1, 20),
    dims=st.sampled_from([1, 3, 16, 70]),
    seed=st.integers(0, 99),
)
def test_all_lists_are_exact_search(n, nlist, k, dims, seed):
    vectors, queries = unit(n, seed, dims), unit(3, seed + 1, dims)
    if seed % 3 == 0:
        vectors[n // 2 :] = vectors[0]  # doubles: of equal scores the earlier
    index, flat = IVFIndex(dims, nlist, nprobe=99), FlatIndex(dims)
    index.add(vectors)
    flat.add(vectors)
    scores, ids = index.search(queries, k)
    expected = flat.search(queries, k)
    np.testing.assert_allclose(scores, expected[0], atol=1e-5)
    close = np.isclose(expected[0][:, 1:], expected[0][:, :-1], atol=1e-5) & (expected[1][:, 1:] >= 0)
    assert close.any() or (ids == expected[1]).all()
    assert (np.sort(index.lists.merged[2]) == np.arange(n)).all()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.booleans())
def test_portions_are_as_good_as_all_at_once(portions, search_between):
    trained = unit(50, 7)
    index, at_once = IVFIndex(16, 6), IVFIndex(16, 6)
    index.train(trained)
    at_once.train(trained)
    vectors = unit(sum(portions), 8)
    for part in np.split(vectors, np.cumsum(portions)[:-1]):
        index.add(part)
        if search_between:
            index.search(trained[:1], 1)
    at_once.add(vectors)
    for mine, other in zip(index.lists.merged, at_once.lists.merged, strict=True):
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(index.vectors_of(np.arange(len(vectors))), vectors)


def test_blocks_of_an_addition_change_nothing(index, vectors, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 700)
    other = IVFIndex(32, 40)
    other.add(vectors)
    for mine, theirs in zip(other.lists.merged, index.lists.merged, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_bytes_count_all_that_search_reads(index):
    held = index.centroids.nbytes + sum(part.nbytes for part in index.lists.merged)
    assert index.bytes_per_vector == held / 3000


def test_what_is_added_may_be_changed_afterwards():
    index, vectors = IVFIndex(16, 4, nprobe=4), unit(30)
    index.add(vectors)
    few = unit(2, 1)
    index.add(few)
    kept = few.copy()
    few[:] = 0
    np.testing.assert_array_equal(index.vectors_of([30, 31]), kept)


def test_training_comes_before_adding(index):
    with pytest.raises(ValueError, match="train before adding: there are 3000 vectors"):
        index.train(unit(9, dims=32))


@given(
    steps=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 15)), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_deleted_vectors_are_gone_and_others_stay(steps, seed):
    rng, vectors, gone = np.random.default_rng(seed), unit(150, seed), np.zeros(150, bool)
    index = IVFIndex(16, 5, nprobe=5)
    index.train(unit(40, 3))
    for added, deleted in steps:
        index.add(vectors[len(index) : len(index) + added])
        ids = rng.integers(0, max(len(index), 1), deleted)[: len(index)]
        index.delete(ids)
        gone[ids] = True
    living = np.flatnonzero(~gone[: len(index)])
    index = IVFIndex.from_state(*index.state())
    assert len(index.lists) == len(living)
    found = index.search(unit(4, seed + 1), 9)[1]
    best = np.argsort(-(unit(4, seed + 1) @ vectors[living].T), axis=1)[:, :9]
    np.testing.assert_array_equal(found[:, : best.shape[1]], living[best])
    assert (found[:, best.shape[1] :] == -1).all()
    np.testing.assert_array_equal(index.vectors_of(living), vectors[living])


def test_what_is_not_there_cannot_be_deleted_or_given_back():
    index = IVFIndex(16, 4)
    index.add(unit(9))
    for wrong in ([9], [-1, 3]):
        with pytest.raises(ValueError, match=rf"there is no vector {wrong[0]}: the index holds 0 to 8"):
            index.delete(wrong)
    index.delete(3)
    index.delete([3])
    with pytest.raises(ValueError, match="there is no vector 3"):
        index.vectors_of([2, 3])


@pytest.mark.parametrize("options", [{"nlist": 0}, {"nprobe": 0}, {"dims": 0}, {"seed": -1}])
def test_bad_numbers_are_refused(options, index):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be at least"):
        IVFIndex(**{"dims": 4, "nlist": 4} | options)
    with pytest.raises(ValueError, match="nprobe must be at least 1, but is 0"):
        index.search(unit(1, dims=32), 1, nprobe=0)


def test_recall_is_known_without_searching(index, queries, exact):
    curve = recall_by_probes(index, queries, exact)
    for nprobe in (1, 2, 5, 40):
        found = index.search(queries, 10, nprobe=nprobe)[1]
        assert curve[nprobe - 1] == pytest.approx(recall_at_k(found, exact))
    assert list_ranks(index, queries, exact).min() == 1
    assert (np.diff(curve) >= 0).all()


@pytest.mark.parametrize("target", [0.5, 0.8, 0.95, 1.0])
def test_the_chosen_nprobe_is_the_smallest(index, queries, exact, target):
    chosen, curve = choose_nprobe(index, queries, exact, target), recall_by_probes(index, queries, exact)
    assert curve[chosen - 1] >= target - 1e-9
    assert chosen == 1 or curve[chosen - 2] < target


@pytest.mark.parametrize("target", [0, 1.01, -1])
def test_targets_are_shares(index, queries, exact, target):
    with pytest.raises(ValueError, match=f"target must be above 0 and at most 1, but is {target}"):
        choose_nprobe(index, queries, exact, target)
