"""More exercises of chapter 02: stable softmax, the causal variant of attention, and counting parameters."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _scores(rng: np.random.Generator) -> list[tuple]:
    """List (x,): small, far apart, too large for the exponential function, with -inf in them."""
    import torch

    rows = [[0.0], [5.0], [0.0, 0.0], [1.0, 3.0], [1000.0, 1000.0], [-1000.0, -1000.0], [0.0, -math.inf]]
    rows += [[[1.0, 2.0], [3.0, 3.0]], [[200.0, 100.0], [-100.0, -200.0]], [[0.0, 2.0, -math.inf]]]
    rows += [rng.integers(-3, 4, shape).tolist() for shape in [(3,), (2, 3), (3, 2), (2, 2, 3), (2, 3, 4)]]
    return [(torch.tensor(row, dtype=torch.float32),) for row in rows]


def _qkv(rng: np.random.Generator) -> list[tuple]:
    """List (q, k, v) of one to five tokens."""
    import torch

    shapes = [(1, 1, 1, 1), (1, 1, 2, 1), (1, 1, 2, 2), (1, 1, 3, 1), (1, 1, 3, 4), (1, 2, 2, 4)]
    shapes += [(2, 1, 3, 2), (2, 2, 3, 4), (1, 2, 4, 9), (2, 2, 5, 4)]
    return [
        tuple(torch.tensor(rng.integers(-2, 3, shape), dtype=torch.float32) for _ in range(3))
        for shape in shapes
    ]


def _causal(q, k, v, *, diagonal=1, upper=True, after=False, scale=None):
    import torch

    scores = q @ k.transpose(-2, -1) / (math.sqrt(q.shape[-1]) if scale is None else scale)
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool)
    hidden = hidden.triu(diagonal) if upper else hidden.tril(-diagonal)
    weights = scores.softmax(-1) * ~hidden if after else scores.masked_fill(hidden, -math.inf).softmax(-1)
    return weights @ v, weights


def _sizes(rng: np.random.Generator) -> list[tuple]:
    """List (vocabulary, positions, d, layers)."""
    drawn = rng.integers(1, 9, (8, 4)).tolist()
    return [(1, 1, 1, 0), (1, 1, 1, 1), (2, 1, 1, 0), (1, 1, 2, 1), (10, 4, 2, 2), *map(tuple, drawn)]


def _count(vocabulary, positions, d, layers, *, biases=True, norms=True, wide=4, tables=True):
    norm = 2 * d * norms
    table = (vocabulary + (positions + 2) * tables) * d + norm
    matrices = 4 * d * d + 2 * wide * d * d + biases * (4 * d + wide * d + d)
    return table + layers * (matrices + 2 * norm)


EXERCISES = (
    Exercise(
        name="softmax",
        chapter="02_encoder",
        task="Turn scores, float32 (..., t), into shares that add up to 1 along the last axis. It has to "
        "work for scores of 1000 and of -1000, and -inf gets share 0.",
        reference="embedlab.encoder:softmax",
        cases=_scores,
        hints=(
            "exp(1000) is infinite in float32. What may you add to all scores of a row without changing the "
            "shares?",
            "Subtract the largest score of each row: x.amax(-1, keepdim=True).",
            "Then divide the exponentials by their sum over the last axis, with keepdim=True.",
        ),
        mistakes=(
            Mistake(
                "overflow",
                "exp(1000) is inf, and inf / inf is NaN; exp(-1000) is 0, and 0 / 0 as well. Subtract the "
                "largest score of each row first.",
                lambda x: x.exp() / x.exp().sum(-1, keepdim=True),
            ),
            Mistake(
                "one maximum for all rows",
                "With one maximum for the whole tensor, a row far below it becomes 0 / 0. Each row needs its "
                "own: amax over the last axis.",
                lambda x: (x - x.max()).exp() / (x - x.max()).exp().sum(-1, keepdim=True),
            ),
            Mistake(
                "divided by the sum of everything",
                "Each row has to add up to 1 by itself: sum over the last axis, with keepdim=True.",
                lambda x: (x - x.amax(-1, keepdim=True)).exp() / (x - x.amax(-1, keepdim=True)).exp().sum(),
            ),
        ),
        follow_up="A fused kernel sees the keys block by block. Which two numbers does it have to keep for "
        "each row to get the same softmax without ever seeing the row whole?",
    ),
    Exercise(
        name="causal_attention",
        chapter="02_encoder",
        task="Attention of a decoder: q, k, v float32 (n, h, t, size) give (context, weights); token i takes "
        "from the tokens up to i, itself included, and from none after it.",
        reference="embedlab.encoder:causal_attention",
        cases=_qkv,
        hints=(
            "Scores as in `attention`. In row i, which columns are forbidden?",
            "torch.ones(t, t, dtype=torch.bool).triu(1) is True above the diagonal.",
            "masked_fill the scores with -inf there, then softmax over the keys, then weights @ v.",
        ),
        mistakes=(
            Mistake(
                "the diagonal masked, too",
                "A token may look at itself. With the diagonal masked, the first row has nothing left: NaN.",
                lambda q, k, v: _causal(q, k, v, diagonal=0),
            ),
            Mistake(
                "the past masked instead of the future",
                "Rows are queries, columns are keys: what comes later lies right of the diagonal (triu).",
                lambda q, k, v: _causal(q, k, v, upper=False),
            ),
            Mistake(
                "masked after the softmax",
                "The rows no longer add up to 1: the future had its share of the softmax. Mask the scores.",
                lambda q, k, v: _causal(q, k, v, after=True),
            ),
            Mistake(
                "no mask",
                "Every token sees the whole text, as in an encoder.",
                lambda q, k, v: _causal(q, k, v, diagonal=99),
            ),
            Mistake(
                "not scaled",
                "Divide the scores by the square root of q.shape[-1].",
                lambda q, k, v: _causal(q, k, v, scale=1),
            ),
        ),
        follow_up="When one token is added to the text, which rows of the weights change? What may a server "
        "keep from the step before?",
    ),
    Exercise(
        name="count_parameters",
        chapter="02_encoder",
        task="Count the parameters of a BERT without pooler from (vocabulary, positions, d, layers): three "
        "tables (two segments), feed-forward 4d wide, biases, two norms a layer and one after the tables.",
        reference="embedlab.encoder:count_parameters",
        cases=_sizes,
        hints=(
            "Tables: (vocabulary + positions + 2) * d. A layer norm: 2 * d.",
            "Attention has four matrices of d * d and four biases of d.",
            "Feed-forward: d * 4d + 4d on the way up, 4d * d + d on the way down.",
        ),
        mistakes=(
            Mistake(
                "biases left out",
                "Each matrix has a bias as long as its output: four of d, one of 4d, one of d.",
                lambda *a: _count(*a, biases=False),
            ),
            Mistake(
                "layer norms left out",
                "A norm has a weight and a bias of d: two norms a layer, and one after the tables.",
                lambda *a: _count(*a, norms=False),
            ),
            Mistake(
                "position and segment tables left out",
                "Positions and the two segments have rows of d, too.",
                lambda *a: _count(*a, tables=False),
            ),
            Mistake(
                "feed-forward of width d",
                "The feed-forward part is four times as wide as the vectors.",
                lambda *a: _count(*a, wide=1),
            ),
        ),
        follow_up="Which share of them is multiplied with each token? What does that say about speed?",
    ),
)
