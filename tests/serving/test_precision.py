"""Sixteen bits: what overflows, and that rounding is torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.serving import (
    PrecisionEncoder,
    batch_throughput,
    encoder_flops,
    largest_by_layer,
    masked_weights,
    rounded,
    rounded_layer_norm,
)

TEXTS = ["a cat sat on a mat", "tax law", "fill missing values using interpolation"]


@given(st.lists(st.floats(width=32, allow_nan=False, min_value=-6e4, max_value=6e4), min_size=1))
def test_vectors_are_stored_as_torch_stores_them(numbers):
    vectors = np.float32(numbers)
    for dtype in ("float16", "bfloat16"):
        expected = torch.from_numpy(vectors).to(getattr(torch, dtype)).float().numpy()
        np.testing.assert_array_equal(rounded(vectors, dtype), expected)


@pytest.mark.parametrize("fill", [-1e9, -10_000.0])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_only_one_fill_fails_and_only_in_float16(fill, dtype):
    weights = masked_weights(torch.tensor([2.0, 1.0, 9.0]), torch.tensor([1, 1, 0]), fill, dtype)
    if (fill, dtype) == (-1e9, "float16"):
        assert weights.isnan().all()
    else:
        assert weights[2] == 0
        torch.testing.assert_close(weights.sum(), torch.tensor(1.0), atol=0.01, rtol=0)


def test_a_norm_in_float16_loses_what_is_large():
    x = torch.tensor([300.0, -300.0])
    assert rounded_layer_norm(x, "float16").abs().max() == 0
    assert rounded_layer_norm(x, "bfloat16").abs().max() == 1
    with pytest.raises(ValueError, match="'int8'"):
        rounded_layer_norm(x, "int8")


def test_the_largest_numbers_of_each_layer():
    rows = largest_by_layer(TEXTS[:2])
    assert len(rows) == 7
    assert "inner" not in rows[0]
    assert all(row["hidden"] > 0 and row["inner"] > 0 for row in rows[1:])
    alone = [largest_by_layer([text]) for text in TEXTS[:2]]
    assert rows[3]["hidden"] == max(one[3]["hidden"] for one in alone)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "lowest"), [("float32", 0.99999), ("bfloat16", 0.99), ("float16", 0.9999)])
def test_vectors_in_each_precision(dtype, lowest):
    expected = Embedder.load(dtype="float32").encode(TEXTS)
    made = PrecisionEncoder(dtype).encode(TEXTS, size=2)
    assert (made * expected).sum(1).min() > lowest


def test_operations_are_counted_as_torch_counts_them():
    encoder, ids = BertEncoder.load(), torch.full((1, 24), 2000)
    with FlopCounterMode(display=False) as counter:
        encoder.forward(ids, torch.ones_like(ids))
    assert counter.get_total_flops() == encoder_flops(24)
    with pytest.raises(ValueError, match="not 0"):
        encoder_flops(0)


@pytest.mark.slow
def test_throughput_says_what_was_reached():
    rows = batch_throughput(TEXTS, sizes=(1, 3), repeats=1)
    assert [row["size"] for row in rows] == [1, 3]
    assert all(row["texts_per_s"] > 0 and 0 < row["utilisation"] < 1.5 for row in rows)
    with pytest.raises(ValueError, match="3 texts"):
        batch_throughput(TEXTS, sizes=(1, 4))
