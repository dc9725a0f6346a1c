"""Many prompts at once: greedy answers with their likelihoods, and how likely a given answer is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from embedlab.rag.llama import Cache, Llama

Ids = Sequence[int]


@dataclass(frozen=True)
class Said:
    """What a model said.

    Attributes
    ----------
    ids : list of int
        Without the token that ends a turn.
    logp : float
        Mean natural logarithm of the probability of its tokens, the end included: how sure the model was.
    ended : bool
        Whether it came to an end by itself.
    """

    ids: list[int]
    logp: float
    ended: bool


def batches(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Group texts of similar lengths, so that padding stays short: positions in the input, the longest first.

    Parameters
    ----------
    lengths : sequence of int
    tokens : int
        Of a batch, padding included; a longer text is a batch of its own.

    Examples
    --------
    >>> list(batches([3, 9, 4], tokens=10))
    [[1], [2, 0]]
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    while order:
        size = max(1, tokens // max(lengths[order[0]], 1))
        yield order[:size]
        order = order[size:]


def padded(rows: Sequence[Ids], device: str) -> tuple[Tensor, Tensor]:
    """Pad rows on the left, so that all end in the last column: ids and mask, (n, t) each."""
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)
    mask = torch.tensor([[False] * (width - len(row)) + [True] * len(row) for row in rows], device=device)
    return ids, mask


def complete(
    model: Llama, prompts: Sequence[Ids], end: int, *, most: int = 48, tokens: int = 8192
) -> list[Said]:
    """Answer prompts, each time with the token that scores highest.

    Parameters
    ----------
    model : Llama
    prompts : sequence of sequences of int
    end : int
        The token that ends a turn.
    most : int
        Tokens of an answer.
    tokens : int
        Of a batch; memory grows with it.
    """
    device = model.weights["token_embd.weight"].device
    said: list[Said | None] = [None] * len(prompts)
    for batch in batches([len(one) + most for one in prompts], tokens):
        ids, mask = padded([prompts[i] for i in batch], device)
        cache, running = Cache(), torch.ones(len(batch), dtype=torch.bool, device=device)
        chosen, logps = [], []
        for _ in range(most):
            scores = model.forward(ids, cache, mask)[:, -1].log_softmax(-1)
            best = scores.max(-1)
            chosen.append(torch.where(running, best.indices, -1))
            logps.append(torch.where(running, best.values, 0.0))
            running = running & (best.indices != end)
            ids, mask = best.indices[:, None], torch.ones_like(best.indices[:, None], dtype=torch.bool)
            if not running.any():
                break
        rows, values = torch.stack(chosen, 1).tolist(), torch.stack(logps, 1).sum(1).tolist()
        for i, row, value, on in zip(batch, rows, values, running.tolist(), strict=True):
            made = [one for one in row if one >= 0]
            said[i] = Said([one for one in made if one != end], value / len(made), not on)
    return said


def likelihoods(
    model: Llama, prompts: Sequence[Ids], answers: Sequence[Ids], *, tokens: int = 8192
) -> list[float]:
    """Return the mean log probability of each answer's tokens behind its prompt.

    Raises
    ------
    ValueError
        If an answer is empty, or their numbers differ.
    """
    if any(not answer for answer in answers) or len(prompts) != len(answers):
        raise ValueError(f"each of {len(prompts)} prompts needs an answer with tokens; given {len(answers)}")
    device = model.weights["token_embd.weight"].device
    whole = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
    found = [0.0] * len(whole)
    for batch in batches([len(one) for one in whole], tokens):
        longest = max(len(answers[i]) for i in batch)
        before, behind = padded([whole[i] for i in batch], device)
        cache = Cache()
        split = before.shape[1] - longest - 1
        if split > 0:  # what comes before the answers is read without being scored
            model.forward(before[:, :split], cache, behind[:, :split])
        rest = before[:, max(split, 0) :]
        scores = model.forward(rest, cache, behind[:, max(split, 0) :], every=True).log_softmax(-1)
        own = scores[:, :-1].gather(2, rest[:, 1:, None])[..., 0]  # (n, t - 1)
        for row, i in enumerate(batch):
            found[i] = float(own[row, -len(answers[i]) :].mean())
    return found
