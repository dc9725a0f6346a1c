"""Training a projection for ColBERT. The encoder's token vectors stay as they are, so it takes minutes."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from embedlab.colbert.model import ColBERT
from embedlab.embedder import Floats
from embedlab.finetuning import chances, train
from embedlab.matryoshka import text_ids


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
    save_every: int = 100,
    checkpoint: Path | None = None,
    stop_after: int | None = None,
    show_progress: bool = True,
) -> tuple[ColBERT, list[float]]:
    """Train a projection to ``dims`` numbers on pairs; each query picks its document in the batch, by MaxSim.

    It starts from random directions at right angles, which keep most cosines roughly (Johnson & Lindenstrauss
    1984). The encoder runs once over each text, when a batch first needs it.

    Parameters
    ----------
    model : ColBERT
        Without a projection.
    pairs : sequence of (query, document)
        Pairs that share a text are no negatives of each other.
    dims : int
    weights : sequence of float, optional
        How often each pair is drawn, relative to the others.
    temperature : float
        The mean similarity of a query's tokens is divided by it.
    steps, learning_rate, seed, save_every, checkpoint, stop_after
        See `embedlab.finetuning.train`. The defaults were chosen on a quarter of DocSearch's train queries.

    Returns
    -------
    model : ColBERT
        The same with the projection.
    losses : list of float

    Raises
    ------
    ValueError
        If there are fewer than two pairs, not as many weights, or ``dims`` is not between 1 and the model's.
    """
    if len(pairs) < 2:
        raise ValueError(f"need at least 2 pairs, but got {len(pairs)}")
    if not 1 <= dims <= model.dims or model.projection is not None:
        raise ValueError(f"cannot project {model.dims} dimensions to {dims}, or a model that does already")
    likely = chances(weights, len(pairs))
    batch_size = min(batch_size, int((likely > 0).sum()))
    drawn = torch.randn(model.dims, dims, generator=torch.Generator().manual_seed(seed))
    projection = torch.linalg.qr(drawn)[0].requires_grad_()  # (d, dims)
    ids = [text_ids(side) for side in zip(*pairs, strict=True)]
    encoded: dict[int, tuple[Floats, Floats]] = {}  # pair -> token vectors of its query, of its document

    def loss_of(generator: torch.Generator) -> Tensor:
        rows = torch.multinomial(likely, batch_size, generator=generator).tolist()
        new = [i for i in rows if i not in encoded]
        queries = model.encode_queries([pairs[i][0] for i in new])
        documents = model.encode_documents([pairs[i][1] for i in new], show_progress=False)
        encoded.update(zip(new, zip(queries, documents, strict=True), strict=True))
        scores = _all_pairs(*zip(*(encoded[i] for i in rows), strict=True), projection) / temperature
        for same in (side[rows][:, None] == side[rows] for side in ids):
            scores = scores.masked_fill(same.fill_diagonal_(False), -torch.inf)
        return F.cross_entropy(scores, torch.arange(len(rows)))

    options = {"steps": steps, "learning_rate": learning_rate, "seed": seed, "save_every": save_every}
    options |= {"stop_after": stop_after, "show_progress": show_progress}
    losses = train({"projection": projection}, loss_of, checkpoint, **options)
    return ColBERT(model.embedder, projection.detach().numpy(), **model.options), losses


def _all_pairs(queries: Sequence[Floats], documents: Sequence[Floats], projection: Tensor) -> Tensor:
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
