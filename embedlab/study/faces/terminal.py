"""The face in a terminal: asks, reads keys, explains."""

import sys
import time
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from embedlab.study.bank import (
    PASS,
    Answer,
    Asked,
    Choice,
    Flashcard,
    Ordering,
    bank,
    key_text,
    parse,
    place_of,
    spans,
    title_of,
    topic_of,
    verdict,
)
from embedlab.study.practice import LEVELS, Session, Summary, Topic, is_follow_up, summary

STYLES = {"code": "bold cyan", "em": "italic", "": ""}
WIDTH = 88  # longer lines are hard to read
HELP = {
    "single": "Press the number of your answer.",
    "bug": "What is wrong? Press the number of your answer.",
    "multiple": "Several may be right: type their numbers, such as 13, then Enter.",
    "ordering": "Type all numbers in the right order, such as 231, then Enter.",
    "numeric": "Type a number, then Enter.",
    "flashcard": "Say it aloud, or type a line. Then Enter shows the points to hit.",
}


class Stopped(Exception):  # noqa: N818 - no error: the learner stops
    """The learner wants to stop here."""


def console() -> Console:
    """Return where to write: as wide as the terminal, but no wider than is pleasant to read."""
    out = Console(highlight=False)
    out.width = min(out.width, WIDTH)
    return out


def needs_terminal(instead: str) -> None:
    """Refuse to wait for keys that cannot come.

    Raises
    ------
    ValueError
        If input or output is no terminal: with what to do instead.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError(f"this waits for your answers, so it needs a terminal, not a pipe; {instead}")


def run(session: Session) -> None:
    """Ask all questions of a session, then say how it went. Ctrl-C or q stops; what was answered is kept."""
    out = console()
    if session.history.notice:
        out.print(Text(session.history.notice, style="bold red"))
    out.print(Text.assemble((session.title, "bold"), ("   ? hint · s I don't know · q stop", "dim")))
    try:
        while (asked := session.next()) is not None:
            number = session.done_before + len(session.records) + 1
            follow_up = session.mode == "mock" and is_follow_up(asked, session.records, bank())
            show_question(out, asked, f"{number} of {session.done_before + session.total}", follow_up)
            ask_one(out, session, asked)
    except (Stopped, KeyboardInterrupt, EOFError):
        out.print("\nStopped; your answers so far are kept.")
    if session.records:
        show_summary(out, summary(session))


def ask_one(out: Console, session: Session, asked: Asked) -> None:
    """Read an answer, store it, explain it."""
    start, hinted = time.monotonic(), False
    while True:
        typed = read_key(out) if one_key(asked) else out.input("[cyan]> [/]")
        word = typed.strip().lower()
        if word in ("q", "quit"):
            raise Stopped
        if word in ("?", "hint"):
            hinted = True
            out.print(Text.assemble(("Hint: ", "yellow"), prose(asked.question.hint)))
            continue
        try:
            if word in ("s", "skip"):
                answer: Answer = ()
            elif isinstance(asked.question, Flashcard):
                answer = grade_yourself(out, asked)
            else:
                answer = parse(asked, typed)
        except ValueError as error:
            out.print(Text(str(error), style="yellow"))
            continue
        seconds = time.monotonic() - start
        explain(out, asked, answer, session.answer(asked, answer, hinted=hinted, seconds=seconds))
        return


def grade_yourself(out: Console, asked: Asked) -> Answer:
    """Show the points of a flashcard's rubric and ask which of them were made."""
    out.print(numbered(asked.question.rubric))
    out.print(
        Text("Which of these did you say? Type their numbers, such as 12; Enter for none.", style="dim")
    )
    while True:
        try:
            return parse(asked, out.input("[cyan]> [/]"))
        except ValueError as error:
            out.print(Text(str(error), style="yellow"))


def one_key(asked: Asked) -> bool:
    """Whether a single key is a whole answer."""
    return isinstance(asked.question, Choice) and asked.question.kind != "multiple"


def read_key(out: Console) -> str:
    """Read one key, without Enter, and show it."""
    key = typer.getchar()
    if key in ("\x03", "\x04", "\x1b"):  # Ctrl-C, Ctrl-D, Escape
        raise Stopped
    out.print(Text(f"> {key if key.isprintable() else ''}", style="cyan"))
    return key


