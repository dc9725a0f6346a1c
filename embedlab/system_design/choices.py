"""A design as choices: what a YAML file says, checked before anything is built."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from embedlab.machine import content_key
from embedlab.system_design.cases import constants

# What decides what is built and measured; the others decide only what it costs at the case's scale.
BUILT = (
    "model",
    "tokens",
    "dims",
    "code",
    "rescore",
    "shortlist",
    "index",
    "m",
    "ef",
    "probes",
    "hybrid",
    "depth",
)
BYTES = {"float32": 4, "float16": 2, "int8": 1, "binary": 1 / 8, "pq": 1 / 8}  # of a number of a vector
LONGEST_LIST = 50  # pairs: beyond, an evaluation takes minutes


class Design(BaseModel):
    """The choices of one design. Each has a default, so that a file says only what is special.

    Examples
    --------
    >>> design = Design(name="small", code="int8", depth=10)
    >>> design.index, design.bytes_of_code, design.copies
    ('exact', 384, 2)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(min_length=1)
    case: str = "tickets"
    why: str = ""  # what this design bets on, in a sentence
    model: Literal["minilm", "fine-tuned"] = "minilm"
    tokens: int = Field(default=64, ge=8, le=256)  # read of each document
    dims: int = Field(default=384, ge=8, le=384)
    code: Literal["float32", "float16", "int8", "binary", "pq"] = "float32"
    rescore: Literal["none", "int8", "float32"] = "none"  # with what the shortlist is put in order
    shortlist: int = Field(default=100, ge=10, le=1000)
    rescore_on: Literal["memory", "disk"] = "memory"
    index: Literal["exact", "hnsw", "ivf"] = "exact"
    m: int = Field(default=16, ge=4, le=64)  # links of an HNSW node
    ef: int = Field(default=64, ge=10, le=1000)  # width of the beam
    probes: int = Field(default=8, ge=1, le=1000)  # lists of an IVF that a query looks into
    hybrid: bool = False  # BM25 beside the vectors, fused by z-scores
    depth: int = Field(default=0, ge=0, le=LONGEST_LIST)  # results that a cross-encoder reads; 0: no reranker
    terms: Literal["all", "rarest"] = "all"  # of a long query that BM25 matches; rarest: ten of them
    pair_cut: int = Field(default=10_000, ge=16)  # tokens of a pair that are paid for, at most
    shards: int | Literal["auto"] = "auto"  # as few as fit
    copies: int = Field(default=2, ge=1, le=20)  # of the index
    cache_hits: float = Field(default=0.0, ge=0, lt=1)  # share of queries that a cache answers
    busy: float = Field(default=0.6, gt=0, lt=1)  # share of its time that a core works at the peak
    prices: dict[str, float] = {}  # in place of `constants`, in their units

    @model_validator(mode="after")
    def _possible(self) -> Design:
        for wrong, say in (
            (
                self.index == "hnsw" and self.code not in ("float32", "int8"),
                f"the graph walks on float32 or int8, not on {self.code}; take index: ivf, or code: int8",
            ),
            (
                self.index == "hnsw" and self.code == "int8" and self.rescore != "float32",
                "a graph over int8 puts its beam in order with the vectors: say rescore: float32",
            ),
            (
                self.index == "hnsw" and self.code == "float32" and self.rescore != "none",
                "float32 vectors are compared as they are; there is nothing to rescore: say rescore: none",
            ),
            (
                self.rescore != "none" and BYTES[self.rescore] <= BYTES[self.code],
                f"rescore: {self.rescore} is no finer than code: {self.code}; take a smaller code, or none",
            ),
            (
                self.dims % 8 and self.code in ("binary", "pq"),
                f"dims: {self.dims} cannot be cut into bytes; take a multiple of 8",
            ),
            (
                self.rescore != "none" and self.shortlist < self.depth,
                f"a shortlist of {self.shortlist} cannot feed depth: {self.depth}; take a longer one",
            ),
            (
                isinstance(self.shards, int) and self.shards < 1,
                f"shards: {self.shards} holds nothing; take 1, or auto",
            ),
        ):
            if wrong:
                raise ValueError(f"{self.name}: {say}")
        if unknown := set(self.prices) - set(constants()):
            name = min(unknown)
            raise ValueError(
                f"{self.name}: there is no price or constant {name!r}{_nearest(name, constants())}"
            )
        return self

    @property
    def bytes_of_code(self) -> float:
        """Bytes of one vector's code."""
        return BYTES[self.code] * self.dims

    @property
    def built(self) -> dict:
        """What decides what is built; choices without an effect are left out: equal is equal."""
        idle = {"exact": {"m", "ef", "probes"}, "hnsw": {"probes"}, "ivf": {"m", "ef"}}[self.index] | (
            {"shortlist"} if self.rescore == "none" or self.index == "hnsw" else set()
        )
        return {name: getattr(self, name) for name in BUILT if name not in idle}

    @property
    def key(self) -> str:
        """Name what is built: two designs with one key are the same index and the same stages."""
        return content_key(repr(sorted(self.built.items())))[:12]

    @property
    def short(self) -> str:
        """Say in a line what is built.

        Examples
        --------
        >>> Design(name="a", code="binary", rescore="int8", hybrid=True, depth=10).short
        'minilm-384 binary+int8, exact, words, rerank 10'
        """
        code = self.code + (f"+{self.rescore}" if self.rescore != "none" else "")
        knob = {"exact": "", "hnsw": f" ef {self.ef}", "ivf": f" {self.probes} probes"}[self.index]
        parts = [f"{self.model}-{self.dims} {code}", self.index + knob, "words" * self.hybrid]
        return ", ".join(part for part in [*parts, f"rerank {self.depth}" if self.depth else ""] if part)


def _nearest(name: str, known) -> str:
    found = get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else f"; there are {', '.join(known)}"


def design_of(choices: dict, source: str = "the design") -> Design:
    """Make a design of a mapping, with errors that say what to do.

    Raises
    ------
    ValueError
        If a key is unknown (with the nearest name), a value impossible, or two choices exclude each other.

    Examples
    --------
    >>> design_of({"name": "a", "indx": "hnsw"})
    Traceback (most recent call last):
    ValueError: the design: there is no choice 'indx'; did you mean 'index'?
    >>> design_of({"name": "odd", "code": "pq", "index": "hnsw"})
    Traceback (most recent call last):
    ValueError: the design: odd: the graph walks on float32 or int8, not on pq; take index: ivf, or code: int8
    """
    if not isinstance(choices, dict):
        raise ValueError(f"{source} holds {type(choices).__name__}, not choices such as 'code: int8'")
    for key in choices:
        if key not in Design.model_fields:
            raise ValueError(f"{source}: there is no choice {key!r}{_nearest(str(key), Design.model_fields)}")
    try:
        return Design.model_validate(choices)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        given = f" (it is {first['input']!r})" if place else ""
        raise ValueError(f"{source}: {place + ': ' if place else ''}{said}{given}") from error


def load_design(path: str | Path) -> Design:
    """Read a design from a YAML file; without a name it is called like the file.

    Raises
    ------
    ValueError
        If the file is missing, no YAML, or no design.
    """
    path = Path(path)
    try:
        choices = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    return design_of({"name": path.stem, **choices} if isinstance(choices, dict) else choices, str(path))
