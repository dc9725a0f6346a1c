"""Training on the train part of a benchmark: a linear adapter in seconds, or the encoder in minutes."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from embedlab.benchmark import Benchmark, training_pairs
from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.finetuning.loop import chances, claim, train
from embedlab.finetuning.lora import LoRA, LoRAEncoder
from embedlab.machine import content_key, model_folder, write_atomically
from embedlab.matryoshka import DIMS, LinearAdapter, in_batch_softmax, matryoshka_loss, text_ids
from embedlab.tokenizer import WordPieceTokenizer, pad

QUERY_WEIGHT = 4  # a real query teaches more than a summary line; chosen on part of the train queries
Pairs = Sequence[tuple[str, str]]  # (query, document)


def fit_adapter(
    benchmark: Benchmark, embedder: Embedder, *, lead: int | None = None, seed: int = 0
) -> LinearAdapter:
    """Train a `LinearAdapter` on `training_pairs`: seconds, once the vectors are there.

    Parameters
    ----------
    benchmark : Benchmark
    embedder : Embedder
    lead : int, optional
        Read only so many tokens of each document, as the engine will that the adapter is for.
    """
    reader = embedder.reading(lead) if lead else embedder
    pairs = training_pairs(benchmark)
    queries = embedder.encode([query for query, _ in pairs], cache=True, on_long="cut")
    documents = reader.encode([document for _, document in pairs], cache=True, on_long="cut")
    weights = pair_weights(benchmark, pairs)
    options = {"texts": pairs, "weights": weights, "seed": seed, "model": embedder.identity}
    return LinearAdapter.fit(queries, documents, **options)


def pair_weights(benchmark: Benchmark, pairs: Pairs) -> list[float]:
    """Return `QUERY_WEIGHT` for each pair whose query is one of the train queries, 1 for the others."""
    real = set(benchmark.split("train")[1])
    return [float(QUERY_WEIGHT) if query in real else 1.0 for query, _ in pairs]


def pairs_key(pairs: Pairs, weights: Sequence[float] | None) -> str:
    """Hash what is trained on."""
    return content_key(*(text for pair in pairs for text in pair), str(weights))


def train_encoder(
    pairs: Pairs,
    *,
    weights: Sequence[float] | None = None,
    model: str | Path | None = None,
    rank: int = 8,
    scale: float = 2.0,
    dims: Sequence[int] = DIMS,
    steps: int = 200,
    batch_size: int = 64,
    learning_rate: float = 5e-4,
    max_length: int = 64,
    seed: int = 0,
    save_every: int = 25,
    checkpoint: Path | None = None,
    stop_after: int | None = None,
    device: str = "cpu",
    show_progress: bool = True,
) -> tuple[LoRA, list[float]]:
    """Train differences of low rank to an encoder, with `matryoshka_loss` on mean-pooled vectors.

    In float32 on every machine, so that the losses are the same ones.

    Parameters
    ----------
    pairs : sequence of (query, document)
    weights : sequence of float, optional
        How often each pair is drawn, relative to the others.
    model : optional
        What to start from, see `model_folder`.
    rank, scale
        Of the differences, see `LoRA`.
    dims : sequence of int
        The prefixes to train.
    steps, batch_size, learning_rate, seed, save_every, checkpoint, stop_after
        See `train`. Low rank wants about ten times the rate that full training does.
    max_length : int
        Tokens read of each text.
    device : str
        Where torch computes; the same batches everywhere.

    Returns
    -------
    lora : LoRA
    losses : list of float

    Raises
    ------
    ValueError
        If there are fewer than two pairs, not as many weights, or ``max_length`` is not between 3 and the
        model's positions.
    """
    if len(pairs) < 2:
        raise ValueError(f"need at least 2 pairs, but got {len(pairs)}")
    encoder = BertEncoder.load(model)
    longest = encoder.config.max_position_embeddings
    if not 3 <= max_length <= longest:
        raise ValueError(f"max_length must be between 3 and {longest}, but is {max_length}")
    tokenizer = WordPieceTokenizer.load(model_folder(model))
    lora = LoRA.start(encoder, rank=rank, scale=scale, seed=seed).to(device)
    encoder = LoRAEncoder(encoder.to(device), lora)
    likely = chances(weights, len(pairs))
    batch_size = min(batch_size, int((likely > 0).sum()))

    def loss_of(generator: torch.Generator) -> Tensor:
        rows = torch.multinomial(
            likely, min(batch_size, int((likely > 0).sum())), generator=generator
        ).tolist()
        sides = list(zip(*(pairs[i] for i in rows), strict=True))  # the queries, the documents
        vectors = [_vectors(encoder, tokenizer.encode_batch(side, max_length=max_length)) for side in sides]
        query_ids, document_ids = map(text_ids, sides)
        base = partial(in_batch_softmax, query_ids=query_ids, document_ids=document_ids)
        return matryoshka_loss(*vectors, dims, base=base)

    options = {"steps": steps, "learning_rate": learning_rate, "seed": seed, "save_every": save_every}
    options |= {"stop_after": stop_after, "show_progress": show_progress}
    losses = train(lora.factors, loss_of, checkpoint, **options)
    return lora.to("cpu"), losses


def _vectors(encoder: BertEncoder, ids: Sequence[Sequence[int]]) -> Tensor:
    """Mean-pool a batch, (n, d), in a form that can be differentiated."""
    device = encoder.weights["embeddings.word_embeddings.weight"].device
    padded, mask = (torch.from_numpy(array).to(device) for array in pad(ids))
    hidden = encoder.forward(padded, mask).hidden[-1]  # (n, t, d)
    mask = mask[:, :, None].float()
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)


def finetune(
    pairs: Pairs,
    folder: str | Path,
    *,
    weights: Sequence[float] | None = None,
    model: str | Path | None = None,
    show_progress: bool = True,
    **settings,
) -> Path:
    """Train an encoder (see `train_encoder`) and write it, differences added, as a model of its own.

    If interrupted, the same call goes on from the last checkpoint, to the same weights as without the
    interruption.

    Parameters
    ----------
    pairs : sequence of (query, document)
    folder : str or Path
        For checkpoints and the finished model, which `Embedder.load` and sentence-transformers can read. A
        folder that holds the finished model of the same training is returned as it is.
    weights, model
        See `train_encoder`.
    settings
        Others of `train_encoder`, such as ``steps`` or ``seed``.

    Returns
    -------
    Path
        ``folder``

    Raises
    ------
    ValueError
        If there are fewer than two pairs, or the folder belongs to a training with other settings.
    """
    folder, base = Path(folder), BertEncoder.load(model)
    described = settings | {"model": base.sha256, "pairs": pairs_key(pairs, weights)}
    claim(folder, described)
    if (folder / "model.safetensors").exists():
        return folder
    checkpoint = folder / "checkpoint"
    options = {"weights": weights, "model": model, "show_progress": show_progress, "checkpoint": checkpoint}
    lora, _ = train_encoder(pairs, **options, **settings)
    _write_model(model_folder(model), folder, lora.merged(base))
    checkpoint.unlink(missing_ok=True)
    return folder


def _write_model(source: Path, folder: Path, encoder: BertEncoder) -> None:
    """Write a folder like ``source`` with other weights; the weights last, since they say that it is done."""
    for file in source.rglob("*"):
        if file.suffix in (".json", ".txt"):
            target = folder / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    weights = {name: weight.detach().contiguous() for name, weight in encoder.weights.items()}
    write_atomically(
        folder / "model.safetensors", lambda path: save_file(weights, path, metadata={"format": "pt"})
    )
