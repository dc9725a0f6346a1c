"""All comparisons of speed at once: ``embedlab bench all``."""

import json
from functools import partial
from typing import Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors


def everything(
    n: Annotated[int, typer.Option("--n", min=1000, help="Vectors of the graphs.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often all take turns.")] = 5,
    queries: Annotated[int, typer.Option(min=1, help="Test queries for ranking, drawn at random.")] = 50,
    texts: Annotated[int, typer.Option(min=1, help="Documents to embed, drawn at random.")] = 256,
    write: Annotated[bool, typer.Option(help="Keep this for the README, as of this machine.")] = False,
    as_json: AsJson = False,
) -> None:
    """Everything that has a peer, part after part, interleaved within each; a quarter of an hour.

    Keep the machine quiet meanwhile. Stopped by Ctrl-C, the same command goes on after the last whole part.
    """
    with plain_errors():
        from embedlab.speed import bench_all, everything_as_text, write_speed_of_machine

        report = partial(typer.echo, err=True)
        result = bench_all(n, rounds=rounds, queries=queries, texts=texts, report=report)
        if write:
            report(f"written: {write_speed_of_machine(result)}")
    typer.echo(json.dumps(result, indent=2) if as_json else everything_as_text(result))
