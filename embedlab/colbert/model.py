"""ColBERT: a vector for each token instead of one for each text (Khattab & Zaharia 2020).

The encoder runs once over each document, long before any query, as for single vectors; but nothing is
averaged. A linear map makes the token vectors short, and `maxsim` compares them. Only that map is trained
here: the encoder's token vectors stay as they are, so training takes a minute.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from embedlab.embedder import Embedder, Floats, progress
from embedlab.finetuning import train
from embedlab.machine import content_key, files
from embedlab.pooling import l2_normalize

QUERY_MARKER, DOCUMENT_MARKER = "[unused0]", "[unused1]"


class ColBERT:
    """Turns texts into matrices of token vectors, each of length 1.

    Parameters
    ----------
    embedder : Embedder
        Its tokenizer and encoder are used; its pooling is not.
    projection : float32 array (d, dims), optional
        From the encoder's dimensions to fewer; without, they stay as they are.
    lead : int
        Tokens read of each document, [CLS] and [SEP] included.
    markers : bool
        Tell queries from documents by a token behind [CLS], as the paper does. A model that was not trained
        with them only sees noise.
    query_length : int
        Fill up each query with [MASK] to so many tokens ("query augmentation"); 0 for none.
    punctuation : bool
        Keep the vectors of documents' tokens that have neither a letter nor a digit.

    Examples
    --------
    >>> model = ColBERT(Embedder.load())
    >>> [query] = model.encode_queries(["sort an array"])
    >>> query.shape  # [CLS] sort an array [SEP]
    (5, 384)
    >>> model.encode_documents(["sort(a)", ""])[0].shape  # [CLS] sort a [SEP]: no brackets
    (4, 384)
    """

    def __init__(
        self,
        embedder: Embedder,
        projection: Floats | None = None,
        *,
        lead: int = 64,
        markers: bool = False,
        query_length: int = 0,
        punctuation: bool = False,
    ):
        d = embedder.dims
        if projection is not None and (projection.ndim != 2 or len(projection) != d):
            raise ValueError(f"the projection has shape {projection.shape}, but the model {d} dimensions")
        self.embedder, self.projection, self.lead = embedder.reading(lead), projection, lead
        self.markers, self.query_length, self.punctuation = markers, query_length, punctuation
        tokens = embedder.tokenizer.tokens
        self.bare = {i for i, token in tokens.items() if not any(map(str.isalnum, token))}  # "##" counts not

    @property
    def dims(self) -> int:
        """Numbers in a token's vector."""
        return self.embedder.dims if self.projection is None else self.projection.shape[1]

    def encode_queries(self, texts: Sequence[str]) -> list[Floats]:
        """Return a float32 array (tokens, dims) for each query.

        Raises
        ------
        TypeError
            If ``texts`` is one string, or holds something that is none.
        """
        ids = self.query_ids(texts)
        return self._vectors(ids, [np.ones(len(sequence), bool) for sequence in ids], show_progress=False)

    def encode_documents(self, texts: Sequence[str], *, show_progress: bool = True) -> list[Floats]:
        """Return a float32 array (tokens, dims) for each document; of an empty one, [CLS] and [SEP]."""
        ids = self.document_ids(texts)
        return self._vectors(ids, [self.kept(sequence) for sequence in ids], show_progress=show_progress)

    def query_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids that the encoder reads of each query."""
        longest = self.embedder.encoder.config.max_position_embeddings
        ids = self._ids(texts, QUERY_MARKER, longest)
        mask = self.embedder.tokenizer.mask
        return [sequence + [mask] * (self.query_length - len(sequence)) for sequence in ids]

    def document_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids that the encoder reads of each document."""
        return self._ids(texts, DOCUMENT_MARKER, self.lead)

    def kept(self, ids: Sequence[int]) -> NDArray[np.bool_]:
        """Tell which of a document's tokens keep their vectors: (tokens,)."""
        return np.array([self.punctuation or i not in self.bare for i in ids])

    @property
    def identity(self) -> dict:
        """All that the vectors depend on: those of two identities cannot be compared."""
        made = None if self.projection is None else content_key(self.projection.tobytes())
        options = {"markers": self.markers, "query_length": self.query_length, "lead": self.lead}
        options["punctuation"] = self.punctuation
        return {"model": self.embedder.encoder.sha256, "projection": made, **options}

    def save(self, path: str | Path) -> None:
        """Write the projection, the options, and which model they belong to."""
        arrays = {} if self.projection is None else {"projection": self.projection}
        files.save(path, "ColBERT", arrays, self.identity)

    @classmethod
    def load(cls, path: str | Path, embedder: Embedder) -> "ColBERT":
        """Read it back.

        Raises
        ------
        StoreError
            If the file is missing or damaged, or was made for another model than the embedder's.
        """
        arrays, about = files.load(path, "ColBERT")
        if about["model"] != embedder.encoder.sha256:
            raise files.StoreError(
                f"{str(path)!r} was made for the model {about['model'][:12]}, but the embedder is "
                f"{embedder.encoder.sha256[:12]}"
            )
        options = {name: about[name] for name in ("lead", "markers", "query_length", "punctuation")}
        return cls(embedder, arrays.get("projection"), **options)

    def _ids(self, texts: Sequence[str], marker: str, limit: int) -> list[list[int]]:
        tokenizer = self.embedder.tokenizer
        extra = [tokenizer.vocabulary[marker]] if self.markers else []
        if isinstance(texts, str):
            raise TypeError(f"expected a list of strings, but got one string: pass [{texts[:40]!r}]")
        ids = tokenizer.encode_batch(texts, max_length=limit - len(extra))
        return [[sequence[0], *extra, *sequence[1:]] for sequence in ids]

    def _vectors(self, ids: list[list[int]], kept: list[NDArray], *, show_progress: bool) -> list[Floats]:
        vectors: list = [None] * len(ids)
        with progress(len(ids), show_progress) as bar:
            for i, hidden in self.embedder.encoder.run(ids):
                tokens = hidden[kept[i]]
                vectors[i] = l2_normalize(tokens if self.projection is None else tokens @ self.projection)
                bar.update()
        return vectors


