"""Vamana compiled: the graph of the plain one, its rules, what it finds beside HNSW, inserting, deleting."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import exact as nearest
from vectors import recall, unit

from embedlab.index import Index
from embedlab.machine import StoreError, files
from embedlab.scale import VamanaIndex, churn, vamana, vamana_index, vamana_plain


def filled(vectors, degree=16, **options):
    index = VamanaIndex(vectors.shape[1], degree, **{"width": 40} | options)
    index.add(vectors)
    return index


@pytest.fixture(scope="module")
def index(vectors):
    return filled(vectors)


@pytest.mark.parametrize(
    ("degree", "width", "alpha", "seed"), [(4, 10, 1.0, 0), (8, 20, 1.2, 1), (6, 9, 2, 2)]
)
def test_it_is_the_graph_of_the_plain_one(degree, width, alpha, seed, monkeypatch):
    monkeypatch.setattr(vamana_index, "SLACK", 1)
    monkeypatch.setattr(VamanaIndex, "_connect", lambda self, linked: None)
    vectors = unit(80, seed, 6)
    links, entry = vamana_plain.build(vectors, degree=degree, width=width, alpha=alpha, seed=seed)
    index = filled(vectors, degree, width=width, alpha=alpha, seed=seed)
    assert index.graph.entry == entry
    assert [index.links_of(i).tolist() for i in range(80)] == links
    for query in unit(10, 9, 6):
        found, visited = vamana_plain.greedy_search(query, entry, width, vectors, links)
        _, ids = index.search(query[None], width, beam=width)
        assert [i for _, i in found] == ids[0].tolist()
        assert index.compared >= len(visited)


def test_the_graph_keeps_its_rules(index):
    for i in range(len(index)):
        links = index.links_of(i).tolist()
        assert i not in links
        assert len(set(links)) == len(links) <= 16
    assert vamana.reached(index.graph).all()


def test_all_is_found_with_a_beam_for_all(index, vectors, queries):
    scores, ids = index.search(queries, 10, beam=len(vectors))
    expected = nearest(vectors, queries, 10)
    np.testing.assert_array_equal(ids, expected[1])
    np.testing.assert_allclose(scores, expected[0], atol=1e-6)
    assert index.compared == len(vectors)


def test_recall_and_work_rise_with_the_beam(index, queries, exact):
    found = []
    for beam in (10, 20, 40, 80):
        found.append((recall(index.search(queries, 10, beam=beam)[1], exact), index.compared))
    assert found == sorted(found)
    assert found[-1][0] > 0.98
    assert found[-1][1] < 1500


def test_beside_the_hnsw_of_faiss_with_as_many_links(index, vectors, queries, exact):
    theirs = faiss.IndexHNSWFlat(32, 8, faiss.METRIC_INNER_PRODUCT)
    theirs.hnsw.efConstruction = 40
    theirs.add(vectors)
    theirs.hnsw.efSearch = 30
    expected = recall(theirs.search(queries, 10)[1], exact)
    assert recall(index.search(queries, 10, beam=30)[1], exact) > expected - 0.03


def test_a_larger_alpha_makes_more_links(vectors):
    degrees = [
        np.mean([len(one.links_of(i)) for i in range(500)])
        for one in (filled(vectors[:500], alpha=alpha) for alpha in (1.0, 1.2))
    ]
    assert degrees[0] < degrees[1] <= 16


def test_to_whom_no_link_leads_gets_one():
    index = filled(unit(60), degree=4)
    links = index.graph.links
    for row in links:  # nobody is linked to 7
        row[1:] = np.where(row[1:] == 7, (7 + 1) % 60, row[1:])
    assert not vamana.reached(index.graph)[7]
    index._connect(np.arange(60))
    assert vamana.reached(index.graph).all()
    assert index.search(unit(60)[7:8], 1)[1][0, 0] == 7


@pytest.mark.parametrize("order", ["one by one", "at once"])
def test_inserted_ones_are_found(order, vectors, queries):
    index = filled(vectors[:1500])
    for part in np.array_split(vectors[1500:2000], 50 if order == "one by one" else 1):
        index.add(part)
    expected = nearest(vectors[:2000], queries, 10)[1]
    assert recall(index.search(queries, 10, beam=80)[1], expected) > 0.97
    found = index.search(vectors[1500:2000], 1)[1][:, 0]
    assert (found == np.arange(1500, 2000)).mean() > 0.99


@settings(max_examples=20)
@given(n=st.integers(1, 80), k=st.integers(1, 30), seed=st.integers(0, 99), share=st.floats(0, 1))
def test_what_is_deleted_is_not_found_and_the_rest_is(n, k, seed, share):
    vectors, rng = unit(n, seed), np.random.default_rng(seed)
    if seed % 3 == 0:
        vectors[n // 2 :] = vectors[0]
    index, gone = filled(vectors, degree=8), rng.random(n) < share
    index.delete(np.flatnonzero(gone))
    kept = np.flatnonzero(~gone)
    for _ in range(2):
        scores, ids = index.search(unit(3, seed + 1), k)
        assert set(ids[ids >= 0]) <= set(kept)
        reachable = min(k, len(kept))
        assert (ids[:, :reachable] >= 0).all()
        assert (ids[:, reachable:] == -1).all()
        assert (scores[:, reachable:] == -np.inf).all()
        index.consolidate()


def test_consolidated_links_lead_to_the_living_only(vectors, queries):
    index, gone = filled(vectors), np.random.default_rng(0).random(3000) < 0.5
    gone[index.graph.entry] = True
    index.delete(np.flatnonzero(gone))
    index.search(queries, 10)
    before = index.compared
    index.consolidate()
    kept = np.flatnonzero(~gone)
    assert not gone[np.concatenate([index.links_of(i) for i in kept])].any()
    assert not gone[index.graph.entry]
    assert vamana.reached(index.graph)[kept].all()
    expected = kept[nearest(vectors[kept], queries, 10)[1]]
    assert recall(index.search(queries, 10)[1], expected) > 0.95
    assert index.compared < before


def test_equal_vectors_hide_nothing():
    vectors = np.concatenate([np.repeat(unit(1, 1), 200, axis=0), unit(200)])
    index = filled(vectors, degree=6)
    for chosen in (index, VamanaIndex.from_state(*index.state())):
        ids = chosen.search(vectors, 1)[1][:, 0]
        np.testing.assert_array_equal(vectors[ids], vectors)
        assert sorted(chosen.search(vectors[:1], 200)[1][0]) == list(range(200))
    index.delete(np.arange(199))
    index.consolidate()
    assert index.search(vectors[:1], 1)[1][0, 0] == 199


def test_what_was_taken_out_may_come_again():
    vectors = unit(40)
    index = filled(vectors, degree=8)
    index.delete(np.arange(20))
    index.consolidate()
    index.add(vectors[:20])
    for one in (index, VamanaIndex.from_state(*index.state())):
        assert one.search(vectors[:20], 1)[1][:, 0].tolist() == list(range(40, 60))


def test_bytes_count_all_that_search_reads(index):
    assert index.bytes_per_vector == 4 * 32 + index.graph.links.nbytes / 3000


@pytest.mark.parametrize("options", [{"degree": 1}, {"width": 0}, {"beam": 0}, {"dims": 0}, {"seed": -1}])
def test_bad_numbers_are_named(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be at least"):
        VamanaIndex(**{"dims": 4} | options)


@pytest.mark.parametrize("alpha", [0.9, np.nan, np.inf, -1])
def test_alpha_below_1_would_drop_what_nothing_leads_to(alpha):
    with pytest.raises(ValueError, match=f"alpha must be a number of at least 1, but is {alpha}"):
        VamanaIndex(4, alpha=alpha)


def test_none_of_that_number(index):
    with pytest.raises(ValueError, match="no vector 3000: the index holds 0 to 2999"):
        index.delete([5, 3000])
    assert not index.deleted.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda links, about: links.__setitem__((3, 1), 60), "a link leads to a vector that does not exist"),
        (lambda links, about: links.__setitem__((3, 0), 9), "a link leads to a vector that does not exist"),
        (lambda links, about: links.__setitem__((3, 0), -2), "a link leads to a vector that does not exist"),
        (lambda links, about: about.update(entry=60), "there is no vector 60 to begin at"),
        (lambda links, about: about.update(degree=9), "60 vectors of 9 links"),
    ],
)
def test_links_that_lead_nowhere_are_refused(change, message, tmp_path):
    arrays, about = filled(unit(60), degree=8).state()
    arrays["links"] = arrays["links"].copy()
    change(arrays["links"], about)
    files.save(tmp_path / "index", "index", arrays, {"class": "VamanaIndex", **about})
    with pytest.raises(StoreError, match=message):
        Index.load(tmp_path / "index")


@pytest.mark.slow
def test_churn(vectors, queries):
    found = churn(vectors, queries, degree=16, width=40, steps=3, beams=(10, 64))
    recall, compared = found.pop("after")
    assert (np.diff(recall, axis=1) >= 0).all()
    assert np.array_equal((recall[:, 1], compared[:, 1]), (found["recall"][:, -1], found["compared"][:, -1]))
    assert {name: part.shape for name, part in found.items()} == dict.fromkeys(found, (3, 4))
    assert np.ptp(found["recall"][:, 0]) == 0
    tombstones, consolidated, anew = found["recall"][:, -1]
    assert min(tombstones, consolidated) > anew - 0.05
    with pytest.raises(ValueError, match="share must be from 0 to 1, but is 2"):
        churn(vectors, queries, share=2)
