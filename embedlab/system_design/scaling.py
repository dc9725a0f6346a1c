"""What a small design would take at a case's scale: formulas line by line, each with its origin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import yaml

from embedlab.machine import data_path
from embedlab.serving import erlang_c
from embedlab.system_design.building import Measured
from embedlab.system_design.cases import Case, constants, find_case
from embedlab.system_design.choices import BYTES, Design
from embedlab.system_design.estimates import evaluate, in_base, shown
from embedlab.system_design.origins import (
    encode_seconds,
    figures,
    graph_seconds,
    recall_at_100k,
    word_seconds,
)

FILL = 0.7  # of a machine's memory that the index may take
PARALLEL = 4  # cores that one query's pairs are spread over
NS = 1e-9
READ = 80  # tokens of a pair that the course's cross-encoder reads
SCALE = ("stored", "searched", "share", "peak", "query_tokens", "doc_tokens", "slow")


@dataclass(frozen=True)
class Scale:
    """How large a case is, in base units."""

    case: str
    stored: float  # vectors in the index
    searched: float  # vectors that one query may find, at most
    peak: float  # queries a second
    query_tokens: float
    doc_tokens: float
    limit: float  # seconds promised at p95
    slow: float = 1  # times slower than the machine that was measured on
    share: float = 1  # of `searched` that a query searches at the mean: cores are for that, p95 for the most


@dataclass(frozen=True)
class Line:
    """One number of the extrapolation, and how it came about."""

    name: str
    value: float  # in base units
    unit: str
    formula: str
    origin: str

    def __str__(self) -> str:
        return f"{self.name} = {self.formula} = {shown(self.value, self.unit)}   [{self.origin}]"


@dataclass(frozen=True)
class At:
    """A design at the scale of a case."""

    scale: Scale
    lines: tuple[Line, ...]
    p95: float  # seconds: the work of the longest search, plus the p95 of the wait
    notes: tuple[str, ...]  # what these numbers cannot tell

    def __getitem__(self, name: str) -> float:
        """Return the value of a line, in base units; KeyError where there is none."""
        return next(line.value for line in self.lines if line.name == name)


def _reference(name: str) -> dict | list:
    return yaml.safe_load((data_path("design") / "reference" / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def scale_of(case: str) -> Scale:
    """Return the scale of a case.

    Raises
    ------
    ValueError
        If the case has no scale; with the cases that have one.

    Examples
    --------
    >>> scale_of("tickets").stored
    7000000.0
    """
    about: Case = find_case(case)
    known = _reference("scales")
    if about.name not in known:
        raise ValueError(f"no scale is known for {about.name!r}; there is one for {', '.join(known)}")
    numbers = about.numbers()
    return Scale(about.name, **{name: evaluate(str(way), numbers) for name, way in known[about.name].items()})


def numbers_of(design: Design, measured: Measured, scale: Scale) -> dict[str, float]:
    """Collect what the formulas may name: constants, scale, choices and measurements, in base units."""
    known = constants()
    prices = {name: in_base(design.prices.get(name, one.value), one.unit) for name, one in known.items()}
    token = {part: measured.held[part] / measured.tokens for part in ("words", "texts")}
    m, on_disk = design.m, design.rescore_on == "disk"
    fine = 0 if design.rescore == "none" else BYTES[design.rescore] * design.dims
    return prices | {
        **{name: getattr(scale, name) for name in SCALE},
        "code": design.bytes_of_code,
        "node": {"exact": 0, "ivf": 4, "hnsw": 4 * (2 * m + m / (m - 1))}[design.index],
        "fine": 0 if on_disk else fine,
        "disk": fine if on_disk else 0,
        "word_bytes": token["words"],
        "here_tokens": measured.tokens,
        "scan_s": figures("scans")["codes"][design.code]["ns"] * NS * design.dims / 384,
        "float_s": figures("scans")["codes"]["float32"]["ns"] * NS * design.dims / 384,
        "query_s": encode_seconds(scale.query_tokens),
        "graph_s": graph_seconds(design.ef),
        "power": figures("growth")["power"],
        "word_s": word_seconds(scale.query_tokens, design.terms) if design.hybrid else 0,
        "words_read": 1.0 if design.terms == "rarest" else prices["words_read"],  # few postings: all of them
        "from_disk": float(on_disk and fine > 0),
        "machine": prices["nvme_machine" if on_disk else "memory_machine"],
        "fill": FILL,
        "parallel": PARALLEL,
        **{
            name: getattr(design, name)
            for name in ("probes", "shortlist", "depth", "pair_cut", "copies", "busy")
        },
        "hits": design.cache_hits,
    }


@cache
def _lines() -> list[dict[str, str]]:
    return _reference("lines")


def ways(design: Design) -> list[dict[str, str]]:
    """List the lines for a design, in order: name, unit, formula, origin.

    Examples
    --------
    >>> [one["formula"] for one in ways(Design(name="a")) if one["name"] == "search"]
    ['slow * searched * scan_s']
    """
    lines = [one for one in _lines() if one.get("index", design.index) == design.index]
    if design.shards == "auto":
        return lines
    given = {"formula": str(design.shards), "origin": "your choice"}
    return [{**one, **given} if one["name"] == "shards" else one for one in lines]


def at_scale(design: Design, measured: Measured, scale: Scale | None = None) -> At:
    """Extrapolate a measured design to a case's documents and queries.

    Raises
    ------
    ValueError
        If the shards that the design asks for do not fit into machines; with how many would.
    """
    scale = scale or scale_of(design.case)
    numbers, lines = numbers_of(design, measured, scale), []
    for way in ways(design):
        name, formula = way["name"], str(way["formula"])
        numbers[name] = evaluate(formula, numbers)
        lines.append(Line(name, numbers[name], way["unit"], formula, way["origin"]))
    least = math.ceil(numbers["index"] / (FILL * numbers["machine_ram"]))
    if numbers["shards"] < least:
        size = shown(numbers["index"] / numbers["shards"], "GB")
        raise ValueError(
            f"{design.name}: {design.shards} shards would hold {size} each, but a machine takes "
            f"{shown(FILL * numbers['machine_ram'], 'GB')}; take at least {least}, or a smaller code"
        )
    wait = wait95(numbers)
    p95 = numbers["work"] + wait
    lines += [
        Line("wait", wait, "ms", "p95 of the wait for a model server (M/M/c)", "chapter 17, queue formulas"),
        Line(
            "p95", p95, "ms", "work + wait", "work of equal texts is taken as constant, alike for all designs"
        ),
    ]
    return At(scale, tuple(lines), p95, notes_on(design, measured, scale, p95))


def wait95(numbers: Mapping[str, float]) -> float:
    """Return the p95 of the wait for encoder and reranker, in seconds: servers of `PARALLEL` cores."""
    service = (numbers["encode"] + numbers["rerank"]) / PARALLEL
    servers = max(1, int(numbers["model_machines"] * numbers["machine_cores"] / PARALLEL))
    waits = erlang_c(numbers["misses"], service, servers)
    left = servers / service - numbers["misses"]
    return max(0.0, math.log(waits / 0.05) / left) if waits and left > 0 else (math.inf if waits else 0.0)


def notes_on(design: Design, measured: Measured, scale: Scale, p95: float) -> tuple[str, ...]:
    """Say what the numbers cannot tell."""
    n, far = measured.documents, scale.searched / 1e5
    notes = [
        f"nDCG and recall are those of {n:,} documents of {measured.benchmark}; other texts are other texts"
    ]
    if scale.searched > n:
        notes[0] += f", and up to {scale.searched:,.0f} are harder to search"
    notes.append(
        f"measured with queries of some nine words and vectors of {design.tokens} tokens of a document; "
        f"the price is of queries of {scale.query_tokens:.0f} tokens and texts of {scale.doc_tokens:.0f}"
    )
    if scale.share < 1:
        notes.append(
            "a query searches one tenant: small tenants have fewer rivals, so report quality by size"
        )
    paid = min(design.pair_cut, scale.query_tokens + scale.doc_tokens)
    if design.depth and paid > READ:
        notes.append(
            f"nDCG is that of pairs cut at {READ} tokens; the price is of pairs of {paid:.0f} tokens"
        )
    planned = find_case(scale.case).numbers().get("dims", design.dims)
    if planned > design.dims:
        notes.append(
            f"the case plans with {planned:.0f} dimensions, this design has {design.dims}: vectors take "
            f"{planned / design.dims:.2g} times as much there, and a larger encoder takes more of everything"
        )
    if design.index == "hnsw":
        recall = f"{recall_at_100k(design.ef):.3f} among 100,000 (chapter 19, M 16)"
        held = f"at a fixed ef recall falls as n grows: at ef {design.ef} it was {recall}"
        notes.append(
            f"{held}; the cost keeps that recall, and {far:,.0f} times as many are beyond what was measured"
            if far > 1
            else held
        )
    if design.index == "ivf":
        notes.append(
            f"{design.probes} of {math.ceil(math.sqrt(scale.searched)):,} lists are probed at scale, "
            f"but {design.probes} of {math.ceil(math.sqrt(n))} here: recall will be lower"
        )
    if design.hybrid and scale.searched > 1e6:
        notes.append("BM25 is counted as if a tenth of the postings were scored: an assumption, measure it")
    if scale.slow > 1:
        notes.append(
            "the machine is the user's: read memory and p95; the dollars are a server's for one person"
        )
    if p95 > scale.limit:
        notes.append(f"p95 of about {shown(p95, 'ms')} breaks the promise of {shown(scale.limit, 'ms')}")
    return tuple(notes)
