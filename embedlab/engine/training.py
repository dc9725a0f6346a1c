"""Train anew what comes trained in ``data/trained``, and write the cards that say what made it."""

import inspect
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Sequence
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
NO_RECIPE = {"weights", "model", "base", "texts", "checkpoint", "save_every", "stop_after", "show_progress"}
Trained = tuple[Callable, list[float], str]  # what trained, the loss of each step, a hash of the examples


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


def pairs_of(benchmark: Benchmark) -> tuple[list[tuple[str, str]], list[float], str]:
    """Return the training pairs, how often each is drawn, and a hash of both."""
    pairs = training_pairs(benchmark)
    weights = finetuning.pair_weights(benchmark, pairs)
    return pairs, weights, finetuning.pairs_key(pairs, weights)


def lists_of(benchmark: Benchmark, mined: Path) -> tuple[list, list, str]:
    """Return the reranker's lists, (real, made), from what the first stage found, and a hash of them."""
    arrays, _ = files.load(mined, "Mined")
    found = iter((arrays["real"], arrays["made"]))  # in the order in which `mine` asks
    real, made = reranking.mine(benchmark, lambda queries, depth: (None, next(found)))
    return real, made, content_key(*(repr(example) for example in [*real, *made]))


def train_encoder(benchmark: Benchmark, work: Path) -> Trained:
    """Differences to the encoder."""
    pairs, weights, key = pairs_of(benchmark)
    options = {"weights": weights, "checkpoint": work / "encoder.checkpoint"}
    lora, losses = finetuning.train_encoder(pairs, **options)
    lora.save(work / "encoder.safetensors", base=PACKAGED_SHA256)
    return finetuning.train_encoder, losses, key


def train_adapter(benchmark: Benchmark, work: Path) -> Trained:
    """Fit a matrix to the packaged model's vectors."""
    embedder = Embedder.load(dtype="float32")
    finetuning.fit_adapter(benchmark, embedder, lead=models.LEAD).save(work / "adapter.safetensors")
    return LinearAdapter.fit, [], pairs_of(benchmark)[2]


def train_colbert(benchmark: Benchmark, work: Path) -> Trained:
    """Fit a projection of the packaged model's token vectors."""
    pairs, weights, key = pairs_of(benchmark)
    model = colbert.ColBERT(Embedder.load(dtype="float32"), lead=models.COLBERT_LEAD)
    options = {"weights": weights, "checkpoint": work / "colbert.checkpoint"}
    model, losses = colbert.fit_projection(model, pairs, **options)
    model.save(work / "colbert.safetensors")
    return colbert.fit_projection, losses, key


def train_reranker(benchmark: Benchmark, work: Path) -> Trained:
    """Differences to the fine-tuned encoder, trained on what the hybrid first stage takes for right."""
    mined = work / "mined.safetensors"
    if not mined.exists():
        first, found = Parts(benchmark.documents, benchmark.doc_ids, lead=models.LEAD).hybrid, []

        def rank(queries: Sequence[str], depth: int):
            found.append(first.rank(queries, depth)[1].astype(np.int16))
            return None, found[-1]

        reranking.mine(benchmark, rank)
        files.save(mined, "Mined", dict(zip(("real", "made"), found, strict=True)))
    real, made, key = lists_of(benchmark, mined)
    base = finetuning.trained_encoder(work / "encoder.safetensors")
    options = {"base": base, "checkpoint": work / "reranker.checkpoint"}
    lora, losses = reranking.train_reranker(real, made, **options)
    length = recipe_of(reranking.train_reranker)["max_length"]
    lora.save(work / "reranker.safetensors", base=base.sha256, max_length=length)
    return reranking.train_reranker, losses, key


STEPS = {
    "encoder": train_encoder,
    "adapter": train_adapter,
    "colbert": train_colbert,
    "reranker": train_reranker,
}


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


def figures_of(name: str, work: Path, parts: Parts, benchmark: Benchmark) -> dict[str, float]:
    """Return nDCG@10 on all test queries."""
    figures = {}
    for label, stage in stages_of(name, work, parts).items():
        values = ndcg(benchmark.split("test")[2], run_of(benchmark, stage.rank))
        figures[label] = round(float(np.mean(list(values.values()))), 4)
    return figures


def card_of(trained: Trained, seconds: float, cpu_seconds: float) -> dict:
    """Write down what made the weights."""
    train, losses, key = trained
    return {
        "base": PACKAGED_SHA256,
        "versions": {name: version(name) for name in MADE_WITH},
        "examples": key,
        "recipe": recipe_of(train),
        "first losses": [round(loss, 6) for loss in losses[:5]],
        "mean of the last 20 losses": round(float(np.mean(losses[-20:])), 4) if losses else None,
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
    parts = Parts(benchmark.documents, benchmark.doc_ids, lead=models.LEAD)
    work = cache_file("training", content_key(benchmark.fingerprint, code_of(finetuning, colbert, reranking)))
    work.mkdir(exist_ok=True)
    for name, step in STEPS.items():
        report(f"{name}: {step.__doc__}")
        card = work / f"{name}.json"
        if not card.exists():
            start, cpu = time.perf_counter(), time.process_time()
            trained = step(benchmark, work)
            content = card_of(trained, time.perf_counter() - start, time.process_time() - cpu)
            content["nDCG@10 on test"] = figures_of(name, work, parts, benchmark)
            text = json.dumps(content, indent=2) + "\n"
            write_atomically(card, lambda path, text=text: path.write_text(text, encoding="utf-8"))
        new = json.loads(card.read_text(encoding="utf-8"))["nDCG@10 on test"]
        old = shipped / f"{name}.json"
        before = json.loads(old.read_text(encoding="utf-8"))["nDCG@10 on test"] if old.exists() else {}
        for label, value in new.items():
            report(f"  {label:<16} nDCG@10 {value:.3f}, before {before.get(label, float('nan')):.3f}")
    shipped.mkdir(parents=True, exist_ok=True)
    for file in sorted(work.glob("*.json")) + sorted(work.glob("*.safetensors")):
        shutil.copyfile(file, shipped / file.name)
    shutil.rmtree(work)
