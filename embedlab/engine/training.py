"""Train anew what comes trained in ``data/trained``, and write the cards that say what made it."""

import inspect
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from embedlab import colbert, finetuning, reranking
from embedlab.benchmark import Benchmark, docsearch, ndcg, run_of, training_pairs
from embedlab.embedder import Embedder
from embedlab.engine import models
from embedlab.engine.catalogue import DEPTH, Parts, prefix
from embedlab.engine.first_stages import ColBERTStage, DenseStage
from embedlab.engine.stages import RerankStage, Stage
from embedlab.index import FlatIndex
from embedlab.machine import (
    PACKAGED_SHA256,
    cache_file,
    code_of,
    content_key,
    data_path,
    files,
    write_atomically,
)
from embedlab.matryoshka import LinearAdapter

MADE_WITH = ("numpy", "scipy", "scikit-learn", "pandas", "torch")
# Arguments that say what is trained on and how it is run; all others are the recipe.
NO_RECIPE = {
    "weights",
    "model",
    "base",
    "texts",
    "checkpoint",
    "save_every",
    "stop_after",
    "device",
    "show_progress",
}
# The same trainings on so little that a test can repeat the first steps: what they lose stands on the card.
SMALL = {
    "encoder": {"batch_size": 8, "max_length": 32},
    "colbert": {"batch_size": 4},
    "reranker": {"lists": 2, "max_length": 48},
}
NAMES = ("encoder", "adapter", "colbert", "reranker")  # the reranker starts from the encoder


@dataclass(frozen=True)
class Task:
    """A training function, what it is given, and a hash of the examples."""

    train: Callable
    arguments: tuple
    options: dict
    examples: str


def task_of(name: str, benchmark: Benchmark, folder: Path) -> Task:
    """Return what makes one of the files in ``folder``; the reranker needs two others that are there."""
    if name == "reranker":
        arrays, _ = files.load(folder / "mined.safetensors", "Mined")
        found = [arrays["real"], arrays["made"]]  # in the order in which `mine` asks
        key = content_key(benchmark.fingerprint, *(array.tobytes() for array in found))
        real_and_made = reranking.mine(benchmark, lambda queries, depth: (None, found.pop(0)))
        base = finetuning.trained_encoder(folder / "encoder.safetensors")
        return Task(reranking.train_reranker, real_and_made, {"base": base}, key)
    pairs = training_pairs(benchmark)
    weights = finetuning.pair_weights(benchmark, pairs)
    key, options = finetuning.pairs_key(pairs, weights), {"weights": weights}
    if name == "encoder":
        return Task(finetuning.train_encoder, (pairs,), options, key)
    embedder = Embedder.load(dtype="float32")
    if name == "colbert":
        model = colbert.ColBERT(embedder, lead=models.COLBERT_LEAD)
        return Task(colbert.fit_projection, (model, pairs), options, key)
    return Task(LinearAdapter.fit, (benchmark, embedder), {"lead": models.LEAD}, key)


def mine(benchmark: Benchmark, file: Path) -> None:
    """Write down what the hybrid first stage finds for each query that the reranker may be trained on."""
    first, found = Parts(benchmark.documents, benchmark.doc_ids, lead=models.LEAD).hybrid, []

    def rank(queries: Sequence[str], depth: int):
        found.append(first.rank(queries, depth)[1].astype(np.int16))
        return None, found[-1]

    reranking.mine(benchmark, rank)
    files.save(file, "Mined", dict(zip(("real", "made"), found, strict=True)))


def trained(name: str, task: Task, folder: Path) -> list[float]:
    """Train, save, and return the losses; an interrupted training goes on from its checkpoint."""
    file = folder / f"{name}.safetensors"
    if name == "adapter":
        finetuning.fit_adapter(*task.arguments, **task.options).save(file)
        return []
    made, losses = task.train(*task.arguments, **task.options, checkpoint=folder / f"{name}.checkpoint")
    if name == "encoder":
        made.save(file, base=PACKAGED_SHA256)
    elif name == "reranker":
        made.save(file, base=task.options["base"].sha256, max_length=recipe_of(task.train)["max_length"])
    else:
        made.save(file)
    return losses


def small_losses(name: str, task: Task) -> list[float]:
    """Return the losses of the first three steps of a training with few examples in a step."""
    if name not in SMALL:
        return []
    options = task.options | SMALL[name] | {"stop_after": 3, "show_progress": False}
    return task.train(*task.arguments, **options)[1]


