"""The quiz as a widget. Python decides everything; the browser draws ``view`` and says what was pressed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from embedlab.study.bank import (
    Answer,
    Asked,
    Choice,
    Flashcard,
    Numeric,
    asked_html,
    bank,
    inline,
    key_text,
    link_to,
    paragraph,
    parse,
    topic_of,
    verdict,
)
from embedlab.study.practice import Session, standing, summary

HERE = Path(__file__).parent


class QuizWidget(anywidget.AnyWidget):
    """A session in a notebook. It begins when a browser shows it: until then nothing is read or written.

    Parameters
    ----------
    begin : callable
        ``begin() -> Session``.
    page : str
        HTML to show where there is no browser that runs widgets.
    """

    _esm = HERE / "quiz.js"
    _css = HERE / "quiz.css"
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, begin: Callable[[], Session], page: str = ""):
        super().__init__()
        self._begin, self._page = begin, page
        self._session: Session | None = None
        self._asked: Asked | None = None
        self._hinted, self._since = False, 0.0
        self.on_msg(lambda _widget, message, _buffers: self.handle(message))

    def _repr_html_(self) -> str:
        return self._page

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        bundle = super()._repr_mimebundle_(**kwargs) or ({}, {})
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        # The best that a page can show wins: the widget, else this HTML, else the text.
        return {
            **data,
            "text/html": self._page,
            "text/plain": "a quiz; in a terminal: embedlab quiz",
        }, metadata

    def handle(self, message: dict) -> None:
        """Act on what was pressed: ``{"do": "ready" | "hint" | "reveal" | "answer" | "skip" | "next"}``."""
        try:
            match message.get("do"):
                case "ready" if self._session is None:
                    self._session = self._begin()
                    self._next()
                case "next" if self.view.get("phase") == "explained":
                    self._next()
                case "hint" if self.view.get("phase") == "question":
                    self._hinted = True
                    self._change(hint=inline(self._asked.question.hint))
                case "reveal" if self.view.get("phase") == "question":
                    rubric = [inline(point) for point in self._asked.question.rubric]
                    self._change(revealed=True, lines=rubric, help="Which of these did you say?")
                case "skip" if self.view.get("phase") == "question":
                    self._store(())
                case "answer" if self.view.get("phase") == "question":
                    self._store(parse(self._asked, str(message.get("text", ""))))
        except (ValueError, OSError) as error:
            self._change(error=str(error))

    def _change(self, **parts: Any) -> None:
        self.view = {**self.view, "error": "", **parts}

    def _next(self) -> None:
        session = self._session
        self._asked = asked = session.next()
        self._hinted, self._since = False, time.monotonic()
        if asked is None:
            self.view = self._result()
            return
        question = asked.question
        self.view = {
            "phase": "question",
            "place": f"Question {len(session.records) + 1} of {session.total}",
            "facts": f"{question.level}, difficulty {question.difficulty} of 5",
            "question": asked_html(asked),
            "kind": question.kind,
            "lines": [inline(line) for line in asked.lines],
            "unit": question.unit if isinstance(question, Numeric) else "",
            "notice": session.history.notice or "",
            "error": "",
        }

    def _store(self, answer: Answer) -> None:
        asked, question = self._asked, self._asked.question
        seconds = time.monotonic() - self._since
        score = self._session.answer(asked, answer, hinted=self._hinted, seconds=seconds)
        outcome = f"{verdict(asked, answer, score)}."
        if not isinstance(question, Flashcard):
            outcome += f" Answer: {key_text(asked)}"
        reasons, chosen = [], answer if isinstance(answer, tuple) else ()
        if isinstance(question, Choice):
            for place, i in enumerate(asked.shown):
                option = question.options[i]
                reasons.append(
                    {
                        "text": inline(option.text),
                        "why": inline(option.why),
                        "right": option.correct,
                        "chosen": place in chosen,
                    }
                )
        right = getattr(question, "rubric", ()) or getattr(question, "steps", ())
        self._change(
            phase="explained",
            verdict=outcome,
            score=score,
            reasons=reasons,
            lines=[inline(line) for line in right],
            explanation=paragraph(question.explanation),
            link=link_to(question) or "",
            heading=question.teaches or "",
            sources="; ".join(question.sources),
            error=self._session.problem,
        )

    def _result(self) -> dict:
        session = self._session
        notice = session.close()
        result = summary(session)
        topic = topic_of(session.records[0].question)
        row = standing(topic, session.history.records(), bank())
        return {
            "phase": "done",
            "verdict": result.verdict,
            "gaps": [inline(gap.partition(" ")[2]) for gap in result.gaps],
            "history": f"Answered so far: {row.answered} of {row.questions} questions on this topic. "
            f"Estimated mastery: {row.mastery:.0%}.",
            "remarks": result.remarks,
            "notice": notice,
            "error": "",
        }
