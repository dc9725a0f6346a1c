"""Quizzes: what is varied, new, or as hard as suits; and reviews."""

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sittings import QUESTIONS, answered, play, right

from embedlab.study.bank import bank, parse, topic_of
from embedlab.study.practice import History, quizzes


def test_a_quiz_varies_topic_difficulty_and_kind(history):
    asked = play(quizzes.quiz(QUESTIONS, history, 5, seed=1))
    difficulties = [one.question.difficulty for one in asked]
    assert len({topic_of(one.question.id) for one in asked}) == 5
    assert difficulties == sorted(difficulties)
    assert len(set(difficulties)) >= 4


def test_a_quiz_asks_what_was_not_asked_before(history):
    own = [question for question in QUESTIONS if topic_of(question.id) == "tokenizer"]
    for seed in range(len(own) // 5):
        play(quizzes.quiz(own, history, 5, seed=seed))
    counts = Counter(record.question for record in history.records())
    assert len(counts) == 5 * (len(own) // 5)
    assert set(counts.values()) == {1}
    assert len(play(quizzes.quiz(own, history, len(own) + 5, seed=0))) == len(own)  # there are no more


def test_the_same_seed_asks_the_same(tmp_path):
    first_, second = (
        [one.question for one in play(quizzes.quiz(QUESTIONS, History(tmp_path / name), 5, seed=4))]
        for name in "ab"
    )
    assert first_ == second


@pytest.mark.parametrize("n", [0, -1])
def test_a_quiz_of_nothing_is_refused(history, n):
    with pytest.raises(ValueError, match=f"must be positive, but is {n}"):
        quizzes.quiz(QUESTIONS, history, n)


def test_adaptive_questions_get_harder_for_those_who_know_and_easier_for_those_who_do_not(tmp_path):
    own = [question for question in QUESTIONS if topic_of(question.id) == "pooling"]
    mean = {}
    for name, answer in (("knows", right), ("does not", lambda asked: "")):
        sitting = quizzes.quiz(own, History(tmp_path / name), 10, adaptive=True, seed=0)
        asked_all = []
        while (asked := sitting.next()) is not None:
            sitting.answer(asked, parse(asked, right(asked)) if answer is right else ())
            asked_all.append(asked.question.difficulty)
        mean[name] = np.mean(asked_all[5:])
    assert mean["knows"] > mean["does not"] + 1


def test_answers_on_topics_that_are_unknown_here_change_nothing(tmp_path):
    plain, imported = History(tmp_path / "a"), History(tmp_path / "b")
    imported.merge([answered("agents/first", score=0.0), answered("18-agents-first"), answered("")])
    asked = [
        [one.question.id for one in play(quizzes.quiz(QUESTIONS, history, 6, adaptive=adaptive, seed=1))]
        for adaptive in (True, False)
        for history in (plain, imported)
    ]
    assert asked[0] == asked[1]
    assert asked[2] == asked[3]
    assert len(asked[0]) == 6


@pytest.mark.slow
def test_the_same_seed_asks_the_same_in_every_process(tmp_path):
    code = (
        "from embedlab.study.bank import questions_on\nfrom embedlab.study.practice import History, quizzes\n"
        f"quiz = quizzes.quiz(questions_on(), History({str(tmp_path / 'h')!r}), adaptive=True, seed=4)\n"
        "print(quiz.next().question.id)"
    )
    asked = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in "123"
    }
    assert len(asked) == 1


def test_a_review_asks_what_was_missed(history):
    names = [question.id for question in QUESTIONS[:3]]
    long_ago = datetime.now(UTC) - timedelta(days=30)
    history.merge(answered(name, at=long_ago, day=long_ago.date(), score=0.0) for name in names)
    assert {one.question.id for one in play(quizzes.review(bank(), history))} == set(names)
    assert quizzes.review(bank(), history).total == 0