def recipe_of(train: Callable) -> dict:
    """Return the settings that a training function has by default, as JSON would give them back.

    Examples
    --------
    >>> recipe_of(finetuning.train_encoder)["rank"]
    16
    """
    parameters = inspect.signature(train).parameters.values()
    named = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in NO_RECIPE}
    return json.loads(json.dumps(named))


def stages_of(name: str, work: Path, parts: Parts) -> dict[str, Stage]:
    """Return the engines that something trained is measured in, by their names."""
    file = work / f"{name}.safetensors"
    if name == "encoder":
        model = models.with_encoder(finetuning.trained_encoder(file))
        indexes = {"fine-tuned-384": FlatIndex, "fine-tuned-64": prefix}
        return {label: parts.dense(index, model=model, lead=models.LEAD) for label, index in indexes.items()}
    if name == "adapter":
        adapter = finetuning.trained_adapter(models.embedder(), file)
        made = {}
        for dims in (384, 64):
            made[f"adapter-{dims}"] = stage = DenseStage(
                models.embedder(), FlatIndex(dims), adapter, lead=models.LEAD
            )
            stage.append(parts.texts, stage.encoded(parts.texts))
        return made
    if name == "colbert":
        model = colbert.ColBERT.load(file, models.embedder())
        index = colbert.ResidualIndex(model.dims)
        index.add(model.encode_documents(parts.texts))
        return {"colbert": ColBERTStage(model, index)}
    base = finetuning.trained_encoder(work / "encoder.safetensors")
    model = reranking.CrossEncoder.load(file, base=base)
    return {"rerank": RerankStage(parts.hybrid, model, parts.texts, depth=DEPTH)}


def figures_of(name: str, work: Path, benchmark: Benchmark) -> dict[str, float]:
    """Return nDCG@10 on all test queries."""
    parts, figures = Parts(benchmark.documents, benchmark.doc_ids, lead=models.LEAD), {}
    for label, stage in stages_of(name, work, parts).items():
        values = ndcg(benchmark.split("test")[2], run_of(benchmark, stage.rank))
        figures[label] = round(float(np.mean(list(values.values()))), 4)
    return figures


def card_of(name: str, task: Task, losses: Sequence[float], seconds: float, cpu_seconds: float) -> dict:
    """Write down what made the weights."""
    return {
        "base": PACKAGED_SHA256,
        "versions": {package: version(package) for package in MADE_WITH},
        "examples": task.examples,
        "recipe": recipe_of(task.train),
        "first losses": [round(loss, 6) for loss in losses[:5]],
        "last losses": [round(loss, 6) for loss in losses[-5:]],
        "small losses": [round(loss, 6) for loss in small_losses(name, task)],
        "seconds": round(seconds),
        "seconds of CPU": round(cpu_seconds),
        "machine": f"{cpu_name()}, {os.cpu_count()} cores",
    }


def cpu_name() -> str:
    """Return what the CPU calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def train_all(*, report: Callable[[str], None] = print) -> None:
    """Train what comes trained anew, one after the other, and replace it when all is done.

    If interrupted, the same call goes on where it was, with the last checkpoint.
    """
    benchmark, shipped = docsearch(), data_path("trained")
    work = cache_file("training", content_key(benchmark.fingerprint, code_of(finetuning, colbert, reranking)))
    work.mkdir(exist_ok=True)
    for name in NAMES:
        report(f"{name}:")
        new = made_card(name, benchmark, work)["nDCG@10 on test"]
        old = shipped / f"{name}.json"
        before = json.loads(old.read_text(encoding="utf-8"))["nDCG@10 on test"] if old.exists() else {}
        for label, value in new.items():
            report(f"  {label:<16} nDCG@10 {value:.3f}, before {before.get(label, float('nan')):.3f}")
    shipped.mkdir(parents=True, exist_ok=True)
    for file in [*work.glob("*.json"), *work.glob("*.safetensors")]:
        shutil.copyfile(file, shipped / file.name)
    shutil.rmtree(work)


def made_card(name: str, benchmark: Benchmark, work: Path) -> dict:
    """Train one and write its card beside it; read the card where that is done."""
    card = work / f"{name}.json"
    if not card.exists():
        if name == "reranker" and not (work / "mined.safetensors").exists():
            mine(benchmark, work / "mined.safetensors")
        task, start, cpu = task_of(name, benchmark, work), time.perf_counter(), time.process_time()
        losses = trained(name, task, work)
        content = card_of(name, task, losses, time.perf_counter() - start, time.process_time() - cpu)
        content["nDCG@10 on test"] = figures_of(name, work, benchmark)
        text = json.dumps(content, indent=2) + "\n"
        write_atomically(card, lambda path: path.write_text(text, encoding="utf-8"))
    return json.loads(card.read_text(encoding="utf-8"))
