"""``embedlab design run FILE``: a design built small, measured, and extrapolated to its case."""

import json
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors


def run(
    file: Annotated[Path, typer.Argument(help="Your choices as YAML, see 'embedlab design template'.")],
    case: Annotated[
        str | None, typer.Option(help="Another case than the file's: its documents and queries.")
    ] = None,
    beir: Annotated[Path | None, typer.Option(help="A folder in BEIR format; without, DocSearch.")] = None,
    split: Annotated[
        str | None,
        typer.Option(help="dev, where designs are chosen; test, to look at once, when you have chosen."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a design on real data: what it finds, how fast, and what it would cost at the case's scale.

    Measured here: nDCG@10 with its interval, recall@10 against exact search, p50 and p95 of one query,
    bytes a document. Extrapolated, line by line: memory, machines, dollars. Beside it stand three reference
    designs of the case. A star: on the Pareto front of dollars and nDCG. A dot: dominated. An exclamation
    mark: breaks the case's promise of p95.
    """
    with plain_errors():
        from embedlab.benchmark import load_beir
        from embedlab.system_design import (
            beside_references,
            design_of,
            find_case,
            load_design,
            measure_design,
        )

        design = load_design(file)
        if case:
            design = design_of({**design.model_dump(), "case": case}, str(file))
        find_case(design.case)  # known before anything is built
        if not as_json:
            typer.echo(f"building {design.name}: {design.short} ...", err=True)
        measured = measure_design(design, beir and load_beir(beir), split=split)
        rows = beside_references(design, measured)
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in rows], indent=1))
        return
    print_run(rows)


def print_run(rows: list) -> None:
    """Print a design beside its references: the table, the lines at scale, what they cannot tell."""
    from embedlab.system_design import designs_as_text, difference_from, shown

    own = next(row for row in rows if row.yours)
    one = own.measured
    where = f"{one.documents:,} documents of {one.benchmark}, {len(one.per_query)} {one.split} queries"
    typer.echo(f"\n{own.design.name}: {own.design.short}\nmeasured on {where}, {one.machine}\n")
    typer.echo(designs_as_text(rows))
    typer.echo(
        "\n→ yours, * on the front of dollars (phones: memory) and nDCG, · dominated; ! breaks the promise,"
    )
    typer.echo("~ leaves less than a tenth of it for the way back; last columns: at scale")
    for row in rows:
        if not row.yours:
            typer.echo(f"  {own.design.name} less {row.design.name}: nDCG@10 {difference_from(own, row)}")
    typer.echo(f"\nExtrapolated to {own.at.scale.case}:")
    for line in own.at.lines:
        value = shown(line.value, line.unit)
        typer.echo(_wrapped(f"  {line.name:15}{value:>13} = {line.formula}"))
        typer.echo(_wrapped(f"{'':31}{line.origin}"))
    typer.echo("\nWhat these numbers cannot tell:")
    for note in own.at.notes:
        typer.echo(_wrapped(f"  - {note}", 4))


def _wrapped(text: str, indent: int = 31) -> str:
    return textwrap.fill(text, 110, subsequent_indent=" " * indent, break_on_hyphens=False)


def template(
    case: Annotated[str, typer.Argument(help="A case.")] = "tickets",
) -> None:
    """Print a file to begin with: the case's balanced reference, and all choices with their defaults."""
    with plain_errors():
        from embedlab.system_design import Design, references

        balanced = references(case)[1]
    chosen = balanced.model_dump(exclude_defaults=True) | {"name": "mine", "case": balanced.case}
    typer.echo("# embedlab design run mine.yaml")
    for name, field in Design.model_fields.items():
        value = json.dumps(chosen.get(name, field.default)) if name != "why" else '""'
        allowed = getattr(field.annotation, "__args__", ())
        note = (
            f"  # {', '.join(map(str, allowed))}"
            if allowed and all(isinstance(one, str) for one in allowed)
            else ""
        )
        typer.echo(f"{name}: {value}{note}")
