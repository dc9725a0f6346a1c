"""A round step by step: what the interviewer says, and what is shown after the answer."""

import re
from dataclasses import dataclass
from typing import Literal

from embedlab.system_design.cases import Case
from embedlab.system_design.estimates import shown
from embedlab.system_design.schema import PHASES, Reading

NAME = re.compile(r"[a-z]\w*")
PARTS = re.compile(r"[?.;,]|\band\b")  # of a question
MINUTES = {"clarify": 6, "estimate": 9, "draw": 7, "deep": 12, "change": 6, "wrap": 5}  # 45 in all
TITLES = {
    "clarify": "Clarify",
    "estimate": "Estimate",
    "draw": "Draw",
    "deep": "Go deep",
    "change": "A change",
    "wrap": "Wrap up",
}


@dataclass(frozen=True)
class Block:
    """A piece of what is shown: a title and lines; ``kind`` says how the lines are laid out."""

    title: str
    lines: tuple[str, ...]
    kind: Literal["text", "list", "code"] = "list"


@dataclass(frozen=True)
class Step:
    """One thing to answer.

    ``kind`` is "questions" (each line typed is a question to the interviewer), "number", "words", or "tick"
    (which of the phase's points were made).
    """

    phase: str
    kind: Literal["questions", "number", "words", "tick"]
    name: str
    ask: str
    hint: str = ""
    unit: str = ""
    shows: tuple[Block, ...] = ()
    reads: tuple[Reading, ...] = ()


def steps_of(case: Case, fast: bool = False) -> list[Step]:
    """List the steps of a round; a fast one has half of the estimates, one topic and one follow-up.

    Examples
    --------
    >>> from embedlab.system_design import find_case
    >>> steps = steps_of(find_case("tickets"))
    >>> steps[0].kind, steps[1].kind, steps[-1].kind
    ('questions', 'tick', 'tick')
    """
    makers = {
        "clarify": _clarify,
        "estimate": _estimates,
        "draw": _draw,
        "deep": _deep,
        "change": _change,
        "wrap": _wrap,
    }
    return [step for phase in PHASES for step in [*makers[phase](case, fast), _tick(case, phase)]]


def minutes_of(phase: str, fast: bool = False) -> float:
    """Return the minutes of a phase; a fast round takes 18 of 45."""
    return MINUTES[phase] * (0.4 if fast else 1)


def answer_to(case: Case, question: str) -> list[int]:
    """Return the facts that a question to the interviewer brings out, by their places in ``case.clarify``.

    A fact listens for words. Where the words of a question fit several, its parts are asked one by one, and a
    part that still fits several brings out none: no answer is better than one to another question.

    Examples
    --------
    >>> from embedlab.system_design import find_case
    >>> tickets = find_case("tickets")
    >>> answer_to(tickets, "How many tenants, and how soon must a new ticket be findable?")
    [0, 5]
    >>> answer_to(tickets, "Which vector database do you use?")
    []
    """
    if len(found := _fitting(case, question)) > 1:
        parts = [_fitting(case, part) for part in PARTS.split(question)]
        found = sorted({one for part in parts if len(part) == 1 for one in part})
    return found


def _fitting(case: Case, words: str) -> list[int]:
    facts = enumerate(case.clarify)
    return [i for i, fact in facts if re.search(rf"\b(?:{fact.words})", words, re.IGNORECASE)]


def way_of(case: Case, name: str, changed: bool = False) -> tuple[str, ...]:
    """Write out the arithmetic of an estimate, a line for each step of the way: names, numbers, result."""
    estimate = next(one for one in case.estimates if one.name == name)
    values, units = case.numbers(changed), case.units()

    def number(found: re.Match) -> str:
        return shown(values[found[0]], units[found[0]]) if found[0] in units else found[0]

    lines = []
    for line in estimate.way:
        numbers = NAME.sub(number, line.formula)
        value = shown(values[line.name], line.unit)
        lines.append(
            f"{case.fill(line.says, changed)}: `{line.name} = {line.formula}` = {numbers} = *{value}*"
        )
    return tuple(lines)


