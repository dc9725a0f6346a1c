"""A design round as a widget. Python decides everything; the browser draws ``view``, as in the quiz."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from embedlab.study.bank import inline, link_to_heading, paragraph
from embedlab.study.faces.design_html import blocks_html
from embedlab.study.practice import History, keep, reading_of, remarks_on
from embedlab.system_design import LEVELS, PHASES, TITLES, Block, Round, Step, minutes_of, shown

HERE = Path(__file__).parent


class DesignWidget(anywidget.AnyWidget):
    """A round in a notebook. It begins when a browser shows it: until then nothing is read or written.

    Parameters
    ----------
    begin : callable
        ``begin() -> (Round, History)``.
    page : str
        HTML to show where there is no browser that runs widgets.
    """

    _esm = HERE / "design.js"
    _css = HERE / "quiz.css"
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, begin: Callable[[], tuple[Round, History]], page: str = ""):
        super().__init__()
        self._begin, self._page = begin, page
        self._round: Round | None = None
        self._history: History | None = None
        self._since = 0.0
        self.on_msg(lambda _widget, message, _buffers: self.handle(message))

    def _repr_html_(self) -> str:
        return self._page

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        bundle = super()._repr_mimebundle_(**kwargs) or ({}, {})
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        plain = "a design round; in a terminal: embedlab design"
        return {**data, "text/html": self._page, "text/plain": plain}, metadata

    def handle(self, message: dict) -> None:
        """Act on a message: ``{"do": "ready" | "line" | "hint" | "done" | "skip" | "tick" | "next"}``."""
        phase, text = self.view.get("phase"), str(message.get("text", "")).strip()
        try:
            match message.get("do"):
                case "ready" if self._round is None:
                    self._round, self._history = self._begin()
                    self._ask()
                case "next" if phase == "shown":
                    self._ask()
                case "hint" if phase == "step":
                    step = self._round.step
                    self._round.hints = sorted({*self._round.hints, step.name})
                    self._change(hint=inline(step.hint))
                case "line" if phase == "step" and text:
                    self._line(text)
                case "done" | "skip" | "tick" as what if phase == "step":
                    self._spend()
                    self._finish(what, text)
        except (ValueError, OSError) as error:
            self._change(error=str(error))

    def _change(self, **parts: Any) -> None:
        self.view = {**self.view, "error": "", **parts}

    def _spend(self) -> None:
        now = time.monotonic()
        self._round.spend(now - self._since)
        self._since = now

    def _finish(self, what: str, text: str) -> None:
        """End a step, and show what it holds; after the points of a phase comes the next one."""
        playing, step = self._round, self._round.step
        if step.kind == "tick":
            playing.tick([int(word) - 1 for word in text.split()] if what == "tick" else ())
            problem = keep(playing, self._history)
            self._ask()
            self._change(error=problem)
        elif what == "skip":
            playing.skip()
            self._show(step, "Skipped.")
        elif step.kind == "number":
            band = playing.estimate(text)
            self._show(step, f"{band}. Ours: {shown(playing.about.numbers()[step.name], step.unit)}")
        else:
            if text:
                self._line(text)
            playing.done("")
            self._show(step, "")

    def _line(self, text: str) -> None:
        """Take one line: a question gets its answers, words are kept."""
        self._spend()
        step, said = self._round.step, [*self.view["said"], inline(text)]
        if step.kind == "questions":
            told = self._round.heard(text) or ["The interviewer waits. Ask for one thing, in other words."]
            said += [f"<strong>Interviewer:</strong> {inline(line)}" for line in told]
        else:
            self._round.note(text)
        self._change(said=said, error=keep(self._round, self._history))

    def _show(self, step: Step, verdict: str) -> None:
        links = [
            {"href": link_to_heading(one.chapter, one.heading), "heading": one.heading} for one in step.reads
        ]
        problem = keep(self._round, self._history)
        shows = blocks_html(self._round.shows(step))
        self._change(phase="shown", verdict=verdict, shows=shows, links=links, error=problem)

    def _ask(self) -> None:
        step, case = self._round.step, self._round.about
        self._since = time.monotonic()
        if step is None:
            self.view = self._result()
            return
        minutes = minutes_of(step.phase, self._round.fast)
        spent = self._round.spent.get(step.phase, 0.0)
        self.view = {
            "phase": "step",
            "place": f"{PHASES.index(step.phase) + 1} of {len(PHASES)} · {TITLES[step.phase]}",
            "spent": spent,
            "minutes": minutes,
            "open": step.kind == "questions",  # the case is unfolded while it is new
            "prompt": paragraph(f"*{case.title}.* {case.fill(case.prompt)}"),
            "ask": paragraph(step.ask),
            "kind": step.kind,
            "unit": step.unit,
            "points": [inline(line) for line in step.shows[0].lines] if step.kind == "tick" else [],
            "said": [inline(line) for line in self._round.notes.get(step.name, [])],
            "notice": self._history.notice or "",
            "error": "",
        }

    def _result(self) -> dict:
        score, case, level = self._round.score(), self._round.about, self._round.level
        reached = f"at the level of a {score.shown} engineer" if score.shown else "at no level yet"
        counted = ", ".join(f"{name} {score.levels[name][0]} of {score.levels[name][1]}" for name in LEVELS)
        phases = [f"{TITLES[phase]} {share:.0%}" for phase, share in score.phases.items()]
        points, of = score.estimates
        model = Block(f"A {level} engineer's answer", (case.fill(case.answers[level]),), "text")
        problem = keep(self._round, self._history)
        return {
            "phase": "over",
            "verdict": f"{score.share:.0%}: {reached}; you asked for {level}",
            "lines": [", ".join(phases), f"Points: {counted}. Estimates: {points:g} of {of}."],
            "remarks": [inline(line) for line in remarks_on(self._round)],
            "shows": blocks_html((model,)),
            "reads": reading_of(self._round),
            "error": problem,
        }
