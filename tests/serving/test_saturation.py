"""Bytes for floats: what saturates, what does not, and how often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embedlab.serving import as_bytes, as_signed, largest_product_sum, pair_sums, saturating_pairs

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


@given(arrays(np.float32, 6, elements=st.floats(-100, 100, width=32)))
def test_bytes_are_those_of_onnx(numbers):
    reference = pytest.importorskip("onnx.reference.ops.op_dynamic_quantize_linear")
    expected = reference.DynamicQuantizeLinear.eval(numbers)[0] if numbers.any() else np.zeros(6)
    assert np.abs(as_bytes(numbers) - expected.astype(int)).max() <= 1  # halves are rounded in another order


def test_weights_use_the_range_that_they_are_given():
    weight = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    assert np.abs(as_signed(weight)).max(axis=1).tolist() == [127] * 4
    assert np.abs(as_signed(weight, reduce_range=True)).max(axis=1).tolist() == [64] * 4
    assert (np.abs(as_signed(weight, per_channel=False)).max(axis=1) == 127).sum() == 1


@pytest.mark.slow
def test_real_activations_saturate_rarely_and_never_with_seven_bits():
    text = "Fill missing values using interpolation."
    assert saturating_pairs(text, reduce_range=True) == 0
    assert 0 <= saturating_pairs(text) < 0.05
