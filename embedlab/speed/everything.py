"""All comparisons of speed in one command, and the table of the README: ``embedlab bench all``."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from embedlab import (
    chunking,
    colbert,
    embedder,
    encoder,
    engine,
    hnsw,
    hybrid,
    index,
    machine,
    reranking,
    speed,
    tokenizer,
)
from embedlab.benchmark import docsearch, seeded_sample
from embedlab.machine import (
    KERNEL,
    cache_dir,
    code_of,
    content_key,
    data_path,
    machine_name,
    write_figures,
)
from embedlab.speed.ann import RECALLS, as_text, bench_ann
from embedlab.speed.encoder import bench_encoder, bench_tokenizer
from embedlab.speed.kernels import bench_kernels
from embedlab.speed.rank import bench_rank
from embedlab.speed.reranking import bench_reranking, reranking_as_text

SHIPPED = data_path("speed")
ROOMS = (
    chunking,
    colbert,
    embedder,
    encoder,
    engine,
    hnsw,
    hybrid,
    index,
    machine,
    reranking,
    speed,
    tokenizer,
)
PEERS = (
    "numpy",
    "numba",
    "torch",
    "tokenizers",
    "sentence-transformers",
    "bm25s",
    "faiss-cpu",
    "hnswlib",
    "usearch",
)
GRAPHS = [
    (
        ("ann", "ratios", f"ours {code} / {peers}, QPS at recall {recall}"),
        f"HNSW, {code}, at recall@10 {recall}",
        f"{peers} that gets there",
    )
    for code, peers in (("float32", "fastest float peer"), ("int8", "fastest peer of all"))
    for recall in RECALLS
]
COMPARED = (
    (("tokenizer", "ratio"), "WordPiece, texts it has not seen", "Hugging Face's tokenizers"),
    (("encoder", "ratio_float32"), "texts to vectors, float32", "sentence-transformers"),
    (("encoder", "ratio_bfloat16"), "texts to vectors, bfloat16", "sentence-transformers"),
    *GRAPHS,
    *(
        (
            ("ann", "ratios", f"fastest graph of its peers / ours {code}, build time"),
            f"HNSW, {code}, build (once)",
            peers,
        )
        for code, peers in (
            ("float32", "fastest float graph"),
            ("float32, links by codes", "fastest float graph"),
            ("int8", "fastest graph, codes included"),
        )
    ),
    (("rank", "bm25", "ratio_to_bm25s_numba"), "BM25, 100 results, a query at a time", "bm25s with numba"),
    (("rank", "bm25", "ratio_to_bm25s_numpy"), "BM25, 100 results, a query at a time", "bm25s with NumPy"),
    (("rank", "maxsim", "ratio_to_bare_product"), "MaxSim of 100 candidates", "its matrix product alone"),
    (("rank", "maxsim", "ratio_to_pylate"), "MaxSim of 100 candidates", "PyLate"),
)


def bench_all(
    n: int = 100_000,
    *,
    rounds: int = 5,
    queries: int = 50,
    texts: int = 256,
    report: Callable[[str], None] = print,
    folder: Path | None = None,
) -> dict:
    """Compare everything that has a peer, one part after the other; within a part, all take turns.

    Parameters
    ----------
    n : int
        Vectors of the graphs.
    rounds : int
        How often all take turns.
    queries, texts : int
        Test queries for ranking and documents to embed, drawn at random.
    report : callable
        Takes a line when a part begins.
    folder : Path, optional
        Where parts are kept as they end, so that the same command goes on after Ctrl-C; by default the cache.

    Returns
    -------
    dict
        ``machine``, ``kernels`` (the byte product in use), ``date``, ``versions``, ``parts`` (what each bench
        returned) and ``rows``: what was compared with what, the median ratio of the rounds, its quartiles.
    """
    documents = docsearch().documents
    parts: dict[str, Callable[[], dict]] = {
        "kernels": bench_kernels,
        "tokenizer": lambda: bench_tokenizer(documents, repeats=rounds),
        "encoder": lambda: bench_encoder(seeded_sample(documents, texts, 0), repeats=rounds),
        "rank": lambda: bench_rank(queries=queries, repeats=rounds),
        "reranking": lambda: bench_reranking("full", queries=queries),
        "ann": lambda: bench_ann(n, repeats=rounds, growth=False),
    }
    versions = {name: version(name) for name in PEERS}
    asked = content_key(
        code_of(*ROOMS),
        machine_name(),
        KERNEL,
        str([n, rounds, queries, texts, versions]),
    )
    kept = (folder or cache_dir() / "bench") / f"{asked}.json"
    done = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    for name, bench in parts.items():
        if name not in done:
            report(f"{name} ...")
            done[name] = bench()
            write_figures(kept, done)
    kept.unlink()
    about = {"machine": machine_name(), "kernels": KERNEL, "date": datetime.now(UTC).date().isoformat()}
    return {**about, "versions": versions, "rows": ratio_rows(done), "parts": done}


def ratio_rows(parts: dict) -> list[dict]:
    """Take what was compared out of what the parts found; what could not be compared here is left out.

    Examples
    --------
    >>> found = {"rank": {"bm25": {"ratio_to_bm25s_numba": {"ratio": 1.1, "low": 1.0, "high": 1.2}}}}
    >>> ratio_rows(found)[0]["against"], ratio_rows(found)[0]["ratio"]
    ('bm25s with numba', 1.1)
    """
    rows = []
    for path, what, against in COMPARED:
        found: object = parts
        for name in path:
            found = found.get(name, {}) if isinstance(found, dict) else {}
        if isinstance(found, dict) and found:
            rows.append({"what": what, "against": against, **found})
    return rows


def everything_as_text(result: dict) -> str:
    """Set the ratios of `bench_all` as a table of plain text, and the graphs below it."""
    lines = [f"{result['machine']}, byte product: {result['kernels']}, {result['date']}", ""]
    lines.append(f"{'times as fast':>14}{'quartiles':>16}")
    for row in result["rows"]:
        quartiles = f"{row['low']:.2f} to {row['high']:.2f}"
        lines.append(f"{row['ratio']:14.2f}{quartiles:>16}  {row['what']} / {row['against']}")
    parts = result["parts"]
    return "\n".join([*lines, "", reranking_as_text(parts["reranking"]), "", as_text(parts["ann"])])


def write_speed_of_machine(result: dict, folder: Path = SHIPPED) -> Path:
    """Keep a result for the README, in a file of this machine and its byte product; return its path."""
    words = re.findall(r"[a-z0-9]+", f"{result['machine']} {result['kernels']}".lower())
    file = folder / f"{'-'.join(words)}.json"
    write_figures(file, result)
    return file


def shipped_speeds(folder: Path = SHIPPED) -> list[dict]:
    """Return the results of all machines that `bench_all` was kept for, by name of file."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
