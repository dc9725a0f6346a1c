"""The machine's own instructions against plain loops, and numbers that sort like what they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from embedlab.machine import FAST, aligned, kernels, number_of, pack, portable_dot

FLOATS = st.floats(-1e6, 1e6, width=32)


@njit
def fast(rows, i, query):
    return kernels.dot(rows, i, query)


@njit
def fetch(rows, i):
    kernels.prefetch(rows, i)


@njit
def query_of(rows, i, out):
    return kernels.as_query(rows, i, out)


@pytest.mark.parametrize("dot", [fast, portable_dot], ids=["fast" if FAST else "portable", "portable"])
@pytest.mark.parametrize("d", [1, 16, 63, 64, 384, 1000])
def test_products_are_exact(dot, d):
    rng = np.random.default_rng(d)
    rows, query = aligned(5, d, np.float32), aligned(1, d, np.float32)[0]
    rows[:, :d], query[:d] = rng.normal(size=(5, d)), rng.normal(size=d)
    codes, signed = aligned(5, d, np.uint8), aligned(1, d, np.int8)[0]
    codes[:, :d], signed[:d] = rng.integers(0, 256, (5, d)), rng.integers(-128, 128, d)
    for i in range(5):
        fetch(rows, i)
        assert dot(rows, i, query) == pytest.approx(rows[i].astype(float) @ query.astype(float), abs=1e-4)
        assert dot(codes, i, signed) == codes[i].astype(int) @ signed.astype(int)


def test_extreme_codes_do_not_overflow():
    codes, signed = aligned(1, 384, np.uint8), aligned(1, 384, np.int8)[0]
    codes[:], signed[:] = 255, -128
    assert fast(codes, 0, signed) == portable_dot(codes, 0, signed) == -384 * 255 * 128


@pytest.mark.slow
def test_a_row_of_codes_becomes_a_query():
    codes, out = aligned(2, 64, np.uint8), aligned(1, 64, np.int8)[0]
    codes[:] = np.random.default_rng(0).integers(1, 256, codes.shape)
    offset = query_of(codes, 1, out)
    signed = codes.astype(int) - 128
    assert out.tolist() == signed[1].tolist()
    assert fast(codes, 0, out) - offset == signed[0] @ signed[1]
    floats, copy = aligned(2, 64, np.float32), aligned(1, 64, np.float32)[0]
    floats[:] = np.arange(128).reshape(2, 64)
    assert query_of(floats, 1, copy) == 0
    assert copy.tolist() == floats[1].tolist()


@given(st.lists(st.tuples(FLOATS, st.integers(0, 2**31 - 1)), min_size=2, max_size=20))
def test_packed_floats_sort_by_similarity_then_the_newest_first(pairs):
    packed = sorted(pack(np.float32(similarity), i) for similarity, i in pairs)
    expected = sorted(pairs, key=lambda pair: (-np.float32(pair[0]), -pair[1]))
    assert [number_of(p) for p in packed] == [i for _, i in expected]


@given(st.lists(st.tuples(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(0, 2**31 - 1)), min_size=2))
def test_packed_integers_sort_by_similarity_then_the_newest_first(pairs):
    packed = sorted(pack(np.int32(similarity), i) for similarity, i in pairs)
    assert [number_of(p) for p in packed] == [i for _, i in sorted(pairs, key=lambda p: (-p[0], -p[1]))]


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int8])
def test_rows_begin_on_cache_lines(dtype):
    for n, d in [(0, 5), (3, 1), (2, 384), (7, 100)]:
        rows = aligned(n, d, dtype)
        assert rows.shape[0] == n
        assert rows.shape[1] >= d
        assert not rows.any()
        assert all(rows[i].ctypes.data % 64 == 0 for i in range(n))
