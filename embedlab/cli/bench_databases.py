"""More measurements of databases for ``embedlab bench``: clients, deletions, filters, crash safety."""

import json
from typing import Annotated

import typer

from embedlab.study.faces import plain_errors


def clients(
    n: Annotated[int, typer.Option("--n", min=1000, help="How many vectors.")] = 100_000,
    write: Annotated[bool, typer.Option(help="Put this in the place of what the course shows.")] = False,
) -> None:
    """Count queries a second of pgvector and faiss, for 1 to 8 clients at once; about five minutes."""
    with plain_errors():
        from embedlab.vector_databases import docsearch_vectors, measure_clients, write_clients

        _, documents, queries = docsearch_vectors(200)
        result = measure_clients(documents, queries, n)
        if write:
            write_clients(result)
    typer.echo(json.dumps(result, indent=2))


def deletes(
    places: Annotated[int, typer.Option(min=1, help="How many clusters, one after the other.")] = 10,
    write: Annotated[bool, typer.Option(help="Put this in the place of what the course shows.")] = False,
) -> None:
    """Search inside deleted clusters, before and after VACUUM and REINDEX; about four minutes."""
    with plain_errors():
        from embedlab.vector_databases import docsearch_vectors, measure_deletes, write_deletes

        result = measure_deletes(docsearch_vectors(200)[1], places=places)
        if write:
            write_deletes(result)
    typer.echo(json.dumps(result, indent=2))


def filters(
    n: Annotated[int, typer.Option("--n", min=2000, help="How many vectors.")] = 50_000,
    write: Annotated[bool, typer.Option(help="Put this in the place of what the course shows.")] = False,
) -> None:
    """Search with a condition inside the walk, after it and before any; about three minutes."""
    with plain_errors():
        from embedlab.vector_databases import docsearch_vectors, measure_walks, write_walks

        _, documents, queries = docsearch_vectors(200)
        result = measure_walks(documents, queries, n)
        if write:
            write_walks(result)
    typer.echo(json.dumps(result, indent=2))


def durability(
    rounds: Annotated[int, typer.Option(min=1, help="On each of both servers.")] = 3,
    write: Annotated[bool, typer.Option(help="Put this in the place of what the course shows.")] = False,
) -> None:
    """Write, VACUUM and REINDEX on a server that keeps its data, and on one that may lose it; a minute."""
    with plain_errors():
        from embedlab.vector_databases import docsearch_vectors, measure_durability, write_durability

        _, documents, queries = docsearch_vectors(50)
        result = measure_durability(documents, queries, rounds=rounds)
        if write:
            write_durability(result)
    typer.echo(json.dumps(result, indent=2))
