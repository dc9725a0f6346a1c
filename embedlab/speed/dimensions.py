"""What dimensions cost a graph: vectors compared for the same recall, on real and on uniform directions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from embedlab.benchmark import docsearch, grown, recall_at_k
from embedlab.embedder import Embedder
from embedlab.hnsw import HNSWIndex
from embedlab.index import Floats, Ints, top_k
from embedlab.machine import data_path, machine_name, write_figures
from embedlab.pooling import l2_normalize
from embedlab.speed.ann import qps_at
from embedlab.speed.peers import K

RESULTS = data_path("scale") / "dimensions.json"
BEAMS = (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120)
KINDS = ("documents", "prefix", "uniform")
NEIGHBOURS = 20  # that the intrinsic dimension is estimated from


class Cloud(NamedTuple):
    """Vectors (n, d) and queries (q, d) of length 1."""

    vectors: Floats
    queries: Floats


def cloud(kind: str, documents: Floats, queries: Floats, n: int, dims: int) -> Cloud:
    """Make vectors of so many dimensions.

    Parameters
    ----------
    kind : {"documents", "prefix", "uniform"}
        Grown document vectors, on their first principal components or cut to their first numbers; or random
        directions, for the queries as well.
    documents, queries : float32 arrays (c, d) and (q, d)
    n, dims : int

    Raises
    ------
    ValueError
        If there is no such kind, or there are not so many dimensions.

    Examples
    --------
    >>> cloud("uniform", np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[:2], 5, 3).queries.shape
    (2, 3)
    """
    if kind not in KINDS or not 1 <= dims <= documents.shape[1]:
        raise ValueError(f"kind is one of {KINDS}, dims 1 to {documents.shape[1]}, not {kind!r} and {dims}")
    if kind == "uniform":
        rng = np.random.default_rng(dims)
        made = rng.standard_normal((n + len(queries), dims), dtype=np.float32)
        return Cloud(l2_normalize(made[:n]), l2_normalize(made[n:]))
    vectors, axes = grown(documents, n), np.eye(documents.shape[1], dtype=np.float32)[:, :dims]
    if kind == "documents":
        axes = np.linalg.eigh(documents.T @ documents)[1][:, ::-1][:, :dims]
    axes = np.ascontiguousarray(axes, np.float32)
    return Cloud(l2_normalize(vectors @ axes), l2_normalize(queries @ axes))


def intrinsic_dimension(vectors: Floats, queries: Floats, neighbours: int = NEIGHBOURS) -> float:
    """Estimate how many dimensions the vectors near queries fill (Levina & Bickel 2004, maximum likelihood).

    In d dimensions the number of vectors within a distance grows with its d-th power. The estimate at one
    query is 1 / the mean of log(farthest / each) over its neighbours' distances; the inverses are averaged
    (MacKay & Ghahramani 2005).

    Examples
    --------
    >>> flat = np.zeros((2000, 9), np.float32)
    >>> flat[:, :2] = np.random.default_rng(0).random((2000, 2))
    >>> 1.6 < intrinsic_dimension(flat[:1700], flat[1700:]) < 2.4
    True
    """
    squares = (queries**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1) - 2 * queries @ vectors.T
    distances = np.sqrt(np.maximum(np.sort(squares, axis=1)[:, :neighbours], 1e-12))
    logs = np.log(distances[:, -1:] / distances[:, :-1])
    return float(1 / logs.mean())


def dimension_row(documents: Floats, queries: Floats, kind: str, dims: int, n: int, m: int = 16) -> dict:
    """Build a graph of one `cloud`, and count what recall 0.95 takes.

    Returns
    -------
    dict
        ``compared`` at recall 0.95, None where no beam reaches it; ``intrinsic``, see
        `intrinsic_dimension`; the ``curve``.
    """
    vectors, asked = cloud(kind, documents, queries, n, dims)
    exact = top_k(asked @ vectors.T, K)[1]
    index = HNSWIndex(dims, m=m, ef_construction=100)
    index.add(vectors, show_progress=False)
    curve = []
    for beam in BEAMS:
        found: Ints = index.search(asked, K, ef=beam)[1]
        curve.append({"beam": beam, "recall": recall_at_k(found, exact), "compared": index.compared})
        if curve[-1]["recall"] >= 0.97:
            break
    rate = qps_at([{"recall": p["recall"], "qps": 1 / p["compared"]} for p in curve], 0.95)
    row = {"kind": kind, "dims": dims, "n": n, "compared": 1 / rate if rate else None}
    return {**row, "intrinsic": intrinsic_dimension(vectors, asked), "curve": curve}


def measure_dimensions(
    documents: Floats,
    queries: Floats,
    *,
    dims: Sequence[int] = (16, 32, 64, 128, 256, 384),
    n: int = 30_000,
    file: Path = RESULTS,
) -> dict:
    """Measure every `dimension_row`; each is stored as soon as it is done, and a later call goes on there."""
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    result = {"machine": machine_name(), "queries": len(queries), "rows": rows}
    for wanted in dims:
        for kind in KINDS:
            if not any((row["kind"], row["dims"], row["n"]) == (kind, wanted, n) for row in rows):
                rows.append(dimension_row(documents, queries, kind, wanted, n))
                write_figures(file, result)
    return result


def dimensions_on_docsearch() -> dict:
    """Measure dimensions on DocSearch's dev queries, for the chapter; three minutes."""
    embedder, benchmark = Embedder.load(), docsearch()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut", show_progress=False)
    queries = embedder.encode(benchmark.split("dev")[1], cache=True, show_progress=False)
    return measure_dimensions(documents, queries)
