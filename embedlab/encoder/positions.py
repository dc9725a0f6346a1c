"""Other ways to tell a token its place than BERT's learned table: sinusoids, RoPE, ALiBi."""

import torch
from torch import Tensor


def _angles(t: int, size: int, base: float) -> Tensor:
    """Return position times frequency: (t, size / 2), the frequencies falling from 1 to 1 / base."""
    frequencies = base ** (-torch.arange(0, size, 2) / size)
    return torch.arange(t)[:, None] * frequencies


def sinusoids(t: int, d: int, base: float = 10_000.0) -> Tensor:
    """Return a fixed table of positions, (t, d), to be added (Vaswani et al. 2017, section 3.5).

    Examples
    --------
    >>> sinusoids(2, 2)
    tensor([[0.0000, 1.0000],
            [0.8415, 0.5403]])
    """
    angles = _angles(t, d, base)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def rotary(x: Tensor, base: float = 10_000.0) -> Tensor:
    """Rotate queries or keys, (..., t, size), pair by pair, by their position (Su et al. 2021, RoPE).

    Then the product of a query and a key depends on how far apart they are, not on where they stand.

    Examples
    --------
    >>> rotary(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    angles = _angles(*x.shape[-2:], base)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = (a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())
    return torch.stack(turned, dim=-1).flatten(-2)


def alibi(t: int, slope: float) -> Tensor:
    """Return what is added to the scores of one head, (t, t): a penalty that grows with the distance.

    The paper has it for decoders, with a slope for each head (Press et al. 2022); this is the two-sided form
    that encoders use.

    Examples
    --------
    >>> alibi(2, 0.5)
    tensor([[-0.0000, -0.5000],
            [-0.5000, -0.0000]])
    """
    places = torch.arange(t)
    return -slope * (places[:, None] - places).abs().float()
