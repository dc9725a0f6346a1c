"""Which stage of a pipeline is broken? Its metrics against those in health, and a table that decides.

No error was raised, and no log says anything: the answers got worse. Each group of checks exonerates a stage
where all of it is as it was; the first that is not points at the fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from embedlab.rag.faults import FAULTS, HIDDEN, plant
from embedlab.rag.health import RECALL, Check, Values, checks, measures
from embedlab.rag.pipeline import Pipeline

NO_FAULT, UNKNOWN = "no fault", "unknown"

# What is looked at, in this order, and which stage is exonerated where it is as it was.
GROUPS = {
    "documents indexed": "ingest: the index holds what the source says today",
    "vector length": "normalisation: a dot product is a cosine",
    "short chunks": "table: a text and its vector have the same number",
    "long chunks": "embedding: chunks were read to their end",
    "question side": "model: questions and chunks are embedded by the same",
    "finds itself": "filter: a tenant's chunks are open to it",
    RECALL: "the whole: what is asked is found",
}
# o: inside, x: outside, a dot: whatever. The first line that fits is the diagnosis.
DECISIONS = (
    ("x......", "stale-index"),
    ("oxx....", "foreign-scales"),
    ("oxo....", "unnormalised"),
    ("oox....", "recut"),
    ("ooox.x.", "recut"),  # of part of the documents: a new cut leaves few short chunks to fall
    ("ooox.o.", "truncation"),
    ("oooox..", "query-model"),
    ("ooooox.", "tenant-filter"),
    ("ooooooo", NO_FAULT),
    (".......", UNKNOWN),
)
REMEDIES = {
    "stale-index": "ingest the documents whose hash the index lacks",
    "foreign-scales": "read the codes with the scales that were fitted on this collection",
    "unnormalised": "normalise what was appended, or search by cosine",
    "recut": "embed the new chunks, and join a vector to its chunk by an id of the text, not by a number",
    "truncation": "let the job that embeds read as many tokens as the card says; embed the long chunks again",
    "query-model": "embed questions with the model that the card names, or all chunks with the new one",
    "tenant-filter": "see how the chunks that do not find themselves are tagged, and what is compared",
    NO_FAULT: "nothing to mend",
    UNKNOWN: "no check covers the stage that broke: read what some of the questions find",
}


@dataclass(frozen=True)
class Step:
    """One step of a diagnosis: a group of checks, and the stage that it exonerates."""

    group: str
    exonerates: str
    checks: tuple[Check, ...]

    @property
    def inside(self) -> bool:
        """Whether all checks are as in health."""
        return all(check.verdict == "inside" for check in self.checks)


@dataclass(frozen=True)
class Diagnosis:
    """The fault, a name of `DECISIONS`, and the steps that led to it."""

    fault: str
    steps: tuple[Step, ...]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REMEDIES[self.fault]


def decided(found: list[Check]) -> Diagnosis:
    """Read the table of `DECISIONS`.

    Examples
    --------
    >>> early = [Check(name, name, 1, 1, 1, 9) for name in list(GROUPS)[:4]]
    >>> decided([*early, Check("question side", "question side", 0.9, 1, 1, 9)]).fault
    'query-model'
    """
    steps = tuple(
        Step(group, exonerates, tuple(one for one in found if one.group == group))
        for group, exonerates in GROUPS.items()
    )
    seen = ["o" if step.inside else "x" for step in steps]
    fits = (
        fault
        for line, fault in DECISIONS
        if all(wanted in (".", mark) for wanted, mark in zip(line, seen, strict=True))
    )
    return Diagnosis(next(fits), steps)


def bisect(pipeline: Pipeline, healthy: Values, **draws: int) -> Diagnosis:
    """Examine a pipeline stage by stage, the first first, and name the fault.

    Of two faults at once, the table names the one of the earlier stage: mend it, and examine again. It knows
    the faults that it has lines for: a truncation to 32 tokens, which the short chunks feel too, it calls
    "recut". With 128 chunks drawn, truncation and recut of one in fifty were found in 20 of 30 trials; the
    filter that hides one in fifty of one tenant's chunks, in none of 15.

    Parameters
    ----------
    pipeline, healthy
        See `checks`.
    **draws : int
        ``chunks``, ``questions`` and ``seed`` of `checks`.
    """
    return decided(checks(pipeline, healthy, **draws))


def confusion(
    pipeline: Pipeline, *, strength: float = 1.0, seeds: Iterable[int] = range(5), **draws: int
) -> dict[str, Counter[str]]:
    """Plant every fault, and none, and count the diagnoses.

    Parameters
    ----------
    pipeline : Pipeline
        Healthy.
    strength : float
        See `plant`.
    seeds : iterable of int
        Each draws what a fault touches, and the sample that is examined.
    **draws : int
        ``chunks`` and ``questions`` of `checks`.

    Returns
    -------
    {planted: {diagnosis: how often}}
    """
    healthy, found = measures(pipeline), {}
    for fault in (NO_FAULT, *FAULTS, *HIDDEN):
        found[fault] = Counter()
        for seed in seeds:
            broken = plant(pipeline, fault, strength=strength, seed=seed) if fault != NO_FAULT else pipeline
            found[fault][bisect(broken, healthy, seed=seed, **draws).fault] += 1
    return found


def confusion_table(found: Mapping[str, Mapping[str, int]]) -> str:
    """Print what `confusion` counted: a row for each fault planted, a column for each diagnosis.

    Examples
    --------
    >>> print(confusion_table({"recut": {"recut": 4, "truncation": 1}, "truncation": {"truncation": 5}}))
    planted      recut  truncation
    recut            4           1
    truncation       .           5
    """
    names = list(dict.fromkeys([*found, *(name for row in found.values() for name in row)]))
    names = [name for name in names if any(row.get(name) for row in found.values())]
    left = max(map(len, [*found, "planted"]))
    lines = ["  ".join([f"{'planted':<{left}}", *names])]
    for planted, row in found.items():
        counts = [f"{row.get(name) or '.':>{len(name)}}" for name in names]
        lines.append("  ".join([f"{planted:<{left}}", *counts]))
    return "\n".join(lines)
