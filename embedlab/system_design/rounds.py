"""A round under way: where it stands, what was answered, how it is scored; saved after each answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from embedlab.machine import write_atomically
from embedlab.system_design.cases import Case, find_case
from embedlab.system_design.estimates import POINTS, band, parse_quantity
from embedlab.system_design.schema import LEVELS, PHASES, Level
from embedlab.system_design.steps import Block, Step, answer_to, steps_of

ENOUGH = 2 / 3  # the share of a level's points, and of those of each level below, that shows the level
NUMBERS = 1 / 2  # the share of the estimates' points that a level above junior needs as well


@dataclass(frozen=True)
class Score:
    """What a round adds up to so far."""

    estimates: tuple[float, int]  # points, and of how many
    levels: dict[str, tuple[int, int]]  # points ticked of each level, and of how many
    phases: dict[str, float]  # the share of a finished phase: its points, and its estimates
    shown: str | None  # the highest level that was shown, see `ENOUGH` and `NUMBERS`

    @property
    def share(self) -> float:
        """The mean over the finished phases."""
        return sum(self.phases.values()) / len(self.phases) if self.phases else 0.0


class Round(BaseModel):
    """A design round: begun, interrupted, resumed, finished.

    Examples
    --------
    >>> playing = Round(case="tickets", level="senior")
    >>> playing.heard("How many tenants are there?")[0].startswith("About ")
    True
    >>> playing.done("")  # nothing more to ask
    >>> playing.step.kind
    'tick'
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    case: str
    level: Level
    fast: bool = False
    uid: str = Field(default_factory=lambda: uuid4().hex)
    begun: datetime = Field(default_factory=lambda: datetime.now(UTC))
    place: int = Field(default=0, ge=0)  # of the step that comes next
    asked: list[int] = []  # facts of the case that were brought out
    notes: dict[str, list[str]] = {}  # what was typed, by step
    given: dict[str, float] = {}  # estimates, in base units
    ticked: dict[str, list[int]] = {}  # points made, by phase
    spent: dict[str, float] = {}  # seconds, by phase
    hints: list[str] = []  # steps whose hint was asked for

    @property
    def about(self) -> Case:
        """The case."""
        return find_case(self.case)

    @property
    def steps(self) -> list[Step]:
        """All steps of this round."""
        return steps_of(self.about, self.fast)

    @property
    def step(self) -> Step | None:
        """The step that comes next; None at the end."""
        steps = self.steps
        return steps[self.place] if self.place < len(steps) else None

    def heard(self, question: str) -> list[str]:
        """Answer a question of the candidate, with each fact that it brings out; keep the question."""
        self._note(question)
        found = answer_to(self.about, question)
        self.asked = sorted({*self.asked, *found})
        return [self.about.fill(self.about.clarify[i].answer) for i in found]

    def note(self, line: str) -> None:
        """Keep a line of an answer in words."""
        self._note(line)

    def estimate(self, typed: str) -> str:
        """Take an estimate; return its band.

        Raises
        ------
        ValueError
            If it is no number in a fitting unit; the step stays.
        """
        step = self.step
        given = parse_quantity(typed, step.unit)
        self._note(typed)
        self.given = {**self.given, step.name: given}
        self.place += 1
        return band(given, self.about.numbers()[step.name])

    def tick(self, points: Sequence[int]) -> None:
        """Say which points of the phase were made, by their places in the phase's list; ends the phase.

        Raises
        ------
        ValueError
            If there is no such point.
        """
        step = self.step
        many = len(step.shows[0].lines)
        if wrong := [one + 1 for one in points if not 0 <= one < many]:
            raise ValueError(f"there are points 1 to {many}, but no {wrong[0]}")
        self.ticked = {**self.ticked, step.phase: sorted(set(points))}
        self.place += 1

    def done(self, line: str) -> None:
        """End a step in words or with questions; a line that is not empty is kept."""
        if line:
            self._note(line)
        self.place += 1

    def skip(self) -> None:
        """Leave the step without an answer: an estimate that is skipped gets no points."""
        self.place += 1

    def spend(self, seconds: float) -> None:
        """Add to the clock of the phase."""
        phase = self.step.phase
        self.spent = {**self.spent, phase: self.spent.get(phase, 0.0) + max(0.0, seconds)}

    def shows(self, step: Step) -> tuple[Block, ...]:
        """Return what is shown after a step; of the facts, first those that were asked for."""
        if step.kind != "questions":
            return step.shows
        rows = step.shows[0].lines
        asked = tuple(row for i, row in enumerate(rows) if i in self.asked)
        rest = tuple(row for i, row in enumerate(rows) if i not in self.asked)
        blocks = Block("You asked for", asked), Block("You did not ask for", rest)
        return tuple(block for block in blocks if block.lines)

    def phases_done(self) -> list[str]:
        """List the phases whose points were ticked."""
        return [phase for phase in PHASES if phase in self.ticked]

    def score(self) -> Score:
        """Add up bands and points of the phases that are done."""
        case, done = self.about, self.phases_done()
        numbers = case.numbers()
        bands = {
            name: POINTS[band(self.given[name], numbers[name])] if name in self.given else 0.0
            for name in (step.name for step in self.steps if step.kind == "number")
            if "estimate" in done
        }
        levels = dict.fromkeys(LEVELS, (0, 0))
        phases = {}
        for phase in done:
            points = [one for one in case.rubric if one.phase == phase]
            made = self.ticked[phase]
            for i, point in enumerate(points):
                got, of = levels[point.level]
                levels[point.level] = got + (i in made), of + 1
            parts = [float(i in made) for i in range(len(points))]
            parts += bands.values() if phase == "estimate" else ()
            phases[phase] = sum(parts) / len(parts)
        estimates = sum(bands.values()), len(bands)
        return Score(estimates, levels, phases, _highest(levels, estimates))

    def save(self, path: str | Path) -> None:
        """Write the round to a file, all or nothing."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        text = self.model_dump_json(indent=1)
        write_atomically(Path(path), lambda file: file.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> "Round":
        """Read a round that was saved.

        Raises
        ------
        ValueError
            If the file holds none: with the file and what is wrong.
        """
        try:
            loaded = cls.model_validate_json(Path(path).read_text(encoding="utf-8"))
            if loaded.place > len(loaded.steps):
                raise ValueError(f"it stands at step {loaded.place}, but the case has {len(loaded.steps)}")
        except ValueError as error:  # of pydantic and of the encoding, too
            raise ValueError(f"{path} holds no round that can be resumed: {error}") from error
        return loaded

    def _note(self, line: str) -> None:
        name = self.step.name
        self.notes = {**self.notes, name: [*self.notes.get(name, []), line]}


def _highest(levels: dict[str, tuple[int, int]], estimates: tuple[float, int]) -> str | None:
    shown = None
    for level in LEVELS:
        got, of = levels[level]
        points, numbers = estimates
        if of == 0 or got < ENOUGH * of or (shown and points < NUMBERS * numbers):
            break
        shown = level
    return shown
