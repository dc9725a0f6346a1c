"""What a case of system design consists of: the fields of ``data/design/NAME.yaml``."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

LEVELS = ("junior", "senior", "staff")
PHASES = ("clarify", "estimate", "draw", "deep", "change", "wrap")
WIDEST = 76  # characters of a drawing: a terminal of 80 shows it whole
Level = Literal["junior", "senior", "staff"]
Phase = Literal["clarify", "estimate", "draw", "deep", "change", "wrap"]


class Part(BaseModel):
    """What all parts of a case share: unknown fields are errors, nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


class Quantity(Part):
    """A number that the case knows, in a unit as people write it, and where it comes from."""

    value: float
    unit: str
    about: str = Field(min_length=5)  # what it is; where it was measured, or that it is assumed


class Constant(Quantity):
    """A number that several cases share: a price with its source and date, or a measurement of a chapter."""

    source: str = Field(min_length=10)
    date: str


class Reading(Part):
    """Where the course shows it: a chapter by name, and a heading of its notebook."""

    chapter: str
    heading: str


class Fact(Part):
    """What comes out when it is asked for, and what it changes in the design."""

    ask: str = Field(min_length=15)
    words: Annotated[str, AfterValidator(_pattern)]  # of a question, from where a word begins; see answer_to
    answer: str = Field(min_length=15)
    changes: str = Field(min_length=15)

    @model_validator(mode="after")
    def _heard(self) -> "Fact":
        if not re.search(self.words, self.ask, re.IGNORECASE):
            raise ValueError(f"the pattern {self.words!r} does not match its own question {self.ask!r}")
        return self


class Line(Part):
    """One line of arithmetic: ``name = formula``, in a unit, and what it says in words."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    formula: str
    unit: str
    says: str = Field(min_length=5)


class Estimate(Part):
    """A number to estimate: the last line of the way is its value."""

    ask: str = Field(min_length=15)
    hint: str = Field(min_length=10)
    way: tuple[Line, ...] = Field(min_length=2, max_length=4)

    @property
    def name(self) -> str:
        """The name of the value."""
        return self.way[-1].name

    @property
    def unit(self) -> str:
        """The unit of the value."""
        return self.way[-1].unit


class Box(Part):
    """A part of the drawing."""

    box: str
    why: str = Field(min_length=10)


class Drawing(Part):
    """What should be on the whiteboard: boxes, arrows between them (``a -> b: what flows``), and a model."""

    boxes: tuple[Box, ...] = Field(min_length=5)
    arrows: tuple[Annotated[str, Field(pattern=r"^.+ -> .+: .+$")], ...] = Field(min_length=4)
    model: str = Field(min_length=100)

    @model_validator(mode="after")
    def _ends(self) -> "Drawing":
        if wide := [line for line in self.model.splitlines() if len(line) > WIDEST]:
            raise ValueError(f"a line of the drawing is wider than {WIDEST}: {wide[0]!r}")
        names = {box.box for box in self.boxes}
        for arrow in self.arrows:
            for end in arrow.partition(":")[0].split(" -> "):
                if end not in names:
                    raise ValueError(f"the arrow {arrow!r} ends at {end!r}, which is none of {sorted(names)}")
        return self


class Topic(Part):
    """Something to go deep on."""

    topic: str
    question: str = Field(min_length=30)
    strong: tuple[str, ...] = Field(min_length=3)
    traps: tuple[str, ...] = Field(min_length=2)
    reads: tuple[Reading, ...] = Field(min_length=1)


class Change(Part):
    """What the interviewer springs in the middle; quantities get new values, all estimates follow."""

    spring: str = Field(min_length=40)
    quantities: dict[str, float]
    keeps: tuple[str, ...] = Field(min_length=2)  # what stays of the design
    good: str = Field(min_length=60)


class Wrap(Part):
    """The end: what may go wrong, what is watched, how it goes live, what it costs."""

    risks: tuple[str, ...] = Field(min_length=3)
    monitors: tuple[str, ...] = Field(min_length=3)
    rollout: tuple[str, ...] = Field(min_length=2)
    cost: str = Field(min_length=40)


class Point(Part):
    """An observable point of the rubric: it was said or not."""

    phase: Phase
    level: Level
    point: str = Field(min_length=15)


class FollowUp(Part):
    """One question of the chain at the end."""

    ask: str = Field(min_length=15)
    strong: str = Field(min_length=40)
