"""Designs side by side: what each found here, and what it would cost at the case's scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embedlab.benchmark import Difference, paired_difference
from embedlab.system_design.building import Measured
from embedlab.system_design.choices import Design
from embedlab.system_design.comparing import dominated, measured_for, references
from embedlab.system_design.estimates import shown
from embedlab.system_design.scaling import At, Scale, at_scale

HEADINGS = (
    "",
    "design",
    "nDCG@10",
    "95 % interval",
    "recall@10",
    "p50 here",
    "p95 here",
    "B/doc",
    "memory",
    "machines",
    "$/month",
    "p95 at scale",
)


WAY_BACK = 0.1  # of the promise, for the way of the results back to the user; assumed


@dataclass(frozen=True)
class Row:
    """A design with its measurement and its extrapolation."""

    design: Design
    measured: Measured
    at: At
    yours: bool = False
    beaten: bool = False  # another design costs no more and finds no less

    @property
    def dollars(self) -> float:
        """A month at the case's scale."""
        return self.at["monthly"]

    @property
    def mark(self) -> str:
        """Return "!" where the p95 breaks the promise, "~" where less than `WAY_BACK` of it is left."""
        limit = self.at.scale.limit
        return "!" if self.at.p95 > limit else "~" if self.at.p95 > limit * (1 - WAY_BACK) else ""

    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        one, at = self.measured, self.at
        return (
            "→" if self.yours else "·" if self.beaten else "*",
            self.design.name,
            f"{one.ndcg:.3f}",
            f"{one.low:.3f} to {one.high:.3f}",
            f"{one.recall:.3f}",
            f"{one.p50:.1f}",
            f"{one.p95:.1f}",
            f"{one.bytes_per_doc:,.0f}",
            shown(at["index"], "GB" if at["index"] >= 1e8 else "MB"),
            f"{at['index_machines'] + at['model_machines']:.4g}",
            shown(self.dollars, "$"),
            shown(at.p95, "ms") + self.mark,
        )

    def as_json(self) -> dict:
        """Return what ``embedlab design run --json`` prints: choices, measurement, lines, notes."""
        return {
            "name": self.design.name,
            "yours": self.yours,
            "dominated": self.beaten,
            "choices": self.design.model_dump(),
            "measured": {
                name: value for name, value in self.measured.as_json().items() if name != "per_query"
            },
            "at_scale": {line.name: line.value for line in self.at.lines},
            "lines": [str(line) for line in self.at.lines],
            "notes": list(self.at.notes),
        }


def cost_of(at: At) -> float:
    """Return what stands against quality: dollars, or bytes where the machine is the user's."""
    return at["index"] if at.scale.slow > 1 else at["monthly"]


def compared(
    rows: Sequence[tuple[Design, Measured]], scale: Scale | None = None, yours: str = ""
) -> list[Row]:
    """Extrapolate designs to one scale, and find which are dominated; the one named ``yours`` is marked."""
    ats = [at_scale(design, measured, scale) for design, measured in rows]
    beaten = dominated([(cost_of(at), one.ndcg) for at, (_, one) in zip(ats, rows, strict=True)])
    return [
        Row(design, measured, at, design.name == yours, is_beaten)
        for (design, measured), at, is_beaten in zip(rows, ats, beaten, strict=True)
    ]


def beside_references(design: Design, measured: Measured) -> list[Row]:
    """Return a design's row and those of its case's references that were measured on the same queries."""
    known = []
    for other in references(design.case):
        try:
            one = measured_for(other, measured.split)
        except ValueError:
            continue  # measured on other queries only
        if (one.benchmark, one.documents) == (
            measured.benchmark,
            measured.documents,
        ) and other.name != design.name:
            known.append((other, one))
    return compared([*known, (design, measured)], yours=design.name)


def difference_from(row: Row, other: Row) -> Difference:
    """Compare two designs query by query, by nDCG@10."""
    return paired_difference(row.measured.per_query, other.measured.per_query)


def designs_as_text(rows: Sequence[Row], leave: Sequence[str] = ()) -> str:
    """Set designs as a table of plain text, without the columns to leave out.

    Examples
    --------
    >>> rows = compared([(design, measured_for(design)) for design in references("tickets")])
    >>> designs_as_text(rows).splitlines()[1].split()[:2]
    ['*', 'tickets-lean']
    """
    kept = [i for i, name in enumerate(HEADINGS) if name not in leave]
    table = [HEADINGS, *(row.cells() for row in sorted(rows, key=lambda row: row.dollars))]
    table = [[line[i] for i in kept] for line in table]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for line in table:
        cells = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
