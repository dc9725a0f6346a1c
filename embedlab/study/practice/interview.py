"""Mock interviews: the depth rises with right answers, and answers lead to follow-ups."""

import random
import time
from collections.abc import Callable, Sequence

from embedlab.study.bank import AnyQuestion, Asked
from embedlab.study.practice.history import History, Record
from embedlab.study.practice.session import GOOD, Session, drawn

MOCK_MINUTES = 30
MOCK_COUNT = 10
# Headings under which a chapter gathers many points: two questions on them need not belong together.
SUMMARIES = ("Common mistakes", "Lore, checked", "Say it in an interview", "The interviewer asks")


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
    seed = drawn(seed)
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
