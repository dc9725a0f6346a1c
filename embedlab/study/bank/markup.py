"""Questions as HTML: for the widget, for pages without one, and for Anki."""

import html
import re
from collections.abc import Iterable, Sequence

from embedlab.study.bank.asking import Asked, ask
from embedlab.study.bank.questions import AnyQuestion, Choice, Flashcard, Numeric, Ordering, readable


def spans(text: str) -> list[tuple[str, str]]:
    """Cut a text where its style changes: between backticks stands code, between asterisks what is stressed.

    Examples
    --------
    >>> spans("`a<b` holds, *mostly*")
    [('code', 'a<b'), ('', ' holds, '), ('em', 'mostly')]
    """
    found = []
    for i, piece in enumerate(re.split(r"`([^`]+)`", text)):
        if i % 2:  # what the pattern holds stands at the odd places
            found.append(("code", piece))
            continue
        for j, part in enumerate(re.split(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])", piece)):
            found.append(("em" if j % 2 else "", part))
    return [(kind, part) for kind, part in found if part]


def inline(text: str) -> str:
    """Return text as HTML.

    Examples
    --------
    >>> inline("`a<b` holds, *mostly*")
    '<code>a&lt;b</code> holds, <em>mostly</em>'
    """
    pieces = ((kind, html.escape(piece, quote=False)) for kind, piece in spans(text))
    return "".join(f"<{kind}>{piece}</{kind}>" if kind else piece for kind, piece in pieces)


def paragraph(text: str) -> str:
    """Return text as a paragraph."""
    return f"<p>{inline(text)}</p>"


def listed(lines: Iterable[str]) -> str:
    """Return lines as a numbered list, or nothing if there are none."""
    items = "".join(f"<li>{inline(line)}</li>" for line in lines)
    return f"<ol>{items}</ol>" if items else ""


def asked_html(asked: Asked) -> str:
    """Return the text of a question and its code, without what there is to choose from."""
    code = (
        f"<pre><code>{html.escape(asked.question.code.rstrip())}</code></pre>" if asked.question.code else ""
    )
    return paragraph(asked.question.question) + code


def key_html(asked: Asked) -> str:
    """Return the right answer, and what is wrong with each other one, without the explanation."""
    match asked.question:
        case Choice(options=options):
            shown = [options[i] for i in asked.shown]
            return listed(f"{'Right' if one.correct else 'Wrong'}: {one.why}" for one in shown)
        case Ordering(steps=steps):
            return listed(steps)
        case Numeric(answer=answer, unit=unit):
            return paragraph(f"{readable(answer)} {unit}".strip())
        case Flashcard(rubric=rubric):
            return listed(rubric)
    raise TypeError(f"no way to show the answer of {asked.question!r}")


def static(questions: Sequence[AnyQuestion]) -> str:
    """Return questions with folded answers: for pages where nothing runs."""
    parts = []
    for number, question in enumerate(questions, start=1):
        asked = ask(question, seed=0)
        text = asked_html(asked).replace("<p>", f"<p><strong>{number}.</strong> ", 1)
        answer = key_html(asked) + paragraph(asked.question.explanation)
        folded = f"<details><summary>Answer</summary>{answer}</details>"
        parts.append(f"<div>{text}{listed(asked.lines)}{folded}</div><br>")
    return "".join(parts)
