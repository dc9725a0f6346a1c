"""The pipeline of chapter 18, tried hard: ``embedlab pipelines chaos``, ``embedlab pipelines measure``."""

import json
from typing import Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors

app = typer.Typer(help="Try the re-embedding pipeline: kill it, measure it.", no_args_is_help=True)


@app.command()
def chaos(
    kills: Annotated[int, typer.Option(min=1, help="Of workers and of the database, with SIGKILL.")] = 50,
    documents: Annotated[int, typer.Option(min=10, help="At the start.")] = 5_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the victims and the moments.")] = 0,
    locked: Annotated[
        bool, typer.Option("--locked", help="The row's lock is the lease; without, leases with a time.")
    ] = False,
    fence: Annotated[
        bool, typer.Option(help="Refuse late writes; without, the last write wins, and stays.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Kill workers and the database at random moments while documents are embedded; check every vector.

    The exit code is 1 where a document is missing, stale, wrong or there though deleted, a write lost, or a
    job done twice. Fifty kills take about two minutes.
    """
    with plain_errors():
        from embedlab.pipelines import as_json as plain
        from embedlab.pipelines import chaos as run

        def report(line: str) -> None:
            typer.echo(f"killed {line}", err=True)

        outcome = run(documents, kills, seed, leased=not locked, fenced=fence, report=report)
    figures = plain(outcome)
    if as_json:
        typer.echo(json.dumps(figures, indent=2))
    else:
        for name, value in (figures | figures.pop("check")).items():
            typer.echo(f"{name.replace('_', ' '):<20} {value}")
    raise typer.Exit(0 if outcome.clean else 1)


@app.command()
def measure(
    names: Annotated[
        list[str],
        typer.Argument(
            help="chaos, chaos_again, unfenced, points, full, rates, sustained, freshness, pressure, saved, "
            "delivery."
        ),
    ],
) -> None:
    """Measure anew what comes with the course in data/pipelines; each takes up to four minutes."""
    with plain_errors():
        from embedlab.pipelines import measure as run

        def report(line: str) -> None:
            typer.echo(line, err=True)

        for name in names:
            typer.echo(json.dumps({name: run(name, report)}, indent=1))
