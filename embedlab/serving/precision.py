"""Sixteen bits instead of thirty-two: what float16 cannot hold, and what both kinds cost in quality.

float16 has 5 bits of exponent and 10 of fraction: numbers up to 65,504, about three digits. bfloat16 has
float32's 8 bits of exponent and 7 of fraction: numbers as large as float32's, about two digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embedlab.encoder import BertEncoder, layer_norm
from embedlab.tokenizer import WordPieceTokenizer, pad

Floats = NDArray[np.float32]
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def masked_weights(scores: Tensor, mask: Tensor, fill: float, dtype: str) -> Tensor:
    """Mask as many models do, by adding ``(1 - mask) * fill`` to the scores, all in one dtype; then softmax.

    Parameters
    ----------
    scores : tensor (..., t)
    mask : tensor (..., t), 1 at a token and 0 at padding
    fill : float
        A very negative number: -1e9 in the first BERTs for TensorFlow, -10000 in those for torch.
    dtype : {"float32", "float16", "bfloat16"}

    Returns
    -------
    tensor (..., t) of float32
        Attention weights. In float16 -1e9 becomes -inf, and 0 x -inf, at every real token, is NaN.

    Examples
    --------
    >>> scores, mask = torch.tensor([1.0, 1.0, 5.0]), torch.tensor([1, 1, 0])
    >>> masked_weights(scores, mask, -1e9, "float32")
    tensor([0.5000, 0.5000, 0.0000])
    >>> masked_weights(scores, mask, -1e9, "float16")
    tensor([nan, nan, nan])
    >>> masked_weights(scores, mask, -10_000, "float16")
    tensor([0.5000, 0.5000, 0.0000])
    """
    kind = _dtype(dtype)
    added = (1 - mask.to(kind)) * torch.tensor(fill).to(kind)
    return (scores.to(kind) + added).softmax(-1).float()


def rounded_layer_norm(x: Tensor, dtype: str) -> Tensor:
    """Norm vectors with every step rounded to a dtype; weight 1 and bias 0.

    In float16 the square of a number above 255 is infinite, and all that is divided by it becomes 0.
    Libraries add up in float32 for this reason.

    Examples
    --------
    >>> x = torch.tensor([300.0, -300.0, 300.0, -300.0])
    >>> rounded_layer_norm(x, "float32"), rounded_layer_norm(x, "float16")
    (tensor([ 1., -1.,  1., -1.]), tensor([0., 0., 0., 0.]))
    """
    kind = _dtype(dtype)
    one = torch.ones(x.shape[-1], dtype=kind)
    return layer_norm(x.to(kind), one, 0 * one).float()


def _dtype(name: str) -> torch.dtype:
    if name not in DTYPES:
        raise ValueError(f"there is no dtype {name!r} here; choose from {', '.join(DTYPES)}")
    return DTYPES[name]


def in_precision(encoder: BertEncoder, dtype: str, device: str = "cpu") -> BertEncoder:
    """Return the encoder with its weights, and so all that it computes, in a dtype and on a device."""
    kind = _dtype(dtype)
    weights = {name: weight.to(device, kind) for name, weight in encoder.weights.items()}
    return BertEncoder(encoder.config, weights, encoder.sha256)


class PrecisionEncoder:
    """Texts to vectors in a dtype, on a device: the same code on a CPU and on a GPU.

    Parameters
    ----------
    dtype : {"float32", "float16", "bfloat16"}
    device : str
        "cpu", "cuda" or another of torch's.
    max_length : int
        Tokens of a text that are read.

    Examples
    --------
    >>> vectors = [PrecisionEncoder(dtype).encode(["a cat sat"])[0] for dtype in ("float32", "bfloat16")]
    >>> bool(0.999 < vectors[0] @ vectors[1] < 1)
    True
    """

    def __init__(self, dtype: str = "float32", device: str = "cpu", *, max_length: int = 256):
        self.encoder = in_precision(BertEncoder.load(), dtype, device)
        self.tokenizer, self.device, self.max_length = WordPieceTokenizer.load(), device, max_length

    @torch.inference_mode()
    def hidden(self, texts: Sequence[str]) -> tuple[list[Tensor], Tensor]:
        """Return what each layer puts out for a batch, (n, t, d) each, the embeddings first; and the mask."""
        sequences = self.tokenizer.encode_batch(list(texts), max_length=self.max_length)
        ids, mask = (torch.from_numpy(array).to(self.device) for array in pad(sequences))
        return self.encoder.forward(ids, mask).hidden, mask

    def encode(self, texts: Sequence[str], size: int = 32) -> Floats:
        """Embed texts, ``size`` at a time, sorted by length: float32 (n, d), each of length 1.

        Pooled in float32: a sum over 256 tokens would be rounded at each step.
        """
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.zeros((len(texts), self.encoder.config.hidden_size), np.float32)
        for start in range(0, len(texts), size):
            rows = order[start : start + size]
            hidden, mask = self.hidden([texts[i] for i in rows])
            weight = mask[:, :, None].float()
            means = (hidden[-1].float() * weight).sum(1) / weight.sum(1)
            vectors[rows] = torch.nn.functional.normalize(means).cpu().numpy()
        return vectors


def largest_by_layer(texts: Sequence[str]) -> list[dict[str, float]]:
    """Find the largest number that the encoder handles in each layer, in float32, without padding.

    Returns
    -------
    list of dict
        For each layer, the embeddings first: ``hidden``, its output; ``inner``, the widest activations of the
        feed-forward part, before GELU (NaN for the embeddings); ``square``, the largest square that the layer
        norm at its end takes. float16 ends at 65,504.
    """
    found: list[dict[str, float]] = []

    class Watching(BertEncoder):
        def _linear(self, x: Tensor, name: str) -> Tensor:
            y = super()._linear(x, name)
            if name.endswith("intermediate.dense"):
                seen["inner"] = max(seen.get("inner", 0.0), float(y.abs().max()))
            return y

        def _norm(self, x: Tensor, name: str) -> Tensor:
            centred = x - x.mean(-1, keepdim=True)
            y = super()._norm(x, name)
            if not name.endswith("attention.output.LayerNorm"):
                seen.update(square=float(centred.square().max()), hidden=float(y.abs().max()))
                rows.append(dict(seen))
                seen.clear()
            return y

    plain, tokenizer = BertEncoder.load(), WordPieceTokenizer.load()
    encoder = Watching(plain.config, plain.weights)
    for text in texts:
        seen: dict[str, float] = {}
        rows: list[dict[str, float]] = []
        ids = torch.tensor([tokenizer.encode(text, max_length=256)])
        with torch.inference_mode():
            encoder.forward(ids, torch.ones_like(ids))
        found = [
            {key: max(row[key], old.get(key, 0.0)) for key in row}
            for row, old in zip(rows, found or [{}] * len(rows), strict=True)
        ]
    return found
