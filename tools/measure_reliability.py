"""Chapter 17's figures that take over some seconds: fallback models, and near keys of a semantic cache.

python tools/measure_reliability.py fallback
python tools/measure_reliability.py paraphrases
"""

import json
import sys
from importlib.metadata import version

import numpy as np

from embedlab.benchmark import docsearch
from embedlab.engine import LEAD, cross_encoder, embedder, finetuned_embedder
from embedlab.engine.shipping import first_layers
from embedlab.finetuning import trained_adapter
from embedlab.machine import content_key, data_path, write_atomically
from embedlab.pooling import l2_normalize
from embedlab.serving import (
    Space,
    bytes_of,
    crossed_quality,
    lsa_space,
    map_curve,
    paraphrases,
    ways_out,
)

PACKAGES = ("embedlab", "numpy", "scipy", "scikit-learn", "pandas", "torch")


def space_of(model, benchmark) -> Space:
    """Embed all documents and the queries of dev and test."""
    queries = {part: model.encode(benchmark.split(part)[1], cache=True) for part in ("dev", "test")}
    return Space(model.encode(benchmark.documents, cache=True, on_long="cut"), queries)


def spaces(benchmark) -> dict[str, Space]:
    """Return the spaces that are compared; all read the first 64 tokens but those named otherwise."""
    plain = embedder()
    found = {
        "fine-tuned": space_of(finetuned_embedder().reading(LEAD), benchmark),
        "mean": space_of(plain.reading(LEAD), benchmark),
        "cls, 256 tokens": space_of(embedder("cls"), benchmark),
        "3 of 6 layers, 256 tokens": space_of(first_layers(plain, 3), benchmark),
        "lsa": lsa_space(benchmark),
    }
    adapter, long = trained_adapter(plain), space_of(plain, benchmark)
    found["adapter, 256 tokens"] = Space(
        l2_normalize(adapter.transform(long.documents)),
        {part: l2_normalize(adapter.transform(vectors)) for part, vectors in long.queries.items()},
    )
    found["mean, 256 tokens"] = long
    found["fine-tuned, rotated"] = found["fine-tuned"].rotated()
    return found


def fallback() -> dict:
    """Measure every model's queries in every index, maps by the number of pairs, and the ways out."""
    benchmark = docsearch()
    every = spaces(benchmark)
    remote, names = every["fine-tuned, rotated"], ("mean", "cls, 256 tokens", "lsa")
    curves = {name: map_curve(benchmark, every[name], remote) for name in names}
    return {
        "benchmark": benchmark.fingerprint,
        "second index bytes": bytes_of(every["mean"]),
        "crossed, nDCG@10 on dev": crossed_quality(benchmark, every),
        "maps, nDCG@10 on dev by pairs": curves,
        "ways out, on test": ways_out(benchmark, remote, {name: every[name] for name in names}, curves),
    }


def scores() -> dict:
    """Score every written pair: cosines of three models, and the cross-encoder, trained for search."""
    pairs = paraphrases()
    stored, asked = [pair.stored for pair in pairs], [pair.asked for pair in pairs]
    models = {"mean": embedder(), "cls": embedder("cls"), "fine-tuned": finetuned_embedder()}
    found = {
        name: (model.encode(stored, cache=True) * model.encode(asked, cache=True)).sum(axis=1)
        for name, model in models.items()
    }
    found["cross-encoder"] = cross_encoder().score_pairs(list(zip(stored, asked, strict=True)))
    made_of = content_key(*(f"{pair.stored}\0{pair.asked}" for pair in pairs))
    return {"pairs": made_of, "scores": {name: np.round(some, 4).tolist() for name, some in found.items()}}


WRITTEN = {"fallback": fallback, "paraphrases": scores}


def rounded(value):
    """Round every float within to four decimals; a smaller one stays as it is."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) and abs(value) > 1e-3 else value


def main(name: str) -> None:
    """Measure, and write the results with the versions that made them."""
    versions = {package: version(package) for package in PACKAGES}
    about = rounded(WRITTEN[name]()) | {
        "versions": versions,
        "command": f"tools/measure_reliability.py {name}",
    }
    path = data_path("serving") / f"{name}.json"
    text = json.dumps(about, indent=1) + "\n"
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1])
