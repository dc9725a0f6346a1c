"""The cases: read, checked, and their numbers computed."""

import re
from functools import cache, cached_property
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from embedlab.machine import data_path
from embedlab.system_design.estimates import evaluate, in_base, shown
from embedlab.system_design.schema import (
    LEVELS,
    PHASES,
    Change,
    Constant,
    Drawing,
    Estimate,
    Fact,
    FollowUp,
    Level,
    Part,
    Point,
    Quantity,
    Topic,
    Wrap,
)

SCALE = ("vectors", "tokens", "peak", "p95")  # numbers that each case has, whatever else it has
PLACE = re.compile(r"\{(\w+)\}")


@cache
def constants() -> dict[str, Constant]:
    """Read the numbers that all cases share: prices and measurements, each with its source and date.

    Examples
    --------
    >>> constants()["memory_machine"].unit
    '$/hour'
    """
    return TypeAdapter(dict[str, Constant]).validate_python(_yaml(data_path("design") / "constants.yaml"))


class Case(Part):
    """A design round's case. In its texts ``{name}`` stands for a number of it, with its unit."""

    name: str = Field(pattern=r"^[a-z_]+$")
    title: str
    tests: str = Field(min_length=20)  # what this case is about, and others are not
    role: str
    level: Level
    prompt: str
    quantities: dict[str, Quantity]
    clarify: tuple[Fact, ...] = Field(min_length=6)
    estimates: tuple[Estimate, ...] = Field(min_length=5)
    draw: Drawing
    deep: tuple[Topic, ...] = Field(min_length=3, max_length=3)
    change: Change
    wrap: Wrap
    rubric: tuple[Point, ...] = Field(min_length=12, max_length=18)
    answers: dict[Level, str]
    follow_ups: tuple[FollowUp, ...] = Field(min_length=3, max_length=5)

    @model_validator(mode="after")
    def _whole(self) -> "Case":
        if set(self.answers) != set(LEVELS):
            raise ValueError(f"{self.name}: wants a model answer for each of {', '.join(LEVELS)}")
        for phase in PHASES:
            if not any(point.phase == phase for point in self.rubric):
                raise ValueError(f"{self.name}: no point of the rubric is in the phase {phase}")
        if unknown := set(self.change.quantities) - set(self.quantities):
            raise ValueError(f"{self.name}: the change sets {sorted(unknown)}, which are no quantities here")
        names = [*constants(), *self.quantities, *(line.name for one in self.estimates for line in one.way)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{self.name}: two numbers are called {twice[0]!r}")
        if lacking := [name for name in SCALE if name not in self.numbers()]:
            raise ValueError(
                f"{self.name}: a case has a number called {lacking[0]!r}, with which designs are scaled"
            )
        for text in _texts(self.model_dump(exclude={"draw": {"model"}})):
            self.fill(text)
        return self

    def numbers(self, changed: bool = False) -> dict[str, float]:
        """Compute all numbers, in base units: constants, quantities and each line of each way.

        Parameters
        ----------
        changed : bool
            With the quantities of the change in the middle of the round.

        Raises
        ------
        ValueError
            If a formula names a number that does not stand above it.
        """
        known = {**constants(), **self.quantities}
        values = {name: in_base(one.value, one.unit) for name, one in known.items()}
        if changed:
            new = self.change.quantities.items()
            values |= {name: in_base(value, self.quantities[name].unit) for name, value in new}
        for estimate in self.estimates:
            for line in estimate.way:
                try:
                    values[line.name] = evaluate(line.formula, values)
                except ValueError as error:
                    raise ValueError(f"{self.name}, {line.name}: {error}") from error
        return values

    def units(self) -> dict[str, str]:
        """Return the unit of each number."""
        lines = {line.name: line.unit for one in self.estimates for line in one.way}
        return {name: one.unit for name, one in {**constants(), **self.quantities}.items()} | lines

    def fill(self, text: str, changed: bool = False) -> str:
        """Put the numbers into a text, each with its unit; ``{new_name}`` is that after the change.

        What is computed is rounded to two digits, as one would say it; what is known stays as it is.

        Raises
        ------
        ValueError
            If the text names a number that the case does not have.
        """
        units = self.units()
        before, after = self._both

        def number(found: re.Match) -> str:
            name = found[1]
            is_new = changed or (name.startswith("new_") and name not in units)
            name = name if name in units else name.removeprefix("new_")
            if name not in units:
                raise ValueError(f"{self.name}: {found[0]} is no number of the case, in: {text[:60]!r}")
            computed = name not in self.quantities and name not in constants()
            value = (after if is_new else before)[name]
            return shown(value, units[name], digits=2 if computed else 3)

        return PLACE.sub(number, text)

    @cached_property
    def _both(self) -> tuple[dict[str, float], dict[str, float]]:
        return self.numbers(), self.numbers(changed=True)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list | tuple) else []


def _yaml(path: Path) -> object:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), loader)


def load_case(path: str | Path) -> Case:
    """Read a case from a file.

    Raises
    ------
    ValueError
        If the file does not fit the schema: with the file, the field, and what is wrong.
    """
    try:
        return Case.model_validate(_yaml(Path(path)))
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: {error}") from error


def case_names() -> list[str]:
    """List the names of the cases.

    Examples
    --------
    >>> "tickets" in case_names()
    True
    """
    order = ("docs", "tickets", "products", "legal", "recommend", "code", "multilingual", "device")
    found = {path.stem for path in data_path("design").glob("*.yaml")} - {"constants"}
    return sorted(found, key=lambda name: (order.index(name) if name in order else len(order), name))


@cache
def find_case(name: str) -> Case:
    """Return the case of a name, or the one whose name begins like that.

    Raises
    ------
    ValueError
        If there is none, or there are several.

    Examples
    --------
    >>> find_case("tick").name
    'tickets'
    """
    asked = name.strip().lower()
    names = case_names()
    found = [asked] if asked in names else [one for one in names if asked and one.startswith(asked)]
    if len(found) != 1:
        wrong = f"{name!r} may be {', '.join(found)}" if found else f"there is no case {name!r}"
        raise ValueError(f"{wrong}; cases: {', '.join(case_names())}")
    return load_case(data_path("design") / f"{found[0]}.yaml")
