"""Another correct way of writing each exercise of encoder."""

import functools

import torch
import torch.nn.functional as F


def split_heads(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


def attention(q, k, v, mask):
    powers = torch.exp(torch.einsum("nhqs,nhks->nhqk", q, k) * q.shape[-1] ** -0.5)
    powers = torch.einsum("nhqk,nk->nhqk", powers, mask.to(q.dtype))
    weights = powers / powers.sum(dim=-1, keepdim=True)
    return torch.einsum("nhqk,nhks->nhqs", weights, v), weights


def layer_norm(x, weight, bias, eps=1e-12):
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x * x).mean(dim=-1, keepdim=True) - mean * mean
    return torch.addcmul(bias, weight, (x - mean) * torch.rsqrt(variance.clamp(min=0) + eps))


def softmax(x):
    return torch.exp(x - torch.logsumexp(x, dim=-1, keepdim=True))


def causal_attention(q, k, v):
    t = q.shape[-2]
    contexts, weights = [], torch.zeros(*q.shape[:-1], t)
    for i in range(t):  # as with a key-value cache: one query, all keys so far
        scores = torch.einsum("nhs,nhks->nhk", q[:, :, i], k[:, :, : i + 1]) * q.shape[-1] ** -0.5
        weights[:, :, i, : i + 1] = scores.softmax(-1)
        contexts.append(torch.einsum("nhk,nhks->nhs", weights[:, :, i], v))
    return torch.stack(contexts, dim=2), weights


def embed(ids, weights):
    names = ("word", "position", "token_type")
    tables = [weights[f"embeddings.{name}_embeddings.weight"] for name in names]
    places, zeros = torch.arange(ids.shape[1]).expand_as(ids), torch.zeros_like(ids)
    x = sum(F.embedding(rows, table) for rows, table in zip((ids, places, zeros), tables, strict=True))
    norm = [weights[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias")]
    return F.layer_norm(x, x.shape[-1:], *norm, eps=1e-12)


def layer(x, mask, weights, i, heads):
    mine = {
        name.removeprefix(f"encoder.layer.{i}."): w
        for name, w in weights.items()
        if name.startswith(f"encoder.layer.{i}.")
    }

    def part(x, name, run):
        return run(x, mine[f"{name}.weight"], mine[f"{name}.bias"])

    def norm(x, weight, bias):
        return F.layer_norm(x, x.shape[-1:], weight, bias, eps=1e-12)

    q, k, v = (
        part(x, f"attention.self.{name}", F.linear).unflatten(-1, (heads, -1)).transpose(1, 2)
        for name in ("query", "key", "value")
    )
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.bool()[:, None, None, :])
    mixed = part(mixed.transpose(1, 2).flatten(-2), "attention.output.dense", F.linear)
    x = part(x + mixed, "attention.output.LayerNorm", norm)
    inner = part(F.gelu(part(x, "intermediate.dense", F.linear)), "output.dense", F.linear)
    return part(x + inner, "output.LayerNorm", norm)


def forward(ids, mask, weights, layers, heads):
    return functools.reduce(
        lambda x, i: layer(x, mask, weights, i, heads), range(layers), embed(ids, weights)
    )


def count_parameters(vocabulary, positions, d, layers):
    return d * (vocabulary + positions + 4) + layers * (12 * d * d + 13 * d)
