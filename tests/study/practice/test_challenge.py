"""The daily challenge: the same five for everybody, on any day."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from sittings import play, right

from embedlab.study.bank import bank, parse, topic_of
from embedlab.study.practice import challenge

ANY_DAY = st.dates(date(2020, 1, 1), date(2060, 1, 1))


@given(ANY_DAY)
def test_the_five_of_a_day(day):
    five = challenge.daily_questions(bank(), day)
    kinds = Counter(question.kind for question in five)
    assert len({question.id for question in five}) == 5
    assert kinds["parametric"] == kinds["bug"] == 1
    assert len({topic_of(question.id) for question in five}) == 5
    shuffled = dict(sorted(bank().items(), reverse=True))
    assert challenge.daily_questions(shuffled, day) == five


def test_days_differ():
    month = [
        challenge.daily_questions(bank(), date(2030, 3, 1) + timedelta(days=ahead)) for ahead in range(30)
    ]
    counts = Counter(question.id for five in month for question in five)
    assert max(counts.values()) <= 4
    assert len(counts) > 90
    for today, tomorrow in pairwise(month):
        assert len({q.id for q in today} & {q.id for q in tomorrow}) <= 1


def test_a_daily_challenge_goes_on_where_it_was_left(history):
    sitting = challenge.daily(bank(), history)
    for _ in range(2):
        asked = sitting.next()
        sitting.answer(asked, parse(asked, right(asked)))
    again = challenge.daily(bank(), history)
    assert (again.total, again.done_before) == (3, 2)
    assert challenge.days_done(history.records()) == set()
    play(again)
    assert challenge.daily(bank(), history).total == 0
    assert challenge.days_done(history.records()) == {date.today()}


def test_a_challenge_finished_after_midnight_counts_for_its_day(history):
    yesterday = date.today() - timedelta(days=1)
    play(challenge.daily(bank(), history, yesterday))
    assert challenge.days_done(history.records()) == {yesterday}
    assert challenge.daily(bank(), history).total == 5