def _tick(case: Case, phase: str) -> Step:
    points = tuple(f"{case.fill(one.point)} ({one.level})" for one in case.rubric if one.phase == phase)
    shows = (Block("Points", points),)
    return Step(phase, "tick", f"{phase}-tick", "Which of these did you say?", shows=shows)


def _clarify(case: Case, fast: bool) -> list[Step]:
    topics = ", ".join(sorted({fact.ask.split()[0].lower() for fact in case.clarify}))
    rows = tuple(f"*{one.ask}* {case.fill(one.answer)} → {case.fill(one.changes)}" for one in case.clarify)
    hint = f"{len(case.clarify)} things are worth asking for. They begin with: {topics}."
    ask = "Ask what you need to know, one thing a line. If the answer misses it, ask in other words."
    return [Step("clarify", "questions", "clarify", ask, hint, shows=(Block("What there was to ask", rows),))]


def _estimates(case: Case, fast: bool) -> list[Step]:
    chosen = case.estimates[: (len(case.estimates) + 1) // 2] if fast else case.estimates
    return [
        Step(
            "estimate",
            "number",
            one.name,
            case.fill(one.ask),
            case.fill(one.hint),
            one.unit,
            (Block("The way", way_of(case, one.name)),),
        )
        for one in chosen
    ]


def _draw(case: Case, fast: bool) -> list[Step]:
    drawing = case.draw
    boxes = tuple(f"*{one.box}*: {case.fill(one.why)}" for one in drawing.boxes)
    shows = (
        Block("A drawing", tuple(drawing.model.splitlines()), "code"),
        Block("Boxes", boxes),
        Block("Arrows", drawing.arrows),
    )
    hint = f"{len(drawing.boxes)} boxes; one of them is: {drawing.boxes[-1].box}."
    ask = "Draw it: on paper, or a line for each box and each arrow. Say what flows along the arrows."
    return [Step("draw", "words", "draw", ask, hint, shows=shows)]


def _deep(case: Case, fast: bool) -> list[Step]:
    return [
        Step(
            "deep",
            "words",
            f"deep-{i}",
            f"*{one.topic}.* {case.fill(one.question)}",
            f"One strong point: {case.fill(one.strong[0])}",
            shows=(
                Block("Strong points", tuple(map(case.fill, one.strong))),
                Block("Traps", tuple(map(case.fill, one.traps))),
            ),
            reads=one.reads,
        )
        for i, one in enumerate(case.deep[:1] if fast else case.deep)
    ]


def _change(case: Case, fast: bool) -> list[Step]:
    before, after, change = case.numbers(), case.numbers(changed=True), case.change
    names = [one.name for one in case.estimates if before[one.name] != after[one.name]]
    units = case.units()
    moved = tuple(
        f"`{name}`: {shown(before[name], units[name])}, now *{shown(after[name], units[name])}*"
        for name in [*change.quantities, *names]
    )
    shows = (
        Block("Numbers that move", moved),
        Block("What stays", tuple(map(case.fill, change.keeps))),
        Block("A good answer", (case.fill(change.good),), "text"),
    )
    hint = "Which of your numbers move, and which box breaks first? Say also what you keep."
    return [Step("change", "words", "change", case.fill(change.spring), hint, shows=shows)]


def _wrap(case: Case, fast: bool) -> list[Step]:
    wrap = case.wrap
    shows = (
        Block("Risks", tuple(map(case.fill, wrap.risks))),
        Block("Monitors", tuple(map(case.fill, wrap.monitors))),
        Block("Roll-out", tuple(map(case.fill, wrap.rollout))),
        Block("Cost", (case.fill(wrap.cost),), "text"),
    )
    ask = "Two minutes are left. Sum up: risks, what you monitor, how it goes live, what it costs."
    hint = "Begin with the risk that would wake you up at night."
    ends = [Step("wrap", "words", "wrap", ask, hint, shows=shows)]
    for i, one in enumerate(case.follow_ups[:1] if fast else case.follow_ups):
        strong = (Block("A strong answer", (case.fill(one.strong),), "text"),)
        hint = "Answer in one sentence first, then say why."
        ask = f"*Follow-up {i + 1}.* {case.fill(one.ask)}"
        ends.append(Step("wrap", "words", f"follow-up-{i}", ask, hint, shows=strong))
    return ends
