"""What fewer bits cost in search: each precision against float32, on the queries of DocSearch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import docsearch, holm, paired_difference
from embedlab.embedder import Embedder
from embedlab.machine import (
    cached,
    content_key,
    data_path,
    machine_name,
    needs,
    shipped_figures,
    write_figures,
)
from embedlab.serving.fallback_study import found
from embedlab.serving.onnx_encoder import OnnxEncoder
from embedlab.serving.onnx_files import PRECISIONS

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
SHIPPED = "serving/precision.json"
INT8 = tuple(name for name in PRECISIONS if name != "float32")
DYNAMIC = tuple(name for name in INT8 if not PRECISIONS[name].static)
READ = 64  # tokens of a document, where all documents are encoded anew: a third of the time


def rounded(vectors: Floats, dtype: str) -> Floats:
    """Store vectors in "float16" or "bfloat16", and read them back.

    Examples
    --------
    >>> rounded(np.float32([0.5, 301.1]), "float16"), rounded(np.float32([0.5, 301.1]), "bfloat16")
    (array([  0.5, 301. ], dtype=float32), array([  0.5, 302. ], dtype=float32))
    """
    if dtype == "float16":
        return vectors.astype(np.float16).astype(np.float32)
    if dtype != "bfloat16":
        raise ValueError(f"dtype is float16 or bfloat16, not {dtype!r}")
    bits = np.ascontiguousarray(vectors, np.float32).view(np.uint32)
    # bfloat16 is the upper half of a float32; half of the lower one is added first, ties go to the even one.
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def encoders(max_length: int = 256) -> dict[str, Callable[[], Encode]]:
    """Return a maker of each encoder that is compared, float32 first; each is loaded when it is called."""

    def in_torch(dtype: str) -> Encode:
        from embedlab.serving.precision import PrecisionEncoder

        return PrecisionEncoder(dtype, max_length=max_length).encode

    def onnx(**options: str) -> Encode:
        return OnnxEncoder.load(max_length=max_length, **options).encode

    made = {"float32": lambda: onnx(), "openvino": lambda: onnx(runtime="openvino")}
    made |= {f"torch {dtype}": partial(in_torch, dtype) for dtype in ("bfloat16", "float16")}
    return made | {name: partial(onnx, precision=name) for name in INT8}


def compare(vectors: Mapping[str, tuple[Floats, Floats]], split: str) -> list[dict]:
    """Compare pairs of (query vectors, document vectors) with the first of them.

    Returns
    -------
    list of dict
        ``name``; ``ndcg``; its ``difference`` to the first, with the paired interval ``low`` to ``high`` and
        ``p``, corrected for the number of rows (Holm); ``cosine``, the mean of a query's vector to that of
        the first, and ``worst``, the lowest.
    """
    (base, (base_queries, base_documents)), *_ = vectors.items()
    benchmark = docsearch()
    first = found(benchmark, base_queries, base_documents, split)
    each = {name: found(benchmark, *pair, split) for name, pair in vectors.items() if name != base}
    tests = holm({name: paired_difference(own, first) for name, own in each.items()})
    rows = [{"name": base, "ndcg": first.mean(), "cosine": 1.0, "worst": 1.0}]
    for name, test in tests.items():
        cosines = (vectors[name][0] * base_queries).sum(1)
        rows.append(
            {"name": name, "ndcg": each[name].mean(), "difference": test.mean, "low": test.low}
            | {"high": test.high, "p": test.p, "cosine": cosines.mean(), "worst": cosines.min()}
        )
    return [
        {key: value if isinstance(value, str) else round(float(value), 4) for key, value in row.items()}
        for row in rows
    ]


def query_side(split: str = "dev", names: Sequence[str] | None = None, *, alone: bool = False) -> list[dict]:
    """Encode only the queries in each precision; the documents were indexed in float32, by torch.

    That is a service whose index stays and whose query encoder is exchanged. A second at most for each; see
    `compare` for the rows. With dynamic scales a vector depends on what else is in the call: ``alone``
    encodes one query a call, as a service does where little comes; else they go in batches.

    Raises
    ------
    ValueError
        If one of the names is not among `encoders`.
    """
    makers = encoders()
    unknown = set(names or ()) - set(makers)
    if unknown:
        raise ValueError(f"there is no encoder {sorted(unknown)[0]!r}; choose from {', '.join(makers)}")
    texts = docsearch().split(split)[1]
    documents = Embedder.load().encode(docsearch().documents, cache=True, on_long="cut")
    wanted = ["float32", *(name for name in names or makers if name != "float32")]
    calls = [[text] for text in texts] if alone else [texts]
    made = {name: makers[name]() for name in wanted}
    vectors = {name: np.vstack([encode(call) for call in calls]) for name, encode in made.items()}
    return compare({name: (queries, documents) for name, queries in vectors.items()}, split)


def company(split: str = "dev") -> dict:
    """Measure what it does to a query in dynamic int8 whether others are in its call, on one CPU.

    Returns
    -------
    dict
        ``instructions`` of the CPU; ``in batches`` and ``one a call``, rows as of `query_side`.
    """
    import torch

    return {
        "machine": machine_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "in batches": query_side(split, DYNAMIC),
        "one a call": query_side(split, DYNAMIC, alone=True),
    }


def stored_vectors(split: str = "dev") -> list[dict]:
    """Compute in float32, but store the vectors of queries and documents in 16 bits; rows as of `compare`."""
    embedder, benchmark = Embedder.load(), docsearch()
    queries = embedder.encode(benchmark.split(split)[1], cache=True)
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
    pairs = {"float32": (queries, documents)}
    kinds = ("float16", "bfloat16")
    return compare(
        pairs | {kind: (rounded(queries, kind), rounded(documents, kind)) for kind in kinds}, split
    )


def both_sides(names: Sequence[str], split: str = "dev", *, tokens: int = READ) -> list[dict]:
    """Encode queries and all 6,152 documents in each precision, and compare as `compare` does.

    A minute or two for each name the first time; kept in the cache. All read the same first ``tokens``;
    float32 is torch's, whose document vectors come with the course.
    """
    queries, plain = docsearch().split(split)[1], Embedder.load().reading(tokens)
    documents = plain.encode(docsearch().documents, cache=True, on_long="cut")
    pairs = {"float32": (plain.encode(queries, cache=True, on_long="cut"), documents)}
    for name in names:
        encode = encoders(tokens)[name]()
        pairs[name] = (encode(queries), _documents(name, tokens, encode))
    return compare(pairs, split)


def _documents(name: str, tokens: int, encode: Encode) -> Floats:
    texts = docsearch().documents
    versions = [needs(package).__version__ for package in ("onnxruntime", "openvino", "torch")]
    key = content_key(name, str(tokens), docsearch().fingerprint, *versions)

    def write(path: Path, vectors: Floats) -> None:
        with open(path, "wb") as file:
            np.save(file, vectors)

    return cached("precision", key, lambda: encode(texts), write, np.load, ".npy")


def ship_precision(file: Path | None = None) -> dict:
    """Measure all of this anew, and put it in the place of what chapter 17 draws; some minutes.

    The test queries are looked at once, for the precision that dev chose.
    """
    measured = {
        "command": "python -c 'from embedlab.serving import ship_precision; ship_precision()'",
        "machine": machine_name(),
        "versions": {name: needs(name).__version__ for name in ("torch", "onnxruntime", "openvino")},
        "tokens of a document where both sides are encoded": READ,
        "queries only, dev": query_side("dev"),
        "company of a query, dev": company(),
        "queries only, test": query_side("test", ["int8"]),
        "stored, dev": stored_vectors("dev"),
        "both sides, dev": both_sides(["int8"], "dev"),
        "both sides, test": both_sides(["int8"], "test"),
    }
    write_figures(file or data_path(SHIPPED), measured)
    return measured


def shipped(name: str) -> dict:
    """Return figures of this chapter that come with the course, such as those of `ship_precision`.

    Parameters
    ----------
    name : {"fallback", "load", "precision", "ray", "speed"}

    Raises
    ------
    ValueError
        If there are none of that name.

    Examples
    --------
    >>> sorted(shipped("fallback"))[:2]
    ['benchmark', 'command']
    """
    return shipped_figures("serving", name)