def fit_projection(
    model: ColBERT,
    pairs: Sequence[tuple[str, str]],
    *,
    dims: int = 128,
    weights: Sequence[float] | None = None,
    steps: int = 600,
    batch_size: int = 32,
    learning_rate: float = 2e-3,
    temperature: float = 0.1,
    seed: int = 0,
    show_progress: bool = True,
) -> ColBERT:
    """Train a projection to ``dims`` numbers on pairs; each query picks its document in the batch, by MaxSim.

    It starts from random directions at right angles, which keep most cosines roughly (Johnson & Lindenstrauss
    1984). The encoder runs once over each text.

    Parameters
    ----------
    model : ColBERT
        Without a projection.
    pairs : sequence of (query, document)
    dims : int
    weights : sequence of float, optional
        How often each pair is drawn, relative to the others.
    steps, batch_size, learning_rate, temperature, seed
        AdamW. The mean likeness of a query's tokens is divided by the temperature. The defaults were chosen
        on a quarter of DocSearch's train queries.

    Raises
    ------
    ValueError
        If there are fewer than two pairs, or ``dims`` is not between 1 and the model's.
    """
    if len(pairs) < 2:
        raise ValueError(f"need at least 2 pairs, but got {len(pairs)}")
    if not 1 <= dims <= model.dims or model.projection is not None:
        raise ValueError(f"cannot project {model.dims} dimensions to {dims}, or a model that does already")
    chances = torch.ones(len(pairs)) if weights is None else torch.tensor(weights, dtype=torch.float32)
    batch_size = min(batch_size, int((chances > 0).sum()))
    drawing = torch.Generator().manual_seed(seed)
    rows = [torch.multinomial(chances, batch_size, generator=drawing).tolist() for _ in range(steps)]
    used = sorted({i for batch in rows for i in batch})  # only these need vectors
    queries = dict(zip(used, model.encode_queries([pairs[i][0] for i in used]), strict=True))
    texts = [pairs[i][1] for i in used]
    documents = dict(zip(used, model.encode_documents(texts, show_progress=show_progress), strict=True))
    start = torch.linalg.qr(torch.randn(model.dims, dims, generator=drawing))[0]  # (d, dims)
    trained = {"projection": start.requires_grad_()}
    batches = iter(rows)

    def loss_of(_generator: torch.Generator) -> Tensor:
        batch = next(batches)
        scores = _all_pairs([queries[i] for i in batch], [documents[i] for i in batch], trained["projection"])
        return F.cross_entropy(scores / temperature, torch.arange(len(batch)))

    train(trained, loss_of, None, steps=steps, learning_rate=learning_rate, show_progress=show_progress)
    return ColBERT(model.embedder, trained["projection"].detach().numpy(), **_options(model))


def _all_pairs(queries: list[Floats], documents: list[Floats], projection: Tensor) -> Tensor:
    """Score each query with each document, (n, n), in a form that can be differentiated."""
    q, d = (
        pad_sequence([torch.from_numpy(m) for m in side], batch_first=True) for side in (queries, documents)
    )
    lengths = torch.tensor([len(document) for document in documents])
    padding = torch.arange(d.shape[1]) >= lengths[:, None]  # (n, td)
    q, d = (F.normalize(side @ projection, dim=-1) for side in (q, d))  # a padded row stays 0
    similarities = torch.einsum("qid,njd->qnij", q, d).masked_fill(padding[None, :, None], -1)
    counts = torch.tensor([len(query) for query in queries])
    return similarities.amax(-1).sum(-1) / counts[:, None]  # a padded row of q is 0, and adds 0


def _options(model: ColBERT) -> dict:
    names = ("lead", "markers", "query_length", "punctuation")
    return {name: getattr(model, name) for name in names}
