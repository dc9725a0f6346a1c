"""Answers and sentences that were read and judged: what every automatic judge of chapter 11 is held against.

Each was read twice, independently and without knowing which system had written it, by a large language model
that saw the question, the reference and the span that answers it; where the two readings differed, a third
decided. They are not the verdicts of users. The rules:

- an answer is *right* if whoever reads it learns what the reference says; more beside it does not matter, a
  rival answer beside it does;
- a sentence is *supported* if the passages that were read say or imply all that it states; one that states
  nothing ("The answer is:") is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from embedlab.machine import data_path

READERS = ("generator", "quotes")


@dataclass(frozen=True)
class LabelledAnswer:
    """An answer to one of chapter 10's written questions.

    Attributes
    ----------
    name : str
        Of the question.
    reader : {"generator", "quotes"}
    condition : str
        One of `CONDITIONS`.
    text : str
    readings : (bool, bool)
    right : bool
        The verdict.
    """

    name: str
    reader: str
    condition: str
    text: str
    readings: tuple[bool, bool]
    right: bool


@dataclass(frozen=True)
class LabelledSentence:
    """A sentence of the generator's; ``supported`` is the verdict."""

    name: str
    condition: str
    text: str
    readings: tuple[bool, bool]
    supported: bool


@cache
def labelled_answers() -> tuple[LabelledAnswer, ...]:
    """Return 600 answers: five to each question, four of the generator's and one that is quoted.

    Examples
    --------
    >>> answers = labelled_answers()
    >>> len(answers), sum(one.readings[0] != one.readings[1] for one in answers)
    (600, 2)
    """
    return tuple(
        LabelledAnswer(*about, (bool(first), bool(second)), bool(right))
        for *about, first, second, right in _stored("answers")
    )


@cache
def labelled_sentences() -> tuple[LabelledSentence, ...]:
    """Return 120 sentences of the generator: 60 from the gold passage, 60 from five that were found.

    Examples
    --------
    >>> sentences = labelled_sentences()
    >>> len(sentences), sum(one.supported for one in sentences)
    (120, 18)
    """
    return tuple(
        LabelledSentence(*about, (bool(first), bool(second)), bool(supported))
        for *about, first, second, supported in _stored("sentences")
    )


def right(reader: str, condition: str) -> dict[str, bool]:
    """Return whether each question was answered rightly: name to verdict.

    Raises
    ------
    ValueError
        If there are no labels of that reader and condition.

    Examples
    --------
    >>> sum(right("quotes", "dense 5").values())
    59
    """
    found = {
        one.name: one.right
        for one in labelled_answers()
        if (one.reader, one.condition) == (reader, condition)
    }
    if not found:
        there = sorted({f"{one.reader}: {one.condition}" for one in labelled_answers()})
        raise ValueError(f"no labels of {reader!r}, {condition!r}; there are {', '.join(there)}")
    return found


def _stored(kind: str) -> list[list]:
    return json.loads((data_path("rag") / "labels.json").read_text(encoding="utf-8"))[kind]
