"""Measure what chapter 22 extrapolates with: scans by code, a graph and quality as the collection grows.

python tools/measure_design.py scans encoders growth words distractors designs   # into data/design/measured
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
from embedlab.engine import LEAD, cross_encoder, embedder, parts_for
from embedlab.hybrid import ANALYZERS, BM25Index
from embedlab.index import top_k
from embedlab.machine import KERNEL, data_path, machine_name, write_figures
from embedlab.speed import interleave
from embedlab.system_design import Design, build_design, case_names, cores_in_use, measure_design, references

ROOT = Path(__file__).parents[1]
N, SEED = 100_000, 0
SIZES = (769, 1538, 3076, 6152)
RAREST = 10  # terms of a long query


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


def encoders() -> dict:
    """Time encoders on all cores in float32: pairs cut at 80 tokens, 20 in a call, and texts of 32 tokens."""
    benchmark, reader, encode = docsearch(), cross_encoder(), embedder()
    query = seeded_sample(benchmark.split("dev")[1], 1, SEED)[0]
    long = [text for text in benchmark.documents if len(encode.tokenizer.encode(text)) > reader.max_length]
    pairs, texts = seeded_sample(long, 20, SEED), seeded_sample(long, 256, SEED)
    short = [encode.tokenizer.decode(encode.tokenizer.encode(text)[1:31]) for text in texts]
    calls = {
        "pairs": lambda: reader.score(query, pairs),
        "texts": lambda: encode.encode(short, show_progress=False),
    }
    seconds = interleave(calls, 5)
    tokens = float(np.mean([len(encode.tokenizer.encode(text)) for text in short]))
    here = {"machine": machine_name(), "kernels": KERNEL, "date": datetime.now(UTC).date().isoformat()}
    here["pair"] = {"tokens": reader.max_length, "ms": round(1000 * seconds["pairs"] / len(pairs), 2)}
    here["bulk"] = {"tokens": round(tokens, 1), "texts a second": round(len(short) / seconds["texts"], 1)}
    file = data_path("design") / "measured" / "encoders.json"
    others = [row for row in json.loads(file.read_text())["rows"] if row["kernels"] != KERNEL]
    return {"rows": [*others, here]}


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
    """Time BM25 over DocSearch once and sixteen times: what one more document costs a query, by its length.

    Long queries are documents cut at so many tokens, each term once; the last row keeps their rarest terms.
    """
    texts, asked = docsearch().documents, seeded_sample(docsearch().split("dev")[1], 60)
    analyze, once, index = ANALYZERS["stemmed"], BM25Index(), BM25Index()
    once.add(texts)
    for _ in range(16):
        index.add(texts)
    held_by = dict(zip(once.vocabulary, np.diff(once.starts), strict=True))

    def count(text: str) -> int:
        return len(embedder().tokenizer.tokenize(text))

    def cut(text: str, tokens: int, rarest: int = 0) -> str:
        kept, left = {}, tokens
        for word in re.findall(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]+", text):
            left -= count(word)
            if left < 0:
                break
            if len(terms := analyze(word)) == 1:
                kept.setdefault(terms[0], word)
        terms = sorted(kept, key=held_by.get)[:rarest] if rarest else list(kept)
        return " ".join(kept[term] for term in terms)

    long = [text for text in seeded_sample(texts, 240) if count(text) >= 180][:60]
    rows = [("queries of DocSearch", np.mean([count(one) for one in asked]), asked)]
    rows += [(f"cut at {n} tokens", n, [cut(text, n) for text in long]) for n in (40, 180)]
    rows += [(f"the {RAREST} rarest terms of 180 tokens", 180, [cut(text, 180, RAREST) for text in long])]
    found = []
    for name, tokens, queries in rows:
        ms = [np.median([milliseconds(one, query) for query in queries]) for one in (once, index)]
        ns = (ms[1] - ms[0]) / (15 * len(texts)) * 1e6
        terms = np.mean([len(set(analyze(query))) for query in queries])
        found.append({"query": name, "tokens": round(float(tokens), 1), "terms": round(float(terms), 1)})
        found[-1] |= {"ms": [round(float(one), 2) for one in ms], "ns a document": round(float(ns), 2)}
        print(found[-1], flush=True)
    return {"documents": [len(texts), 16 * len(texts)], "rows": found}


def milliseconds(index: BM25Index, query: str) -> float:
    """Time how long all documents are scored, the fastest of five; an engine picks the best as it goes."""
    took = []
    for _ in range(5):
        start = time.perf_counter()
        index.scores(query)
        took.append(time.perf_counter() - start)
    return 1000 * min(took)


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
    asked = sys.argv[1:] or ["scans", "encoders", "growth", "words", "distractors", "designs"]
    for part in asked:
        figures = {
            "machine": machine_name(),
            "date": datetime.now(UTC).date().isoformat(),
            **globals()[part](),
        }
        write_figures(data_path("design") / "measured" / f"{part}.json", figures)
        print(part, "written", flush=True)
