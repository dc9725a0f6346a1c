"""Chapter 20's figures on bridges between models: by anchors, by rank, on test, half migrated.

python tools/measure_bridges.py
"""

import sys
import warnings
from datetime import date
from importlib.metadata import version

import numpy as np

from embedlab.benchmark import docsearch
from embedlab.drift.bridges import WAYS, anchors_curve, ends, half_migrated, on_test, rank_curve
from embedlab.engine import LEAD, embedder, finetuned_embedder
from embedlab.machine import data_path, machine_name, write_figures
from embedlab.pipelines import WordTable
from embedlab.serving import Space, lsa_space, ridge_map, training_rows

PARTS = ("dev", "test")
PACKAGES = ("embedlab", "numpy", "scikit-learn", "torch")


def space(encode, benchmark) -> Space:
    """Embed all documents and the queries of dev and test."""
    queries = {part: encode(list(benchmark.split(part)[1])) for part in PARTS}
    return Space(encode(list(benchmark.documents)), queries)


def upgrades(benchmark) -> dict[str, tuple[Space, Space]]:
    """Return old and new space of each kind of change."""

    def model(one):
        return space(lambda texts: one.encode(texts, cache=True, on_long="cut"), benchmark)

    mean, long = model(embedder().reading(LEAD)), model(embedder())
    return {
        "fine-tuned on top": (mean, model(finetuned_embedder().reading(LEAD))),
        "reads 64 tokens, not 256": (long, mean),
        "mean pooling, not [CLS]": (model(embedder("cls")), long),
        "encoder, not its word table": (space(WordTable(), benchmark), mean),
        "encoder, not LSA": (lsa_space(benchmark, parts=PARTS), mean),
    }


def measured(benchmark, old: Space, new: Space) -> dict:
    """Measure one upgrade."""
    dev = ends(benchmark, old, new, "dev")
    found = {"dev": {name: float(value.mean()) for name, value in dev.items()}, "ways": {}}
    for way in WAYS:
        curve = anchors_curve(benchmark, old, new, way)
        kinds = {
            row["anchors"]: row["kind"] for row in curve if row["anchors"] in (500, curve[-1]["anchors"])
        }
        test = on_test(benchmark, old, new, way, kinds)
        found["ways"][way] = {
            "by anchors": curve,
            "by rank": rank_curve(benchmark, old, new, way),
            "on test": test,
        }
    rows = training_rows(benchmark)
    matrix = ridge_map(old.documents[rows], new.documents[rows], 0.1)
    found["half migrated"] = half_migrated(
        benchmark, old, new, matrix, np.linspace(0, 1, 11).round(1).tolist()
    )
    return found


def rounded(value):
    """Round every float within to four decimals."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Measure, and write the results with the versions that made them."""
    warnings.simplefilter("ignore")
    benchmark = docsearch()
    figures = {}
    for name, (old, new) in upgrades(benchmark).items():
        figures[name] = rounded(measured(benchmark, old, new))
        print(name, figures[name]["dev"], flush=True, file=sys.stderr)
    card = {"machine": machine_name(), "date": date.today().isoformat(), "benchmark": benchmark.fingerprint}
    card |= {"versions": {name: version(name) for name in PACKAGES}, "command": "tools/measure_bridges.py"}
    write_figures(data_path("drift") / "bridges.json", {"card": card, "figures": figures})


if __name__ == "__main__":
    main()
