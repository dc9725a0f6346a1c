"""The question bank: what a question is, and the files they come from (``data/questions/NN_topic.yaml``)."""

import random
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from embedlab.machine import data_path
from embedlab.study.bank import formulas


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

    id: str = Field(pattern=r"^\d\d-[a-z0-9-]+$")
    difficulty: int = Field(ge=1, le=5)
    level: Literal["junior", "senior", "staff"]
    teaches: str | None = None  # a heading of the chapter's notebook; None where there is no chapter yet
    question: str = Field(min_length=15)
    code: str | None = None  # shown below the question
    hint: str = Field(min_length=10)
    explanation: str = Field(min_length=40)
    sources: tuple[str, ...] = ()
    measured: str | None = (
        None  # where the key is measured: "tests/test_x.py::test_y" or a notebook's heading
    )


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
        rng = random.Random(f"{self.id} {seed}")
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


@cache
def topics() -> dict[str, Path]:
    """Return the file of each topic, by name, in the order of the chapters.

    Examples
    --------
    >>> list(topics())[:2]
    ['01_tokenizer', '02_encoder']
    """
    return {path.stem: path for path in sorted(data_path("questions").glob("[0-9][0-9]_*.yaml"))}


def find_topic(name: str) -> str:
    """Return the topic that is meant by its name, its number or the beginning of either.

    Raises
    ------
    ValueError
        If no topic is meant, or several are.

    Examples
    --------
    >>> find_topic("6"), find_topic("hnsw"), find_topic("06_hnsw")
    ('06_hnsw', '06_hnsw', '06_hnsw')
    """
    if name in topics():
        return name
    asked = name.strip().lower()
    asked = asked.zfill(2) if asked.isdigit() else asked
    found = [
        topic for topic in topics() if asked and (topic.startswith(asked) or topic[3:].startswith(asked))
    ]
    if len(found) == 1:
        return found[0]
    wrong = f"{name!r} may be {', '.join(found)}" if found else f"there is no topic {name!r}"
    raise ValueError(f"{wrong}; topics: {', '.join(topics())}")


@cache
def bank() -> dict[str, AnyQuestion]:
    """Read all questions, by id; `topic_of` tells the topic of an id.

    Examples
    --------
    >>> len(bank()) >= 240
    True
    """
    return {question.id: question for path in topics().values() for question in load(path)}


def topic_of(question: str) -> str:
    """Return the topic of a question's id.

    Examples
    --------
    >>> topic_of("03-merge-order")
    '03_pooling'
    """
    return next(topic for topic in topics() if topic[:2] == question[:2])


def title_of(topic: str) -> str:
    """Return a topic's name as people read it.

    Examples
    --------
    >>> title_of("15_vector_databases")
    'vector databases'
    """
    return topic[3:].replace("_", " ")


def questions_on(names: Iterable[str] | None = None) -> list[AnyQuestion]:
    """Return the questions on some topics, by number or name as in `find_topic`; without, all.

    Examples
    --------
    >>> {topic_of(question.id) for question in questions_on(["6"])}
    {'06_hnsw'}
    """
    wanted = {find_topic(name) for name in names or ()}
    return [question for question in bank().values() if not wanted or topic_of(question.id) in wanted]


def place_of(question: Question) -> str | None:
    """Return in words where a question is taught, or None.

    Examples
    --------
    >>> next(filter(None, map(place_of, bank().values())))
    'notebooks/01_tokenizer.ipynb, “...”'
    """
    if question.teaches is None:
        return None
    return f"notebooks/{topic_of(question.id)}.ipynb, “{question.teaches}”"


def link_to(question: Question) -> str | None:
    """Return where a question is taught, as a link from the folder of the notebooks, or None.

    Examples
    --------
    >>> next(filter(None, map(link_to, bank().values())))
    '01_tokenizer.ipynb#...'
    """
    if question.teaches is None:
        return None
    return f"{topic_of(question.id)}.ipynb#{quote(question.teaches.replace(' ', '-'))}"
