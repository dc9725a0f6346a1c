"""Export of the question bank as a deck for Anki (apps.ankiweb.net), by the `genanki` package."""

import html
import re
from collections.abc import Iterable
from pathlib import Path

import genanki

from embedlab.study.asking import ask
from embedlab.study.questions import AnyQuestion, Choice, Flashcard, Numeric, Ordering, readable, topic_of

# Anki recognises deck and model by these numbers: never change them, or learners get everything twice.
DECK, MODEL = 1_732_406_400, 1_732_406_401
CARD = genanki.Model(
    MODEL,
    "embedlab",
    fields=[{"name": "Question"}, {"name": "Answer"}],
    templates=[
        {"name": "Card", "qfmt": "{{Question}}", "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}"},
    ],
    css=".card { font-family: sans-serif; font-size: 18px; text-align: left; max-width: 44em; margin: auto }"
    " pre, code { font-family: monospace }",
)


def front_and_back(question: AnyQuestion) -> tuple[str, str]:
    """Return both sides of a card as HTML. Numbers to be drawn are drawn once: a card does not change.

    Examples
    --------
    >>> from embedlab.study.questions import bank
    >>> front, back = front_and_back(next(q for q in bank().values() if q.kind == "single"))
    >>> front.count("<li>"), back.count("<li>")
    (4, 4)
    """
    asked = ask(question, seed=0)
    question = asked.question
    front = paragraph(question.question)
    if question.code:
        front += f"<pre>{html.escape(question.code)}</pre>"
    front += listed(asked.lines)
    match question:
        case Choice(options=options):
            shown = [options[i] for i in asked.shown]
            back = listed([f"{'Right' if one.correct else 'Wrong'}: {one.why}" for one in shown])
        case Ordering(steps=steps):
            back = listed(steps)
        case Numeric(answer=answer, unit=unit):
            back = paragraph(f"{readable(answer)} {unit}")
        case Flashcard(rubric=rubric):
            back = listed(rubric)
    return front, back + paragraph(question.explanation)


def listed(lines: Iterable[str]) -> str:
    """Return lines as a numbered list, or nothing if there are none."""
    items = "".join(f"<li>{inline(line)}</li>" for line in lines)
    return f"<ol>{items}</ol>" if items else ""


def paragraph(text: str) -> str:
    """Return text as a paragraph of HTML."""
    return f"<p>{inline(text)}</p>"


def inline(text: str) -> str:
    """Return text as HTML; what stands between backticks becomes code.

    Examples
    --------
    >>> inline("`a<b` holds")
    '<code>a&lt;b</code> holds'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def write_deck(questions: Iterable[AnyQuestion], path: str | Path) -> int:
    """Write questions to an ``.apkg`` file; return how many. Importing it again updates the cards."""
    deck = genanki.Deck(DECK, "embedlab")
    for question in questions:
        front, back = front_and_back(question)
        tags = [topic_of(question.id), question.level, f"difficulty-{question.difficulty}"]
        deck.add_note(
            genanki.Note(CARD, [front, back], tags=tags, guid=genanki.guid_for("embedlab", question.id))
        )
    genanki.Package(deck).write_to_file(str(path))
    return len(deck.notes)
