"""How questions, explanations, summaries and progress are laid out in a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from embedlab.study.bank import (
    PASS,
    Answer,
    Asked,
    Choice,
    Flashcard,
    Ordering,
    key_text,
    number_of,
    place_of,
    spans,
    title_of,
    topic_of,
    verdict,
)
from embedlab.study.practice import LEVELS, Summary, Topic

BAR = "█░"
STYLES = {"code": "bold cyan", "em": "italic", "": ""}
HELP = {
    "single": "Press the number of your answer.",
    "bug": "What is wrong? Press the number of your answer.",
    "multiple": "Several may be right: type their numbers, such as 13, then Enter.",
    "ordering": "Type all numbers in the right order, such as 231, then Enter.",
    "numeric": "Type a number, then Enter.",
    "flashcard": "Say it aloud, or type a line. Then Enter shows the points to hit.",
}


def show_question(out: Console, asked: Asked, place: str, follow_up: bool = False) -> None:
    """Print a question, its code and its options."""
    question = asked.question
    facts = [place, title_of(topic_of(question.id)), question.level, stars(question.difficulty)]
    out.print()
    out.rule(Text(" · ".join(["Follow-up"] * follow_up + facts), style="cyan"), align="left", style="cyan")
    out.print(prose(question.question))
    if question.code:
        from rich.syntax import Syntax  # pygments takes a while, and few questions hold code

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
    marks = "#-" if out.options.ascii_only else BAR
    for topic in topics:
        name = f"{number_of(topic.name)} {title_of(topic.name)}"
        share = f"{topic.answered}/{topic.questions}"
        levels = ["-" if part is None else f"{part:.0%}" for part in topic.levels.values()]
        if topic.answered:
            table.add_row(name, share, f"{bar(topic.mastery, marks=marks)} {topic.mastery:4.0%}", *levels)
        else:
            table.add_row(name, share, Text("not begun", style="dim"), *levels)
    out.print(table)
    for line in remarks:
        out.print(Text(line))


def bar(share: float, width: int = 10, marks: str = BAR) -> str:
    """Draw a share as a bar.

    Examples
    --------
    >>> bar(0.5, 4)
    '██░░'
    """
    full = round(share * width)
    return marks[0] * full + marks[1] * (width - full)


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
