"""How often a cache of answers is hit: a stream of questions by Zipf's law, and a cache that is full."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def zipf_shares(questions: int, exponent: float = 1.0) -> NDArray[np.float64]:
    """Return how often each question is asked, (questions,), the most popular first; the sum is 1.

    The question at rank r is asked in proportion to ``r ** -exponent`` (Zipf 1949; for web requests,
    Breslau et al. 1999, with exponents from 0.64 to 0.83).

    Examples
    --------
    >>> zipf_shares(3).round(3)
    array([0.545, 0.273, 0.182])
    """
    if questions < 1:
        raise ValueError(f"need at least 1 question, but got {questions}")
    weights = np.arange(1, questions + 1, dtype=float) ** -exponent
    return weights / weights.sum()


@dataclass(frozen=True)
class Workload:
    """What is asked of a service.

    Attributes
    ----------
    questions : int
        Different ones, as to their answer.
    wordings : int
        Of each question, equally frequent beyond the first.
    reworded : float
        Share of the requests in another wording than the first.
    exponent : float
        Of Zipf's law.
    """

    questions: int = 10_000
    wordings: int = 20
    reworded: float = 0.5
    exponent: float = 0.8


def zipf_stream(workload: Workload, n: int, seed: int = 0) -> tuple[Ints, Ints]:
    """Draw n requests: the question of each, and its wording (0 is the usual one).

    Examples
    --------
    >>> questions, wordings = zipf_stream(Workload(), 1000)
    >>> questions.shape, bool(0.45 < (wordings > 0).mean() < 0.55)
    ((1000,), True)
    """
    if workload.wordings < 2 and workload.reworded > 0:
        raise ValueError(f"{workload.wordings} wordings cannot be reworded")
    rng = np.random.default_rng(seed)
    questions = rng.choice(workload.questions, n, p=zipf_shares(workload.questions, workload.exponent))
    other = rng.integers(1, max(workload.wordings, 2), n)
    return questions, np.where(rng.random(n) < workload.reworded, other, 0)


@dataclass(frozen=True)
class HitRates:
    """Shares of the requests after the warm-up."""

    exact: float
    near: float
    false: float  # another question's answer was given


def lru_hit_rate(
    stream: tuple[Ints, Ints],
    size: int,
    *,
    near: float = 0.0,
    false: float = 0.0,
    warm_up: float = 0.5,
    seed: int = 0,
) -> HitRates:
    """Replay a stream against a cache of wordings that keeps those used last.

    Parameters
    ----------
    stream : (questions, wordings)
        Of `zipf_stream`.
    size : int
        Wordings that fit in.
    near : float
        Chance that another wording of the same question, kept with its answer, is recognised.
    false : float
        Chance that a request that finds nothing is taken for another question: a wrong answer, and fast.
    warm_up : float
        Share of the stream before which nothing is counted.
    seed : int

    Examples
    --------
    >>> stream = zipf_stream(Workload(), 20_000)
    >>> plain, semantic = lru_hit_rate(stream, 1000), lru_hit_rate(stream, 1000, near=0.3)
    >>> plain.near, semantic.near > 0.02
    (0.0, True)
    """
    if size < 1:
        raise ValueError(f"a cache of size {size} keeps nothing")
    rng = np.random.default_rng(seed)
    draws = rng.random((len(stream[0]), 2))
    kept: OrderedDict[tuple[int, int], None] = OrderedDict()
    of: dict[int, list[tuple[int, int]]] = {}  # the kept wordings of each question, the last put in last
    counts, start = np.zeros(3), int(len(stream[0]) * warm_up)
    for i, key in enumerate(zip(*(values.tolist() for values in stream), strict=True)):
        if key in kept:
            kind, used = 0, key
        elif of.get(key[0]) and draws[i, 0] < near:
            kind, used = 1, of[key[0]][-1]
        elif kept and draws[i, 1] < false:
            kind, used = 2, next(reversed(kept))
        else:
            kind, used = None, key
            of.setdefault(key[0], []).append(key)
            kept[key] = None
            if len(kept) > size:
                old, _ = kept.popitem(last=False)
                of[old[0]].remove(old)
        kept.move_to_end(used)
        if kind is not None and i >= start:
            counts[kind] += 1
    return HitRates(*(counts / (len(stream[0]) - start)).tolist())


def che_hit_rate(shares: NDArray[np.float64], size: int) -> float:
    """Return the hit rate of an LRU cache by formula (Che, Tung & Wang 2002), without replaying anything.

    An item is in the cache if it was asked for within the last T requests, where T is such that the cache is
    just full: ``sum(1 - exp(-share * T)) = size``.

    Parameters
    ----------
    shares : float array (n,)
        How often each item is asked for; the sum is 1.
    size : int

    Examples
    --------
    >>> round(che_hit_rate(zipf_shares(10_000, 0.8), 1000), 3)
    0.437
    """
    from scipy.optimize import brentq

    if size < 1:
        raise ValueError(f"a cache of size {size} keeps nothing")
    if size >= len(shares):
        return 1.0
    full = brentq(lambda t: (1 - np.exp(-shares * t)).sum() - size, 0, 1e3 / shares.min())
    return float((shares * (1 - np.exp(-shares * full))).sum())
