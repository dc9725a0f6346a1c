"""IVF-RaBitQ: estimates are plain ones from each list's centroid; with bounds exact search finds no more."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import unit

from embedlab.benchmark import recall_at_k
from embedlab.index import Index
from embedlab.machine import StoreError, files
from embedlab.scale import (
    IVFRaBitQIndex,
    RaBitQIndex,
    choose_nprobe,
    estimate,
    quantize_query,
    rotate,
    sign_codes,
)

LISTS = 40


def filled(vectors, **options):
    index = IVFRaBitQIndex(vectors.shape[1], LISTS, **options)
    index.add(vectors)
    return index


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_scores_are_plain_estimates_from_the_centroids(vectors, queries, bits):
    index = filled(vectors, bits_of_query=bits)
    numbers, matrix = index.list_of(np.arange(3000)), index.quantizer.matrix
    centroids = index.centroids[:, :32]
    signs, scales, _ = sign_codes(rotate(vectors - centroids[numbers], matrix))
    levels, lows, steps = quantize_query(rotate(queries, matrix), bits)
    rounded = lows[:, None] + steps[:, None] * levels
    own = rotate(centroids[numbers], matrix)
    missed = rotate(vectors - centroids[numbers], matrix) - scales[:, None] * np.where(signs, 1, -1)
    plain = (
        (queries @ centroids.T)[:, numbers] + estimate(signs, scales, rounded) + (missed * own).sum(axis=1)
    )
    scores, ids = index.search(queries, 20, nprobe=LISTS)
    np.testing.assert_allclose(scores, -np.sort(-plain, axis=1)[:, :20], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(plain, ids, axis=1), scores, atol=1e-5)


def test_a_query_at_a_centroid_is_estimated_exactly(vectors):
    index = filled(vectors, bits_of_query=8)
    centroids = index.centroids[:, :32]
    scores, ids = index.search(centroids, 5, nprobe=1)
    for number in range(LISTS):
        found = vectors[ids[number, ids[number] >= 0]] @ centroids[number]
        np.testing.assert_allclose(scores[number, : len(found)], found, atol=0.01)


def test_only_the_lists_looked_into_are_found(vectors, queries):
    index = filled(vectors, keep="float32")
    numbers = index.list_of(np.arange(3000))
    for nprobe in (1, 3):
        probed = index.probed(queries, nprobe)
        ids = index.search(queries, 10, nprobe=nprobe)[1]
        assert all(np.isin(numbers[ids[q, ids[q] >= 0]], probed[q]).all() for q in range(60))
        sizes = index.lists.sizes[probed].sum(axis=1).mean()
        assert index.compared == pytest.approx(LISTS + sizes)


@settings(max_examples=30)
@given(
    n=st.integers(1, 60),
    k=st.integers(1, 20),
    bits=st.integers(1, 8),
    keep=st.sampled_from(["float16", "float32"]),
    shortlist=st.sampled_from([None, 99]),
    seed=st.integers(0, 99),
)
def test_a_bound_that_holds_or_a_list_of_all_finds_all(n, k, bits, keep, shortlist, seed):
    index = IVFRaBitQIndex(16, 5, nprobe=5, bits_of_query=bits, keep=keep, epsilon=1e6)
    index.add(unit(n, seed))
    queries = unit(3, seed + 1)
    scores, ids = index.search(queries, k, shortlist=shortlist)
    exact = queries @ index.vectors_of(np.arange(n)).T
    np.testing.assert_allclose(scores[:, :n], -np.sort(-exact, axis=1)[:, :k], atol=1e-5)
    np.testing.assert_array_equal(ids[:, n:], -1)


def test_bounds_from_centroids_ask_for_fewer(vectors, queries, exact):
    whole = RaBitQIndex(32, keep=True)
    whole.add(vectors)
    index = filled(vectors, keep="float32", nprobe=LISTS)
    found = [one.search(queries, 10)[1] for one in (whole, index)]
    assert min(recall_at_k(ids, exact) for ids in found) > 0.97
    assert index.rescored < 0.8 * whole.rescored


def test_a_larger_epsilon_or_shortlist_finds_more(vectors, queries, exact):
    index = filled(vectors, keep="float16", nprobe=LISTS)
    for settings_ in ([{"epsilon": e} for e in (0.0, 1.0, 3.0)], [{"shortlist": s} for s in (10, 40, 160)]):
        found = []
        for one in settings_:
            index.epsilon = one.get("epsilon", 1.9)
            recall = recall_at_k(index.search(queries, 10, shortlist=one.get("shortlist"))[1], exact)
            found.append((index.rescored, recall))
        assert found == sorted(found)
        assert found[-1][1] > 0.97


def test_as_good_as_faiss_with_its_rounded_queries(vectors, queries, exact):
    theirs = faiss.index_factory(32, f"IVF{LISTS},RaBitQ", faiss.METRIC_INNER_PRODUCT)
    theirs.train(vectors)
    theirs.add(vectors)
    theirs.nprobe = LISTS
    index = filled(vectors, nprobe=LISTS)
    recalls = [recall_at_k(one.search(queries, 10)[1], exact) for one in (index, theirs)]
    assert recalls[0] > recalls[1] - 0.05


def test_bytes_count_all_that_search_reads(vectors):
    index = filled(vectors, keep="float16")
    held = [*index.lists.merged, index.centroids, index.quantizer.matrix, index.kept.rows]
    assert index.bytes_per_vector == pytest.approx(sum(part.nbytes for part in held) / 3000)


def test_deleted_vectors_are_gone_and_saved_ones_stay(vectors, queries, tmp_path):
    index = filled(vectors[:2000], keep="float16", epsilon=1.5)
    index.add(vectors[2000:])
    gone = index.search(queries, 3, nprobe=LISTS)[1][:, 0]
    index.delete(gone)
    assert not np.isin(index.search(queries, 10, nprobe=LISTS)[1], gone).any()
    index.save(tmp_path / "index")
    loaded = Index.load(tmp_path / "index")
    for mine, other in zip(loaded.search(queries, 10), index.search(queries, 10), strict=True):
        np.testing.assert_array_equal(mine, other)
    arrays, about = index.state()
    wrong = arrays | {"kept": arrays["kept"][:5]}
    files.save(tmp_path / "wrong", "index", wrong, {"class": "IVFRaBitQIndex", **about})
    with pytest.raises(StoreError, match="5 vectors are kept for 3000 codes"):
        Index.load(tmp_path / "wrong")
    index.delete(np.setdiff1d(np.arange(3000), gone))
    assert (index.search(queries, 3)[1] == -1).all()


def test_a_recall_is_reached_by_looking_into_enough_lists(vectors, queries, exact):
    index = filled(vectors, keep="float32")
    chosen = choose_nprobe(index, queries, exact, 0.95)
    assert recall_at_k(index.search(queries, 10, nprobe=chosen)[1], exact) >= 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 1}, "dims must be at least 2, but is 1"),
        ({"bits_of_query": 9}, "bits_of_query must be at most 8, but is 9"),
        ({"epsilon": -1}, "epsilon must be at least 0 and finite, but is -1"),
        ({"keep": "int4"}, "keep must be one of None, 'float16', 'float32', but is 'int4'"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        IVFRaBitQIndex(**{"dims": 16, "nlist": 4} | options)
    with pytest.raises(ValueError, match="no vectors are kept"):
        filled(unit(50)).vectors_of([0])
