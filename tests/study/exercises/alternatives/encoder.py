"""Another correct way of writing each exercise of encoder."""

import torch


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
