"""The rules of dynamic batching: when a batch goes, and which texts go through the model together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Batching:
    """When a batch goes, and how large it may be.

    Parameters
    ----------
    policy : {"free", "timer"}
        "free": as soon as a worker is free, with all that is waiting. "timer": when ``max_texts`` are waiting
        or the first of them has waited ``wait_s``; then as soon as a worker is free.
    max_texts : int
    max_tokens : int
        Of a batch, and of each call of the model, padding included. A longer text goes alone.
    call_tokens : int
        What a call costs beside its tokens, in tokens; see `Service.call_tokens`, which is measured.
    wait_s : float
    workers : int
        Calls of the model at one time.
    """

    policy: Literal["free", "timer"] = "free"
    max_texts: int = 32
    max_tokens: int = 4096
    call_tokens: int = 16
    wait_s: float = 0.005
    workers: int = 1

    def __post_init__(self):
        if self.policy not in ("free", "timer"):
            raise ValueError(f"policy must be 'free' or 'timer', but is {self.policy!r}")
        for name in ("max_texts", "max_tokens", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, but is {getattr(self, name)}")
        if self.wait_s < 0:
            raise ValueError(f"wait_s must not be negative, but is {self.wait_s}")


def still_to_wait(rule: Batching, waiting: int, oldest_s: float) -> float:
    """Say how long the batch must still wait before it goes to the next free worker.

    Parameters
    ----------
    rule : Batching
    waiting : int
        Texts in the queue.
    oldest_s : float
        Seconds since the first of them came.

    Returns
    -------
    float
        Seconds; 0 for "now", infinity where nothing is waiting.

    Examples
    --------
    >>> still_to_wait(Batching("free"), 1, 0.0)
    0.0
    >>> timer = Batching("timer", max_texts=8, wait_s=0.5)
    >>> still_to_wait(timer, 1, 0.25), still_to_wait(timer, 8, 0.25), still_to_wait(timer, 1, 0.75)
    (0.25, 0.0, 0.0)
    """
    if waiting == 0:
        return math.inf
    if rule.policy == "free" or waiting >= rule.max_texts:
        return 0.0
    return max(0.0, rule.wait_s - oldest_s)


def taken(rule: Batching, lengths: Sequence[int]) -> int:
    """Say how many of the texts that wait go into the next batch, the first ones first.

    Whoever comes next waits until the worker has done all of them: so their tokens are bounded, too.

    Parameters
    ----------
    rule : Batching
    lengths : sequence of int
        Tokens of the texts that wait, in the order in which they came.

    Returns
    -------
    int
        At least 1 where a text waits.

    Examples
    --------
    >>> taken(Batching(max_texts=3, max_tokens=100), [50, 40, 30]), taken(Batching(max_tokens=100), [200, 5])
    (2, 1)
    """
    tokens = 0
    for count, length in enumerate(lengths[: rule.max_texts]):
        tokens += length
        if count and tokens > rule.max_tokens:
            return count
    return min(len(lengths), rule.max_texts)


def buckets(lengths: Sequence[int], max_tokens: int, call_tokens: int = 16) -> list[list[int]]:
    """Group texts of similar length, at the least cost: padded tokens, and ``call_tokens`` for each group.

    Sorted by length, the best groups are neighbours; which cuts are the cheapest is found by dynamic
    programming: the first j texts cost the least over all places i at which the last group may begin.

    Parameters
    ----------
    lengths : sequence of n int
        Tokens of each text.
    max_tokens : int
        Of a group, padding included; a longer text gets a group of its own.
    call_tokens : int
        What one call of the model costs beside its tokens, counted in tokens.

    Returns
    -------
    list of lists of int
        Positions, each exactly once, the shortest texts first.

    Examples
    --------
    >>> buckets([100, 5, 90, 6], max_tokens=200)
    [[1, 3], [2, 0]]
    >>> buckets([100, 5, 90, 6], max_tokens=100)
    [[1, 3], [2], [0]]
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    cost, begin = [0.0], [0]  # of the first j texts; where their last group begins
    for j in range(1, len(order) + 1):
        longest, choices = lengths[order[j - 1]], []
        for i in range(j - 1, -1, -1):
            padded = (j - i) * longest
            if padded > max_tokens and j - i > 1:
                break
            choices.append((cost[i] + padded + call_tokens, i))
        best, start = min(choices)
        cost.append(best)
        begin.append(start)
    groups, j = [], len(order)
    while j:
        groups.append(order[begin[j] : j])
        j = begin[j]
    return groups[::-1]


def padding_waste(lengths: Sequence[int], groups: Sequence[Sequence[int]]) -> float:
    """Return the share of what the model reads that is padding, each group padded to its longest text.

    Examples
    --------
    >>> padding_waste([100, 5, 90, 5], [[0, 1, 2, 3]]), padding_waste([100, 5, 90, 5], [[1, 3], [2, 0]])
    (0.5, 0.0476)
    """
    padded = sum(len(group) * max(lengths[i] for i in group) for group in groups)
    return round(1 - sum(lengths) / padded, 4) if padded else 0.0
