"""A trained rotation: finished vectors in, vectors out whose prefixes search well."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from embedlab.index import Floats, as_vectors
from embedlab.machine import StoreError, files
from embedlab.matryoshka.prefixes import DIMS, pca_rotation, truncate

BATCH = 256  # pairs; each is told apart from all others of its batch


class LinearAdapter:
    """One matrix that maps finished vectors to vectors whose prefixes search well.

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
        texts: Sequence[tuple[str, str]] | None = None,
        weights: Sequence[float] | None = None,
        dims: Sequence[int] = DIMS,
        epochs: int = 10,
        learning_rate: float = 1e-3,
        seed: int = 0,
        model: dict | None = None,
    ) -> "LinearAdapter":
        """Train with `matryoshka_loss` on pairs of vectors, starting from `pca_rotation`.

        Parameters
        ----------
        queries, documents : float32 array (n, d)
            Row i of one belongs to row i of the other.
        texts : sequence of n (query, document), optional
            What was embedded: pairs that share a text are no negatives of each other. Without it, all are.
        weights : sequence of n float, optional
            How often each pair is drawn, relative to the others; by default equally often.
        dims : sequence of int
            The prefixes to train.
        epochs, learning_rate, seed
            Of AdamW; an epoch draws n pairs.
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
        import torch  # only training needs it

        from embedlab.matryoshka.loss import in_batch_softmax, matryoshka_loss, text_ids

        queries = np.asarray(queries, np.float32)
        queries = as_vectors(queries, queries.shape[-1])
        documents = as_vectors(documents, queries.shape[1])
        n = len(queries)
        if n != len(documents) or n < 2:
            raise ValueError(f"need at least 2 pairs, but got {n} queries, {len(documents)} documents")
        if texts is not None and len(texts) != n:
            raise ValueError(f"{n} pairs of vectors need as many pairs of texts, but got {len(texts)}")
        # Without texts, a pair is still no negative of itself, should a batch draw it twice.
        ids = [text_ids(side) for side in zip(*texts, strict=True)] if texts else [torch.arange(n)] * 2
        chances = torch.ones(n) if weights is None else torch.tensor(weights, dtype=torch.float32)
        matrix = torch.from_numpy(pca_rotation(np.concatenate([queries, documents]))).requires_grad_()
        optimizer = torch.optim.AdamW([matrix], lr=learning_rate)
        generator = torch.Generator().manual_seed(seed)
        a, b = torch.from_numpy(queries), torch.from_numpy(documents)
        for _ in range(epochs):
            order = torch.multinomial(chances, n, replacement=weights is not None, generator=generator)
            # A last batch of one pair has nothing to tell apart: leave it out.
            for batch in (rows for rows in order.split(BATCH) if len(rows) > 1):
                base = partial(in_batch_softmax, query_ids=ids[0][batch], document_ids=ids[1][batch])
                loss = matryoshka_loss(a[batch] @ matrix, b[batch] @ matrix, dims, base=base)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return cls(matrix.detach().numpy(), model)

    def transform(self, vectors: Floats, dims: int | None = None) -> Floats:
        """Map vectors (n, d), cut them to ``dims`` (by default d) and bring them to length 1."""
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
            raise StoreError(f"{str(path)!r} was trained for {about['model']}, not for {model}")
        return cls(arrays["matrix"], about["model"])
