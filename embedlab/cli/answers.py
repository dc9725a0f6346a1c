"""Answers with citations: ``embedlab ask``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedlab.cli.printing import AsJson, without_control
from embedlab.study.faces import plain_errors

if TYPE_CHECKING:
    from embedlab.rag import Answer


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
    generate: Annotated[
        bool,
        typer.Option(
            "--generate/--no-generate",
            help="Have a language model answer in its own words: a small one on this machine, or, if "
            "EMBEDLAB_LLM_URL is set, the endpoint there, which gets the question and the passages.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question with sentences of the documents, each with its citation, and show the passages.

    Without --corpus, the documents are the docstrings of numpy, scipy, scikit-learn and pandas. A
    cross-encoder picks up to three sentences. Where none of them scores enough, the answer is "not found in
    the documents", and the exit code 0 all the same. In your own documents, that mostly means that they are
    on another subject: whether they lack the answer, such scores do not tell.

    With --generate, and where a sentence scores enough, a language model answers instead, and each of its
    sentences is held against the passage that it cites. Nothing leaves this machine, unless EMBEDLAB_LLM_URL
    is set, such as to http://localhost:11434/v1: the question and the passages are sent to this endpoint. It
    has to speak OpenAI's chat completions; EMBEDLAB_LLM_MODEL names its model, EMBEDLAB_LLM_KEY is its key.
    """
    said = []  # what is on the screen

    def show(piece: str) -> None:
        said.append(piece)
        typer.echo(without_control(piece), nl=False)

    try:
        with plain_errors():
            from embedlab.engine import asker, generator
            from embedlab.rag import Generative, answerable, ask

            answerable(question)  # known before anything is embedded, as is a generator that is missing
            writer, style = generator() if generate else (None, "")
            search, quoting = asker(corpus, engine, threshold)
            streaming = {"style": style, "show": None if as_json else show}
            read = Generative(writer, evidence=quoting, **streaming) if writer else quoting
            try:
                answer = ask(question, search, read, passages=passages, budget=budget)
            finally:
                typer.echo("\n" if said else "", nl=False)  # ends the line, whatever ends the answer
    except KeyboardInterrupt as error:
        typer.echo("stopped" if said else "stopped; vectors that were computed are kept", err=True)
        raise typer.Exit(130) from error
    if as_json:
        about = {"threshold": quoting.threshold, "generator": writer.name if writer else None}
        typer.echo(json.dumps({"question": question, **_shown(answer), **about}, indent=2))
        return
    if not (said and answer.found):
        typer.echo(answer.text)
    if writer and answer.found:
        _print_citations(answer)
    for passage in sorted(answer.passages, key=lambda one: one.number):
        first_line = " ".join(passage.text.split())[:96].rstrip()
        cut = ", cut" if passage.cut else ""
        typer.echo(f"\n[{passage.number}] {passage.source}{cut}\n    {first_line}")
    if answer.left_out:
        sources = "; ".join(passage.source for passage in answer.left_out)
        typer.echo(f"no room in {budget} tokens: {sources}", err=True)
    if answer.note:
        typer.echo(f"note: {answer.note}", err=True)


def _shown(answer: Answer) -> dict:
    """Return an answer as JSON has it."""
    score = round(answer.score, 3) if answer.passages else None
    shown = {"found": answer.found, "answer": answer.text, "score": score, "note": answer.note}
    shown |= {name: [asdict(one) for one in getattr(answer, name)] for name in ("citations", "passages")}
    return shown | {"uncited": answer.uncited, "left_out": [passage.source for passage in answer.left_out]}


def _print_citations(answer: Answer) -> None:
    """Say of each sentence of an answer whether a passage bears it out."""
    typer.echo()
    for one in answer.citations:
        verdict = "supported  " if one.supported else "UNSUPPORTED"
        typer.echo(f"{verdict} [{one.number}] {without_control(' '.join(one.claim.split()))}")
    for sentence in answer.uncited:
        typer.echo(f"UNCITED         {without_control(' '.join(sentence.split()))}")
