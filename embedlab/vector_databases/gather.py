"""One answer out of the answers of many shards, and how many results each of them has to give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.hybrid import convex, reciprocal_rank
from embedlab.index import Floats, Ints, whole

Part = tuple[Floats, Ints]  # scores and ids of a shard, each (q, any), best first; id -1 where there is none


def merge(parts: Sequence[Part], k: int) -> Part:
    """Keep the k best of what the shards found.

    Exact, if three things hold: each shard gave its own k best, no document lies on two shards, and a score
    means the same on every shard. Of equal scores the smaller id comes first, as in a search of the whole.

    Parameters
    ----------
    parts : sequence of (scores, ids), each (q, any), best first
    k : int

    Returns
    -------
    scores : float32 array (q, k)
    ids : int64 array (q, k)
        Where there are fewer than k, the rest has score -inf and id -1.

    Raises
    ------
    ValueError
        If there are no parts, or k is less than 1.

    Examples
    --------
    >>> one, other = (np.float32([[9, 3]]), np.array([[4, 1]])), (np.float32([[5]]), np.array([[2]]))
    >>> merge([one, other], k=2)
    (array([[9., 5.]], dtype=float32), array([[4, 2]]))
    """
    k = whole("k", k)
    if not parts:
        raise ValueError("need the answer of at least one shard")
    scores = np.concatenate([scores for scores, _ in parts], axis=1).astype(np.float32)
    ids = np.concatenate([ids for _, ids in parts], axis=1).astype(np.int64)
    missing = max(0, k - ids.shape[1])
    scores = np.pad(np.where(ids >= 0, scores, -np.inf), ((0, 0), (0, missing)), constant_values=-np.inf)
    ids = np.pad(ids, ((0, 0), (0, missing)), constant_values=-1)
    order = np.lexsort((np.where(ids >= 0, ids, np.iinfo(np.int64).max), -scores))[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(ids, order, 1)


def without_repeats(part: Part) -> Part:
    """Keep a document's first place only, where two replicas gave it; the rest moves up.

    Examples
    --------
    >>> without_repeats((np.float32([[9, 9, 5]]), np.array([[4, 4, 2]])))
    (array([[  9.,   5., -inf]], dtype=float32), array([[ 4,  2, -1]]))
    """
    scores, ids = np.full(part[0].shape, -np.inf, np.float32), np.full(part[1].shape, -1, np.int64)
    for row, found in enumerate(part[1]):
        first = np.sort(np.unique(found, return_index=True)[1])
        scores[row, : len(first)], ids[row, : len(first)] = part[0][row, first], found[first]
    return scores, ids


def merge_standardised(parts: Sequence[Part], k: int) -> Part:
    """Bring each shard's scores to one scale, then keep the k best: a mistake.

    A shard that holds nothing of use has a best document, too, and this makes it look as good as any.

    Examples
    --------
    >>> good, bad = (np.float32([[9, 8]]), np.array([[1, 2]])), (np.float32([[0.2, 0.1]]), np.array([[3, 4]]))
    >>> merge_standardised([good, bad], k=2)[1]
    array([[1, 3]])
    """
    return convex(parts, [1.0] * len(parts), k)


def merge_by_rank(parts: Sequence[Part], k: int) -> Part:
    """Fuse the shards by reciprocal rank: a mistake, too.

    RRF adds up what several rankings say of the same document. Here no two know the same one, and so the
    first of each shard come first, then the second of each.

    Examples
    --------
    >>> good, bad = (np.float32([[9, 8]]), np.array([[1, 2]])), (np.float32([[0.2, 0.1]]), np.array([[3, 4]]))
    >>> merge_by_rank([good, bad], k=2)[1]
    array([[1, 3]])
    """
    return reciprocal_rank(parts, k)


def chance_to_miss(k: int, shards: int, depth: int) -> float:
    """Return how likely one of the k best is lost, if each of the shards gives only its ``depth`` best.

    Documents lie at random. How many of the k best a shard holds is then binomial, with k tries at 1/shards;
    that of all shards together multinomial. Poisson numbers under the condition that they add up to k are
    distributed alike, so the chance that none is above ``depth`` is a convolution of cut Poisson weights.

    Examples
    --------
    >>> chance_to_miss(k=10, shards=1, depth=9)
    1.0
    >>> round(chance_to_miss(k=10, shards=8, depth=4), 3), chance_to_miss(k=10, shards=8, depth=10)
    (0.036, 0.0)
    """
    from scipy.stats import poisson  # here: a process of a shard has no use for it, and would wait for it

    k, shards, depth = whole("k", k), whole("shards", shards), whole("depth", depth)
    if depth >= k:
        return 0.0
    one = poisson.pmf(np.arange(depth + 1), k / shards)
    together = np.ones(1)
    for _ in range(shards):
        together = np.convolve(together, one)[: k + 1]
    none_lost = together[k] / poisson.pmf(k, k) if len(together) > k else 0.0
    return float(min(1.0, max(0.0, 1 - none_lost)))


def recall_lost(k: int, shards: int, depth: int) -> float:
    """Return the expected share of the k best that is lost, if each shard gives only its ``depth`` best.

    Examples
    --------
    >>> round(recall_lost(k=10, shards=8, depth=4), 4)
    0.004
    """
    from scipy.stats import binom

    held = np.arange(whole("k", k) + 1)
    above = np.maximum(held - whole("depth", depth), 0)
    return float((binom.pmf(held, k, 1 / whole("shards", shards)) * above).sum() * shards / k)


def depth_needed(k: int, shards: int, chance: float = 0.01) -> int:
    """Return how many each shard has to give so that with this chance, at most, one of the k best is lost.

    Raises
    ------
    ValueError
        If the chance is not between 0 and 1.

    Examples
    --------
    >>> [depth_needed(100, shards) for shards in (1, 2, 8, 32)]
    [100, 63, 23, 10]
    """
    if not 0 < chance < 1:
        raise ValueError(f"chance must be between 0 and 1, but is {chance}")
    return next(depth for depth in range(1, k + 1) if chance_to_miss(k, shards, depth) <= chance)


def simulated_misses(k: int, shards: int, depth: int, *, trials: int = 20_000, seed: int = 0) -> NDArray:
    """Deal the k best to shards at random, again and again: how many of them are lost in each trial, (t,).

    Examples
    --------
    >>> lost = simulated_misses(10, 8, 4)
    >>> round(float((lost > 0).mean()), 2), round(float(lost.mean() / 10), 3)
    (0.04, 0.004)
    """
    held = np.random.default_rng(seed).multinomial(k, np.full(shards, 1 / shards), size=trials)
    return np.maximum(held - depth, 0).sum(axis=1)
