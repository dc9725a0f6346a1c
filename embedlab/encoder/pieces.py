"""The encoder's pieces as plain functions of their weights: chapter 02 has the learner write them.

`bert.BertEncoder` is made of the same steps; a test holds the two together. Shapes: n texts, t tokens, d
dimensions, h heads. `weights` has the names that Hugging Face gives them, as `BertEncoder.weights` has.
"""

import math

import torch
from torch import Tensor

from embedlab.encoder.bert import attention, gelu, layer_norm, merge_heads, split_heads


def softmax(x: Tensor) -> Tensor:
    """Turn scores into shares that add up to 1 along the last axis, without overflow.

    The largest score of each row is subtracted first: it cancels, and no exponent is above 0.

    Parameters
    ----------
    x : tensor (..., t)
        -inf is a score that gets nothing; a row needs at least one other.

    Examples
    --------
    >>> softmax(torch.tensor([1000.0, 1000.0, -math.inf]))
    tensor([0.5000, 0.5000, 0.0000])
    """
    powers = torch.exp(x - x.amax(-1, keepdim=True))
    return powers / powers.sum(-1, keepdim=True)


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Let each token look at itself and at those before it, as decoders do (Vaswani et al. 2017, 3.2.3).

    Parameters
    ----------
    q, k, v : tensor (n, h, t, d/h)

    Returns
    -------
    context : tensor (n, h, t, d/h)
    weights : tensor (n, h, t, t), 0 above the diagonal

    Examples
    --------
    >>> q, k, v = torch.zeros(3, 1, 1, 2, 4)
    >>> causal_attention(q, k, v)[1]
    tensor([[[[1.0000, 0.0000],
              [0.5000, 0.5000]]]])
    """
    t = q.shape[-2]
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    later = torch.ones(t, t, dtype=torch.bool, device=q.device).triu(1)  # row: query, column: key
    weights = softmax(scores.masked_fill(later, -math.inf))
    return weights @ v, weights


def embed(ids: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """Add up what a token is, where it stands and which text it belongs to, then norm: (n, t) -> (n, t, d).

    All tokens belong to the first text. There have to be as many positions as tokens.
    """
    words, positions, kinds = (
        weights[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position", "token_type")
    )
    x = words[ids] + positions[: ids.shape[1]] + kinds[0]
    return layer_norm(x, weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])


def layer(x: Tensor, mask: Tensor, weights: dict[str, Tensor], i: int, heads: int) -> Tensor:
    """Run layer i: attention, add, norm; then the feed-forward part, add, norm. (n, t, d) -> (n, t, d).

    Parameters
    ----------
    x : tensor (n, t, d)
    mask : tensor (n, t), 1 at a token and 0 at padding
    weights : {name: tensor}
        A matrix maps x by ``x @ matrix.T + bias``.
    i : int
    heads : int
    """

    def linear(x: Tensor, part: str) -> Tensor:
        name = f"encoder.layer.{i}.{part}"
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: Tensor, part: str) -> Tensor:
        name = f"encoder.layer.{i}.{part}.LayerNorm"
        return layer_norm(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    parts = ("query", "key", "value")
    q, k, v = (split_heads(linear(x, f"attention.self.{part}"), heads) for part in parts)
    context, _ = attention(q, k, v, mask)
    x = norm(x + linear(merge_heads(context), "attention.output.dense"), "attention.output")
    inner = gelu(linear(x, "intermediate.dense"))  # (n, t, 4d)
    return norm(x + linear(inner, "output.dense"), "output")


def forward(ids: Tensor, mask: Tensor, weights: dict[str, Tensor], layers: int, heads: int) -> Tensor:
    """Run the whole encoder: token ids (n, t) to the last layer's token vectors (n, t, d).

    Examples
    --------
    >>> from embedlab.encoder import BertEncoder
    >>> ids = torch.tensor([[101, 7592, 102]])  # [CLS] hello [SEP]
    >>> forward(ids, torch.ones_like(ids), BertEncoder.load().weights, layers=6, heads=12).shape
    torch.Size([1, 3, 384])
    """
    x = embed(ids, weights)
    for i in range(layers):
        x = layer(x, mask, weights, i, heads)
    return x


def count_parameters(vocabulary: int, positions: int, d: int, layers: int) -> int:
    """Count the parameters of a BERT without its pooler, the feed-forward part being 4d wide.

    Two kinds of segment, biases and layer norms are counted, too.

    Examples
    --------
    >>> f"{count_parameters(30_522, 512, 768, 12):,}"  # BERT-base
    '108,891,648'
    """
    norm = 2 * d
    tables = (vocabulary + positions + 2) * d + norm
    attended = 4 * (d * d + d) + norm
    fed_forward = d * 4 * d + 4 * d + 4 * d * d + d + norm
    return tables + layers * (attended + fed_forward)
