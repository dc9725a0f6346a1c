"""Answers with citations: ``embedlab ask``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from embedlab.cli.printing import AsJson
from embedlab.study.faces import plain_errors


def ask(
    question: Annotated[str, typer.Argument(help="A question, in your own words.")],
    corpus: Annotated[
        Path | None,
        typer.Option(help="Your own documents: a .jsonl or .txt file, or a folder of texts in UTF-8."),
    ] = None,
    engine: Annotated[str, typer.Option(help="What finds the passages, see 'embedlab evaluate --help'.")] = (
        "hybrid"
    ),
    passages: Annotated[int, typer.Option(min=1, help="How many passages are read.")] = 5,
    budget: Annotated[int, typer.Option(min=16, help="Tokens of all passages.")] = 1024,
    threshold: Annotated[
        float | None,
        typer.Option(help="Answer only if the best sentence scores as much; the default is chosen on data."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question with sentences of the documents, each with its citation, and show the passages.

    Without --corpus, the documents are the docstrings of numpy, scipy, scikit-learn and pandas. Nothing is
    generated: a cross-encoder picks up to three sentences. Where none of them scores enough, the answer is
    "not found in the documents", and the exit code 0 all the same. In your own documents, that mostly means
    that they are on another subject: whether they lack the answer, such scores do not tell.
    """
    try:
        with plain_errors():
            from embedlab.engine import asker
            from embedlab.rag import answerable, ask

            answerable(question)  # known before anything is embedded
            search, read = asker(corpus, engine, threshold)
            answer = ask(question, search, read, passages=passages, budget=budget)
    except KeyboardInterrupt as error:
        typer.echo("stopped; vectors that were computed are kept", err=True)
        raise typer.Exit(130) from error
    if as_json:
        score = round(answer.score, 3) if answer.passages else None
        shown = {"found": answer.found, "answer": answer.text, "score": score, "threshold": read.threshold}
        shown |= {name: [asdict(one) for one in getattr(answer, name)] for name in ("citations", "passages")}
        shown["left_out"] = [passage.source for passage in answer.left_out]
        typer.echo(json.dumps({"question": question, **shown}, indent=2))
        return
    typer.echo(answer.text)
    for passage in sorted(answer.passages, key=lambda one: one.number):
        first_line = " ".join(passage.text.split())[:96].rstrip()
        cut = ", cut" if passage.cut else ""
        typer.echo(f"\n[{passage.number}] {passage.source}{cut}\n    {first_line}")
    if answer.left_out:
        sources = "; ".join(passage.source for passage in answer.left_out)
        typer.echo(f"no room in {budget} tokens: {sources}", err=True)
