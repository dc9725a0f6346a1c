"""What several tests of the study part need: made-up answers, and sessions that are played to the end."""

from datetime import UTC, date, datetime, time, timedelta

from embedlab.study.bank import Flashcard, Numeric, bank, parse
from embedlab.study.practice import Record

QUESTIONS = list(bank().values())
TODAY = date(2030, 1, 10)


def right(asked):
    """Return the right answer, as it would be typed."""
    match asked.question:
        case Numeric(answer=answer):
            return repr(answer)
        case Flashcard(rubric=rubric):
            return "".join(str(i + 1) for i in range(len(rubric)))
    return "".join(str(place + 1) for place in asked.key)


def answered(question="pooling/a", days_ago=0, **fields):
    """Return a record of a right answer, some days before TODAY."""
    day = TODAY - timedelta(days=days_ago)
    filled = {"mode": "quiz", "kind": "numeric", "difficulty": 3, "level": "senior", "seed": 0, "answer": 1.0}
    at = datetime.combine(fields.get("day", day), time(12), UTC)
    return Record(**(filled | {"question": question, "score": 1.0, "at": at, "day": day} | fields))


def play(session, answer=right):
    """Answer all questions of a session; return them."""
    asked_all = []
    while (asked := session.next()) is not None:
        session.answer(asked, parse(asked, answer(asked)))
        asked_all.append(asked)
    return asked_all
