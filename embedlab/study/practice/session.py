"""One sitting, whatever its kind: asks, scores, stores.

A session knows no face: terminal and notebook both call `Session.next`, show the question, and hand the
answer to `Session.answer`.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from embedlab.study.bank import Answer, AnyQuestion, Asked, ask, score
from embedlab.study.practice.history import History, Mode, Record, write_json

GOOD = 0.7  # a score from which an interviewer goes deeper

Pick = Callable[[list[Record]], AnyQuestion | None]  # the answers of this session -> the next question


@dataclass
class Session:
    """``total`` is the number of questions, or the most there may be.

    An answer that cannot be stored (another program has locked the history) is kept: ``problem`` then says
    why, and each later answer, or `store`, tries again.
    """

    mode: Mode
    title: str
    pick: Pick
    history: History
    total: int
    seed: int = 0
    records: list[Record] = field(default_factory=list)
    done_before: int = 0  # of the daily challenge, in an earlier sitting
    day: date | None = None  # of the daily challenge, which may be finished after midnight
    unsaved: list[Record] = field(default_factory=list)
    problem: str = ""

    def next(self) -> Asked | None:
        """Return the next question, or None at the end."""
        question = self.pick(self.records)
        return None if question is None else ask(question, self.seed)

    def answer(
        self, asked: Asked, answer: Answer, *, hinted: bool = False, seconds: float = 0, typed: str = ""
    ) -> float:
        """Score an answer and store it; when this returns, it is on disk, or ``problem`` says why not."""
        question, got = asked.question, score(asked, answer)
        record = Record(
            mode=self.mode,
            question=question.id,
            kind=question.kind,
            difficulty=question.difficulty,
            level=question.level,
            seed=asked.seed,
            answer=answer,
            score=got,
            hinted=hinted,
            seconds=round(seconds, 1),
            day=self.day or date.today(),
            typed=typed,
        )
        self.records.append(record)
        self.unsaved.append(record)
        self.store()
        return got

    def store(self) -> None:
        """Store the answers that are not on disk yet."""
        try:
            self.history.merge(self.unsaved)
            self.unsaved, self.problem = [], ""
        except OSError as error:
            self.problem = f"Your answer is kept, but not on disk yet: {error}. The next answer tries again."

    def close(self) -> str:
        """Store what is left; where that fails, write it to a file of its own, and say how it comes back."""
        self.store()
        if not self.unsaved:
            return ""
        path = self.history.path.with_name(f"unsaved-{datetime.now():%Y%m%d-%H%M%S-%f}.json")
        write_json(self.unsaved, path)
        count, self.unsaved = len(self.unsaved), []
        return (
            f"The history still cannot be written: {count} of your answers are kept in {path}. "
            f'To add them later: embedlab import "{path}"'
        )

    @property
    def points(self) -> float:
        """Sum of the scores of this sitting."""
        return sum(record.score for record in self.records)


def drawn(seed: int | None) -> int:
    """Return the seed, or one that nobody has chosen."""
    return random.SystemRandom().randrange(10**6) if seed is None else seed


def in_order(questions: Sequence[AnyQuestion]) -> Pick:
    """Ask these questions, one after the other."""
    return lambda records: questions[len(records)] if len(records) < len(questions) else None
