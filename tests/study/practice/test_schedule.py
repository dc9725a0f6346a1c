"""Spaced repetition: what comes back on which day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sittings import TODAY, answered

from embedlab.study.practice import schedule

# When clocks change in Berlin, New York and Sydney; and when Samoa left a day out.
CHANGES = [
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        "2027-03-28T01:00",
        "2027-10-31T01:00",
        "2027-03-14T07:00",
        "2027-11-07T06:00",
        "2027-10-02T16:00",
        "2027-04-03T15:00",
        "2011-12-30T10:00",
    )
]


def when(record, *later):
    """Return how many days after the first answer the question is due."""
    (card,) = schedule.cards([record, *later]).values()
    return (card.due.date() - record.day).days


def test_what_was_missed_comes_back_tomorrow_what_was_known_later():
    missed, shaky, known = answered(score=0.0), answered(hinted=True), answered()
    assert when(missed) == 1
    assert when(missed) <= when(shaky) < when(known)
    assert when(known) >= 7


def test_intervals_grow_with_each_right_answer():
    records, gaps = [answered(score=0.0)], []
    for _ in range(5):
        (card,) = schedule.cards(records).values()
        gaps.append((card.due.date() - records[-1].day).days)
        records.append(answered(day=card.due.date()))
    assert gaps == sorted(gaps)
    assert gaps[-1] > 10 * gaps[0]


def test_missed_at_half_past_eleven_before_the_clocks_change_is_due_the_next_day():
    at = datetime.fromisoformat("2027-03-27T23:30:00+01:00")  # Berlin; a day later is 00:30 on the 29th
    missed = answered(score=0.0, at=at.astimezone(UTC), day=at.date())
    assert schedule.due([missed], [missed.question], date(2027, 3, 27)) == []
    assert schedule.due([missed], [missed.question], date(2027, 3, 28)) == [missed.question]
    assert schedule.forecast([missed], [missed.question], date(2027, 3, 27))[:2] == [
        (date(2027, 3, 27), 0),
        (date(2027, 3, 28), 1),
    ]


@given(
    zone=st.timezones(),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC))
    | st.sampled_from(CHANGES),
    hours=st.integers(-30, 30),
    gap=st.integers(0, 40),
)
def test_only_days_of_the_learners_calendar_count(zone, at, hours, gap):
    at += timedelta(hours=hours)
    day = at.astimezone(zone).date()
    missed = answered(score=0.0, at=at, day=day)
    assert schedule.due([missed], [missed.question], day) == []
    assert schedule.due([missed], [missed.question], day + timedelta(days=1)) == [missed.question]

    later = at + timedelta(days=gap)
    again = answered(at=later, day=later.astimezone(zone).date())
    at_noon = answered(score=0.0, day=missed.day), answered(day=again.day)
    assert schedule.cards([missed, again]) == schedule.cards(at_noon)


def test_missed_days_do_not_pile_up():
    names = [f"{number}" for number in range(300)]
    records = [answered(name, days_ago=40, score=0.0) for name in names]
    assert len(schedule.due(records, names, TODAY)) == schedule.DAILY_CAP
    done = [answered(name, mode="review", score=1.0) for name in names[:12]]
    left = schedule.due(records + done, names, TODAY)
    assert len(left) == schedule.DAILY_CAP - 12
    assert not set(left) & set(names[:12])
    plan = schedule.forecast(records + done, names, TODAY)
    assert [count for _, count in plan] == [8] + [20] * 6
    assert [day for day, _ in plan] == [TODAY + timedelta(days=ahead) for ahead in range(7)]


def test_what_left_the_bank_is_not_asked():
    assert schedule.due([answered("gone", days_ago=50)], ["other"], TODAY) == []


def test_the_most_forgotten_comes_first():
    records = [answered("long", days_ago=60, score=0.0), answered("short", days_ago=3, score=0.0)]
    assert schedule.due(records, ["long", "short"], TODAY) == ["long", "short"]


def test_a_negative_cap_is_refused():
    with pytest.raises(ValueError, match="negative, but is -1"):
        schedule.due([], [], TODAY, cap=-1)


@given(st.sets(st.integers(0, 40)), st.integers(0, 5))
def test_a_streak_forgives_single_days_only(back, extra):
    today = date(2030, 6, 1)
    days = [today - timedelta(days=one) for one in back]
    count = schedule.streak(days, today)
    assert 0 <= count <= len(back)
    assert schedule.streak([*days, today], today) >= max(1, count)
    if any(one in back and one + 1 in back for one in (0, 1)):
        assert count >= 2
