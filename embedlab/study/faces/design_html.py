"""A design round as HTML: what is shown after an answer, and a whole round with folded answers."""

import html

from embedlab.study.bank import inline, paragraph
from embedlab.system_design import TITLES, Block, Case, minutes_of, steps_of


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
    parts.append(f"<details><summary>A {level} engineer's answer</summary>{answer}</details>")
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
