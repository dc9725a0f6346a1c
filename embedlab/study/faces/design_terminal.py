"""A design round in a terminal: the interviewer speaks, the clock runs, what is typed is kept."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from embedlab.study.faces.layout import bar, numbered, prose
from embedlab.study.practice import History, keep, reading_of, remarks_on
from embedlab.system_design import LEVELS, PHASES, TITLES, Block, Round, Step, in_base, minutes_of, shown

KEYS = "? hint · s skip · q stop"
HELP = {
    "questions": "A question a line; Enter alone when you have none left.",
    "number": "Type a number with its unit, such as {such}.",
    "words": "A line or many; Enter alone when you are done.",
    "tick": "Type their numbers, such as 1 3; Enter for none.",
}
BANDS = {
    "right": ("right, within a factor of 2", "bold green"),
    "close": ("close, within a factor of 5", "bold yellow"),
    "far": ("far, beyond a factor of 5", "bold red"),
}


class Stop(Exception):  # noqa: N818 - no error: the learner stops
    """The learner wants to stop here."""


def play(playing: Round, history: History, out: Console, clock: Callable[[], float] = time.monotonic) -> None:
    """Go through a round from where it stands. Ctrl-C or q stops; all that was typed is kept."""
    case = playing.about
    out.print(Text.assemble((f"{case.title}", "bold"), (f"   {case.role}, {playing.level} · {KEYS}", "dim")))
    out.print(Padding(prose(case.fill(case.prompt)), (1, 2)))
    phase = None
    try:
        while (step := playing.step) is not None:
            if step.phase != phase:
                phase = step.phase
                show_phase(out, playing, step)
            take(playing, step, out, clock)
            if problem := keep(playing, history):
                out.print(Text(problem, style="bold red"))
    except (Stop, KeyboardInterrupt, EOFError):
        keep(playing, history)
        out.print(f"\nStopped; all of it is kept. Go on: embedlab design {playing.case}")
        return
    show_result(out, playing)


def take(playing: Round, step: Step, out: Console, clock: Callable[[], float]) -> None:
    """Ask one step until it is answered; the clock of its phase runs meanwhile."""
    out.print()
    out.print(prose(step.ask))
    if step.kind == "tick":
        out.print(numbered(step.shows[0].lines))
    such = shown(in_base(12, step.unit), step.unit)
    out.print(Text(HELP[step.kind].format(such=such), style="dim"))
    while playing.step == step:
        since = clock()
        try:
            typed = out.input(f"[cyan]{clock_text(playing, step.phase)} > [/]").strip()
        finally:
            playing.spend(clock() - since)
        typed = typed.encode(errors="replace").decode()  # bytes that were no UTF-8
        word = typed.lower()
        if word in ("q", "quit"):
            raise Stop
        if word in ("?", "hint") and step.hint:
            playing.hints = sorted({*playing.hints, step.name})
            out.print(Text.assemble(("Hint: ", "yellow"), prose(step.hint)))
        elif word in ("s", "skip"):
            if step.kind == "tick":
                playing.tick(())
            else:
                playing.skip()
        else:
            try:
                answer(playing, step, typed, out)
            except ValueError as error:
                out.print(Text(str(error), style="yellow"))
    if step.kind != "tick":
        if step.kind == "number" and step.name not in playing.given:
            out.print(Text("Skipped. A guess within a factor of 5 would have had half.", style="yellow"))
        show_blocks(out, playing.shows(step))


def answer(playing: Round, step: Step, typed: str, out: Console) -> None:
    """Take what was typed for one step."""
    if step.kind == "number":
        band = playing.estimate(typed)
        text, style = BANDS[band]
        value = playing.about.numbers()[step.name]
        out.print(Text.assemble((f"{text}", style), f"  Ours: {shown(value, step.unit)}"))
    elif step.kind == "tick":
        words = typed.replace(",", " ").split()
        if any(not word.isdigit() for word in words):
            raise ValueError(f"numbers of points are wanted, such as 1 3, but got {typed!r}")
        playing.tick([int(word) - 1 for word in words])
    elif not typed:
        playing.done("")
    elif step.kind == "questions":
        told = playing.heard(typed)
        for line in told or ["The interviewer waits. Ask for one thing, in other words."]:
            out.print(Text.assemble(("Interviewer: ", "green"), prose(line)))
    else:
        playing.note(typed)


def clock_text(playing: Round, phase: str) -> str:
    """Write the clock of a phase: spent, and of how many minutes.

    Examples
    --------
    >>> clock_text(Round(case="tickets", level="senior", spent={"draw": 75}), "draw")
    '1:15 of 7:00'
    """
    spent, minutes = playing.spent.get(phase, 0.0), minutes_of(phase, playing.fast)
    text = f"{int(spent // 60)}:{int(spent % 60):02} of {int(minutes)}:{int(minutes % 1 * 60):02}"
    return f"{text}, over time" if spent > 60 * minutes else text


def show_phase(out: Console, playing: Round, step: Step) -> None:
    """Print the head of a phase."""
    place = PHASES.index(step.phase) + 1
    minutes = minutes_of(step.phase, playing.fast)
    head = f"{place} of {len(PHASES)} · {TITLES[step.phase]} · {minutes:g} minutes"
    out.print()
    out.rule(Text(head, style="cyan"), align="left", style="cyan")


def show_blocks(out: Console, blocks: tuple[Block, ...]) -> None:
    """Print what the interviewer would have liked to hear."""
    for block in blocks:
        out.print(Text(block.title, style="bold"))
        if block.kind == "code":
            out.print(Padding(Text("\n".join(block.lines), no_wrap=True, overflow="crop"), (0, 2)))
        elif block.kind == "list":
            out.print(numbered(block.lines))
        else:
            for line in block.lines:
                out.print(Padding(prose(line), (0, 2)))


def show_result(out: Console, playing: Round) -> None:
    """Print how the round went: phases, levels, what to work on, and the model answer of the level."""
    score, case = playing.score(), playing.about
    out.print()
    out.rule(Text("How it went", style="cyan"), align="left", style="cyan")
    level = f"at the level of a {score.shown} engineer" if score.shown else "at no level yet"
    out.print(Text(f"{score.share:.0%}: {level}; you asked for {playing.level}", style="bold"))
    marks = "#-" if out.options.ascii_only else "█░"
    for phase in PHASES:
        share, minutes = score.phases.get(phase, 0.0), playing.spent.get(phase, 0.0) / 60
        allowed = minutes_of(phase, playing.fast)
        done = f"{bar(share, marks=marks)} {share:4.0%}"
        out.print(f"  {TITLES[phase]:<9} {done}   {minutes:4.1f} of {allowed:g} minutes")
    points, of = score.estimates
    counted = ", ".join(f"{name} {score.levels[name][0]} of {score.levels[name][1]}" for name in LEVELS)
    out.print(f"Points: {counted}. Estimates: {points:g} of {of}.")
    for line in remarks_on(playing):
        out.print(prose(line))
    model = case.fill(case.answers[playing.level])
    show_blocks(out, (Block(f"A {playing.level} engineer's answer", (model,), "text"),))
    if places := reading_of(playing):
        out.print(Text("Read again:", style="bold"))
        for place in places:
            out.print(f"  {place}", markup=False)
