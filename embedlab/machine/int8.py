"""The affine map of `cpu.Linear` in whole numbers: products four times as fast with VNNI, twice with AVX2.

Each row of the input and each row of the weights gets a scale of its own, so that its largest number is the
largest whole one; the products are exact, and both scales are multiplied in afterwards (LLM.int8(), Dettmers
et al. 2022, section 2.1, calls this vector-wise quantization). A row's result does not depend on its
neighbours, as it would with one scale for a batch.
"""

import torch
from torch import Tensor

LARGEST = 127  # of an int8
# AVX2 adds two products of a byte without sign (up to 255) and one with it in 16 bits, and cuts off what is
# too large: 2 x 255 x 64 just fits. With weights of 7 bits all machines find the same numbers.
LARGEST_WEIGHT = 64
ROWS = 128  # at a time, such that what lies between the steps stays in the cache


class Int8Linear:
    """The affine map ``x -> x @ weight.T + bias``, computed in int8.

    Parameters
    ----------
    weight : float32 tensor (out, in)
    bias : float32 tensor (out,)

    Examples
    --------
    >>> double = Int8Linear(2 * torch.eye(3), torch.ones(3))
    >>> double(torch.tensor([[1.0, 2.0, 4.0]])).round(decimals=1)
    tensor([[3., 5., 9.]])
    """

    def __init__(self, weight: Tensor, bias: Tensor):
        self.bias = bias
        codes, scales = quantize_rows(weight, LARGEST_WEIGHT)
        self.codes, self.scales = codes.T, scales[:, 0]  # (in, out), (out,)

    def __call__(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map x of shape (n, in) to (n, out); add ``residual`` (n, out) where it is given."""
        y = x.new_empty(len(x), len(self.scales))
        for rows, out in zip(x.split(ROWS), y.split(ROWS), strict=True):
            codes, scales = quantize_rows(rows)
            products = torch._int_mm(codes, self.codes)  # int32 (rows, out)
            torch.addcmul(self.bias, products * scales, self.scales, out=out)
        return y if residual is None else y.add_(residual)


def quantize_rows(x: Tensor, largest: int = LARGEST) -> tuple[Tensor, Tensor]:
    """Write each row as whole numbers from -largest to largest, times a scale.

    Parameters
    ----------
    x : float32 tensor (n, d)
    largest : int, at most 127

    Returns
    -------
    codes : int8 tensor (n, d)
    scales : float32 tensor (n, 1)
        ``codes * scales`` is x, but for rounding.

    Examples
    --------
    >>> quantize_rows(torch.tensor([[1.0, -0.5], [0.0, 0.0]]))
    (tensor([[127, -64],
            [  0,   0]], dtype=torch.int8), tensor([[7.8740e-03],
            [7.8740e-11]]))
    """
    scales = x.abs().amax(dim=1, keepdim=True).clamp_(min=1e-8).div_(largest)  # a row of zeros has one, too
    return (x / scales).round_().to(torch.int8), scales
