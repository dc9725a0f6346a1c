"""Training on the train part of DocSearch: ``embedlab train``."""

from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from embedlab.study.faces import plain_errors

app = typer.Typer(help="Train models on the train part of DocSearch.", no_args_is_help=True)


@app.command(name="all")
def everything(
    device: Annotated[str, typer.Option(help='Where torch trains: "cpu", or "cuda" with a GPU.')] = "cpu",
) -> None:
    """Train all that comes with the course anew, and put it in the place of what is there; takes an hour.

    Stop it with Ctrl-C and give the same command again: it goes on from its last checkpoint.
    """
    with plain_errors(), interruptible():
        from embedlab.engine import train_all

        train_all(device=device, report=typer.echo)


@app.command()
def vectors() -> None:
    """Compute the vectors, tokens and scores of DocSearch that come with the course; takes over an hour."""
    with plain_errors(), interruptible():
        from embedlab.engine import ship_all

        ship_all(report=typer.echo)


@app.command()
def passages() -> None:
    """Compute what chapter 10's ways of cutting find, as it comes with the course; takes some hours."""
    with plain_errors(), interruptible():
        from embedlab.chunking import ship

        ship(report=typer.echo)


@app.command()
def replies() -> None:
    """Have the small generator say anew what chapter 11 shows, as it comes with the course; takes a day."""
    with plain_errors(), interruptible():
        from embedlab.rag import ship

        ship(report=typer.echo)


@contextmanager
def interruptible():
    """Say after Ctrl-C that a training goes on where it was."""
    try:
        yield
    except KeyboardInterrupt as error:
        typer.echo("stopped; the same command goes on from the last checkpoint", err=True)
        raise typer.Exit(130) from error


@app.command()
def matryoshka(
    output: Annotated[Path, typer.Option(help="A folder for the model.")],
    steps: Annotated[int, typer.Option(min=1)] = 200,
    batch_size: Annotated[int, typer.Option(min=2)] = 64,
    learning_rate: Annotated[float, typer.Option(min=0)] = 5e-4,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Fine-tune an encoder of your own so that its vectors may be cut short; takes some minutes.

    Stop it with Ctrl-C and give the same command again: it goes on from its last checkpoint.
    """
    with plain_errors(), interruptible():
        from embedlab.benchmark import docsearch, training_pairs
        from embedlab.finetuning import finetune, pair_weights

        benchmark = docsearch()
        pairs = training_pairs(benchmark)
        settings = {"steps": steps, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
        folder = finetune(pairs, output, weights=pair_weights(benchmark, pairs), **settings)
    typer.echo(f"{folder}\nuse it:  Embedder.load({str(folder)!r}).reading(64)")
