"""Speed of what is beneath: ``embedlab bench kernels``."""

import json
from typing import Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors


def kernels(
    n: Annotated[int, typer.Option("--n", min=16, help="How many rows.")] = 100_000,
    dims: Annotated[int, typer.Option(min=1, help="Of how many numbers.")] = 384,
    repeats: Annotated[int, typer.Option(min=1)] = 7,
    as_json: AsJson = False,
) -> None:
    """Dot products of float32 and int8, all that this CPU can run, against its memory; five seconds."""
    with plain_errors():
        from embedlab.speed import bench_kernels, kernels_as_text

        result = bench_kernels(n, dims, repeats=repeats)
    typer.echo(json.dumps(result, indent=2) if as_json else kernels_as_text(result))
