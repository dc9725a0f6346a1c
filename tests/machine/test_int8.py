"""Matrix products in int8: against whole numbers, against float32, and row by row."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.machine import Int8Linear, quantize_rows


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(st.integers(1, 300), st.integers(1, 70), st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_equals_the_product_of_the_codes(rows, inner, outer, seed):
    x, weight, bias = random(rows, inner, seed=seed), random(outer, inner), random(outer, seed=1)
    (codes, scales), (weights, steps) = quantize_rows(x), quantize_rows(weight, 64)
    expected = codes.double() @ weights.double().T * scales * steps.T + bias
    torch.testing.assert_close(Int8Linear(weight, bias)(x).double(), expected, rtol=1e-5, atol=1e-5)


def test_no_product_is_cut_off_where_all_codes_are_extreme():
    # 16 bits hold no sum of two products of 255 and 127: the reason for weights of 7 bits.
    x, weight = torch.ones(3, 64), torch.ones(5, 64)
    torch.testing.assert_close(Int8Linear(weight, torch.zeros(5))(x), x @ weight.T)
    torch.testing.assert_close(Int8Linear(-weight, torch.zeros(5))(-x), x @ weight.T)


@given(st.integers(1, 20), st.floats(1e-6, 1e6), st.sampled_from([64, 127]))
@settings(max_examples=30, deadline=None)
def test_codes_are_half_a_step_away_at_the_most(d, size, largest):
    x = size * random(4, d, seed=d)
    codes, scales = quantize_rows(x, largest)
    assert codes.dtype == torch.int8
    assert int(codes.abs().max()) == largest
    assert bool(((codes * scales - x).abs() <= 0.5001 * scales).all())


def test_a_row_does_not_depend_on_its_neighbours_and_zeros_stay():
    linear = Int8Linear(random(7, 48), torch.zeros(7))
    x = random(260, 48, seed=1)
    x[5], x[6] = 1000 * x[5], 0
    together = linear(x)
    alone = torch.cat([linear(row[None]) for row in x])
    torch.testing.assert_close(together, alone, rtol=0, atol=0)
    assert not together[6].any()


def test_the_residual_is_added():
    linear, x, residual = Int8Linear(random(7, 48), random(7)), random(3, 48), random(3, 7, seed=2)
    torch.testing.assert_close(linear(x, residual=residual), linear(x) + residual)


def test_close_to_float32():
    weight, x = random(64, 384), random(50, 384, seed=3)
    exact, ours = x @ weight.T, Int8Linear(weight, torch.zeros(64))(x)
    assert np.linalg.norm(exact - ours) < 0.02 * np.linalg.norm(exact)
