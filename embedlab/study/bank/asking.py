"""One question as it is asked (numbers drawn, options shuffled), how an answer is read, and its score."""

import math
import random
import re
from dataclasses import dataclass
from itertools import combinations

from embedlab.study.bank.names import first_id
from embedlab.study.bank.questions import (
    AnyQuestion,
    Choice,
    Flashcard,
    Numeric,
    Ordering,
    Parametric,
    readable,
)

Answer = tuple[int, ...] | float  # places, or a number; () stands for "I don't know"
PASS = 0.5  # a score below counts as missed


@dataclass(frozen=True)
class Asked:
    """A question in front of a learner; ``shown[i]`` is the option or step that stands in place i."""

    question: Choice | Numeric | Ordering | Flashcard
    shown: tuple[int, ...]
    seed: int

    @property
    def lines(self) -> list[str]:
        """What there is to choose from, in the order shown; empty where the answer is free."""
        match self.question:
            case Choice(options=options):
                return [options[i].text for i in self.shown]
            case Ordering(steps=steps):
                return [steps[i] for i in self.shown]
        return []

    @property
    def key(self) -> tuple[int, ...]:
        """The places of the right options, or the places of the steps in their right order."""
        match self.question:
            case Choice(options=options):
                return tuple(place for place, i in enumerate(self.shown) if options[i].correct)
            case Ordering():
                return tuple(sorted(range(len(self.shown)), key=self.shown.__getitem__))
        return ()


def ask(question: AnyQuestion, seed: int) -> Asked:
    """Draw numbers and shuffle what may be shuffled; the same seed asks the same.

    Examples
    --------
    >>> from embedlab.study.bank import bank
    >>> question = next(q for q in bank().values() if q.kind == "single" and not q.keep_order)
    >>> asked = ask(question, seed=1)
    >>> asked == ask(question, seed=1), sorted(asked.shown) == list(range(len(question.options)))
    (True, True)
    """
    rng = random.Random(f"{first_id(question.id)} {seed}")
    if isinstance(question, Parametric):
        question = question.draw(seed)
    count = len(getattr(question, "options", ())) or len(getattr(question, "steps", ()))
    shown = list(range(count))
    if not getattr(question, "keep_order", False):
        rng.shuffle(shown)
        if isinstance(question, Ordering) and shown == sorted(shown):  # would be solved already
            shown.reverse()
    return Asked(question, tuple(shown), seed)


def parse(asked: Asked, text: str) -> Answer:
    """Read an answer as typed: ``"2"``, ``"1 3"``, ``"3124"`` (places count from 1), ``"1,536 GB"``.

    Returns
    -------
    float or tuple of int
        A number, or places counted from 0.

    Raises
    ------
    ValueError
        Says what kind of answer is wanted.
    """
    question, text = asked.question, text.strip()
    if isinstance(question, Numeric):
        bare = re.sub(r"(?<=\d)[,_ ](?=\d{3}(?!\d))", "", text.removesuffix(question.unit).strip(" $%"))
        try:
            number = float(bare)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"a number is wanted, such as 1536 or 2.5e6, but got {text!r}")
        return number
    count = len(question.rubric) if isinstance(question, Flashcard) else len(asked.shown)
    if re.search(r"[^\d\s,;]", text):
        raise ValueError(f"digits from 1 to {count} are wanted, but got {text!r}")
    places = tuple(int(digit) - 1 for digit in re.findall(r"\d", text))
    if any(not 0 <= place < count for place in places):
        raise ValueError(f"digits from 1 to {count} are wanted, but got {text!r}")
    if len(set(places)) < len(places):
        raise ValueError(f"each digit may come once, but got {text!r}")
    if isinstance(question, Ordering) and len(places) < count:
        raise ValueError(f"all {count} steps are wanted, such as {''.join(map(str, range(1, count + 1)))}")
    if isinstance(question, Choice) and not places:
        raise ValueError(f"a digit from 1 to {count} is wanted")
    if isinstance(question, Choice) and question.kind != "multiple" and len(places) > 1:
        raise ValueError(f"one digit is wanted, but got {text!r}")
    return places


def score(asked: Asked, answer: Answer) -> float:
    """Score an answer from 0 to 1.

    Several right options: a wrong choice takes away what a right one gives. Steps: the share of pairs in the
    right order, of which half come by chance. Flashcards: the share of the rubric's points.

    Examples
    --------
    >>> from embedlab.study.bank import bank
    >>> asked = ask(next(q for q in bank().values() if q.kind == "ordering"), seed=0)
    >>> score(asked, asked.key), score(asked, asked.key[::-1])
    (1.0, 0.0)
    """
    question = asked.question
    if answer == ():  # "I don't know"
        return 0.0
    if isinstance(question, Numeric):
        # Relative; the last factor forgives what rounding does to a limit that is met exactly.
        return float(abs(answer - question.answer) <= question.tolerance * abs(question.answer) * (1 + 1e-9))
    if isinstance(question, Flashcard):
        return len(answer) / len(question.rubric)
    if isinstance(question, Ordering):
        right = sum(answer.index(a) < answer.index(b) for a, b in combinations(asked.key, 2))
        pairs = len(asked.key) * (len(asked.key) - 1) / 2
        return max(0.0, 2 * right / pairs - 1)
    if question.kind != "multiple":
        return float(tuple(answer) == asked.key)
    hits = len(set(answer) & set(asked.key))
    return max(0.0, (2 * hits - len(answer)) / len(asked.key))


def verdict(asked: Asked, answer: Answer, got: float) -> str:
    """Say in a word or two how good an answer was; ``got`` is its score."""
    if isinstance(asked.question, Flashcard):
        return f"{len(answer)} of {len(asked.question.rubric)} points"
    return "Right" if got == 1 else "Not yet" if got < PASS else "In part"


def key_text(asked: Asked) -> str:
    """Return the right answer in words, as a face shows it.

    Examples
    --------
    >>> from embedlab.study.bank import bank
    >>> key_text(ask(next(q for q in bank().values() if q.kind == "numeric"), seed=0))
    '...'
    """
    question = asked.question
    if isinstance(question, Numeric):
        within = f" (within {question.tolerance:.0%})" if question.tolerance else ""
        return f"{readable(question.answer)} {question.unit}".strip() + within
    if isinstance(question, Flashcard):
        return f"{len(question.rubric)} points"
    return " ".join(str(place + 1) for place in asked.key)
