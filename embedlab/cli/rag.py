"""Pipelines of retrieval, broken on purpose: ``embedlab rag doctor``."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors

if TYPE_CHECKING:
    from embedlab.rag import Diagnosis

app = typer.Typer(help="Examine a retrieval pipeline, whole or broken on purpose.", no_args_is_help=True)


@app.callback()
def rag() -> None:
    """Examine a retrieval pipeline, whole or broken on purpose."""


@app.command()
def doctor(
    fault: Annotated[
        str | None,
        typer.Option(
            help="Planted first: query-model, truncation, recut, tenant-filter, stale-index, or hidden."
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option(help="Of what the fault can touch, the share that it does, up to 1.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Draws what is touched, and what is examined.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Find out which stage of a pipeline is broken, from its metrics alone.

    The pipeline is the course's: forty Wikipedia articles of eight tenants. Each check holds a metric of a
    sample against the band in which it lies in health, and exonerates a stage. The exit code is 0 whatever is
    found. The first time, 1,600 chunks are embedded: about a minute.
    """
    with plain_errors():
        from embedlab.rag import bisect, known_fault, measures, plant, wikipedia_pipeline

        if fault is not None:
            known_fault(fault, strength)  # before anything is embedded
        typer.echo("building the pipeline ...", err=True)
        pipeline = wikipedia_pipeline()
        typer.echo("measuring it in health ...", err=True)
        healthy = measures(pipeline)
        if fault is not None:
            typer.echo(f"planting {fault} ...", err=True)
            pipeline = plant(pipeline, fault, strength=strength, seed=seed)
        typer.echo("examining a sample ...", err=True)
        found = bisect(pipeline, healthy, seed=seed)
    if as_json:
        steps = [
            {"group": one.group, "exonerates": one.exonerates, "inside": one.inside} for one in found.steps
        ]
        for step, one in zip(steps, found.steps, strict=True):
            step["checks"] = [asdict(check) | {"verdict": check.verdict} for check in one.checks]
        shown = {"planted": fault, "diagnosis": found.fault, "remedy": found.remedy, "steps": steps}
        typer.echo(json.dumps(shown, indent=2))
    else:
        _show(found, fault)


def _show(found: "Diagnosis", planted: str | None) -> None:
    """Print a diagnosis step by step."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        "check, its value, its band in health, of how many, and where the value lies\n", style="dim"
    )
    suspected = False
    for number, step in enumerate(found.steps, start=1):
        table = Table(box=None, show_header=False, pad_edge=False)
        for check in step.checks:
            color = "green" if check.verdict == "inside" else "red"
            shown = f"{check.value:.4f}", f"{check.low:.4f} to {check.high:.4f}", str(check.n)
            table.add_row("  ", check.name, *shown, f"[{color}]{check.verdict}[/]")
        stage, _, meaning = step.exonerates.partition(": ")
        word = "exonerated" if step.inside else "not as in health"
        tail = " (behind the first suspect: for the record)" if suspected else ""
        console.print(f"{number}. {stage}, {word}{tail}\n   [dim]{meaning}[/]")
        console.print(table)
        suspected = suspected or not step.inside
    console.print(f"\ndiagnosis: [bold]{found.fault}[/]; planted: {planted or 'none'}\n{found.remedy}")
