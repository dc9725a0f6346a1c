"""Recall, time and bytes of many indexes as collections grow: ``embedlab bench scale``."""

import json
from functools import partial
from typing import Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors

MILLION = 1_000_000


def scale(
    n: Annotated[list[int] | None, typer.Option("--n", min=1000, help="Vectors; once for each size.")] = None,
    growth: Annotated[
        list[int] | None, typer.Option(min=1000, help="A size at which only growth is measured.")
    ] = None,
    million: Annotated[
        bool, typer.Option(help="Also a million: half an hour, 12 GB, 12 GB of disk.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option(help="An index by its name; once for each.")] = None,
    grown: Annotated[bool, typer.Option(help="Of vectors that are all grown, for comparison.")] = False,
    related: Annotated[bool, typer.Option(help="A tenth real, the rest grown, as of a million.")] = False,
    dimensions: Annotated[bool, typer.Option(help="Instead: what dimensions cost; three minutes.")] = False,
    faiss: Annotated[bool, typer.Option(help="Instead: recall beside faiss in the same lists; two.")] = False,
    repeats: Annotated[int, typer.Option(min=1)] = 5,
    as_json: AsJson = False,
) -> None:
    """Build and search all indexes of chapter 16 and their peers; a quarter of an hour from 3,000 to 100,000.

    What is done is put in the place of what chapter 16 shows, size by size; after a break the same command
    goes on with the indexes that are built.
    """
    with plain_errors():
        from embedlab.speed import dimensions_on_docsearch, measure_equal, measure_scale, scale_as_text

        if dimensions or faiss:
            typer.echo(json.dumps(dimensions_on_docsearch() if dimensions else measure_equal(), indent=2))
            return
        if not (n or growth or million):
            n, growth = [10_000, 100_000], [3000, 30_000]
        asked = {"growth_sizes": growth or (), "names": only, "repeats": repeats}
        asked["of"] = "grown" if grown else "related" if related else "frontier"
        sizes = [*(n or ()), *([MILLION] if million else [])]
        result = measure_scale(sizes, **asked, report=partial(typer.echo, err=True))
    typer.echo(json.dumps(result, indent=2) if as_json else scale_as_text(result))
