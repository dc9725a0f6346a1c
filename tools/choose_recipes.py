"""Try the recipes of what is trained, judge each on the dev queries, and write the figures down.

    python tools/choose_recipes.py --device cuda

Writes data/trained/choices.json. Each recipe is trained with two seeds or more; the mean of the first two
decides, and the weights that are shipped are those of seed 0, not of the better one. Minutes on a GPU, a day
on two cores.
"""

import argparse
import json
import tempfile
from pathlib import Path

from tqdm import tqdm

from embedlab import colbert, reranking
from embedlab.benchmark import docsearch, quality
from embedlab.encoder import BertEncoder
from embedlab.engine import training
from embedlab.engine.catalogue import Parts
from embedlab.engine.first_stages import ColBERTStage
from embedlab.engine.models import LEAD, with_encoder
from embedlab.engine.stages import RerankStage
from embedlab.index import FlatIndex
from embedlab.machine import data_path, write_atomically
from embedlab.matryoshka import PrefixIndex

FILE = data_path("trained") / "choices.json"
SEEDS = (0, 1)
RECIPES = {
    "encoder": [
        {"rank": 16, "learning_rate": 2e-4},
        {"rank": 16, "learning_rate": 5e-4},
        {"rank": 16, "learning_rate": 1e-3},
        {"rank": 8, "learning_rate": 5e-4},
        {"rank": 32, "learning_rate": 5e-4},
        {"rank": 16, "learning_rate": 5e-4, "steps": 400},
        {"rank": 8, "learning_rate": 5e-4, "dims": [384]},  # the control of chapter 04
    ],
    "reranker": [
        {"learning_rate": 3e-4},
        {"learning_rate": 1e-3},
        {"learning_rate": 2e-3},
        {"learning_rate": 1e-3, "steps": 300},
        {"learning_rate": 3e-4, "loss": "pointwise"},  # the controls of chapter 08
        {"learning_rate": 1e-3, "loss": "pointwise"},
        {"learning_rate": 2e-3, "loss": "pointwise"},
    ],
    "colbert": [
        {"temperature": temperature, "learning_rate": rate}
        for temperature in (0.05, 0.1, 0.2)
        for rate in (1e-3, 2e-3, 5e-3)
    ],
}


def figures(name: str, settings: dict, seed: int, device: str) -> dict[str, float]:
    """Train one recipe with one seed; return nDCG@10 on dev."""
    benchmark = docsearch()
    parts = Parts(benchmark.documents, benchmark.doc_ids, lead=LEAD)
    task = training.task_of(name, benchmark, data_path("trained"))
    options = task.options | settings | {"seed": seed}
    if name == "colbert":
        model, _ = task.train(*task.arguments, **options)
        index = colbert.TokenIndex(model.dims)
        index.add(model.encode_documents(parts.texts))
        stages = {"colbert": ColBERTStage(model, index)}
    elif name == "encoder":
        lora, _ = task.train(*task.arguments, **options, device=device)
        model = with_encoder(lora.merged(BertEncoder.load()))
        dense = {384: FlatIndex, 64: lambda dims: PrefixIndex(dims, FlatIndex(64))}
        stages = {str(d): parts.dense(index, model=model, lead=LEAD) for d, index in dense.items()}
    else:
        lora, _ = task.train(*task.arguments, **options, device=device)
        with tempfile.TemporaryDirectory() as folder:
            file, base = Path(folder) / "reranker.safetensors", task.options["base"]
            lora.save(file, base=base.sha256, max_length=task.recipe["max_length"])
            model = reranking.CrossEncoder.load(file, base=base)
        # Alone: what it adds to the first stage is chosen in chapter 08.
        stages = {
            f"alone, depth {depth}": RerankStage(parts.hybrid, model, parts.texts, depth=depth, weight=1.0)
            for depth in (20, 100)
        }
    texts = benchmark.split("dev")[1]
    found = {label: quality(benchmark, stage.rank(texts, 10), split="dev") for label, stage in stages.items()}
    return {label: round(float(values.mean()), 4) for label, values in found.items()}


def main() -> None:
    """Try all; what was tried before an interruption is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    device, tried = parser.parse_args().device, {name: [] for name in RECIPES}
    jobs = [(name, settings) for name, recipes in RECIPES.items() for settings in recipes]
    for name, settings in tqdm(jobs, unit="recipe"):
        by_seed = {str(seed): figures(name, settings, seed, device) for seed in SEEDS}
        tried[name].append({"settings": settings, "nDCG@10 on dev": by_seed})
        text = json.dumps(tried, indent=1) + "\n"
        write_atomically(FILE, lambda path, text=text: path.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main()
