"""What the kinds of positions promise."""

import pytest
import torch

from embedlab.encoder import alibi, rotary, sinusoids


@pytest.fixture
def pair():
    return torch.randn(2, 16, generator=torch.Generator().manual_seed(0))


def test_rotated_products_depend_on_the_distance_alone(pair):
    q, k = (rotary(vector.expand(40, 16)) for vector in pair)
    scores = q @ k.T
    for distance in (-7, 0, 3):
        torch.testing.assert_close(
            scores.diagonal(distance),
            scores.diagonal(distance)[:1].expand(40 - abs(distance)),
            rtol=0,
            atol=1e-4,
        )
    assert scores[0].std() > 0.1  # but they do depend on it


def test_rotating_keeps_lengths(pair):
    torch.testing.assert_close(rotary(pair).norm(dim=-1), pair.norm(dim=-1))


def test_products_of_sinusoids_depend_on_the_distance_alone():
    table = sinusoids(64, 32)
    scores = table @ table.T
    torch.testing.assert_close(scores.diagonal(5), scores.diagonal(5)[:1].expand(59), rtol=0, atol=1e-4)


def test_alibi_falls_evenly():
    bias = alibi(5, 0.25)
    assert bias[2].tolist() == [-0.5, -0.25, 0, -0.25, -0.5]
