"""How good somebody is at a topic, from few answers: item response theory on a grid."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from embedlab.study.practice.history import Record

GRID = [step / 10 for step in range(-10, 71)]  # abilities, on the scale of difficulties (1 to 5)
PRIOR_MEAN, PRIOR_SD = 2.5, 1.5  # before the first answer
SLOPE = 1.5
GUESS = {"single": 0.25, "bug": 0.25}  # chance of being right without knowing; other kinds: none


def chance(ability: float, difficulty: float, kind: str = "") -> float:
    """Probability of a right answer (Birnbaum's three-parameter logistic model, 1968).

    Examples
    --------
    >>> chance(3, 3), chance(3, 3, "single")
    (0.5, 0.625)
    """
    guess = GUESS.get(kind, 0.0)
    return guess + (1 - guess) / (1 + math.exp(-SLOPE * (ability - difficulty)))


@dataclass(frozen=True)
class Ability:
    """What is believed of an ability: a probability for each point of `GRID`."""

    weights: tuple[float, ...]
    answers: int

    @property
    def mean(self) -> float:
        """The ability to expect."""
        return sum(w * a for w, a in zip(self.weights, GRID, strict=True))

    @property
    def sd(self) -> float:
        """How uncertain it is."""
        return math.sqrt(sum(w * (a - self.mean) ** 2 for w, a in zip(self.weights, GRID, strict=True)))

    def expected(self, difficulties: Iterable[int]) -> tuple[float, float]:
        """Return the share of such questions that would be known, and its standard deviation."""
        items = list(difficulties)
        shares = [sum(chance(a, d) for d in items) / len(items) for a in GRID]
        mean = sum(w * s for w, s in zip(self.weights, shares, strict=True))
        variance = sum(w * (s - mean) ** 2 for w, s in zip(self.weights, shares, strict=True))
        return mean, math.sqrt(variance)


def estimate(records: Iterable[Record]) -> Ability:
    """Estimate an ability from answers, the oldest first; only the last answer to each question counts.

    A score between 0 and 1 counts as that much of a right and the rest of a wrong answer.

    Examples
    --------
    >>> record = Record(mode="quiz", question="01-a", kind="numeric", difficulty=4, level="junior", seed=0,
    ...                 answer=1.0, score=1)
    >>> before, after = estimate([]), estimate([record])
    >>> round(before.mean, 1), after.mean > before.mean, after.sd < before.sd
    (2.5, True, True)
    """
    last = {record.question: record for record in records}
    logs = [-((a - PRIOR_MEAN) ** 2) / (2 * PRIOR_SD**2) for a in GRID]
    for record in last.values():
        for i, a in enumerate(GRID):
            right = chance(a, record.difficulty, record.kind)
            logs[i] += record.score * math.log(right) + (1 - record.score) * math.log(1 - right)
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    return Ability(tuple(w / sum(weights) for w in weights), len(last))