def show_question(out: Console, asked: Asked, place: str, follow_up: bool = False) -> None:
    """Print a question, its code and its options."""
    question = asked.question
    facts = [place, title_of(topic_of(question.id)), question.level, stars(question.difficulty)]
    out.print()
    out.rule(Text(" · ".join(["Follow-up"] * follow_up + facts), style="cyan"), align="left", style="cyan")
    out.print(prose(question.question))
    if question.code:
        out.print()
        out.print(Padding(Syntax(question.code, "python", theme="ansi_dark", word_wrap=True), (0, 2)))
    if asked.lines:
        out.print()
        out.print(numbered(asked.lines))
    out.print(Text(HELP[question.kind], style="dim"))


def explain(out: Console, asked: Asked, answer: Answer, score: float) -> None:
    """Say whether an answer was right, why, and why the other options are not."""
    question = asked.question
    style = "bold green" if score == 1 else "bold red" if score < PASS else "bold yellow"
    key = "" if isinstance(question, Flashcard) else f"  Answer: {key_text(asked)}"
    out.print(Text.assemble((verdict(asked, answer, score), style), key))
    if isinstance(question, Choice):
        rows = Table.grid(padding=(0, 1))
        for place, i in enumerate(asked.shown):
            option = question.options[i]
            mark = Text("right" if option.correct else "wrong", style="green" if option.correct else "red")
            chosen = Text("→" if place in answer else " ", style="bold")
            rows.add_row(chosen, Text(str(place + 1), style="bold cyan"), mark, prose(option.why))
        out.print(rows)
    if isinstance(question, Ordering) and score < 1:
        out.print(numbered(question.steps))
    out.print(Padding(prose(question.explanation), (1, 0, 0, 0)))
    if question.teaches:
        out.print(Text(f"Taught in {place_of(question)}", style="dim"))
    if question.sources:
        out.print(Text("Source: " + "; ".join(question.sources), style="dim"))


def show_summary(out: Console, result: Summary) -> None:
    """Print how a session went and what to do about it."""
    out.print()
    out.rule(Text("How it went", style="cyan"), align="left", style="cyan")
    out.print(Text(result.verdict, style="bold"))
    for title, points in (("Strong", result.strengths), ("To work on", result.gaps)):
        if points:
            out.print(Text.assemble((f"{title}: ", "bold"), "; ".join(points)))
    if result.reread:
        out.print(Text("Read again:", style="bold"))
        for place in result.reread:
            out.print(f"  {place}", markup=False)
    for line in result.remarks:
        out.print(Text(line))


def show_progress(out: Console, topics: Sequence[Topic], remarks: Sequence[str]) -> None:
    """Print mastery by topic and level as a table with bars."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("topic")
    table.add_column("answered", justify="right")
    table.add_column("mastery", min_width=16)
    for level in LEVELS:
        table.add_column(level, justify="right")
    for topic in topics:
        share = f"{topic.answered}/{topic.questions}"
        levels = ["-" if part is None else f"{part:.0%}" for part in topic.levels.values()]
        if topic.answered:
            table.add_row(topic.name, share, f"{bar(topic.mastery)} {topic.mastery:4.0%}", *levels)
        else:
            table.add_row(topic.name, share, Text("not begun", style="dim"), *levels)
    out.print(table)
    for line in remarks:
        out.print(Text(line))


def bar(share: float, width: int = 10) -> str:
    """Draw a share as a bar.

    Examples
    --------
    >>> bar(0.5, 4)
    '██░░'
    """
    full = round(share * width)
    return "█" * full + "░" * (width - full)


def stars(difficulty: int) -> str:
    """Draw a difficulty from 1 to 5.

    Examples
    --------
    >>> stars(2)
    '●●○○○'
    """
    return "●" * difficulty + "○" * (5 - difficulty)


def numbered(lines: Sequence[str]) -> Table:
    """Lay out lines with their numbers; long ones wrap beside the number."""
    rows = Table.grid(padding=(0, 1))
    rows.add_column(justify="right", style="bold cyan", min_width=2)
    rows.add_column()
    for place, line in enumerate(lines, start=1):
        rows.add_row(str(place), prose(line))
    return rows


def prose(text: str) -> Text:
    """Show what stands between backticks as code and between asterisks as stressed.

    Examples
    --------
    >>> prose("call `np.sum(x)` *once*").plain
    'call np.sum(x) once'
    """
    return Text.assemble(*((piece, STYLES[kind]) for kind, piece in spans(text)))
