"""Export of the question bank as a deck for Anki (apps.ankiweb.net), by the `genanki` package."""

from collections.abc import Iterable
from pathlib import Path

import genanki

from embedlab.study.bank.asking import ask
from embedlab.study.bank.markup import asked_html, key_html, listed, paragraph
from embedlab.study.bank.names import first_id, topic_of
from embedlab.study.bank.questions import AnyQuestion

# Anki recognises deck and model by these numbers: never change them, or learners get everything twice.
DECK, MODEL = 1_732_406_400, 1_732_406_401
CARD = genanki.Model(
    MODEL,
    "embedlab",
    fields=[{"name": "Question"}, {"name": "Answer"}],
    templates=[{"name": "Card", "qfmt": "{{Question}}", "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}"}],
    css=".card { font-family: sans-serif; font-size: 18px; text-align: left; max-width: 44em; margin: auto }"
    " pre, code { font-family: monospace }",
)


def front_and_back(question: AnyQuestion) -> tuple[str, str]:
    """Return both sides of a card as HTML. Numbers to be drawn are drawn once: a card does not change.

    Examples
    --------
    >>> from embedlab.study.bank.catalogue import bank
    >>> front, back = front_and_back(next(q for q in bank().values() if q.kind == "single"))
    >>> front.count("<li>"), back.count("<li>")
    (4, 4)
    """
    asked = ask(question, seed=0)
    front = asked_html(asked) + listed(asked.lines)
    return front, key_html(asked) + paragraph(asked.question.explanation)


def write_deck(questions: Iterable[AnyQuestion], path: str | Path) -> int:
    """Write questions to an ``.apkg`` file; return how many. Importing it again updates the cards."""
    deck = genanki.Deck(DECK, "embedlab")
    for question in questions:
        tags = [topic_of(question.id), question.level, f"difficulty-{question.difficulty}"]
        guid = genanki.guid_for("embedlab", first_id(question.id))  # renamed, it is the same card
        deck.add_note(genanki.Note(CARD, list(front_and_back(question)), tags=tags, guid=guid))
    genanki.Package(deck).write_to_file(str(path))
    return len(deck.notes)
