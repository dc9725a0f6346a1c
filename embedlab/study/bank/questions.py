"""What a question is, and how a file of them is read (``data/questions/TOPIC.yaml``)."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from embedlab.study.bank import formulas
from embedlab.study.bank.names import first_id


class Part(BaseModel):
    """What all parts of a question share: unknown fields are errors, nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Option(Part):
    """One answer to choose, and why it is right or wrong."""

    text: str = Field(min_length=1)
    correct: bool = False
    why: str = Field(min_length=20)


class Question(Part):
    """What every kind of question has."""

    id: str = Field(pattern=r"^[a-z_]+/[a-z0-9-]+$")  # topic/name
    difficulty: int = Field(ge=1, le=5)
    level: Literal["junior", "senior", "staff"]
    teaches: str | None = None  # a heading of the chapter's notebook; None where there is no chapter yet
    question: str = Field(min_length=15)
    code: str | None = None  # shown below the question
    hint: str = Field(min_length=10)
    explanation: str = Field(min_length=40)
    sources: tuple[str, ...] = ()
    measured: str | None = None  # where the key is measured: the name of a test, or a notebook's heading


class Choice(Question):
    """Choose the one right option, or all that are right; "bug" asks what is wrong with the code."""

    kind: Literal["single", "multiple", "bug"]
    options: tuple[Option, ...] = Field(min_length=3, max_length=6)
    keep_order: bool = False  # options that are numbers or steps are not shuffled

    @model_validator(mode="after")
    def _keys(self) -> "Choice":
        right = sum(option.correct for option in self.options)
        if self.kind != "multiple" and right != 1:
            raise ValueError(f"{self.id}: needs exactly one correct option, but has {right}")
        if self.kind == "multiple" and not 1 <= right < len(self.options):
            raise ValueError(f"{self.id}: some options must be correct and some wrong")
        if self.kind == "bug" and not self.code:
            raise ValueError(f"{self.id}: asks for the bug in a piece of code, but shows none")
        if len({option.text for option in self.options}) < len(self.options):
            raise ValueError(f"{self.id}: two options are the same")
        return self


class Numeric(Question):
    """Give a number."""

    kind: Literal["numeric"]
    answer: float
    tolerance: float = Field(ge=0, le=1)  # relative
    unit: str = ""


class Parametric(Question):
    """Give a number that a formula computes from numbers drawn anew each time.

    The texts hold ``{name}`` for each parameter; the explanation also ``{answer}``.
    """

    kind: Literal["parametric"]
    formula: str
    parameters: dict[str, tuple[float, ...]]  # for each argument of the formula, the values to draw from
    tolerance: float = Field(ge=0, le=1)
    unit: str = ""

    @model_validator(mode="after")
    def _known(self) -> "Parametric":
        if self.formula not in formulas.FORMULAS:
            raise ValueError(f"{self.id}: there is no formula {self.formula!r}")
        return self

    def draw(self, seed: int) -> Numeric:
        """Draw the numbers and return the question with them, and its answer."""
        rng = random.Random(f"{first_id(self.id)} {seed}")
        drawn = {name: rng.choice(values) for name, values in self.parameters.items()}
        return self.filled(drawn)

    def filled(self, drawn: dict[str, float]) -> Numeric:
        """Return the question for given numbers."""
        compute: Callable[..., float] = formulas.FORMULAS[self.formula]
        answer = compute(**drawn)
        texts = {name: readable(value) for name, value in drawn.items()} | {"answer": readable(answer)}
        fields = self.model_dump(exclude={"kind", "formula", "parameters"})
        for name in ("question", "hint", "explanation"):
            fields[name] = fields[name].format(**texts)
        return Numeric(kind="numeric", answer=answer, **fields)


class Ordering(Question):
    """Bring steps into the right order; they stand in it."""

    kind: Literal["ordering"]
    steps: tuple[str, ...] = Field(min_length=3, max_length=7)


class Flashcard(Question):
    """Answer freely, then compare with the points of the rubric."""

    kind: Literal["flashcard"]
    rubric: tuple[str, ...] = Field(min_length=2, max_length=7)


AnyQuestion = Annotated[Choice | Numeric | Parametric | Ordering | Flashcard, Field(discriminator="kind")]
BANK = TypeAdapter(list[AnyQuestion])


def readable(value: float) -> str:
    """Write a number as one would read it aloud: at most four digits that matter, thousands separated.

    Examples
    --------
    >>> [readable(value) for value in (1_000_000, 0.95, 1536.0, 12.34567, 1.5e9)]
    ['1,000,000', '0.95', '1,536', '12.35', '1,500,000,000']
    """
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def load(path: str | Path) -> list[AnyQuestion]:
    """Read one file of questions.

    Raises
    ------
    ValueError
        If the file does not fit the schema: with the file, the question and what is wrong.
    """
    try:
        # The loader written in C takes a twentieth of the time: all files within 50 ms.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return BANK.validate_python(yaml.load(Path(path).read_text(encoding="utf-8"), loader))
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: {error}") from error
