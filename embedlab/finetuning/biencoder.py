"""Training on a benchmark's train half: a linear adapter in seconds, or the whole encoder in minutes."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from filelock import FileLock
from safetensors.torch import save_file
from torch import Tensor

from embedlab.benchmark import Benchmark, training_pairs
from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.finetuning.loop import FusedEncoder, claim, layers_of, train
from embedlab.machine import cache_file, cached, content_key, has_bfloat16, model_folder, write_atomically
from embedlab.matryoshka import DIMS, LinearAdapter, in_batch_softmax, matryoshka_loss, text_ids
from embedlab.tokenizer import WordPieceTokenizer, pad

QUERY_WEIGHT = 4  # a real query teaches more than a summary line; chosen on part of the train queries


def fit_adapter(
    benchmark: Benchmark, embedder: Embedder, *, lead: int | None = None, seed: int = 0
) -> LinearAdapter:
    """Train a `LinearAdapter` on `training_pairs`; kept in the cache.

    Parameters
    ----------
    benchmark : Benchmark
    embedder : Embedder
    lead : int, optional
        Read only so many tokens of each document, as the engine will that the adapter is for.
    """
    reader = embedder.reading(lead) if lead else embedder
    pairs = training_pairs(benchmark)
    weights = pair_weights(benchmark, pairs)

    def build() -> LinearAdapter:
        queries = embedder.encode([query for query, _ in pairs], cache=True, on_long="cut")
        documents = reader.encode([document for _, document in pairs], cache=True, on_long="cut")
        return LinearAdapter.fit(
            queries, documents, texts=pairs, weights=weights, seed=seed, model=embedder.identity
        )

    key = content_key(_key(pairs, weights), embedder.fingerprint, reader.fingerprint, str(seed))
    return cached("adapters", key, build, lambda path, adapter: adapter.save(path), LinearAdapter.load)


def pair_weights(benchmark: Benchmark, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Return `QUERY_WEIGHT` for each pair whose query is one of the train queries, 1 for the others."""
    real = set(benchmark.split("train")[1])
    return [float(QUERY_WEIGHT) if query in real else 1.0 for query, _ in pairs]


def _key(pairs: Sequence[tuple[str, str]], weights: Sequence[float] | None) -> str:
    return content_key("negatives by ids", *(text for pair in pairs for text in pair), str(weights))


def finetuned(benchmark: Benchmark, *, show_progress: bool = True, **settings) -> Path:
    """Return the folder of the default model fine-tuned on a benchmark's train half; kept in the cache.

    Parameters
    ----------
    benchmark : Benchmark
    show_progress : bool
    settings
        Those of `finetune`, such as ``steps`` or ``seed``.
    """
    pairs = training_pairs(benchmark)
    weights = pair_weights(benchmark, pairs)
    folder = cache_file("finetuned", content_key(_key(pairs, weights), str(sorted(settings.items()))))
    with FileLock(f"{folder}.lock"):
        return finetune(pairs, folder, weights=weights, show_progress=show_progress, **settings)


def finetune(
    pairs: Sequence[tuple[str, str]],
    folder: str | Path,
    *,
    weights: Sequence[float] | None = None,
    model: str | Path | None = None,
    dims: Sequence[int] = DIMS,
    steps: int = 200,
    batch_size: int = 64,
    learning_rate: float = 5e-5,
    max_length: int = 64,
    seed: int = 0,
    save_every: int = 25,
    show_progress: bool = True,
) -> Path:
    """Train all layers of an encoder with `matryoshka_loss` on mean-pooled vectors.

    The table of words stays as it is: half of the weights, most of which no batch would touch. If
    interrupted, the same call goes on from the last checkpoint,
    to the same weights as without the interruption.

    Parameters
    ----------
    pairs : sequence of (query, document)
    folder : str or Path
        For checkpoints and the finished model, which `Embedder.load` and sentence-transformers can read. A
        folder that holds the finished model of the same training is returned as it is.
    weights : sequence of float, optional
        How often each pair is drawn, relative to the others.
    model : optional
        What to start from, see `model_folder`.
    dims : sequence of int
        The prefixes to train.
    steps, batch_size, learning_rate, seed
        AdamW; the rate rises over the first tenth of the steps, and falls to 0 along a line.
    max_length : int
        Tokens read of each text.
    save_every : int
        Steps from one checkpoint to the next.
    show_progress : bool

    Returns
    -------
    Path
        ``folder``

    Raises
    ------
    ValueError
        If there are fewer than two pairs, or the folder belongs to a training with other settings.
    """
    if len(pairs) < 2:
        raise ValueError(f"need at least 2 pairs, but got {len(pairs)}")
    folder, source = Path(folder), model_folder(model)
    encoder = BertEncoder.load(model)
    settings = {"dims": list(dims), "steps": steps, "batch_size": batch_size, "learning_rate": learning_rate}
    settings |= {"max_length": max_length, "seed": seed, "model": encoder.sha256}
    settings["pairs"] = _key(pairs, weights)
    claim(folder, settings)
    if (folder / "model.safetensors").exists():
        return folder

    tokenizer = WordPieceTokenizer.load(source)
    texts = [tokenizer.encode_batch(list(side), max_length=max_length) for side in zip(*pairs, strict=True)]
    query_ids, document_ids = (text_ids(side) for side in zip(*pairs, strict=True))
    trained = layers_of(encoder)
    encoder = FusedEncoder(encoder.config, {**encoder.weights, **trained})
    chances = torch.ones(len(pairs)) if weights is None else torch.tensor(weights)

    def loss_of(generator: torch.Generator) -> Tensor:
        rows = torch.multinomial(chances, min(batch_size, len(pairs)), generator=generator)
        queries, documents = (_vectors(encoder, [side[i] for i in rows.tolist()]) for side in texts)
        base = partial(in_batch_softmax, query_ids=query_ids[rows], document_ids=document_ids[rows])
        return matryoshka_loss(queries, documents, dims, base=base)

    train(
        trained,
        loss_of,
        folder / "checkpoint",
        steps=steps,
        learning_rate=learning_rate,
        seed=seed,
        save_every=save_every,
        show_progress=show_progress,
    )
    _write_model(source, folder, encoder)
    (folder / "checkpoint").unlink(missing_ok=True)
    return folder


def _vectors(encoder: BertEncoder, ids: Sequence[Sequence[int]]) -> Tensor:
    """Mean-pool a batch, (n, d), in a form that can be differentiated."""
    padded, mask = (torch.from_numpy(array) for array in pad(ids))
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
        hidden = encoder.forward(padded, mask).hidden[-1].float()  # (n, t, d)
    mask = mask[:, :, None].float()
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)


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
