"""Quizzes, of what is new or as hard as suits, and reviews of what is due."""

import random
from collections import Counter
from collections.abc import Sequence

from embedlab.study.bank import AnyQuestion, topic_of
from embedlab.study.practice.ability import estimate
from embedlab.study.practice.history import History, Record
from embedlab.study.practice.schedule import DAILY_CAP, due
from embedlab.study.practice.session import Pick, Session, drawn, in_order


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
    seed = drawn(seed)
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
    home = {question.id: topic_of(question.id) for question in questions}
    topics = sorted(set(home.values()))
    rng.shuffle(topics)

    def pick(records: list[Record]) -> AnyQuestion | None:
        asked = {record.question for record in records}
        left = [question for question in questions if question.id not in asked]
        if len(records) >= n or not left:
            return None
        turns = topics[len(records) % len(topics) :] + topics[: len(records) % len(topics)]
        topic = next(name for name in turns if any(home[q.id] == name for q in left))
        # Histories may hold questions that this version does not have: those have no topic here.
        ability = estimate(r for r in before + records if home.get(r.question) == topic).mean
        return min(
            (question for question in left if home[question.id] == topic),
            key=lambda q: (abs(q.difficulty - ability) + min(answered[q.id], 3), tie[q.id]),
        )

    return pick


def review(
    bank: dict[str, AnyQuestion], history: History, cap: int = DAILY_CAP, seed: int | None = None
) -> Session:
    """Ask what is due today by spaced repetition."""
    seed = drawn(seed)
    waiting = [bank[name] for name in due(history.records(), bank, cap=cap)]
    return Session("review", "Review", in_order(waiting), history, len(waiting), seed)
