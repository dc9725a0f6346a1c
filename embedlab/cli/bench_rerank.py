"""Quality against time of the cross-encoder: ``embedlab bench rerank``."""

import json
from typing import Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors


def rerank(
    engine: Annotated[str, typer.Option(help="rerank or full.")] = "full",
    queries: Annotated[int, typer.Option(min=1, help="How many dev queries are timed.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Ask the cross-encoder in fewer bits, tokens or results: nDCG on dev, time; five minutes at first."""
    with plain_errors():
        from embedlab.speed import bench_reranking, reranking_as_text

        result = bench_reranking(engine, queries=queries)
    typer.echo(json.dumps(result, indent=2) if as_json else reranking_as_text(result))
