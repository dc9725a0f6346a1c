"""Measure what chapter 22 extrapolates with: scans by code, a graph and quality as the collection grows.

python tools/measure_design.py scans growth words distractors designs   # into data/design/measured
"""

import json
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import faiss
import numpy as np

from embedlab.benchmark import docsearch, grown, quality, seeded_sample
from embedlab.engine import LEAD, embedder, parts_for
from embedlab.hybrid import BM25Index
from embedlab.index import top_k
from embedlab.machine import data_path, machine_name, write_figures
from embedlab.system_design import Design, build_design, case_names, cores_in_use, measure_design, references

ROOT = Path(__file__).parents[1]
N, SEED = 100_000, 0
SIZES = (769, 1538, 3076, 6152)


def vectors() -> np.ndarray:
    """Return DocSearch's document vectors."""
    return embedder().reading(LEAD).encode(docsearch().documents, cache=True, on_long="cut")


def query_vectors(n: int = 100) -> np.ndarray:
    """Return vectors of a seeded sample of dev queries."""
    return embedder().encode(seeded_sample(docsearch().split("dev")[1], n), cache=True, show_progress=False)


def scans() -> dict:
    """Time exact scans of 100,000 vectors of 384 numbers by one thread, a query at a time, by code."""
    faiss.omp_set_num_threads(1)
    stored, asked = grown(vectors(), N), query_vectors(20)
    makers = {
        "float32": faiss.IndexFlatIP(384),
        "float16": faiss.IndexScalarQuantizer(384, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT),
        "int8": faiss.IndexScalarQuantizer(384, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT),
        "pq": faiss.IndexPQ(384, 48, 8, faiss.METRIC_INNER_PRODUCT),
        "binary": faiss.IndexBinaryFlat(384),
    }
    found = {}
    for code, index in makers.items():
        is_bits = code == "binary"
        rows, questions = ((np.packbits(x > 0, axis=1) if is_bits else x) for x in (stored, asked))
        if not index.is_trained:
            index.train(rows[:12_000])
        index.add(rows)
        times = []
        for _ in range(3):
            for i in range(len(questions)):
                start = time.perf_counter()
                index.search(questions[i : i + 1], 10)
                times.append(time.perf_counter() - start)
        found[code] = {"ns": round(float(np.median(times)) / N * 1e9, 2)}
        print(code, found[code], flush=True)
    return {"vectors": N, "dims": 384, "library": f"faiss {faiss.__version__}, one thread", "codes": found}


def growth() -> dict:
    """Take what chapter 06 printed, "Lore, checked": one graph grown from 1,000 to 100,000 vectors."""
    cells = json.loads((ROOT / "notebooks" / "06_hnsw.ipynb").read_text(encoding="utf-8"))["cells"]
    printed = "".join("".join(out.get("text", "")) for cell in cells for out in cell.get("outputs", []))
    power = re.search(r"as a power: n\^([\d.]+); comparisons for recall 0.95: \[([\d, ]+)\]", printed)
    fixed = re.search(r"at ef 10 recall@10 goes from ([\d.]+) to ([\d.]+)", printed)
    return {
        "source": "notebooks/06_hnsw.ipynb, Lore, checked",
        "sizes": [1000, 3000, 10_000, 30_000, 100_000],
        "power": float(power[1]),
        "comparisons for recall 0.95": [int(one) for one in power[2].split(",")],
        "recall at ef 10": [float(fixed[1]), float(fixed[2])],  # among 1,000 and 100,000
    }


def words() -> dict:
    """Time BM25 over DocSearch once and sixteen times: what one more document costs a query."""
    texts, asked = docsearch().documents, seeded_sample(docsearch().split("dev")[1], 100)
    ms = {}
    for times in (1, 16):
        index = BM25Index()
        index.add(texts * times)
        took = []
        for query in asked:
            start = time.perf_counter()
            index.search([query], 100)
            took.append(time.perf_counter() - start)
        ms[times] = float(np.median(took)) * 1000
    slope = (ms[16] - ms[1]) / (15 * len(texts)) * 1e6
    return {"ms": ms, "ns a document": round(slope, 2), "documents": [len(texts), 16 * len(texts)]}


def distractors() -> dict:
    """Search fewer documents: all that are relevant to a sampled query stay, the others thin out."""
    benchmark = docsearch()
    place = {one: i for i, one in enumerate(benchmark.doc_ids)}
    chosen = seeded_sample(benchmark.splits["dev"], 150, SEED)
    wanted = {place[one] for query in chosen for one in benchmark.qrels[query]}
    others = np.random.default_rng(SEED).permutation([i for i in range(len(place)) if i not in wanted])
    texts = [benchmark.queries[one] for one in chosen]
    dense = build_design(Design(name="dense"), benchmark).stage
    designs = {
        "exact": dense.vectors_of(texts) @ dense.index.vectors.T,
        "words": parts_for(benchmark.documents, benchmark.doc_ids).bm25.index.search(texts, len(place)),
    }
    full = np.full(designs["exact"].shape, -np.inf, np.float32)
    for row, (scores, ids) in enumerate(zip(*designs["words"], strict=True)):
        full[row, ids[ids >= 0]] = scores[ids >= 0]
    designs["words"], found = full, {}
    for name, scores in designs.items():
        for size in SIZES:
            kept = np.sort(np.concatenate([list(wanted), others[: size - len(wanted)]])).astype(int)
            best, columns = top_k(scores[:, kept], 10)
            values = quality(benchmark, (best, np.where(columns >= 0, kept[columns], -1)), chosen)
            found.setdefault(name, []).append({"documents": size, "per_query": values.round(4).tolist()})
            print(name, size, values.mean().round(3), flush=True)
    return {"queries": len(chosen), "relevant": len(wanted), "designs": found}


def designs() -> dict:
    """Measure the reference designs of all cases on dev; designs that are built alike are measured once.

    What is there already, measured on as many cores, stays: after Ctrl-C the same command goes on.
    """
    file = data_path("design") / "measured" / "designs.json"
    rows = {row["key"]: row for row in json.loads(file.read_text())["rows"]} if file.exists() else {}
    wanted = {one.key: one for case in case_names() for one in references(case)}
    rows = {key: row for key, row in rows.items() if key in wanted and row["machine"] == cores_in_use()}
    for key, design in wanted.items():
        if key not in rows:
            rows[key] = measure_design(design, timed=25 if design.depth else 40).as_json()
            print({name: rows[key][name] for name in ("short", "recall", "ndcg", "p50", "p95")}, flush=True)
            write_figures(file, {"rows": list(rows.values())})
    return {"rows": list(rows.values())}


if __name__ == "__main__":
    asked = sys.argv[1:] or ["scans", "growth", "words", "distractors", "designs"]
    for part in asked:
        figures = {
            "machine": machine_name(),
            "date": datetime.now(UTC).date().isoformat(),
            **globals()[part](),
        }
        write_figures(data_path("design") / "measured" / f"{part}.json", figures)
        print(part, "written", flush=True)
