"""The daily challenge: five questions, the same for everybody."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date

from embedlab.study.bank import AnyQuestion, topic_of
from embedlab.study.practice.history import History, Record
from embedlab.study.practice.session import Session, in_order

DAILY_COUNT = 5


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
