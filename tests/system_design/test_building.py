"""A design's index over real vectors: the same as the rooms' own, and its bytes are what the stages hold."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.benchmark import docsearch
from embedlab.index import FlatIndex, Index
from embedlab.matryoshka import truncate
from embedlab.quantization import Int8Index
from embedlab.system_design import Design, InvertedIndex, build_design, dominated, index_for, measure_design


def unit(n: int, dims: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"code": "float16"},
        {"code": "int8"},
        {"code": "binary", "rescore": "float32"},
        {"code": "pq", "rescore": "int8"},
        {"index": "hnsw"},
        {"index": "hnsw", "code": "int8", "rescore": "float32"},
        {"index": "ivf", "probes": 100},
        {"index": "ivf", "probes": 100, "code": "binary", "rescore": "float32"},
        {"dims": 128, "code": "int8"},
    ],
    ids=str,
)
def test_an_index_finds_what_exact_search_finds(choices):
    """Each design on easy vectors, queries beside their documents: the first result is the document."""
    vectors = unit(400, 384)
    index = index_for(Design(name="a", shortlist=50, **choices))
    index.add(vectors)
    assert len(index) == 400
    asked = vectors[:40] + 0.01 * unit(40, 384, seed=1)
    assert (index.search(asked, 5)[1][:, 0] == np.arange(40)).all()


def test_cut_vectors_are_those_of_the_prefix():
    vectors, queries = unit(200, 384), unit(5, 384, seed=1)
    exact = FlatIndex(64)
    exact.add(truncate(vectors, 64))
    index = index_for(Design(name="a", dims=64))
    index.add(vectors)
    assert (index.search(queries, 7)[1] == exact.search(truncate(queries, 64), 7)[1]).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(1, 12), st.integers(1, 20))
def test_an_inverted_index_that_looks_everywhere_is_exact(n, k, probes):
    vectors, queries = unit(n, 8, seed=n), unit(4, 8, seed=k)
    exact, lists = FlatIndex(8), InvertedIndex(FlatIndex(8), probes=probes)
    exact.add(vectors)
    lists.add(vectors)
    assert sorted(np.concatenate(lists.lists)) == list(range(n))  # each vector in one list
    found, ids = lists.search(queries, k)
    if probes >= len(lists.centroids):
        assert (ids == exact.search(queries, k)[1]).all()
    given_back = ids[ids >= 0]
    assert np.isin(given_back, np.arange(n)).all()
    assert (np.diff(np.where(np.isfinite(found), found, -9), axis=1) <= 1e-6).all()


@pytest.mark.parametrize("n", [0, 70])
def test_an_inverted_index_comes_back_as_it_was(tmp_path, n):
    index = InvertedIndex(Int8Index(16), probes=2)
    if n:
        index.add(unit(n, 16))
    index.save(tmp_path / "lists")
    again = Index.load(tmp_path / "lists")
    assert (type(again), len(again), again.bytes_per_vector) == (InvertedIndex, n, index.bytes_per_vector)
    if n:
        for mine, other in zip(index.search(unit(5, 16), 4), again.search(unit(5, 16), 4), strict=True):
            assert (mine == other).all()


def test_an_inverted_index_grows():
    vectors = unit(90, 16)
    at_once, bit_by_bit = (InvertedIndex(Int8Index(16), probes=99) for _ in range(2))
    at_once.add(vectors)
    bit_by_bit.add(vectors[:50])
    bit_by_bit.add(vectors[50:])
    assert (at_once.search(vectors[:9], 3)[1] == bit_by_bit.search(vectors[:9], 3)[1]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "choices",
    [
        {"code": "int8"},
        {"index": "hnsw", "hybrid": True},
        {"code": "binary", "rescore": "int8", "index": "ivf"},
    ],
    ids=str,
)
def test_a_small_design_is_measured_and_its_parts_add_up(choices):
    small = docsearch().sample(120)
    design = Design(name="a", **choices)
    one = measure_design(design, small, timed=3)
    assert one.documents == 120
    assert one.split == "dev"
    assert one.low <= one.ndcg <= one.high
    assert 0 < one.recall <= 1
    assert 0 < one.p50 <= one.p95
    assert one.bytes_per_doc == pytest.approx(build_design(design, small).bytes_per_doc, abs=0.3)
    assert one.ndcg == pytest.approx(np.mean(one.per_query), abs=1e-3)


@pytest.mark.slow
def test_a_benchmark_without_dev_is_measured_on_test():
    small = docsearch().sample(60)
    only_test = dataclasses.replace(small, splits={"test": small.splits["test"]})
    assert measure_design(Design(name="a"), only_test, timed=2).split == "test"


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(0, 1)), min_size=1, max_size=12))
def test_what_is_not_dominated_is_the_front(points):
    """The cheapest and the best stay; each dominated point has one that stays and beats it."""
    beaten = dominated(points)
    left = [point for point, is_beaten in zip(points, beaten, strict=True) if not is_beaten]
    assert max(points, key=lambda p: (p[1], -p[0])) in left
    assert min(points, key=lambda p: (p[0], -p[1])) in left
    for (cost, good), is_beaten in zip(points, beaten, strict=True):
        better = any(c <= cost and g >= good and (c, g) != (cost, good) for c, g in left)
        assert better == is_beaten
