"""Bytes for floats: what saturates, what does not, and which files there are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embedlab.serving import PRECISIONS, largest_product_sum, onnx_file, pair_sums

BYTES = arrays(np.int64, 8, elements=st.integers(0, 255))


@given(BYTES, arrays(np.int64, 8, elements=st.integers(-128, 127)))
def test_sums_saturate_only_beyond_16_bits(activations, weights):
    exact, saturated = pair_sums(activations, weights)
    fits = np.abs(exact) < 32_768
    assert (exact[fits] == saturated[fits]).all()
    assert (np.abs(saturated) <= 32_768).all()
    assert exact.sum() == activations @ weights


@given(BYTES, arrays(np.int64, 8, elements=st.integers(-64, 64)))
def test_seven_bits_never_saturate(activations, weights):
    exact, saturated = pair_sums(activations, weights)
    assert (exact == saturated).all()


def test_numbers_that_are_no_bytes():
    with pytest.raises(ValueError, match="activation lies between 0 and 255, but found -1"):
        pair_sums([-1, 0], [1, 1])
    with pytest.raises(ValueError, match="weight"):
        pair_sums([1, 0], [1, 200])
    with pytest.raises(ValueError, match="there are 3"):
        pair_sums([1, 0, 2], [1, 2, 3])


def test_this_cpu_adds_exactly_or_saturates():
    assert largest_product_sum() in (64_770, 32_767)


def test_names_that_there_are_not():
    with pytest.raises(ValueError, match="'int4'"):
        onnx_file("int4")
    with pytest.raises(ValueError, match="'pooled'"):
        onnx_file("float32", "pooled")


@pytest.mark.slow
def test_a_file_is_made_once_and_int8_is_a_quarter_of_it():
    file = onnx_file()
    assert onnx_file() == file
    small = [onnx_file(name) for name, how in PRECISIONS.items() if how and not how.static]
    assert len(set(small)) == len(small)
    assert all(path.stat().st_size < 0.27 * file.stat().st_size for path in small)
