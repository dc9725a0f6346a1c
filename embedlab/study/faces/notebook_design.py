"""A design round in a notebook: `design_round`, with folded answers where nothing runs."""

import html

from embedlab.study.bank import inline, paragraph
from embedlab.system_design import LEVELS, TITLES, Block, Case, Round, find_case, minutes_of, steps_of


class StaticRound:
    """A round with folded answers, for pages where nothing runs."""

    def __init__(self, page: str):
        self.page = page

    def __repr__(self) -> str:
        return "a design round; in a terminal: embedlab design"

    def _repr_html_(self) -> str:
        return self.page


def design_round(case: str, level: str | None = None, *, fast: bool = False) -> object:
    """Hold a design round in the notebook; it goes into the same history as the terminal's.

    A round that was interrupted, here or in a terminal, goes on where it stood. Where there is no front end
    to answer in, the round stands there with folded answers.

    Parameters
    ----------
    case : str
        Its name, or how that begins.
    level : str, optional
        "junior", "senior" or "staff": whose model answer is shown; without, the case's own.
    fast : bool
        18 minutes instead of 45.

    Raises
    ------
    ValueError
        If there is no such case or level.

    Examples
    --------
    >>> design_round("tickets")._repr_html_().count("<summary>") > 20
    True
    """
    chosen = find_case(case)
    if level not in (None, *LEVELS):
        raise ValueError(f"there is no level {level!r}; levels: {', '.join(LEVELS)}")
    page = static_round(chosen, level or chosen.level, fast=fast)
    try:
        from embedlab.study.faces.design_widget import DesignWidget
    except ImportError:  # without the extra "course"
        return StaticRound(page)

    def begin():
        from embedlab.study.practice import History, begun

        playing = begun(chosen.name)
        if playing is None or playing.step is None:
            playing = Round(case=chosen.name, level=level or chosen.level, fast=fast)
        return playing, History()

    return DesignWidget(begin, page)


def static_round(case: Case, level: str, *, fast: bool = False) -> str:
    """Return a round as HTML: each step, and folded below it what a good answer holds."""
    parts, phase = [paragraph(f"*{case.title}.* {case.fill(case.prompt)}")], None
    for step in steps_of(case, fast):
        if step.phase != phase:
            phase = step.phase
            parts.append(f"<p><strong>{TITLES[phase]}</strong>, {minutes_of(phase, fast):g} minutes</p>")
        title = "The points" if step.kind == "tick" else "Answer"
        folded = f"<details><summary>{title}</summary>{blocks_html(step.shows)}</details>"
        parts.append(f"<div>{'' if step.kind == 'tick' else paragraph(step.ask)}{folded}</div>")
    answer = paragraph(case.fill(case.answers[level]))
    parts.append(f"<details><summary>A {level}'s answer</summary>{answer}</details>")
    return "".join(parts)


def blocks_html(blocks: tuple[Block, ...]) -> str:
    """Return what is shown after an answer as HTML."""
    parts = []
    for block in blocks:
        parts.append(f"<p><strong>{html.escape(block.title)}</strong></p>")
        if block.kind == "code":
            parts.append(f"<pre>{html.escape(chr(10).join(block.lines))}</pre>")
        elif block.kind == "list":
            parts.append(f"<ul>{''.join(f'<li>{inline(line)}</li>' for line in block.lines)}</ul>")
        else:
            parts += [paragraph(line) for line in block.lines]
    return "".join(parts)
