"""Train anew what comes trained in ``data/trained``, and write the cards that say what made it."""

import inspect
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from embedlab import colbert, finetuning, reranking
from embedlab.benchmark import Benchmark, docsearch, quality, training_pairs
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
    machine_name,
    write_atomically,
)
from embedlab.matryoshka import LinearAdapter

MADE_WITH = ("numpy", "scipy", "scikit-learn", "pandas", "torch")
SIDES = ("dev", "test")
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
# The same trainings with one thing changed, to see what that thing does (chapters 04 and 08).
CONTROLS = {
    "encoder-384": ("encoder", {"dims": (384,)}),
    "reranker-pointwise": ("reranker", {"loss": "pointwise"}),
    "reranker-plain": ("reranker", {"base": None}),  # starts from all-MiniLM-L6-v2, not from the fine-tuned
}


@dataclass(frozen=True)
class Task:
    """A training function, what it is given, and a hash of the examples."""

    train: Callable
    arguments: tuple
    options: dict
    examples: str

    @property
    def recipe(self) -> dict:
        """The settings, as JSON would give them back."""
        changed = {name: value for name, value in self.options.items() if name not in NO_RECIPE}
        return json.loads(json.dumps(recipe_of(self.train) | changed))


def task_of(name: str, benchmark: Benchmark, folder: Path) -> Task:
    """Return what makes one of the files in ``folder``; the reranker needs two others that are there."""
    name, changed = CONTROLS.get(name, (name, {}))
    if name == "reranker":
        arrays, _ = files.load(folder / "mined.safetensors", "Mined")
        found = [arrays["real"], arrays["made"]]  # in the order in which `mine` asks
        key = content_key(benchmark.fingerprint, *(array.tobytes() for array in found))
        real_and_made = reranking.mine(benchmark, lambda queries, depth: (None, found.pop(0)))
        base = finetuning.trained_encoder(folder / "encoder.safetensors")
        return Task(reranking.train_reranker, real_and_made, {"base": base} | changed, key)
    pairs = training_pairs(benchmark)
    weights = finetuning.pair_weights(benchmark, pairs)
    key, options = finetuning.pairs_key(pairs, weights), {"weights": weights} | changed
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


def trained(name: str, task: Task, folder: Path, device: str = "cpu") -> list[float]:
    """Train, save, and return the losses; an interrupted training goes on from its checkpoint."""
    file, kind = folder / f"{name}.safetensors", CONTROLS.get(name, (name,))[0]
    if kind == "adapter":
        finetuning.fit_adapter(*task.arguments, **task.options).save(file)
        return []
    options = task.options | ({} if kind == "colbert" else {"device": device})
    made, losses = task.train(*task.arguments, **options, checkpoint=folder / f"{name}.checkpoint")
    if kind == "encoder":
        made.save(file, base=PACKAGED_SHA256)
    elif kind == "reranker":
        base = task.options["base"]
        made.save(file, base=base.sha256 if base else PACKAGED_SHA256, max_length=task.recipe["max_length"])
    else:
        made.save(file)
    return losses


def small_losses(name: str, task: Task) -> list[float]:
    """Return the losses of the first three steps of a training with few examples in a step."""
    name = CONTROLS.get(name, (name,))[0]
    if name not in SMALL:
        return []
    options = task.options | SMALL[name] | {"stop_after": 3, "show_progress": False}
    return task.train(*task.arguments, **options)[1]


def recipe_of(train: Callable) -> dict:
    """Return the settings that a training function has by default, as JSON would give them back.

    Examples
    --------
    >>> recipe_of(finetuning.train_encoder)["rank"]
    8
    """
    parameters = inspect.signature(train).parameters.values()
    named = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in NO_RECIPE}
    return json.loads(json.dumps(named))


def stages_of(name: str, work: Path, parts: Parts) -> dict[str, Stage]:
    """Return the engines that something trained is measured in, by their names."""
    file = work / f"{name}.safetensors"
    if name.startswith("encoder"):
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
    base = None if name == "reranker-plain" else finetuning.trained_encoder(work / "encoder.safetensors")
    model = reranking.CrossEncoder.load(file, base=base)
    return {"rerank": RerankStage(parts.hybrid, model, parts.texts, depth=DEPTH)}


def figures_of(name: str, work: Path, benchmark: Benchmark) -> dict[str, dict[str, float]]:
    """Return nDCG@10 on all dev and on all test queries."""
    parts = Parts(benchmark.documents, benchmark.doc_ids, lead=models.LEAD)
    figures: dict[str, dict[str, float]] = {side: {} for side in SIDES if benchmark.splits.get(side)}
    for label, stage in stages_of(name, work, parts).items():
        for side, found in figures.items():
            ranking = stage.rank(benchmark.split(side)[1], 10)
            found[label] = round(float(quality(benchmark, ranking, split=side).mean()), 4)
    return figures


def card_of(name: str, task: Task, losses: Sequence[float], seconds: float, machine: str) -> dict:
    """Write down what made the weights."""
    return {
        "base": PACKAGED_SHA256,
        "versions": {package: version(package) for package in MADE_WITH},
        "examples": task.examples,
        "recipe": task.recipe,
        "first losses": [round(loss, 6) for loss in losses[:5]],
        "last losses": [round(loss, 6) for loss in losses[-5:]],
        "small losses": [round(loss, 6) for loss in small_losses(name, task)],
        "seconds": round(seconds),
        "machine": machine,
    }


def train_all(*, device: str = "cpu", report: Callable[[str], None] = print) -> None:
    """Train what comes trained anew, one after the other, and replace it when all is done.

    If interrupted, the same call goes on where it was, with the last checkpoint.

    Parameters
    ----------
    device : str
        Where torch trains, such as "cuda"; the same batches everywhere.
    report : callable
        Gets each line that says how it goes.
    """
    benchmark, shipped = docsearch(), data_path("trained")
    work = cache_file("training", content_key(benchmark.fingerprint, code_of(finetuning, colbert, reranking)))
    work.mkdir(exist_ok=True)
    for name in (*NAMES, *CONTROLS):
        report(f"{name}:")
        new = made_card(name, benchmark, work, device)["nDCG@10"]
        old = shipped / f"{name}.json"
        before = json.loads(old.read_text(encoding="utf-8"))["nDCG@10"] if old.exists() else {}
        for side, figures in new.items():
            for label, value in figures.items():
                was = before.get(side, {}).get(label, float("nan"))
                report(f"  {label:<18} {side:<5} nDCG@10 {value:.3f}, before {was:.3f}")
    shipped.mkdir(parents=True, exist_ok=True)
    for file in [*work.glob("*.json"), *work.glob("*.safetensors")]:
        shutil.copyfile(file, shipped / file.name)
    shutil.rmtree(work)


def made_card(name: str, benchmark: Benchmark, work: Path, device: str = "cpu") -> dict:
    """Train one and write its card beside it; read the card where that is done."""
    card = work / f"{name}.json"
    if not card.exists():
        if name == "reranker" and not (work / "mined.safetensors").exists():
            mine(benchmark, work / "mined.safetensors")
        task, start = task_of(name, benchmark, work), time.perf_counter()
        losses = trained(name, task, work, device)
        machine = f"{machine_name()}, {device}"
        content = card_of(name, task, losses, time.perf_counter() - start, machine)
        content["nDCG@10"] = figures_of(name, work, benchmark)
        text = json.dumps(content, indent=2) + "\n"
        write_atomically(card, lambda path: path.write_text(text, encoding="utf-8"))
    return json.loads(card.read_text(encoding="utf-8"))
