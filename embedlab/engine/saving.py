"""An engine as a folder: what each stage writes, and how it is read back.

``engine.json`` describes the stages with all their settings; ``texts.jsonl`` holds ids and texts, and each
index has a file of its own. ``engine.json`` is written last: an engine that was there before stays whole.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from embedlab import colbert, finetuning, hnsw, matryoshka, quantization, reranking, scale, vector_databases
from embedlab.embedder import Embedder
from embedlab.engine import models
from embedlab.engine.first_stages import BM25Stage, ColBERTStage, DenseStage
from embedlab.engine.stages import FusionStage, RerankStage, Stage
from embedlab.hybrid import BM25Index
from embedlab.index import Index, UnknownIndexError
from embedlab.machine import StoreError, write_atomically

OURS = re.compile(r"[0-9a-f]{8}-.*\.(jsonl|safetensors)")
ROOMS = (hnsw, matryoshka, quantization, scale, vector_databases)  # of indexes
FORMAT = 2  # 1 knew only vectors: its engine.json is the description of a `DenseStage`


def save(folder: str | Path, stage: Stage, ids: Sequence[str], texts: Sequence[str]) -> None:
    """Write an engine to a folder, in place of one that is there: all or nothing."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    prefix = secrets.token_hex(4) + "-"  # other names than those of an engine that is there: it stays whole
    lines = [json.dumps([i, text]) for i, text in zip(ids, texts, strict=True)]
    (folder / f"{prefix}texts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    about = {"format": FORMAT, "prefix": prefix, "stage": _save(stage, folder, prefix)}
    write_atomically(folder / "engine.json", lambda file: file.write_text(json.dumps(about, indent=1)))
    for file in folder.iterdir():  # what an earlier engine, or an interrupted saving, has left
        if OURS.fullmatch(file.name) and not file.name.startswith(prefix):
            file.unlink()


def load(folder: str | Path, embedder: Embedder | None = None) -> tuple[Stage, list[str], list[str]]:
    """Read back what `save` wrote: the stage, the ids, the texts; raises `StoreError`."""
    folder = Path(folder)
    try:
        about = json.loads((folder / "engine.json").read_text(encoding="utf-8"))
        if about.get("format", 1) > FORMAT:
            raise StoreError(f"{str(folder)!r} was written by a newer embedlab (format {about['format']})")
        if "format" not in about:
            about = {"prefix": "", "stage": {"kind": "dense", **about}}
        lines = (folder / f"{about['prefix']}texts.jsonl").read_text(encoding="utf-8").split("\n")
        ids, texts = (list(column) for column in zip(*map(json.loads, filter(None, lines)), strict=True))
        stage = _load(about["stage"], folder, about["prefix"], texts, embedder)
    except StoreError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise StoreError(f"{str(folder)!r} holds no search engine: {reason}") from error
    if len(stage) != len(ids):
        raise StoreError(f"{str(folder)!r} is damaged: {len(stage)} vectors for {len(ids)} texts")
    return stage, ids, texts


def _save(stage: Stage, folder: Path, prefix: str) -> dict:
    """Write a stage's files, their names beginning with ``prefix``; return its description."""
    if isinstance(stage, DenseStage):
        stage.index.save(folder / f"{prefix}index.safetensors")
        if stage.adapter:
            stage.adapter.save(folder / f"{prefix}adapter.safetensors")
        model, source = stage.embedder.identity, stage.embedder.source
        about = {"model": model, "source": source, "adapter": stage.adapter is not None}
        return {"kind": "dense", "name": stage.name, "lead": stage.lead, **about}
    if isinstance(stage, BM25Stage):
        stage.index.save(folder / f"{prefix}bm25.safetensors")
        return {"kind": "bm25"}
    if isinstance(stage, ColBERTStage):
        stage.model.save(folder / f"{prefix}colbert.safetensors")
        stage.index.save(folder / f"{prefix}tokens.safetensors")
        embedder = stage.model.embedder
        about = {"model": embedder.identity, "source": embedder.source, "index": type(stage.index).__name__}
        return {"kind": "colbert", **about}
    if isinstance(stage, FusionStage):
        parts = [_save(part, folder, f"{prefix}{i}-") for i, part in enumerate(stage.parts)]
        about = {"method": stage.method, "weights": stage.weights, "depth": stage.depth}
        return {"kind": "fusion", **about, "parts": parts}
    if isinstance(stage, RerankStage):
        model = stage.model
        about = {"depth": stage.depth, "weight": stage.weight, "source": _keep(model, folder, prefix)}
        about |= {"dtype": model.dtype, "max_length": model.max_length}
        return {"kind": "rerank", **about, "first": _save(stage.first, folder, f"{prefix}first-")}
    raise TypeError(f"a {type(stage).__name__} cannot be saved")


def _load(about: dict, folder: Path, prefix: str, texts: list[str], embedder: Embedder | None) -> Stage:
    """Make a stage from its description and its files."""
    kind = about["kind"]
    if kind == "dense":
        model = _embedder_of(about, folder, embedder)
        index = _index(folder / f"{prefix}index.safetensors")
        adapter = None
        if about["adapter"]:
            adapter = matryoshka.LinearAdapter.load(folder / f"{prefix}adapter.safetensors", model.identity)
        return DenseStage(model, index, adapter, about.get("name", "dense"), about.get("lead"))
    if kind == "bm25":
        return BM25Stage(BM25Index.load(folder / f"{prefix}bm25.safetensors"))
    if kind == "colbert":
        model = _embedder_of(about, folder, embedder)
        model = colbert.ColBERT.load(folder / f"{prefix}colbert.safetensors", model)
        index = {"TokenIndex": colbert.TokenIndex, "ResidualIndex": colbert.ResidualIndex}[about["index"]]
        return ColBERTStage(model, index.load(folder / f"{prefix}tokens.safetensors"))
    if kind == "fusion":
        parts = [
            _load(part, folder, f"{prefix}{i}-", texts, embedder) for i, part in enumerate(about["parts"])
        ]
        return FusionStage(parts, method=about["method"], weights=about["weights"], depth=about["depth"])
    if kind == "rerank":
        first = _load(about["first"], folder, f"{prefix}first-", texts, embedder)
        source, dtype = about["source"], about.get("dtype")
        if source:
            base = finetuning.trained_encoder()
            model = reranking.CrossEncoder.load(folder / source, base=base, dtype=dtype)
        else:
            model = reranking.CrossEncoder.untrained(dtype=dtype)
        model = model.reading(about.get("max_length", model.max_length))  # older folders do not say
        return RerankStage(first, model, texts, depth=about["depth"], weight=about["weight"])
    raise StoreError(f"{str(folder)!r} holds an unknown kind of stage: {kind!r}")


def _index(path: Path) -> Index:
    """Read an index; the room of a class that this process has not used yet is entered first."""
    try:
        return Index.load(path)
    except UnknownIndexError as error:
        room = next((room for room in ROOMS if error.name in dir(room)), None)
        if room is None:
            raise
        getattr(room, error.name)
        return _index(path)  # one within another may be of a further room


def _embedder_of(about: dict, folder: Path, embedder: Embedder | None) -> Embedder:
    """Find the model that made the vectors: the one given, one of the course's, or one in its old place."""
    wanted, tried = about["model"], []
    for model in _candidates(about, embedder):
        if all(model.identity.get(name) == value for name, value in wanted.items()):
            return model
        tried.append(model.identity)
    raise StoreError(
        f"{str(folder)!r} was built with {wanted}, but the embedder is {tried[0]}: "
        "load that model, or build the index again"
    )


def _candidates(about: dict, embedder: Embedder | None) -> Iterator[Embedder]:
    pooling, source = about["model"].get("pooling"), about.get("source")
    if embedder is not None:
        yield embedder
    elif source is None:
        yield models.embedder(None if pooling == "mean" else pooling)
    if source == models.FINETUNED:
        yield models.finetuned_embedder()
    elif embedder is None and source:
        yield Embedder.load(source, pooling=pooling)


def _keep(model: reranking.CrossEncoder, folder: Path, prefix: str) -> str | None:
    """Copy the file of a cross-encoder into the folder; return its name, or the place of a folder."""
    if model.source is None or Path(model.source).is_dir():
        return model.source and str(model.source)
    name = f"{prefix}reranker.safetensors"
    shutil.copyfile(model.source, folder / name)
    return name
