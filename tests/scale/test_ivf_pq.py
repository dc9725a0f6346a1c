"""IVF-PQ: FAISS's codes and results from the same centroids, codebooks and rotation; rescoring; saving."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import unit

from embedlab.benchmark import recall_at_k
from embedlab.index import Index
from embedlab.machine import StoreError, files
from embedlab.quantization import PQIndex
from embedlab.scale import IVFPQIndex, PlainIVFPQ, choose_nprobe, rotate

M, LISTS = 8, 40


def filled(vectors, **options):
    index = IVFPQIndex(vectors.shape[1], LISTS, M, **options)
    index.add(vectors)
    return index


@pytest.fixture(scope="module")
def index(vectors):
    return filled(vectors)


def taken_from(index):
    """Where residuals are taken from, as FAISS's centroids."""
    return index.lengths[:, None] * index.centroids[:, : index.dims]


def as_faiss(index, vectors):
    """Make FAISS's index of the same centroids and codebooks, filled by our assignment."""
    centroids = taken_from(index)
    coarse = faiss.IndexFlatIP(index.dims)
    coarse.add(centroids)
    theirs = faiss.IndexIVFPQ(coarse, index.dims, len(centroids), index.m, 8, faiss.METRIC_INNER_PRODUCT)
    faiss.copy_array_to_vector(index.quantizer.centroids.ravel(), theirs.pq.centroids)
    theirs.is_trained = True
    numbers = index._assigned(vectors)
    rotated = np.ascontiguousarray(rotate(vectors, index.matrix))
    pointers = [faiss.swig_ptr(array) for array in (rotated, numbers)]
    theirs.add_core(len(vectors), pointers[0], None, pointers[1])
    return theirs


@pytest.mark.parametrize(
    "rotation", [None, "random", "balanced", pytest.param("opq", marks=pytest.mark.slow)]
)
def test_faiss_has_the_same_codes_and_results(vectors, queries, rotation):
    index = filled(vectors, rotation=rotation)
    index.factors = np.ones(LISTS, np.float32)  # FAISS has none
    theirs = as_faiss(index, vectors)
    starts, codes, ids = index.lists.merged
    for number in range(LISTS):
        here = slice(starts[number], starts[number + 1])
        size = theirs.invlists.list_size(number)
        their_ids = faiss.rev_swig_ptr(theirs.invlists.get_ids(number), size)
        their_codes = faiss.rev_swig_ptr(theirs.invlists.get_codes(number), size * M).reshape(size, M)
        np.testing.assert_array_equal(their_ids, ids[here])
        assert (their_codes == codes[here]).mean() > 0.999 if size else True
    rotated = np.ascontiguousarray(rotate(queries, index.matrix))
    for nprobe in (1, 5, LISTS):
        probed = index.probed(queries, nprobe)
        shared = np.take_along_axis(rotated @ taken_from(index).T, probed, axis=1)
        theirs.nprobe = nprobe
        their_scores, their_ids = theirs.search_preassigned(rotated, 10, probed, shared)
        scores, ids = index.search(queries, 10, nprobe=nprobe)
        same = their_ids >= 0
        np.testing.assert_allclose(scores[same], their_scores[same], atol=1e-4)
        assert (ids == their_ids).mean() > 0.99


def test_the_plain_one_finds_the_same(index, vectors, queries):
    centroids = index.centroids[:, :32]
    plain = PlainIVFPQ(taken_from(index), index.quantizer.centroids, centroids, index.factors)
    plain.add(vectors[:1000])
    plain.add(vectors[1000:])
    scores, ids = index.search(queries[:20], 5, nprobe=3)
    for q in range(20):
        found = plain.search(queries[q], 5, 3)
        np.testing.assert_allclose([score for score, _ in found], scores[q], atol=1e-5)
        assert [i for _, i in found] == ids[q].tolist() or np.diff(scores[q]).max() > -1e-5


def test_residuals_from_the_mean_are_shorter(index, vectors):
    numbers = index._assigned(vectors)
    assert (index.lengths < 1).all()
    squares = [
        ((vectors - centroids[numbers]) ** 2).sum()
        for centroids in (taken_from(index), index.centroids[:, :32])
    ]
    assert squares[0] < 0.95 * squares[1]


@pytest.mark.parametrize("rotation", [None, "random", "balanced"])
def test_a_list_scores_its_vectors_in_the_right_unit_on_average(vectors, rotation):
    index = filled(vectors, rotation=rotation)
    numbers, ids = index.list_of(np.arange(len(vectors))), np.arange(len(vectors))
    along = (index.vectors_of(ids) * vectors).sum(axis=1)  # of vectors of length 1 with themselves
    means = np.array([along[numbers == number].mean() for number in range(LISTS)])
    np.testing.assert_allclose(means, 1, atol=1e-4)  # all vectors were seen in training
    assert (index.factors > 1).all()


def test_what_no_vector_taught_is_taken_from_all_others(vectors):
    far = np.concatenate([unit(39, 1, dims=32), -vectors[:1]])
    index = IVFPQIndex(32, LISTS, M)
    index.train(vectors[vectors @ vectors[0] > 0], far)
    empty = np.setdiff1d(np.arange(LISTS), index._assigned(vectors[vectors @ vectors[0] > 0]))
    assert 39 in empty
    assert (index.factors[empty] == index.factors[39]).all()
    assert 1 < index.factors[39] < 2


