"""The face in a terminal: asks, reads keys, explains."""

import sys
import time

import typer
from rich.console import Console
from rich.text import Text

from embedlab.study.bank import Answer, Asked, Choice, Flashcard, bank, parse
from embedlab.study.faces.layout import explain, numbered, prose, show_question, show_summary
from embedlab.study.practice import Session, is_follow_up, summary

WIDTH = 88  # longer lines are hard to read


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
            if session.problem:
                out.print(Text(session.problem, style="bold red"))
    except (Stopped, KeyboardInterrupt, EOFError):
        out.print("\nStopped; your answers so far are kept.")
    if left := session.close():
        out.print(Text(left, style="bold red"))
    if session.records:
        show_summary(out, summary(session))


def ask_one(out: Console, session: Session, asked: Asked) -> None:
    """Read an answer, store it, explain it."""
    start, hinted, words = time.monotonic(), False, ""
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
                words = typed.strip().encode(errors="replace").decode()  # bytes that were no UTF-8
            else:
                answer = parse(asked, typed)
        except ValueError as error:
            out.print(Text(str(error), style="yellow"))
            continue
        seconds = time.monotonic() - start
        got = session.answer(asked, answer, hinted=hinted, seconds=seconds, typed=words)
        explain(out, asked, answer, got)
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
