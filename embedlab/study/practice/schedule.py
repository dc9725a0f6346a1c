"""Spaced repetition: when a question comes back, by FSRS (the `fsrs` package); never too many on one day.

All of it counts days of the learner's calendar, and no hours: whatever the clocks do, what is missed tonight
is due tomorrow.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from fsrs import Card, Rating, Scheduler

from embedlab.study.bank import PASS
from embedlab.study.practice.history import Record

DAILY_CAP = 20  # reviews a day; at about a minute each
# Steps of minutes are for people who cram; here a day is the smallest step. Without fuzz, replaying the same
# answers gives the same dates.
SCHEDULER = Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def rating(record: Record, first: bool) -> Rating:
    """Translate an answer: missed, shaky (in part, or with a hint), known, or known at first sight."""
    if record.score < PASS:
        return Rating.Again
    if record.score < 1 or record.hinted:
        return Rating.Hard
    return Rating.Easy if first else Rating.Good


def cards(records: Iterable[Record]) -> dict[str, Card]:
    """Replay the answers, oldest first; return the state of memory for each question, due `noon` of a day.

    Examples
    --------
    >>> missed = Record(mode="quiz", question="a", kind="single", difficulty=2, level="junior", seed=0,
    ...                 answer=(1,), score=0, day=date(2030, 1, 1))
    >>> known = missed.model_copy(update={"question": "b", "score": 1.0})
    >>> {question: str(card.due.date()) for question, card in cards([missed, known]).items()}
    {'a': '2030-01-02', 'b': '2030-01-09'}
    """
    found: dict[str, Card] = {}
    for record in records:
        card, at = found.get(record.question), noon(record.day)
        card, first = (card, False) if card else (Card(card_id=1, due=at), True)
        found[record.question], _ = SCHEDULER.review_card(card, rating(record, first), at)
    return found


def noon(day: date) -> datetime:
    """Stand for a day of the calendar where FSRS wants a moment: a day later is 24 hours later, always."""
    return datetime.combine(day, time(12), UTC)


def due(
    records: list[Record], known: Iterable[str], today: date | None = None, cap: int = DAILY_CAP
) -> list[str]:
    """List the questions to review today, the one most likely forgotten first.

    Never more than ``cap`` a day, reviews already done today included: after missed days the rest waits, and
    nothing piles up in front of the learner.

    Parameters
    ----------
    records : list of Record
        The oldest first.
    known : iterable of str
        Ids of the questions there are; others may have left the bank.
    today : date
        In the learner's calendar.

    Raises
    ------
    ValueError
        If the cap is negative.
    """
    if cap < 0:
        raise ValueError(f"the cap of reviews a day cannot be negative, but is {cap}")
    today, known = today or date.today(), set(known)
    found = cards(records)
    waiting = [name for name, card in found.items() if name in known and card.due.date() <= today]
    weakest_first = sorted(
        waiting, key=lambda name: (SCHEDULER.get_card_retrievability(found[name], noon(today)), name)
    )
    return weakest_first[: max(0, cap - reviewed(records, today))]


def forecast(
    records: list[Record],
    known: Iterable[str],
    today: date | None = None,
    days: int = 7,
    cap: int = DAILY_CAP,
) -> list[tuple[date, int]]:
    """Return how many reviews each of the next days will hold, if each day's are done; the first is today."""
    today, known = today or date.today(), set(known)
    falls_due = Counter(max(today, card.due.date()) for name, card in cards(records).items() if name in known)
    room = cap - reviewed(records, today)
    plan, waiting = [], 0
    for day in (today + timedelta(days=ahead) for ahead in range(days)):
        waiting += falls_due[day]
        held = max(0, min(waiting, room))
        plan.append((day, held))
        waiting, room = waiting - held, cap
    return plan


def reviewed(records: Iterable[Record], day: date) -> int:
    """Count the reviews done on a day."""
    return sum(record.mode == "review" and record.day == day for record in records)


def streak(days: Iterable[date], today: date) -> int:
    """Count the days of the daily challenge, back from today; single missed days are forgiven.

    Examples
    --------
    >>> monday, today = date(2030, 1, 7), date(2030, 1, 10)
    >>> streak([monday, date(2030, 1, 9), today], today)
    3
    >>> streak([monday, today], today)
    1
    >>> streak([monday], date(2030, 1, 9)), streak([monday], today)
    (1, 0)
    """
    count, last = 0, today
    for day in sorted({day for day in days if day <= today}, reverse=True):
        if (last - day).days > 2:
            break
        count, last = count + 1, day
    return count
