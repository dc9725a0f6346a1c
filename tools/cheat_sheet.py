"""Make docs/cheat-sheet.md, the arithmetic sheet of chapter 22, from what the chapters measured and ship.

python tools/cheat_sheet.py
"""

import json
import re
from pathlib import Path

from embedlab.machine import shipped_figures
from embedlab.serving import erlang_c, replicas_for
from embedlab.system_design import constants, figures, in_base, shown
from embedlab.system_design.choices import BYTES

ROOT = Path(__file__).parents[1]
HNSW = 4 * (2 * 16 + 16 / 15)  # bytes of links, M = 16
Line = tuple[str, str, str]  # what, how much, where it was measured or how it is computed


def scoreboard() -> dict[str, dict[str, str]]:
    """Read the scoreboard's rows from README.md, which the notebooks write: ``{engine: {heading: cell}}``."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"<!-- scoreboard -->\n(.*?)\n\n", text, re.DOTALL)[1].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def sizes() -> list[Line]:
    """List bytes a vector of 384 numbers, and what a hundred million of them take."""
    lines = []
    for code, size in BYTES.items():
        each = 384 * size
        lines.append(
            (
                f"{code}, 384 numbers",
                f"{each:,.0f} B; 100 million: {each / 10:,.1f} GB",
                "`d x bytes`, chapter 05",
            )
        )
    graph = 4 * 384 + HNSW
    return [
        *lines,
        (
            "HNSW links, M 16",
            f"{HNSW:.0f} B a vector, whatever its length",
            "`4 (2M + M / (M - 1))`, chapter 06, Memory",
        ),
        (
            "HNSW over float32",
            f"{graph:,.0f} B; 100 million: {graph / 10:,.0f} GB",
            "vector and links; chapter 06 holds 1,677 with counters",
        ),
        (
            "pgvector, HNSW over float32",
            f"{_database('pgvector HNSW'):,.0f} B of index a vector",
            "chapter 19, without the table's rows",
        ),
        ("pgvector, HNSW over halfvec", f"{_database('pgvector HNSW halfvec'):,.0f} B", "chapter 19"),
        (
            "pgvector, HNSW over bits",
            f"{_database('pgvector HNSW bit'):,.0f} B, and the vectors to rescore",
            "chapter 19",
        ),
    ]


def _database(engine: str) -> float:
    found = shipped_figures("vector_databases", "recall")
    return found["built"][engine]["bytes"] / found["about"]["vectors"]


def compression() -> list[Line]:
    """List what compression and better ranking do to nDCG@10 on DocSearch."""
    names = "dense int8 binary binary+rescore pq matryoshka-64 fine-tuned-64 hnsw bm25 hybrid fine-tuned-384"
    board = scoreboard()
    return [
        (
            name,
            f"{row['nDCG@10']} ({row['95 % interval']}); {row['bytes per document']} B",
            f"{row['ms per query'].rstrip('*')} ms a query, scoreboard, 456 test queries",
        )
        for name, row in ((name, board[name]) for name in f"{names} colbert rerank full".split())
    ]


def search() -> list[Line]:
    """List milliseconds and recall of one query among 100,000."""
    found = shipped_figures("vector_databases", "recall")
    where = f"chapter 19, Recall against latency, {found['about']['vectors']:,} vectors"
    wanted = {("pgvector exact", 0), ("pgvector IVFFlat", 10), ("pgvector IVFFlat", 30)}
    wanted |= {(engine, ef) for engine in ("pgvector HNSW", "our HNSW", "faiss HNSW") for ef in (40, 80, 320)}
    lines = [
        (
            f"{row['engine']} {row['knob']} {row['value'] or ''}".strip(),
            f"{row['ms']:.2g} ms, recall@10 {row['recall']:.3f}",
            where,
        )
        for row in found["rows"]
        if (row["engine"], row["value"]) in wanted
    ]
    scans = figures("scans")
    lines += [
        (
            f"exact scan, {code}",
            f"{one['ns']:.3g} ns a vector and thread; a million: {one['ns']:.3g} ms",
            f"chapter 22, {scans['library']}",
        )
        for code, one in scans["codes"].items()
    ]
    grown = figures("growth")
    first, last = grown["recall at ef 10"]
    return [
        *lines,
        (
            "HNSW, work for the same recall",
            f"grows as n^{grown['power']:.2f}, 1,000 to 100,000",
            "chapter 06, Lore, checked",
        ),
        (
            "HNSW, recall at ef 10",
            f"{first:.3f} among 1,000, {last:.3f} among 100,000",
            "chapter 06, Lore, checked",
        ),
        (
            "BM25, one more document",
            "; ".join(f"{row['query']}: {row['ns a document']:.2g} ns" for row in figures("words")["rows"])
            + "; no blocks skipped",
            "chapter 22",
        ),
    ]


def models() -> list[Line]:
    """List what the encoder and the reranker take."""
    rows = {
        (row["texts"], row["tokens"], row["engine"]): row["ms"]
        for row in shipped_figures("serving", "speed")["rows"]
    }
    known = constants()
    pair = known["pair_core"].value
    lines = [
        (
            f"MiniLM, one query of {tokens} tokens",
            f"{rows[1, tokens, 'onnxruntime']:.3g} ms on two cores (torch {rows[1, tokens, 'torch']:.3g})",
            "chapter 17, ONNX Runtime",
        )
        for tokens in (8, 40, 200)
    ]
    return [
        *lines,
        (
            "MiniLM in bulk",
            f"{known['encoder_core'].value:,.0f} tokens a second and core",
            known["encoder_core"].source,
        ),
        (
            "MiniLM in batches of 32 x 200",
            f"{32 * 200 / rows[32, 200, 'onnxruntime'] * 1000 / 2:,.0f} tokens a second and core",
            "chapter 17, its own run: a factor of four, so measure yours",
        ),
        (
            "cross-encoder, 6 layers",
            f"{pair} ms of a core a pair of 80 tokens; 20 pairs: {20 * pair:.0f} ms",
            known["pair_core"].source,
        ),
    ]


def queues() -> list[Line]:
    """List the formulas of a queue, each with one value."""
    return [
        ("in the system (Little)", "L = lambda W: 200/s of 50 ms are 10 at a time", "any queue; chapter 17"),
        ("utilisation", "rho = lambda s / c: 100/s of 20 ms on 4 servers are 50 %", "chapter 17"),
        (
            "mean wait, one server",
            "s rho / (1 - rho): half full waits 1 service, 90 % full 9",
            "M/M/1; half of it where all services are equal",
        ),
        ("p95, one server", "3 s / (1 - rho), as ln 20 is 3.0", "M/M/1, wait and service"),
        (
            "must wait, 4 servers at 60 %",
            f"{erlang_c(120, 0.02, 4):.0%} of requests; one server at 60 %: 60 %",
            "Erlang C; chapter 17",
        ),
        (
            "replicas for p95",
            f"100/s of 20 ms within 200 ms: {replicas_for(100, 0.02, 0.2)}; one more as a spare",
            "`replicas_for`, chapter 17",
        ),
        (
            "slowest of k shards",
            f"1 - 0.99^k: of 8 shards, {1 - 0.99**8:.1%} of queries meet a shard's slowest 1 %",
            "if shards are independent; chapter 19",
        ),
    ]


def napkin() -> list[Line]:
    """List the constants that are no prices, as `data/design/constants.yaml` has them."""
    return [
        (f"`{name}`: {one.about}", f"{one.value:,.9g} {one.unit}", f"{one.source}, {one.date}")
        for name, one in constants().items()
        if not one.unit.startswith("$")
    ]


def prices() -> list[Line]:
    """List the prices, which are constants of a file, with what a month costs."""
    lines = []
    for name, one in constants().items():
        if one.unit.startswith("$"):
            month = f"; {shown(in_base(one.value, one.unit), '$/month')}" if one.unit == "$/hour" else ""
            much = f"${one.value}{one.unit.removeprefix('$')}{month}"
            lines.append((f"`{name}`: {one.about}", much, f"{one.source}, {one.date}"))
    return lines


SECTIONS = {
    "Bytes": sizes,
    "What it finds": compression,
    "Search": search,
    "Models": models,
    "Queues": queues,
    "Prices": prices,
    "Constants of the napkin": napkin,
}


def page() -> str:
    """Set all lines as a page."""
    machine = json.loads((ROOT / "data" / "latency.json").read_text(encoding="utf-8"))["machine"]
    lines = [
        "# Arithmetic sheet",
        "",
        f"Numbers for an estimate on a whiteboard, measured by this course on {machine}: one small",
        "model, 6,152 docstrings, 100,000 grown vectors where it says so. Yours differ by factors, so they",
        "are for factors of two, not for digits. `tools/cheat_sheet.py` makes this page; prices",
        "and the napkin's constants stand in `data/design/constants.yaml`: put in your own.",
    ]
    for title, section in SECTIONS.items():
        lines += ["", f"## {title}", "", "| what | how much | measured in, or by |", "| --- | --- | --- |"]
        lines += [f"| {what} | {much} | {where} |" for what, much, where in section()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "cheat-sheet.md").write_text(page(), encoding="utf-8")
