"""The exercises of chapter 02: attention, the heads, and layer norm."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _tensor(values):
    import torch

    return torch.tensor(np.asarray(values, dtype=np.float32))


def _masked(rng: np.random.Generator) -> list[tuple]:
    """List (q, k, v, mask): one to five tokens, with and without padding, never a text of padding alone."""
    import torch

    shapes = [(1, 1, 1, 1), (1, 1, 2, 1), (1, 1, 2, 4), (1, 1, 3, 2), (1, 2, 2, 4), (2, 1, 3, 4)]
    shapes += [(2, 2, 3, 2), (2, 2, 4, 4), (3, 2, 4, 9), (2, 3, 5, 4)]
    cases = []
    for n, h, t, size in shapes:
        for lengths in (np.full(n, t), rng.integers(1, t + 1, n)):
            q, k, v = (_tensor(rng.integers(-2, 3, (n, h, t, size))) for _ in range(3))
            cases.append((q, k, v, torch.tensor((np.arange(t) < lengths[:, None]).astype(np.int64))))
    return cases


def _weighted(q, k, v, mask, *, scale=None, where=None, axis=-1):
    """Attention with parts to be spoiled."""
    scores = q @ k.transpose(-2, -1) / (math.sqrt(q.shape[-1]) if scale is None else scale)
    where = mask[:, None, None, :] if where is None else where
    weights = scores.masked_fill(where == 0, -math.inf).softmax(dim=axis)
    return weights @ v, weights


def _without_mask(q, k, v, mask):
    return _weighted(q, k, v, mask, where=mask.new_ones(1))


def _mask_after_softmax(q, k, v, mask):
    weights = _without_mask(q, k, v, mask)[1] * mask[:, None, None, :]
    return weights @ v, weights


def _mask_as_zero_scores(q, k, v, mask):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]) * mask[:, None, None, :]
    weights = scores.softmax(dim=-1)
    return weights @ v, weights


def _token_vectors(rng: np.random.Generator) -> list[tuple]:
    """List (x, heads); every number differs, so that each can be seen where it has gone."""
    import torch

    shapes = [(1, 1, 2, 2), (1, 2, 2, 1), (1, 2, 2, 2), (1, 1, 4, 2), (1, 2, 4, 2), (2, 1, 2, 2)]
    shapes += [(2, 2, 4, 2), (1, 3, 4, 2), (2, 3, 6, 3), (3, 2, 6, 2), (2, 4, 8, 4), (2, 3, 12, 3)]
    cases = []
    for n, t, d, heads in shapes:
        start = int(rng.integers(0, 10))
        x = torch.arange(start, start + n * t * d, dtype=torch.float32)
        cases.append((x.view(n, t, d), heads))
    return cases


def _interleaved(x, heads):
    n, t, d = x.shape
    return x.reshape(n, t, d // heads, heads).permute(0, 3, 1, 2)


def _vectors(rng: np.random.Generator) -> list[tuple]:
    """List (x, weight, bias, eps): few and many dimensions, a constant vector, a large eps."""
    cases = []
    for shape in [(2,), (3,), (1, 2), (2, 2), (2, 3), (3, 4), (1, 2, 3), (2, 3, 4), (3, 2, 5)]:
        for eps in (1e-12, 1.0):
            x, d = rng.integers(-5, 6, shape), shape[-1]
            cases.append((_tensor(x), _tensor(rng.integers(1, 4, d)), _tensor(rng.integers(-3, 4, d)), eps))
    constant = [[2.0, 2.0], [1.0, 3.0]]
    return [*cases, (_tensor(constant), _tensor([1.0, 1.0]), _tensor([0.0, 0.0]), 1e-12)]


def _normed(x, weight, bias, eps, *, axis=-1, bessel=0):
    return (x - x.mean(axis, keepdim=True)) / _deviation(x, eps, axis, bessel) * weight + bias


def _deviation(x, eps, axis, bessel):
    return (x.var(axis, keepdim=True, correction=bessel) + eps).sqrt()


EXERCISES = (
    Exercise(
        name="split_heads",
        chapter="02_encoder",
        task="Cut each token's vector into one piece a head: float32 (n, t, d) gives (n, heads, t, d / "
        "heads); head 0 gets the first d / heads numbers of every token, and so on.",
        reference="embedlab.encoder:split_heads",
        cases=_token_vectors,
        hints=(
            "Only the last axis is cut. Which shape has it cut, and everything else as before?",
            "x.view(n, t, heads, d // heads) keeps each token's numbers together.",
            "Then heads has to stand before t: transpose(1, 2).",
        ),
        mistakes=(
            Mistake(
                "view without transpose",
                "A view keeps the order in memory, so tokens are torn apart: a head gets all numbers of a "
                "few tokens. Cut the last axis first, then swap the axes of tokens and heads.",
                lambda x, heads: x.reshape(len(x), heads, x.shape[1], -1),
            ),
            Mistake(
                "axes not swapped",
                "The pieces are right, but the axes are (n, t, heads, size). Matrix products work on the "
                "last two axes, which have to be t and size.",
                lambda x, heads: x.reshape(*x.shape[:2], heads, -1),
            ),
            Mistake(
                "heads interleaved",
                "A head gets neighbouring numbers, not every so-many-th one: heads comes before its size.",
                _interleaved,
            ),
        ),
        follow_up="After the transpose, the numbers no longer lie in memory in the order of the axes. Why "
        "does merge_heads need reshape, where view would fail?",
    ),
    Exercise(
        name="attention",
        chapter="02_encoder",
        task="Mix values by how well queries match keys: q, k, v float32 (n, h, t, size) and mask int64 (n, "
        "t), 0 at padding, give (context, weights) of shapes (n, h, t, size) and (n, h, t, t).",
        reference="embedlab.encoder:attention",
        cases=_masked,
        hints=(
            "Scores are q @ k.transpose(-2, -1), divided by the square root of the size: row by query, "
            "column by key.",
            "Padded keys must get weight 0. Which score makes the exponential function 0?",
            "mask[:, None, None, :] has shape (n, 1, 1, t). masked_fill(... == 0, -math.inf), softmax over "
            "the keys, then weights @ v.",
        ),
        mistakes=(
            Mistake(
                "not scaled",
                "The scores are not divided: products of long vectors are large, and softmax of large "
                "numbers looks at one token only. Divide by the square root of q.shape[-1].",
                lambda q, k, v, mask: _weighted(q, k, v, mask, scale=1),
            ),
            Mistake(
                "scaled by the size, not its root",
                "The spread of a sum of independent products grows with the root of their number.",
                lambda q, k, v, mask: _weighted(q, k, v, mask, scale=q.shape[-1]),
            ),
            Mistake(
                "no mask",
                "Padding gets weight. Its scores have to be -inf before the softmax.",
                _without_mask,
            ),
            Mistake(
                "mask after the softmax",
                "The weights of real tokens no longer add up to 1, since padding had its share of the "
                "softmax. Mask the scores, before it.",
                _mask_after_softmax,
            ),
            Mistake(
                "scores of padding set to 0",
                "A score of 0 is a score like any other: exp(0) is 1. Minus infinity gives weight 0.",
                _mask_as_zero_scores,
            ),
            Mistake(
                "queries masked instead of keys",
                "The columns are the keys. The mask belongs on the last axis: mask[:, None, None, :].",
                lambda q, k, v, mask: _weighted(q, k, v, mask, where=mask[:, None, :, None]),
            ),
            Mistake(
                "softmax over the queries",
                "Each row of weights belongs to one query and adds up to 1: softmax over the last axis.",
                lambda q, k, v, mask: _weighted(q, k, v, mask, axis=-2),
            ),
        ),
        follow_up="The weights take n * h * t * t numbers. How could you get the context without ever "
        "holding all of them?",
    ),
    Exercise(
        name="layer_norm",
        chapter="02_encoder",
        task="Give each vector of x, float32 (..., d), mean 0 and variance 1, then multiply by weight (d,) "
        "and add bias (d,); eps is added to the variance, under the root.",
        reference="embedlab.encoder:layer_norm",
        cases=_vectors,
        hints=(
            "Mean and variance go over the last axis; keepdim=True lets them be subtracted and divided.",
            "The variance is the mean of the squared differences from the mean.",
            "(x - mean) / torch.sqrt(variance + eps) * weight + bias.",
        ),
        mistakes=(
            Mistake(
                "Bessel correction",
                "torch.var divides by d - 1 unless told otherwise. Layer norm divides by d: correction=0.",
                lambda x, weight, bias, eps: _normed(x, weight, bias, eps, bessel=1),
            ),
            Mistake(
                "normalised over the first axis",
                "That mixes different tokens or texts, as batch norm does. Each vector is normalised by "
                "itself: the last axis.",
                lambda x, weight, bias, eps: _normed(x, weight, bias, eps, axis=0),
            ),
            Mistake(
                "normalised over everything",
                "One mean for all makes each vector depend on its neighbours. Use the last axis.",
                lambda x, weight, bias, eps: _normed(x, weight, bias, eps, axis=tuple(range(x.ndim))),
            ),
            Mistake(
                "eps outside the root",
                "eps is added to the variance, before the root is taken.",
                lambda x, weight, bias, eps: (
                    (x - x.mean(-1, keepdim=True)) / (_deviation(x, 0, -1, 0) + eps) * weight + bias
                ),
            ),
            Mistake(
                "no eps",
                "A vector of equal numbers has variance 0, and 0 / 0 is NaN. Add eps to the variance.",
                lambda x, weight, bias, eps: _normed(x, weight, bias, 0),
            ),
            Mistake(
                "divided by the variance",
                "Divide by the standard deviation, which is the root of the variance.",
                lambda x, weight, bias, eps: (
                    (x - x.mean(-1, keepdim=True)) / _deviation(x, eps, -1, 0) ** 2 * weight + bias
                ),
            ),
            Mistake(
                "mean not subtracted",
                "That is close to RMSNorm. Layer norm subtracts the mean first.",
                lambda x, weight, bias, eps: x / _deviation(x, eps, -1, 0) * weight + bias,
            ),
            Mistake(
                "weight and bias left out",
                "What the layer has learned is missing: multiply by weight and add bias.",
                lambda x, weight, bias, eps: _normed(x, 1, 0, eps),
            ),
        ),
        follow_up="Why does a text's result not depend on the rest of the batch, as it would with batch "
        "norm?",
    ),
)
