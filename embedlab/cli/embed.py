"""Vectors of your own documents in Parquet files: ``embedlab embed``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from embedlab.study.faces import plain_errors


def embed(
    corpus: Annotated[Path, typer.Argument(help="A .jsonl or .txt file, or a folder of texts in UTF-8.")],
    out: Annotated[Path, typer.Argument(help="A folder for the vectors; what is in it already is skipped.")],
    encoder: Annotated[str, typer.Option(help="minilm, or words: quick, and without context.")] = "minilm",
    rows: Annotated[int, typer.Option(min=1, help="Documents in one file: what Ctrl-C may lose.")] = 256,
    ray: Annotated[bool, typer.Option("--ray", help="On Ray Data, with a pool of processes.")] = False,
    actors: Annotated[int, typer.Option(min=1, help="Processes of --ray, with a CPU each.")] = 2,
    address: Annotated[
        str | None, typer.Option(help="With --ray: a cluster that runs, such as ray://head:10001.")
    ] = None,
) -> None:
    """Embed documents into Parquet files: id, hash of the text, vector of float32.

    An interrupted run goes on where it stopped, and an edited document is embedded again. With --ray and
    without it the same files come out.
    """
    with plain_errors():
        if address and not ray:
            raise ValueError("--address names a cluster of Ray: it needs --ray")
        from tqdm import tqdm

        from embedlab.benchmark import load_corpus
        from embedlab.pipelines import cut, embed_on_ray, embed_parts, open_out
        from embedlab.pipelines import encoder as encoder_named

        encode = encoder_named(encoder)  # an unknown name is known before anything is written
        ids, texts = load_corpus(corpus)
        parts = cut(ids, texts, open_out(out, encoder), rows)
        left = sum(len(part.ids) for part in parts)
        typer.echo(f"{len(ids):,} documents: {len(ids) - left:,} are there, {left:,} to embed", err=True)
        if not parts:
            return
        start = time.perf_counter()
        with tqdm(total=left, unit=" documents", disable=None) as bar:
            if ray:
                embed_on_ray(parts, encoder, out, actors=actors, address=address, progress=bar.update)
            else:
                embed_parts(parts, encode, out, bar.update)
        seconds = time.perf_counter() - start
        typer.echo(f"{left:,} documents in {seconds:.1f} s: {left / seconds:.1f} a second, start included")
