"""A Llama written out: token ids in, the scores of the next token out, with a cache of keys and values.

What differs from chapter 02's encoder: a token sees only those before it, so that keys and values once
computed stay valid; positions are rotations of queries and keys (RoPE); three query heads share a head of
keys and values; the norms take no mean off; the feed-forward part has a gate (Touvron et al. 2023, "LLaMA").
Shapes in the comments: n texts, t tokens, d dimensions (576), h heads (9), g heads of keys and values (3).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention, silu


@dataclass
class Cache:
    """Keys and values of the tokens so far, one pair a layer: (n, g, t, d/h) each."""

    layers: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    mask: Tensor | None = None  # (n, t), True at a token and False at padding

    @property
    def tokens(self) -> int:
        """How many tokens it holds, padding included."""
        return 0 if self.mask is None else self.mask.shape[1]


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Give each vector a mean square of 1, then scale it (Zhang & Sennrich 2019): (..., d).

    Examples
    --------
    >>> rms_norm(torch.tensor([3.0, 4.0]), torch.ones(2), eps=0.0).square().mean()
    tensor(1.)
    """
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight


def rotated(x: Tensor, angles: Tensor) -> Tensor:
    """Rotate pairs of neighbouring components, each by its angle (Su et al. 2021, "RoFormer").

    The product of a rotated query and a rotated key depends on how far apart they stand, not on where.

    Parameters
    ----------
    x : tensor (n, heads, t, d/h)
    angles : tensor (n, 1, t, d/2h)
        Position times frequency.

    Examples
    --------
    >>> rotated(torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[torch.pi / 2]]]])).round().abs().squeeze()
    tensor([0., 1.])
    """
    even, odd = x[..., ::2], x[..., 1::2]
    cos, sin = angles.cos(), angles.sin()
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class Llama:
    """A decoder with the weights of one model.

    Parameters
    ----------
    weights : dict of tensors
        By their GGUF names: "token_embd.weight", "blk.0.attn_q.weight" and so on.
    layers, heads, kv_heads : int
    base : float
        Of the frequencies of the rotations.
    eps : float
        Of the norms.
    """

    def __init__(
        self, weights: dict[str, Tensor], *, layers: int, heads: int, kv_heads: int, base: float, eps: float
    ):
        self.weights, self.layers, self.heads, self.kv_heads = weights, layers, heads, kv_heads
        self.base, self.eps = base, eps
        embeddings = weights["token_embd.weight"]
        size = embeddings.shape[1] // heads
        powers = torch.arange(0, size, 2, device=embeddings.device) / size
        self.frequencies = base**-powers  # (d/2h,)

    @torch.inference_mode()
    def forward(
        self, ids: Tensor, cache: Cache, mask: Tensor | None = None, *, every: bool = False
    ) -> Tensor:
        """Read tokens, and score what may come next.

        Parameters
        ----------
        ids : tensor (n, t)
            What comes after the tokens of the cache.
        cache : Cache
            Filled on the way.
        mask : tensor (n, t), bool, optional
            False at padding, which has to stand on the left: the last token of all texts is in one column.
        every : bool
            Score the token after each; else only after the last.

        Returns
        -------
        tensor (n, t or 1, vocabulary)
        """
        new = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
        cache.mask = new if cache.mask is None else torch.cat([cache.mask, new], dim=1)
        positions = (cache.mask.long().cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]  # (n, t)
        angles = positions[:, None, :, None] * self.frequencies  # (n, 1, t, d/2h)
        seen = cache.mask[:, None, None, :]  # (n, 1, 1, all)
        order = torch.arange(cache.tokens, device=ids.device)
        seen = seen & (order <= order[-ids.shape[1] :, None])  # (n, 1, t, all): none that comes later
        seen = seen | (order == order[-ids.shape[1] :, None])  # padding sees itself: no row without any
        x = self.weights["token_embd.weight"][ids]  # (n, t, d)
        for layer in range(self.layers):
            x = self._layer(x, layer, angles, seen, cache)
        x = rms_norm(x if every else x[:, -1:], self.weights["output_norm.weight"], self.eps)
        return x @ self.weights["token_embd.weight"].T  # the same matrix reads and writes

    def _layer(self, x: Tensor, layer: int, angles: Tensor, seen: Tensor, cache: Cache) -> Tensor:
        def w(name: str) -> Tensor:
            return self.weights[f"blk.{layer}.{name}.weight"]

        def heads(y: Tensor, name: str, count: int) -> Tensor:  # (n, t, d) -> (n, count, t, d/h)
            return (y @ w(name).T).unflatten(-1, (count, -1)).transpose(1, 2)

        normed = rms_norm(x, w("attn_norm"), self.eps)
        q = rotated(heads(normed, "attn_q", self.heads), angles)
        k = rotated(heads(normed, "attn_k", self.kv_heads), angles)
        v = heads(normed, "attn_v", self.kv_heads)
        if len(cache.layers) > layer:
            before = cache.layers[layer]
            k, v = torch.cat([before[0], k], dim=2), torch.cat([before[1], v], dim=2)
            cache.layers[layer] = k, v
        else:
            cache.layers.append((k, v))
        shared = self.heads // self.kv_heads  # query heads that read one head of keys and values
        k, v = k.repeat_interleave(shared, dim=1), v.repeat_interleave(shared, dim=1)
        mixed = scaled_dot_product_attention(q, k, v, attn_mask=seen)  # (n, h, t, d/h)
        x = x + mixed.transpose(1, 2).flatten(-2) @ w("attn_output").T
        normed = rms_norm(x, w("ffn_norm"), self.eps)
        return x + (silu(normed @ w("ffn_gate").T) * (normed @ w("ffn_up").T)) @ w("ffn_down").T
