"""Sessions: which question comes next, in a quiz, the daily challenge, a review or a mock interview.

A session knows no face: terminal and notebook both call `Session.next`, show the question, and hand the
answer to `Session.answer`, which scores and stores it.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from embedlab.study.bank import Answer, AnyQuestion, Asked, ask, score, topic_of
from embedlab.study.practice.ability import estimate
from embedlab.study.practice.history import History, Mode, Record
from embedlab.study.practice.schedule import DAILY_CAP, due

DAILY_COUNT = 5
MOCK_MINUTES = 30
MOCK_COUNT = 10
GOOD = 0.7  # a score from which an interviewer goes deeper
# Headings under which a chapter gathers many points: two questions on them need not belong together.
SUMMARIES = ("Common mistakes", "Lore, checked", "Say it in an interview", "The interviewer asks")

Pick = Callable[[list[Record]], AnyQuestion | None]  # the answers of this session -> the next question


@dataclass
class Session:
    """One sitting: asks, scores, stores. ``total`` is the number of questions, or the most there may be."""

    mode: Mode
    title: str
    pick: Pick
    history: History
    total: int
    seed: int = 0
    records: list[Record] = field(default_factory=list)
    done_before: int = 0  # of the daily challenge, in an earlier sitting
    day: date | None = None  # of the daily challenge, which may be finished after midnight

    def next(self) -> Asked | None:
        """Return the next question, or None at the end."""
        question = self.pick(self.records)
        return None if question is None else ask(question, self.seed)

    def answer(self, asked: Asked, answer: Answer, *, hinted: bool = False, seconds: float = 0) -> float:
        """Score an answer and store it; when this returns, it is on disk."""
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
        )
        self.history.add(record)
        self.records.append(record)
        return got

    @property
    def points(self) -> float:
        """Sum of the scores of this sitting."""
        return sum(record.score for record in self.records)


def _seed(seed: int | None) -> int:
    """Return the seed, or one that nobody has chosen."""
    return random.SystemRandom().randrange(10**6) if seed is None else seed


def in_order(questions: Sequence[AnyQuestion]) -> Pick:
    """Ask these questions, one after the other."""
    return lambda records: questions[len(records)] if len(records) < len(questions) else None


def quiz(
    questions: Sequence[AnyQuestion],
    history: History,
    n: int = 5,
    *,
    adaptive: bool = False,
    seed: int | None = None,
) -> Session:
    """Ask n questions, from easy to hard; with ``adaptive``, each as hard as the answers so far suggest.

    Questions that were never answered come first, then those that were answered the fewest times.

    Raises
    ------
    ValueError
        If there are no questions, or n is not positive.
    """
    if n < 1:
        raise ValueError(f"the number of questions must be positive, but is {n}")
    if not questions:
        raise ValueError("there are no questions to choose from")
    seed = _seed(seed)
    before = history.records()
    if adaptive:
        pick, title = _adaptive(questions, before, n, seed), "Adaptive quiz"
    else:
        pick, title = in_order(varied(questions, before, n, seed)), "Quiz"
    return Session("quiz", title, pick, history, min(n, len(questions)), seed)


def varied(questions: Sequence[AnyQuestion], before: list[Record], n: int, seed: int) -> list[AnyQuestion]:
    """Choose n questions of varying difficulty and topic, from easy to hard."""
    rng, answered = random.Random(seed), Counter(record.question for record in before)
    left = sorted(questions, key=lambda question: (answered[question.id], rng.random()))
    chosen: list[AnyQuestion] = []
    while left and len(chosen) < n:
        # What is rarest so far among the chosen: its topic, then its difficulty, then its kind. min keeps the
        # order of `left` where several are equal.
        seen = [Counter(key(question) for question in chosen) for key in _TRAITS]
        fresh = answered[left[0].id]
        best = min(
            (question for question in left if answered[question.id] == fresh),
            key=lambda question: [count[key(question)] for count, key in zip(seen, _TRAITS, strict=True)],
        )
        chosen.append(best)
        left.remove(best)
    return sorted(chosen, key=lambda question: question.difficulty)


_TRAITS = (lambda q: topic_of(q.id), lambda q: q.difficulty, lambda q: q.kind)


def _adaptive(questions: Sequence[AnyQuestion], before: list[Record], n: int, seed: int) -> Pick:
    """Ask what is nearest to the ability in its topic: there an answer tells most."""
    rng, answered = random.Random(seed), Counter(record.question for record in before)
    tie = {question.id: rng.random() for question in questions}
    topics = sorted({topic_of(question.id) for question in questions}, key=lambda topic: rng.random())

    def pick(records: list[Record]) -> AnyQuestion | None:
        asked = {record.question for record in records}
        left = [question for question in questions if question.id not in asked]
        if len(records) >= n or not left:
            return None
        turns = topics[len(records) % len(topics) :] + topics[: len(records) % len(topics)]
        topic = next(name for name in turns if any(topic_of(q.id) == name for q in left))
        ability = estimate(r for r in before + records if topic_of(r.question) == topic).mean
        return min(
            (question for question in left if topic_of(question.id) == topic),
            key=lambda q: (abs(q.difficulty - ability) + min(answered[q.id], 3), tie[q.id]),
        )

    return pick


def review(
    bank: dict[str, AnyQuestion], history: History, cap: int = DAILY_CAP, seed: int | None = None
) -> Session:
    """Ask what is due today by spaced repetition."""
    seed = _seed(seed)
    waiting = [bank[name] for name in due(history.records(), bank, cap=cap)]
    return Session("review", "Review", in_order(waiting), history, len(waiting), seed)


def daily_questions(bank: dict[str, AnyQuestion], day: date) -> list[AnyQuestion]:
    """Choose the five of a day, the same for everybody: one to compute, one bug, three others; five topics.

    The questions are dealt like cards, month by month, so that days near each other get different ones.

    Examples
    --------
    >>> from embedlab.study.bank import bank
    >>> five = daily_questions(bank(), date(2030, 1, 1))
    >>> len(five), [q.kind for q in five].count("parametric"), [q.kind for q in five].count("bug")
    (5, 1, 1)
    """
    deal, place = divmod(day.toordinal(), 30)
    rng = random.Random(deal)
    groups: dict[str, list[AnyQuestion]] = {"parametric": [], "bug": [], "other": []}
    for _, question in sorted(bank.items()):
        groups.get(question.kind, groups["other"]).append(question)
    decks: dict[str, list[AnyQuestion]] = {group: [] for group in groups}
    for _ in range(place + 1):
        five: list[AnyQuestion] = []
        for group in ("parametric", "bug", "other", "other", "other"):
            if not decks[group]:
                decks[group] = rng.sample(groups[group], len(groups[group]))
            taken = {topic_of(question.id) for question in five}
            fresh = [question for question in decks[group] if topic_of(question.id) not in taken]
            five.append((fresh or decks[group])[0])
            decks[group].remove(five[-1])
    return sorted(five, key=lambda question: (question.difficulty, question.id))


def daily(bank: dict[str, AnyQuestion], history: History, day: date | None = None) -> Session:
    """Ask the questions of the day; those answered earlier today are not asked again."""
    day = day or date.today()
    five = daily_questions(bank, day)
    done = {r.question for r in history.records() if r.mode == "daily" and r.day == day}
    left = [question for question in five if question.id not in done]
    title = f"Daily challenge of {day:%d %B %Y}"
    return Session(
        "daily",
        title,
        in_order(left),
        history,
        len(left),
        seed=day.toordinal(),
        done_before=len(five) - len(left),
        day=day,
    )


def days_done(records: Sequence[Record]) -> set[date]:
    """Return the days on which all questions of the daily challenge were answered."""
    answered = {(record.day, record.question) for record in records if record.mode == "daily"}
    counts = Counter(day for day, _ in answered)
    return {day for day, count in counts.items() if count >= DAILY_COUNT}


def mock(
    questions: Sequence[AnyQuestion],
    history: History,
    title: str,
    *,
    minutes: float = MOCK_MINUTES,
    n: int = MOCK_COUNT,
    seed: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Session:
    """Interview on one topic: depth rises with right answers, and answers lead to follow-ups.

    After an answer, the next question is on the same heading of the chapter, if there is one left (harder
    after a right answer, easier after a wrong one), but once only; then the interviewer moves on, at the
    depth reached. It ends after ``n`` questions or ``minutes``.
    """
    seed = _seed(seed)
    rng, start = random.Random(seed), clock()
    tie = {question.id: rng.random() for question in questions}
    by_id = {question.id: question for question in questions}

    def pick(records: list[Record]) -> AnyQuestion | None:
        asked = [by_id[record.question] for record in records]
        left = [question for question in questions if question not in asked]
        if len(records) >= n or not left or clock() - start > minutes * 60:
            return None
        depth = 2.0  # begins with something that most can answer
        for record in records:
            depth = min(5.0, max(1.0, depth + (0.5 if record.score >= GOOD else -0.4)))
        points = [question.teaches for question in asked]
        if asked and points[-1] not in (*SUMMARIES, None) and points.count(points[-1]) == 1:
            right, before = records[-1].score >= GOOD, asked[-1].difficulty
            onward = [q for q in left if q.teaches == points[-1]]
            onward = [q for q in onward if (q.difficulty >= before if right else q.difficulty <= before)]
            if onward:
                return min(onward, key=lambda q: (abs(q.difficulty - depth), tie[q.id]))
        # Free answers are what interviews are made of: about every third question, while there are any.
        wants_card = (len(asked) + 1) // 3 > sum(question.kind == "flashcard" for question in asked)
        return min(
            left,
            key=lambda q: (
                abs(q.difficulty - depth)
                + (q.teaches in points and q.teaches is not None)
                + 2 * (wants_card != (q.kind == "flashcard")),
                tie[q.id],
            ),
        )

    return Session("mock", f"Mock interview: {title}", pick, history, min(n, len(questions)), seed)


def is_follow_up(asked: Asked, records: Sequence[Record], bank: dict[str, AnyQuestion]) -> bool:
    """Whether a question goes on with the point of the one before."""
    point = asked.question.teaches
    return bool(records) and point not in (*SUMMARIES, None) and bank[records[-1].question].teaches == point
