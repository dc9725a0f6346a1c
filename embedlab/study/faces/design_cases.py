"""The cases of design rounds in a terminal: listed, read, and begun or resumed."""

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from embedlab.study.faces.design_terminal import play, show_blocks
from embedlab.study.faces.layout import prose
from embedlab.study.faces.terminal import console, needs_terminal
from embedlab.study.practice import History, begun, design_standing, keep
from embedlab.system_design import (
    LEVELS,
    TITLES,
    Block,
    Round,
    case_names,
    find_case,
    minutes_of,
    steps_of,
)


def list_cases() -> None:
    """Print the cases, what each tests, and how the learner's rounds went."""
    done = {row.case: row for row in design_standing(History().records())}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("case", "what it tests", "rounds", "best"):
        table.add_column(title)
    for name in case_names():
        case, row = find_case(name), done.get(name)
        what = Text.assemble((case.title, "bold"), f", {case.role}, {case.level}\n{case.tests}")
        rounds = f"{row.rounds if row else '-'}{', one begun' if begun(name) else ''}"
        table.add_row(name, what, rounds, f"{row.best:.0%}" if row and row.rounds else "-")
    out = console()
    out.print(table)
    out.print("\nA round: embedlab design CASE   to read it: embedlab design CASE --read", style="dim")


def read_case(name: str) -> None:
    """Print a whole case with its answers."""
    out, case = console(), find_case(name)
    out.print(Text(f"{case.title}: {case.tests}", style="bold"))
    out.print(Padding(prose(case.fill(case.prompt)), (1, 2)))
    for step in steps_of(case):
        out.print()
        head = Text(f"{TITLES[step.phase]} · {minutes_of(step.phase):g} minutes", style="cyan")
        out.rule(head, align="left", style="cyan")
        if step.kind != "tick":
            out.print(prose(step.ask))
        show_blocks(out, step.shows)
    for level in LEVELS:
        show_blocks(out, (Block(f"A {level} engineer's answer", (case.fill(case.answers[level]),), "text"),))


def hold_round(name: str, level: str | None = None, *, fast: bool = False, new: bool = False) -> None:
    """Hold a round of a case in the terminal, or go on with the one that was interrupted.

    Raises
    ------
    ValueError
        If there is no such case or level, or no terminal.
    OSError
        If a finished round cannot be put into the history.
    """
    case = find_case(name)
    if level not in (None, *LEVELS):
        raise ValueError(f"there is no level {level!r}; levels: {', '.join(LEVELS)}")
    needs_terminal(f"'embedlab design {case.name} --read' prints the case with all answers")
    history, out = History(), console()
    if history.notice:
        out.print(Text(history.notice, style="bold red"))
    playing = None if new else begun(case.name)
    if playing and playing.step is None:  # finished while the history was locked
        if problem := keep(playing, history):
            raise OSError(problem)
        playing = None
    if playing:
        since = f"{playing.begun.astimezone():%d %B, %H:%M}, {playing.level}{', fast' * playing.fast}"
        out.print(f"You go on with the round of {since}; --new begins anew.\n")
    play(playing or Round(case=case.name, level=level or case.level, fast=fast), history, out)
