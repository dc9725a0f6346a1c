"""The losses: each query picks its document among all of its batch, and does so with every prefix."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from embedlab.matryoshka.prefixes import DIMS

Loss = Callable[[Tensor, Tensor], Tensor]


def in_batch_softmax(
    queries: Tensor,
    documents: Tensor,
    temperature: float = 0.05,
    *,
    query_ids: Tensor | None = None,
    document_ids: Tensor | None = None,
) -> Tensor:
    """Ask each query to pick its document among all of the batch, and each document its query.

    The mean of two cross-entropies over cosines divided by the temperature (InfoNCE, van den Oord et al.
    2018, equation 4; both ways as in Radford et al. 2021, figure 3).

    Parameters
    ----------
    queries, documents : tensor (n, d)
        Row i of one belongs to row i of the other; all other rows are its negatives.
    temperature : float
    query_ids, document_ids : int tensor (n,), optional
        The same number for the same text, see `text_ids`. Pairs that share a query or a document are no
        negatives of each other: what answers a query also answers its duplicate. The vectors could not tell
        duplicates: to an encoder that maps all texts to one point, everything would be a duplicate, no
        negative would be left, and its loss would be 0.

    Returns
    -------
    tensor ()

    Examples
    --------
    >>> in_batch_softmax(torch.eye(4), torch.eye(4)) < 1e-6  # each finds its own
    tensor(True)
    >>> in_batch_softmax(torch.eye(4), torch.eye(4).flip(0)) > 10  # each finds another's
    tensor(True)
    >>> in_batch_softmax(torch.ones(4, 2), torch.ones(4, 2))  # all at one point: a guess, log(4)
    tensor(1.3863)
    """
    scores = normalize(queries, dim=1) @ normalize(documents, dim=1).T / temperature  # (n, n)
    for ids in (query_ids, document_ids):
        if ids is not None:
            duplicates = (ids[:, None] == ids).fill_diagonal_(False)
            scores = scores.masked_fill(duplicates.to(scores.device), -torch.inf)
    own = torch.arange(len(scores), device=scores.device)
    return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2


def text_ids(texts: Sequence[str]) -> Tensor:
    """Give each text a number, the same to the same text: int64 (n,).

    Examples
    --------
    >>> text_ids(["a cat", "a dog", "a cat"])
    tensor([0, 1, 0])
    """
    first: dict[str, int] = {}
    return torch.tensor([first.setdefault(text, i) for i, text in enumerate(texts)])


def matryoshka_loss(
    queries: Tensor,
    documents: Tensor,
    dims: Sequence[int] = DIMS,
    *,
    weights: Sequence[float] | None = None,
    base: Loss = in_batch_softmax,
) -> Tensor:
    """Average a loss over prefixes of the vectors (Kusupati et al. 2022, equation 1).

    Parameters
    ----------
    queries, documents : tensor (n, d)
    dims : sequence of int
        The lengths of the prefixes.
    weights : sequence of float, optional
        How much each counts; by default equally.
    base : callable
        ``base(queries, documents) -> loss`` for vectors of any length.

    Raises
    ------
    ValueError
        If a prefix is longer than the vectors, or there is not one weight for each.

    Examples
    --------
    >>> a, b = torch.eye(4), torch.eye(4).flip(0)
    >>> matryoshka_loss(a, b, dims=(4,)) == in_batch_softmax(a, b)
    tensor(True)
    """
    weights = [1.0] * len(dims) if weights is None else list(weights)
    if not dims or min(dims) < 1 or max(dims) > queries.shape[1]:
        raise ValueError(f"prefixes {list(dims)} do not fit vectors of {queries.shape[1]} dimensions")
    if len(weights) != len(dims) or sum(weights) <= 0:
        raise ValueError(f"{len(dims)} prefixes need as many weights with a positive sum, but got {weights}")
    losses = [w * base(queries[:, :d], documents[:, :d]) for d, w in zip(dims, weights, strict=True)]
    return sum(losses) / sum(weights)
