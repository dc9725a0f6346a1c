"""The machine's own instructions against NumPy, and numbers that sort like what they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from embedlab.machine import (
    aligned,
    byte_product,
    chosen,
    cpu_features,
    float_dot,
    kernel_choice,
    kernels,
    number_of,
    pack,
    plain_code_dot,
    prefetch,
    runnable,
)

FLOATS = st.floats(-1e6, 1e6, width=32)
LONGEST = 200


def code_dot(name):
    """Return a byte product as a function for Python, and what its result is too large by (see EXCESS)."""
    product = plain_code_dot if name == "plain" else byte_product(name)
    return njit(lambda rows, i, query: product(rows, i, query)), 128 if name.endswith("vnni") else 0


@pytest.fixture(params=kernel_choice.NEEDS, scope="module")
def product(request):
    if request.param not in runnable(cpu_features()):
        pytest.skip("not on this CPU")
    return code_dot(request.param)


def codes_of(rng, n, d, low=-127, high=127):
    """Draw codes (n, d) and a query (d,), and put them where compiled code wants them."""
    codes, query = rng.integers(low, high + 1, (n, d)), rng.integers(low, high + 1, d)
    rows, out = aligned(n, d, np.uint8), aligned(1, d, np.int8)[0]
    rows[:] = 128
    rows[:, :d], out[:d] = codes + 128, query
    return codes, query, rows, out


@njit
def fetch(rows, i):
    prefetch(rows, i)


@njit
def query_of(rows, i, out):
    return kernels.as_query(rows, i, out)


@njit
def either(rows, i, query):
    return kernels.dot(rows, i, query)


def test_products_of_codes_are_exact(product):
    dot, excess = product
    rng = np.random.default_rng(0)
    for d in range(LONGEST + 1):
        codes, query, rows, out = codes_of(rng, 3, d)
        found = [dot(rows, i, out) - excess * query.sum() for i in range(3)]
        assert found == (codes @ query).tolist(), d


@pytest.mark.parametrize("d", [1, 31, 64, 200, 384, 4096])
@pytest.mark.parametrize("code", [-127, 127])
@pytest.mark.parametrize("number", [-127, 127])
def test_extreme_codes_do_not_overflow(product, d, code, number):
    dot, excess = product
    _, _, rows, out = codes_of(np.random.default_rng(0), 1, d, 0, 0)
    rows[:, :d], out[:d] = code + 128, number
    assert dot(rows, 0, out) - excess * d * number == d * code * number


def test_every_pair_of_codes(product):
    dot, excess = product
    rows, out = aligned(255, 1, np.uint8), aligned(1, 1, np.int8)[0]
    rows[:, 0] = np.arange(1, 256)
    for number in range(-127, 128):
        out[0] = number
        assert [dot(rows, i, out) - excess * number for i in range(255)] == [
            code * number for code in range(-127, 128)
        ]


def test_products_of_floats():
    rng = np.random.default_rng(0)
    for d in range(LONGEST + 1):
        rows, query = aligned(3, d, np.float32), aligned(1, d, np.float32)[0]
        rows[:, :d], query[:d] = rng.normal(size=(3, d)), rng.normal(size=d)
        for i in range(3):
            fetch(rows, i)
            # Each of d additions may round by half an ulp of what is added up.
            size = np.abs(rows[i]).astype(float) @ np.abs(query).astype(float)
            exact = rows[i].astype(float) @ query.astype(float)
            assert float_dot(rows, i, query) == pytest.approx(exact, abs=(d + 1) * 2**-24 * size)


def test_rows_of_either_kind():
    rng = np.random.default_rng(0)
    codes, query, rows, out = codes_of(rng, 5, 100)
    assert [either(rows, i, out) - kernels.EXCESS * query.sum() for i in range(5)] == (codes @ query).tolist()
    floats = aligned(5, 100, np.float32)
    floats[:, :100] = rng.normal(size=(5, 100))
    assert either(floats, 3, floats[4]) == pytest.approx(floats[3].astype(float) @ floats[4], abs=1e-5)


def test_the_fastest_that_the_cpu_can_run():
    server = {"avx2", "fma", "avx512f", "avx512bw", "avx512vl"}
    assert runnable(server | {"avx512vnni"}) == ["avx512vnni", "avx512", "avx2", "plain"]
    assert chosen({}, server) == "avx512"
    assert chosen({}, {"avx2", "avxvnni"}) == "avxvnni"
    assert chosen({}, {"neon", "dotprod"}) == "plain"
    assert chosen({"EMBEDLAB_KERNELS": "avx2", "EMBEDLAB_PORTABLE": "1"}, server) == "avx2"
    with pytest.raises(ValueError, match=r"'sse'.*avx2, plain"):
        chosen({"EMBEDLAB_KERNELS": "sse"}, {"avx2"})


def test_features_follow_numba(monkeypatch):
    monkeypatch.setattr(kernel_choice.config, "CPU_FEATURES", "+avx2,-avx512f,+avx512vl,+avx512vnni")
    assert cpu_features() == {"avx2", "avx512vl", "avx512vnni", "avxvnni"}


@pytest.mark.slow
def test_a_row_of_codes_becomes_a_query():
    codes, _, rows, out = codes_of(np.random.default_rng(0), 2, 100)
    offset = query_of(rows, 1, out)
    assert out[:100].tolist() == codes[1].tolist()
    assert not out[100:].any()
    assert either(rows, 0, out) - offset == codes[0] @ codes[1]
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


def test_every_float16_is_multiplied_as_numpy_does():
    bits = np.arange(2**16, dtype=np.uint16)
    halves = bits.view(np.float16)
    finite, one = np.flatnonzero(np.isfinite(halves)), np.ones(1, np.float32)
    products = [kernels.half_dot(bits[:, None], i, one) for i in finite]
    np.testing.assert_array_equal(np.float32(products), halves[finite].astype(np.float32))
