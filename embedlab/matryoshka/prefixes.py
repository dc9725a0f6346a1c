"""Fewer dimensions: cut vectors short, and train them so that they may be cut (Kusupati et al. 2022).

Three ways, from free to costly: cut; rotate first, so that the largest variance comes first (PCA); train a
rotation, or the whole encoder (`finetune`), with a loss that looks at every prefix.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from embedlab.index import Floats, as_vectors
from embedlab.machine import files
from embedlab.pooling import l2_normalize

DIMS = (384, 128, 64, 32)
Loss = Callable[[Tensor, Tensor], Tensor]


def truncate(vectors: Floats, dims: int) -> Floats:
    """Keep the first numbers of each vector and bring it to length 1 again: (n, d) -> (n, dims).

    Raises
    ------
    ValueError
        If ``dims`` is not between 1 and d.

    Examples
    --------
    >>> truncate(np.float32([[3, 4, 12]]), 2)
    array([[0.6, 0.8]], dtype=float32)
    """
    vectors = np.asarray(vectors, np.float32)
    if not 1 <= dims <= vectors.shape[1]:
        raise ValueError(f"dims must be between 1 and {vectors.shape[1]}, but is {dims}")
    return l2_normalize(np.ascontiguousarray(vectors[:, :dims]))


def pca_rotation(vectors: Floats) -> Floats:
    """Return the rotation (d, d) that puts the directions of largest variance first (Pearson 1901).

    A rotation changes no inner product. The mean is left where it is: taking it away would change them.

    Examples
    --------
    >>> rotation = pca_rotation(np.float32([[3, 4], [6, 8], [-3, -4]]))
    >>> abs(np.float32([[3, 4]]) @ rotation).round(3)
    array([[5., 0.]], dtype=float32)
    """
    vectors = np.asarray(vectors, np.float64)
    _, axes = np.linalg.eigh(vectors.T @ vectors)  # ascending
    return np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)


def in_batch_softmax(queries: Tensor, documents: Tensor, temperature: float = 0.05) -> Tensor:
    """Ask each query to pick its document among all of the batch, and each document its query.

    The mean of two cross-entropies over cosines divided by the temperature (InfoNCE, van den Oord et al.
    2018, equation 4; both ways as in Radford et al. 2021, figure 3). A text that stands in the batch twice
    is no wrong answer for its double.

    Parameters
    ----------
    queries, documents : tensor (n, d)
        Row i of one belongs to row i of the other.

    Examples
    --------
    >>> in_batch_softmax(torch.eye(4), torch.eye(4)) < 1e-6  # each finds its own
    tensor(True)
    >>> in_batch_softmax(torch.eye(4), torch.eye(4).flip(0)) > 10  # each finds another's
    tensor(True)
    """
    queries, documents = (torch.nn.functional.normalize(x, dim=1) for x in (queries, documents))
    scores = queries @ documents.T / temperature  # (n, n)
    own = torch.arange(len(scores))
    with torch.no_grad():
        same = (queries @ queries.T > 1 - 1e-5) | (documents @ documents.T > 1 - 1e-5)
    scores = scores.masked_fill(same.fill_diagonal_(False), -torch.inf)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2


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


class LinearAdapter:
    """One matrix that turns finished vectors so that their prefixes search well.

    The encoder stays as it is: no text is embedded again, and training takes seconds. Make one with `fit`.

    Parameters
    ----------
    matrix : float32 array (d, d)
    model : dict, optional
        `Embedder.identity` of the model whose vectors it was trained on.
    """

    def __init__(self, matrix: Floats, model: dict | None = None):
        self.matrix, self.model = np.ascontiguousarray(matrix, np.float32), model

    @classmethod
    def fit(
        cls,
        queries: Floats,
        documents: Floats,
        *,
        weights: Sequence[float] | None = None,
        dims: Sequence[int] = DIMS,
        epochs: int = 10,
        batch_size: int = 256,
        learning_rate: float = 1e-3,
        temperature: float = 0.05,
        seed: int = 0,
        model: dict | None = None,
    ) -> "LinearAdapter":
        """Train with `matryoshka_loss` on pairs of vectors, starting from `pca_rotation`.

        Parameters
        ----------
        queries, documents : float32 array (n, d)
            Row i of one belongs to row i of the other.
        weights : sequence of n float, optional
            How often each pair is drawn, relative to the others; by default equally often.
        dims : sequence of int
            The prefixes to train.
        epochs, batch_size, learning_rate, temperature, seed
            AdamW; an epoch draws n pairs.
        model : dict, optional
            Kept, so that `load` can refuse vectors of another model.

        Raises
        ------
        ValueError
            If the shapes differ, there are fewer than two pairs, or a number is NaN or infinite.

        Examples
        --------
        >>> vectors = np.random.default_rng(0).normal(size=(64, 8))
        >>> adapter = LinearAdapter.fit(vectors, vectors, dims=(8, 2), epochs=1)
        >>> adapter.transform(vectors, dims=2).shape
        (64, 2)
        """
        queries = np.asarray(queries, np.float32)
        queries = as_vectors(queries, queries.shape[-1])
        documents = as_vectors(documents, queries.shape[1])
        if len(queries) != len(documents) or len(queries) < 2:
            raise ValueError(
                f"need at least 2 pairs, but got {len(queries)} queries, {len(documents)} documents"
            )
        generator = torch.Generator().manual_seed(seed)
        matrix = torch.from_numpy(pca_rotation(np.concatenate([queries, documents]))).requires_grad_()
        optimizer = torch.optim.AdamW([matrix], lr=learning_rate)
        a, b = torch.from_numpy(queries), torch.from_numpy(documents)
        chances = torch.ones(len(a)) if weights is None else torch.tensor(weights, dtype=torch.float32)
        for _ in range(epochs):
            order = torch.multinomial(chances, len(a), replacement=weights is not None, generator=generator)
            # A last batch of one pair has nothing to tell apart: leave it out.
            for batch in (rows for rows in order.split(batch_size) if len(rows) > 1):
                loss = matryoshka_loss(
                    a[batch] @ matrix,
                    b[batch] @ matrix,
                    dims,
                    base=lambda x, y: in_batch_softmax(x, y, temperature),
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return cls(matrix.detach().numpy(), model)

    def transform(self, vectors: Floats, dims: int | None = None) -> Floats:
        """Turn vectors (n, d), cut them to ``dims`` (by default d) and bring them to length 1."""
        vectors = as_vectors(vectors, len(self.matrix))
        return truncate(vectors @ self.matrix, dims or len(self.matrix))

    def save(self, path: str | Path) -> None:
        """Write the adapter to a file."""
        files.save(path, "LinearAdapter", {"matrix": self.matrix}, {"model": self.model})

    @classmethod
    def load(cls, path: str | Path, model: dict | None = None) -> "LinearAdapter":
        """Read an adapter back.

        Raises
        ------
        StoreError
            If the file is missing or damaged, or ``model`` is given and another than it was trained for.
        """
        arrays, about = files.load(path, "LinearAdapter")
        if model is not None and about["model"] != model:
            raise files.StoreError(f"{str(path)!r} was trained for {about['model']}, not for {model}")
        return cls(arrays["matrix"], about["model"])
