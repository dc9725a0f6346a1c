"""Mock interviews, and how they are summed up."""

import numpy as np
from sittings import QUESTIONS, right

from embedlab.study.bank import bank, parse, topic_of
from embedlab.study.practice import interview, progress


def hold(history, known, seed=0, minutes=30.0, clock=lambda: 0.0):
    own = [question for question in QUESTIONS if topic_of(question.id) == "pooling"]
    sitting = interview.mock(own, history, "pooling", seed=seed, minutes=minutes, clock=clock)
    asked_all = []
    while (asked := sitting.next()) is not None:
        asked_all.append((asked, interview.is_follow_up(asked, sitting.records, bank())))
        sitting.answer(asked, parse(asked, right(asked)) if known else ())
    return sitting, asked_all


def test_an_interview_gets_deeper_and_follows_up(history):
    sitting, asked_all = hold(history, known=True)
    difficulties = [asked.question.difficulty for asked, _ in asked_all]
    assert len(asked_all) == interview.MOCK_COUNT
    assert np.mean(difficulties[-4:]) > np.mean(difficulties[:3]) + 1
    assert any(follow_up for _, follow_up in asked_all)
    assert any(asked.question.kind == "flashcard" for asked, _ in asked_all)
    result = progress.summary(sitting)
    assert "(100%)" in result.verdict
    assert "engineer" in result.verdict
    assert result.strengths
    assert not result.gaps
    assert not result.reread


def test_an_interview_that_goes_badly_stays_easy_and_says_what_to_read(history):
    sitting, asked_all = hold(history, known=False)
    assert np.mean([asked.question.difficulty for asked, _ in asked_all[-4:]]) <= 2.5
    result = progress.summary(sitting)
    assert "(0%): no level shown yet" in result.verdict
    assert result.gaps
    assert all(place.startswith("notebooks/03_pooling.ipynb, “") for place in result.reread)


def test_an_interview_ends_when_the_time_is_up(history):
    times = iter(range(0, 10_000, 600))  # ten minutes an answer
    _, asked_all = hold(history, known=True, clock=lambda: next(times))
    assert len(asked_all) == 3
