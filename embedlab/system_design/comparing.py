"""Three reference designs a case, measured and shipped; and which of several designs nobody should take."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from embedlab.machine import data_path
from embedlab.system_design.building import Measured
from embedlab.system_design.choices import Design, load_design

KINDS = ("lean", "balanced", "rich")


def references(case: str) -> list[Design]:
    """Return the reference designs of a case, the cheapest idea first.

    Raises
    ------
    ValueError
        If the case has none.

    Examples
    --------
    >>> [design.name for design in references("tickets")]
    ['tickets-lean', 'tickets-balanced', 'tickets-rich']
    """
    folder = data_path("design") / "reference"
    if not (folder / f"{case}-lean.yaml").exists():
        there = ", ".join(sorted(file.stem.removesuffix("-lean") for file in folder.glob("*-lean.yaml")))
        raise ValueError(f"no reference designs are there for {case!r}, only for {there}")
    return [load_design(folder / f"{case}-{kind}.yaml") for kind in KINDS]


@cache
def shipped_designs() -> dict[str, dict[str, Measured]]:
    """Return what the reference designs measured: ``{split: {key: Measured}}``."""
    file = data_path("design") / "measured" / "designs.json"
    if not file.exists():
        return {}
    found: dict[str, dict[str, Measured]] = {}
    for row in json.loads(file.read_text(encoding="utf-8"))["rows"]:
        one = Measured(**{**row, "per_query": tuple(row["per_query"])})
        found.setdefault(one.split, {})[one.key] = one
    return found


def measured_for(design: Design, split: str = "dev") -> Measured:
    """Return what was measured of a reference design and comes with the course.

    Raises
    ------
    ValueError
        If nothing was: the design has to be run.
    """
    shipped = shipped_designs().get(split, {})
    if design.key not in shipped:
        raise ValueError(
            f"{design.name} ({design.short}) was not measured on {split}: embedlab design run measures it"
        )
    return shipped[design.key]


def dominated(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Tell which points another one beats: no more dollars and no less quality, and better in one of them.

    Parameters
    ----------
    points : sequence of (dollars, quality)

    Examples
    --------
    >>> dominated([(100, 0.5), (200, 0.7), (300, 0.6)])
    [False, False, True]
    """

    def beats(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a[0] <= b[0] and a[1] >= b[1] and a != b

    return [any(beats(other, point) for other in points) for point in points]
