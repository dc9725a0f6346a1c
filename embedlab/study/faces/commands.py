"""The commands for interview study. Each imports what it needs when it runs, so that ``--help`` is quick."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

# pydantic looks for plugins in all packages that are installed: a tenth of the time to the first question.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

app = typer.Typer(add_completion=False)
Topics = Annotated[
    list[str] | None,
    typer.Argument(help="Topics, by number or name (5, hnsw); without, all.", show_default=False),
]


@contextmanager
def plain_errors():
    """Show what is wrong with the input as one line, without a traceback; exit with 2."""
    try:
        yield
    except (ValueError, TypeError, OSError, ImportError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def quiz(
    topics: Topics = None,
    n: Annotated[int, typer.Option("-n", min=1, max=100, help="How many questions.")] = 5,
    adaptive: Annotated[
        bool, typer.Option("--adaptive", help="As hard as your answers so far suggest.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="The same seed draws the same questions.")] = None,
) -> None:
    """Answer a few questions, on some topics or on all."""
    with plain_errors():
        from embedlab.study.bank import questions_on
        from embedlab.study.faces import terminal
        from embedlab.study.practice import History, quizzes

        questions = questions_on(topics)
        terminal.needs_terminal("'embedlab export anki' writes the questions to a file")
        terminal.run(quizzes.quiz(questions, History(), n, adaptive=adaptive, seed=seed))


@app.command()
def daily() -> None:
    """Answer the five questions of the day, the same for everybody."""
    with plain_errors():
        from embedlab.study.bank import bank
        from embedlab.study.faces import terminal
        from embedlab.study.practice import History, challenge, streak_text

        history = History()
        today = challenge.daily(bank(), history)
        if today.total == 0:
            typer.echo(
                f"Done for today. Streak: {streak_text(history.records())}. More: embedlab quiz --adaptive"
            )
            return
        terminal.needs_terminal("run it in one")
        terminal.run(today)


@app.command()
def review(
    cap: Annotated[int, typer.Option(min=1, help="At most so many reviews a day.")] = 20,
) -> None:
    """Answer what you missed or may have forgotten, when it is time (spaced repetition)."""
    with plain_errors():
        from embedlab.study.bank import bank
        from embedlab.study.faces import terminal
        from embedlab.study.practice import History, forecast, quizzes

        history = History()
        waiting = quizzes.review(bank(), history, cap)
        if waiting.total == 0:
            plan = [
                f"{day:%A} {count}" for day, count in forecast(history.records(), bank(), cap=cap) if count
            ]
            ahead = f"Next days: {', '.join(plan)}." if plan else "Answer some first: embedlab quiz"
            typer.echo(f"Nothing to review now. {ahead}")
            return
        terminal.needs_terminal(f"{waiting.total} questions are due")
        terminal.run(waiting)


@app.command()
def mock(
    topic: Annotated[str, typer.Argument(help="A topic, by number or name.")],
    minutes: Annotated[float, typer.Option(min=1, help="How long it may take.")] = 30,
    seed: Annotated[int | None, typer.Option(help="The same seed holds the same interview.")] = None,
) -> None:
    """Hold a mock interview on one topic: rising depth, follow-ups, and a summary of what to read again."""
    with plain_errors():
        from embedlab.study.bank import find_topic, questions_on, title_of
        from embedlab.study.faces import terminal
        from embedlab.study.practice import History, interview

        questions = questions_on([topic])
        terminal.needs_terminal("run it in one")
        title = title_of(find_topic(topic))
        terminal.run(interview.mock(questions, History(), title, minutes=minutes, seed=seed))


@app.command()
def progress(
    picture: Annotated[Path | None, typer.Option(help="Also draw it, into this .png or .svg file.")] = None,
) -> None:
    """Show mastery by topic and level, how ready you are, and what is due."""
    with plain_errors():
        from embedlab.study.bank import bank
        from embedlab.study.faces.layout import show_progress
        from embedlab.study.faces.terminal import console
        from embedlab.study.practice import History, design_remarks, draw, mastery, remarks

        history = History()
        records, out = history.records(), console()
        rows = mastery(records, bank())
        notice = [history.notice] if history.notice else []
        show_progress(out, rows, notice + remarks(records, rows) + design_remarks(records))
        if picture:
            picture = picture if picture.suffix else picture.with_name(f"{picture.name}.png")
            draw(rows, picture)
            typer.echo(f"drawn: {picture}")


@app.command()
def export(
    what: Annotated[
        str, typer.Argument(help="history (JSON, all answers), csv (answers), or anki (questions).")
    ],
    path: Annotated[Path | None, typer.Argument(help="The file to write.", show_default=False)] = None,
) -> None:
    """Write your answers, or the questions as an Anki deck, to a file. See also: embedlab import."""
    with plain_errors():
        from embedlab.study.bank import bank
        from embedlab.study.practice import History

        names = {"history": "embedlab-history.json", "csv": "embedlab-answers.csv", "anki": "embedlab.apkg"}
        if what not in names:
            raise ValueError(f"cannot export {what!r}; there are {', '.join(names)}")
        path = path or Path(names[what])
        if what == "anki":
            from embedlab.study.bank import write_deck

            typer.echo(f"{path}: {write_deck(bank().values(), path)} questions")
            return
        history = History()
        if what == "csv":
            from embedlab.study.practice import write_csv

            write_csv(history.records(), path)
        else:
            history.save(path)
        typer.echo(f"{path}: {len(history.records())} answers")


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="A file written by 'embedlab export history'.")],
) -> None:
    """Add the answers of an exported history to yours; those you have already are left alone."""
    with plain_errors():
        from embedlab.study.practice import History

        typer.echo(f"added {History().restore(path)} answers")