def test_known_centroids_are_taken_as_they_are(vectors, queries):
    once = filled(vectors)
    again = IVFPQIndex(32, LISTS, M)
    again.train(vectors, once.centroids[:, :32])
    again.add(vectors)
    for mine, other in zip(again.search(queries, 10), once.search(queries, 10), strict=True):
        np.testing.assert_array_equal(mine, other)
    with pytest.raises(ValueError, match="3 centroids for 40 lists"):
        IVFPQIndex(32, LISTS, M).train(vectors, vectors[:3])


def test_residuals_say_more_than_vectors_in_the_same_bytes(index, vectors):
    flat = PQIndex(32, M)
    flat.add(vectors)
    ids = np.arange(len(vectors))
    errors = [((one.vectors_of(ids) - vectors) ** 2).sum() for one in (index, flat)]
    assert errors[0] < 0.9 * errors[1]


@settings(max_examples=20)
@given(
    n=st.integers(1, 60),
    k=st.integers(1, 20),
    rotation=st.sampled_from([None, "random", "balanced", "opq"]),
    keep=st.sampled_from([None, "float16", "float32"]),
    seed=st.integers(0, 99),
)
def test_scores_are_those_of_what_stands_for_the_vectors(n, k, rotation, keep, seed):
    index = IVFPQIndex(16, 5, 4, nprobe=5, rotation=rotation, keep=keep, shortlist=99)
    index.add(unit(n, seed))
    queries = unit(3, seed + 1)
    scores, ids = index.search(queries, k)
    there = min(n, k)
    assert (ids[:, there:] == -1).all()
    decoded = queries @ index.vectors_of(np.arange(n)).T
    np.testing.assert_allclose(scores[:, :there], -np.sort(-decoded)[:, :there], atol=1e-5)
    np.testing.assert_allclose(scores[:, :there], np.take_along_axis(decoded, ids[:, :there], 1), atol=1e-5)


@pytest.mark.parametrize("keep", ["float16", "float32"])
def test_rescoring_finds_what_codes_miss(index, vectors, queries, exact, keep):
    rescored = filled(vectors, keep=keep)
    recalls = [recall_at_k(one.search(queries, 10, nprobe=LISTS)[1], exact) for one in (index, rescored)]
    assert recalls[1] > recalls[0] + 0.05
    kept = rescored.bytes_per_vector - index.bytes_per_vector
    assert kept == pytest.approx(32 * (2 if keep == "float16" else 4))
    everything = rescored.search(queries, 10, nprobe=LISTS, shortlist=3000)[1]
    assert recall_at_k(everything, exact) > (0.99 if keep == "float16" else 0.9999)


def test_bytes_count_all_that_search_reads(vectors):
    index = filled(vectors, rotation="random")
    learned = [index.centroids, index.lengths, index.factors, index.matrix, index.quantizer.centroids]
    held = [*learned, *index.lists.merged]
    assert index.bytes_per_vector == sum(part.nbytes for part in held) / 3000


@pytest.mark.parametrize("keep", [None, "float16"])
def test_deleted_vectors_are_gone(vectors, queries, keep):
    index = filled(vectors, keep=keep)
    before = index.bytes_per_vector
    gone = index.search(queries, 3, nprobe=LISTS)[1][:, 0]
    index.delete(gone)
    assert not np.isin(index.search(queries, 10, nprobe=LISTS)[1], gone).any()
    assert index.bytes_per_vector > before
    with pytest.raises(ValueError, match=f"there is no vector {gone[0]}"):
        index.vectors_of(gone[:1])


@pytest.mark.parametrize("rotation", [None, "opq"])
def test_saved_and_loaded(vectors, queries, rotation, tmp_path):
    index = filled(vectors, rotation=rotation, keep="float16", shortlist=30)
    index.save(tmp_path / "index")
    loaded = Index.load(tmp_path / "index")
    for mine, other in zip(loaded.search(queries, 10), index.search(queries, 10), strict=True):
        np.testing.assert_array_equal(mine, other)
    arrays, about = index.state()
    arrays["sizes"] = arrays["sizes"][::-1][1:]
    files.save(tmp_path / "wrong", "index", arrays, {"class": "IVFPQIndex", **about})
    with pytest.raises(StoreError, match="do not hold each vector once"):
        Index.load(tmp_path / "wrong")


def test_codes_alone_may_not_reach_a_target(index, queries, exact):
    with pytest.raises(ValueError, match=r"recall 0.999 is out of reach: all 40 lists give 0\.[0-9]{3}"):
        choose_nprobe(index, queries, exact, 0.999)
    chosen = choose_nprobe(index, queries, exact, 0.5)
    assert recall_at_k(index.search(queries, 10, nprobe=chosen)[1], exact) >= 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"m": 5}, "16 dimensions cannot be cut into 5 equal pieces"),
        ({"m": 0}, "cannot be cut into 0"),
        ({"rotation": "left"}, "rotation must be one of None, 'random', 'balanced', 'opq', but is 'left'"),
        ({"keep": "int4"}, "keep must be one of None, 'float16', 'float32', but is 'int4'"),
        ({"shortlist": 0}, "shortlist must be at least 1, but is 0"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        IVFPQIndex(16, 4, **{"m": 4} | options)


def test_half_precision_ends_somewhere():
    index = IVFPQIndex(16, 1, 4, keep="float16")
    with pytest.raises(ValueError, match="too large for float16"):
        index.add(np.full((3, 16), 1e6))
    assert len(index) == 0
