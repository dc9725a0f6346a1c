"""Each formula of formulas_h, computed by another route."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(
    ("size", "overlap", "fact"), [(300, 20, 100), (400, 50, 150), (600, 30, 120), (300, 50, 51)]
)
def test_split_facts_percent_tries_every_starting_point(size, overlap, fact):
    stride = size - overlap
    begins = np.arange(0, 40 * stride, stride)
    starts = np.arange(10 * stride, 20 * stride)  # whole strides, away from both ends
    whole = (begins <= starts[:, None]) & (starts[:, None] + fact <= begins + size)
    split = 100 * (~whole.any(axis=1)).mean()
    assert FORMULAS["split_facts_percent"](size, overlap, fact) == pytest.approx(split)


@pytest.mark.parametrize("dims", [64, 100, 400])
def test_dimensions_with_spread_from_drawn_vectors(dims):
    vectors = np.random.default_rng(0).normal(size=(2, 50_000, dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    spread = (vectors[0] * vectors[1]).sum(axis=1).std()
    assert FORMULAS["dimensions_with_spread"](spread) == pytest.approx(dims, rel=0.03)


@pytest.mark.parametrize(("gap", "temperature"), [(0.1, 0.05), (0.05, 0.02), (0.2, 0.1)])
def test_pull_of_harder_negative_by_autograd(gap, temperature):
    cosines = torch.tensor([[0.7, 0.3 + gap, 0.3, 0.1]], dtype=torch.float64, requires_grad=True)
    F.cross_entropy(cosines / temperature, torch.tensor([0])).backward()
    ratio = (cosines.grad[0, 1] / cosines.grad[0, 2]).item()
    assert FORMULAS["pull_of_harder_negative"](gap, temperature) == pytest.approx(ratio)


@pytest.mark.parametrize(("machine", "price", "tokens"), [(600, 0.1, 200), (1500, 0.02, 50)])
def test_texts_a_day_to_break_even_makes_the_bills_equal(machine, price, tokens):
    texts = FORMULAS["texts_a_day_to_break_even"](machine, price, tokens)
    bill = sum(texts * tokens * price / 1_000_000 for day in range(30))
    assert bill == pytest.approx(machine)
