"""4-bit codes scanned by blocks: layout, shuffles against plain loops, rounding, FAISS's fast scan."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import unit

from embedlab.benchmark import docsearch, recall_at_k
from embedlab.embedder import Embedder
from embedlab.index import Index, top_k
from embedlab.machine import StoreError, files
from embedlab.quantization import look_up
from embedlab.scale import (
    PQFastScanIndex,
    fast_scan,
    pack_blocks,
    parallel_weight,
    round_tables,
    shuffle,
    unpack_blocks,
)

M = 16


def filled(vectors, m=M, **options):
    index = PQFastScanIndex(vectors.shape[1], m, **options)
    index.add(vectors)
    return index


@pytest.fixture(scope="module")
def index(vectors):
    return filled(vectors)


def rounded_scores(index, queries):
    """Sums of rounded entries along the codes, as scores: what a search must find."""
    tables, lows, steps = round_tables(index.quantizer.tables(queries))
    return lows[:, None] + steps[:, None] * look_up(tables.astype(np.float32), index.codes)


@given(n=st.integers(0, 100), m=st.integers(1, 9), seed=st.integers(0, 99))
def test_blocks_are_unpacked_as_they_were(n, m, seed):
    codes = np.random.default_rng(seed).integers(0, 16, (n, m), np.uint8)
    packed = pack_blocks(codes)
    assert packed.shape == (-(-n // 32), m, 16)
    np.testing.assert_array_equal(unpack_blocks(packed, n), codes)


@pytest.mark.parametrize("add_up", [shuffle.portable_add_up, shuffle.add_up_block])
@pytest.mark.parametrize("m", [2, 7, 96, 256])
def test_shuffles_add_up_what_the_codes_say(add_up, m):
    rng = np.random.default_rng(m)
    codes, tables = rng.integers(0, 16, (96, m), np.uint8), rng.integers(0, 256, (m, 16), np.uint8)
    expected = tables[np.arange(m), codes].sum(axis=1)
    packed, most = pack_blocks(codes), np.full((m, 16), 255, np.uint8)
    for block in range(3):
        sums = np.empty(32, np.uint16)
        called(add_up)(packed, block, tables, sums)
        np.testing.assert_array_equal(sums, expected[32 * block : 32 * block + 32])
        called(add_up)(packed, block, most, sums)
        assert (sums == 255 * m).all(), "16 bits are enough for 256 pieces"


def called(add_up):
    """Make what only compiled code can call callable from here."""
    if add_up is shuffle.portable_add_up:
        return add_up

    def call(packed, block, tables, sums):
        sums[:] = shuffle.sums_of_blocks(packed[block : block + 1], tables)[0]

    return call


@given(q=st.integers(1, 4), m=st.integers(1, 20), size=st.floats(0, 100), seed=st.integers(0, 99))
def test_rounding_is_off_by_half_a_step_a_piece_at_most(q, m, size, seed):
    tables = (size * np.random.default_rng(seed).normal(size=(q, m, 16))).astype(np.float32)
    rounded, lows, steps = round_tables(tables)
    back = tables.min(axis=2, keepdims=True) + steps[:, None, None] * rounded
    assert (np.abs(back - tables) <= steps[:, None, None] * 0.501 + 1e-5).all()
    np.testing.assert_allclose(lows, tables.min(axis=2).sum(axis=1), rtol=1e-4, atol=1e-3)
    assert (rounded.max(axis=(1, 2)) == 255).all() or size < 1e-30


@settings(max_examples=30)
@given(n=st.integers(1, 200), k=st.integers(1, 250), seed=st.integers(0, 99))
def test_search_finds_the_largest_sums(n, k, seed):
    index, queries = filled(unit(n, seed), 8), unit(3, seed + 1)
    scores, ids = index.search(queries, k)
    tables, lows, steps = round_tables(index.quantizer.tables(queries))
    sums, expected = top_k(look_up(tables.astype(np.float32), index.codes), k)
    np.testing.assert_array_equal(ids, expected)
    np.testing.assert_allclose(scores, lows[:, None] + steps[:, None] * sums, rtol=1e-5, atol=1e-6)


def test_scores_are_those_of_4_bit_codes_up_to_rounding(index, vectors, queries):
    tables = index.quantizer.tables(queries)
    exact, rounded = look_up(tables, index.codes), rounded_scores(index, queries)
    steps = round_tables(tables)[2][:, None]
    assert (np.abs(exact - rounded) <= steps * (M / 2) + 1e-5).all()
    assert np.std((exact - rounded) / steps) == pytest.approx(np.sqrt(M / 12), rel=0.1)
    np.testing.assert_array_equal(index.codes, index.quantizer.encode(vectors))


def test_faiss_finds_the_same(index, vectors, queries):
    theirs = faiss.IndexPQFastScan(32, M, 4, faiss.METRIC_INNER_PRODUCT)
    faiss.copy_array_to_vector(index.quantizer.centroids.ravel(), theirs.pq.centroids)
    theirs.is_trained = True
    theirs.add(vectors)
    their_scores, their_ids = theirs.search(queries, 10)
    scores, ids = index.search(queries, 10)
    np.testing.assert_allclose(scores, their_scores, atol=2e-3)
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, their_ids, strict=True)]) > 0.95
    assert theirs.code_size == M / 2


def test_bytes_are_half_of_the_pieces(index, vectors):
    assert index.packed.nbytes == -(-len(vectors) // 32) * 32 * M / 2
    assert index.bytes_per_vector == (index.packed.nbytes + index.quantizer.centroids.nbytes) / len(vectors)


@pytest.mark.parametrize("enough", [5, 64, 100, 1000])
def test_filled_bit_by_bit(vectors, queries, enough, monkeypatch, tmp_path):
    monkeypatch.setattr(fast_scan, "ENOUGH", enough)
    whole = filled(vectors[:100], 8)
    whole.add(vectors[100:300])
    index, at = PQFastScanIndex(32, 8), 0
    for end in (100, 101, 131, 132, 133, 300):
        index.add(vectors[at:end])
        index.save(tmp_path / "index")
        index, at = Index.load(tmp_path / "index"), end
    assert len(index) == 300
    np.testing.assert_array_equal(index.codes, whole.codes)
    for mine, other in zip(index.search(queries, 5), whole.search(queries, 5), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_errors_that_point_across_find_more(vectors, queries, exact):
    recalls = [
        recall_at_k(filled(vectors, 8, weight=weight).search(queries, 10)[1], exact) for weight in (1.0, 3.0)
    ]
    assert recalls[1] > recalls[0] - 0.02  # on vectors drawn from a few clusters they need not
    assert recalls[0] > 0.2


def test_damaged_files_are_named(index, tmp_path):
    arrays, about = index.state()
    about = {"class": "PQFastScanIndex", **about}
    files.save(tmp_path / "wrong", "index", arrays | {"packed": arrays["packed"][1:]}, about)
    with pytest.raises(StoreError, match="is no layout of 3000 codes"):
        Index.load(tmp_path / "wrong")


@pytest.mark.parametrize(
    ("m", "weight", "message"),
    [
        (5, 1, "m must be even, divide 32 dimensions and be at most 256, but is 5"),
        (1, 1, "but is 1"),
        (0, 1, "but is 0"),
        (64, 1, "but is 64"),
        (16, 0.5, r"weight must be at least 1, but is 0\.5"),
        (16, np.nan, "but is nan"),
    ],
)
def test_bad_options_are_named(m, weight, message):
    with pytest.raises(ValueError, match=message):
        PQFastScanIndex(32, m, weight=weight)


@pytest.mark.slow
def test_real_vectors_lose_little_by_rounding_and_gain_by_the_weight():
    benchmark, embedder = docsearch(), Embedder.load()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut", show_progress=False)
    queries = embedder.encode(benchmark.split("dev")[1], cache=True, show_progress=False)
    exact = np.argsort(-(queries @ documents.T), axis=1, kind="stable")[:, :10]
    plain = filled(documents, 96)
    unrounded = look_up(plain.quantizer.tables(queries), plain.codes)
    recalls = [
        recall_at_k(np.argsort(-unrounded, axis=1, kind="stable")[:, :10], exact),
        recall_at_k(plain.search(queries, 10)[1], exact),
        recall_at_k(filled(documents, 96, weight=parallel_weight(384, 0.1)).search(queries, 10)[1], exact),
    ]
    assert recalls[1] > recalls[0] - 0.01
    assert recalls[2] > recalls[1] + 0.02
