"""Asking and scoring, what comes next, and what the answers add up to."""

from collections import Counter
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from embedlab.study.bank import (
    Choice,
    Flashcard,
    Numeric,
    Ordering,
    ask,
    bank,
    key_text,
    parse,
    score,
    topic_of,
    topics,
)
from embedlab.study.practice import History, Record, ability, progress, schedule, session

QUESTIONS = list(bank().values())
NOW = datetime(2030, 1, 10, 12, tzinfo=UTC).astimezone()
any_question = st.sampled_from(QUESTIONS)


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "history.sqlite")


def right(asked):
    """Return the right answer, as it would be typed."""
    match asked.question:
        case Numeric(answer=answer):
            return repr(answer)
        case Flashcard(rubric=rubric):
            return "".join(str(i + 1) for i in range(len(rubric)))
    return "".join(str(place + 1) for place in asked.key)


def answered(question="01-a", days_ago=0.0, **fields):
    at = NOW - timedelta(days=days_ago)
    filled = {"mode": "quiz", "kind": "numeric", "difficulty": 3, "level": "senior", "seed": 0, "answer": 1.0}
    return Record(**(filled | {"question": question, "score": 1.0, "at": at, "day": at.date()} | fields))


def play(sitting, answer=right):
    """Answer all questions of a session; return them."""
    asked_all = []
    while (asked := sitting.next()) is not None:
        sitting.answer(asked, parse(asked, answer(asked)))
        asked_all.append(asked)
    return asked_all


# Asking, reading, scoring.


@given(any_question, st.integers(0, 10**6))
def test_the_key_is_right_and_nothing_known_is_worth_nothing(question, seed):
    asked = ask(question, seed)
    assert ask(question, seed) == asked
    assert score(asked, parse(asked, right(asked))) == 1
    assert score(asked, ()) == 0
    assert key_text(asked)
    assert sorted(asked.shown) == list(range(len(asked.lines)))


@given(any_question, st.integers(0, 99), st.data())
def test_scores_lie_between_0_and_1_and_only_the_key_has_all(question, seed, data):
    asked = ask(question, seed)
    if isinstance(asked.question, Numeric):
        answer = data.draw(st.floats(allow_nan=False, allow_infinity=False))
        got = score(asked, answer)
        assert got in (0, 1)
    else:
        count = len(getattr(asked.question, "rubric", asked.lines))
        places = data.draw(st.permutations(range(count)))
        if not isinstance(asked.question, Ordering):
            places = places[: data.draw(st.integers(0, count))]
        answer = tuple(places)
        got = score(asked, answer)
        assert 0 <= got <= 1
        if isinstance(asked.question, Choice):
            assert (got == 1) == (set(answer) == set(asked.key))
        if isinstance(asked.question, Ordering):
            assert (got == 1) == (answer == asked.key)


def fits(asked, text):
    """Say whether a text can be read at all, without saying how."""
    try:
        parse(asked, text)
    except ValueError:
        return False
    return True


@given(any_question, st.text("0123456789 ,.-e", max_size=12) | st.text(max_size=12))
def test_whatever_is_typed_is_an_answer_or_a_clear_error(question, text):
    asked = ask(question, 0)
    with pytest.raises(ValueError, match=r"want|may come once") if not fits(asked, text) else nullcontext():
        assert 0 <= score(asked, parse(asked, text)) <= 1


def first(kind):
    return next(question for question in QUESTIONS if question.kind == kind)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1536", 1536),
        (" 1,536 ", 1536),
        ("2.5e6", 2.5e6),
        ("-3", -3),
        ("1_000", 1000),
        ("1.5 {unit}", 1.5),
        ("$7", 7),
    ],
)
def test_numbers_as_people_type_them(typed, number):
    asked = ask(next(q for q in QUESTIONS if q.kind == "numeric" and q.unit), 0)
    assert parse(asked, typed.format(unit=asked.question.unit)) == number


@pytest.mark.parametrize("typed", ["", "many", "1,5", "nan", "1 2"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError, match="a number is wanted"):
        parse(ask(first("numeric"), 0), typed)


@pytest.mark.parametrize(
    ("kind", "typed", "message"),
    [
        ("single", "9", "digits from 1 to 4"),
        ("single", "0", "digits from 1 to 4"),
        ("single", "12", "one digit is wanted, but got '12'"),
        ("single", "", "a digit from 1 to 4 is wanted"),
        ("multiple", "11", "each digit may come once"),
        ("multiple", "b", "digits from 1 to"),
        ("ordering", "12", "steps are wanted"),
        ("flashcard", "9", "digits from 1 to"),
    ],
)
def test_what_cannot_be_an_answer_is_refused(kind, typed, message):
    with pytest.raises(ValueError, match=message):
        parse(ask(first(kind), 0), typed)


def test_several_right_options_are_scored_in_part():
    question = first("multiple")
    asked = ask(question, 0)
    wrong = [place for place in range(len(asked.lines)) if place not in asked.key]
    assert score(asked, asked.key[:1]) == pytest.approx(1 / len(asked.key))
    assert score(asked, (*asked.key, wrong[0])) == pytest.approx(1 - 1 / len(asked.key))
    assert score(asked, tuple(range(len(asked.lines)))) < 1


def test_the_tolerance_is_relative():
    asked = ask(next(q for q in QUESTIONS if q.kind == "parametric" and q.tolerance), 0)
    answer, tolerance = asked.question.answer, asked.question.tolerance
    assert score(asked, answer * (1 + 0.99 * tolerance)) == 1
    assert score(asked, answer * (1 + 1.01 * tolerance)) == 0


# Quizzes.


def test_a_quiz_varies_topic_difficulty_and_kind(history):
    asked = play(session.quiz(QUESTIONS, history, 5, seed=1))
    difficulties = [one.question.difficulty for one in asked]
    assert len({topic_of(one.question.id) for one in asked}) == 5
    assert difficulties == sorted(difficulties)
    assert len(set(difficulties)) >= 4


def test_a_quiz_asks_what_was_not_asked_before(history):
    own = [question for question in QUESTIONS if topic_of(question.id) == "01_tokenizer"]
    for seed in range(len(own) // 5):
        play(session.quiz(own, history, 5, seed=seed))
    counts = Counter(record.question for record in history.records())
    assert len(counts) == 5 * (len(own) // 5)
    assert set(counts.values()) == {1}
    assert len(play(session.quiz(own, history, len(own) + 5, seed=0))) == len(own)  # there are no more


def test_the_same_seed_asks_the_same(tmp_path):
    first_, second = (
        [one.question for one in play(session.quiz(QUESTIONS, History(tmp_path / name), 5, seed=4))]
        for name in "ab"
    )
    assert first_ == second


@pytest.mark.parametrize("n", [0, -1])
def test_a_quiz_of_nothing_is_refused(history, n):
    with pytest.raises(ValueError, match=f"must be positive, but is {n}"):
        session.quiz(QUESTIONS, history, n)


def test_adaptive_questions_get_harder_for_those_who_know_and_easier_for_those_who_do_not(tmp_path):
    own = [question for question in QUESTIONS if topic_of(question.id) == "03_pooling"]
    mean = {}
    for name, answer in (("knows", right), ("does not", lambda asked: "")):
        sitting = session.quiz(own, History(tmp_path / name), 10, adaptive=True, seed=0)
        asked_all = []
        while (asked := sitting.next()) is not None:
            sitting.answer(asked, parse(asked, right(asked)) if answer is right else ())
            asked_all.append(asked.question.difficulty)
        mean[name] = np.mean(asked_all[5:])
    assert mean["knows"] > mean["does not"] + 1


# Daily challenge.

ANY_DAY = st.dates(date(2020, 1, 1), date(2060, 1, 1))


@given(ANY_DAY)
def test_the_five_of_a_day(day):
    five = session.daily_questions(bank(), day)
    kinds = Counter(question.kind for question in five)
    assert len({question.id for question in five}) == 5
    assert kinds["parametric"] == kinds["bug"] == 1
    assert len({topic_of(question.id) for question in five}) == 5
    shuffled = dict(sorted(bank().items(), reverse=True))
    assert session.daily_questions(shuffled, day) == five


def test_days_differ():
    month = [session.daily_questions(bank(), date(2030, 3, 1) + timedelta(days=ahead)) for ahead in range(30)]
    counts = Counter(question.id for five in month for question in five)
    assert max(counts.values()) <= 4
    assert len(counts) > 90
    for today, tomorrow in pairwise(month):
        assert len({q.id for q in today} & {q.id for q in tomorrow}) <= 1


def test_a_daily_challenge_goes_on_where_it_was_left(history):
    sitting = session.daily(bank(), history)
    for _ in range(2):
        asked = sitting.next()
        sitting.answer(asked, parse(asked, right(asked)))
    again = session.daily(bank(), history)
    assert (again.total, again.done_before) == (3, 2)
    assert session.days_done(history.records()) == set()
    play(again)
    assert session.daily(bank(), history).total == 0
    assert session.days_done(history.records()) == {date.today()}


def test_a_challenge_finished_after_midnight_counts_for_its_day(history):
    yesterday = date.today() - timedelta(days=1)
    play(session.daily(bank(), history, yesterday))
    assert session.days_done(history.records()) == {yesterday}
    assert session.daily(bank(), history).total == 5


# Spaced repetition.


def test_what_was_missed_comes_back_tomorrow_what_was_known_later():
    records = [answered("01-missed", score=0.0), answered("01-shaky", hinted=True), answered("01-known")]
    when = {name: (card.due - NOW).days for name, card in schedule.cards(records).items()}
    assert when["01-missed"] <= when["01-shaky"] < when["01-known"]
    assert when["01-missed"] <= 1
    assert when["01-known"] >= 7


def test_intervals_grow_with_each_right_answer():
    records, at, gaps = [answered("01-a", score=0.0)], NOW, []
    for _ in range(5):
        card = schedule.cards(records)["01-a"]
        gaps.append((card.due - at).days)
        at = card.due
        records.append(answered("01-a", at=at, day=at.date()))
    assert gaps == sorted(gaps)
    assert gaps[-1] > 10 * gaps[0]


def test_missed_days_do_not_pile_up():
    names = [f"01-{number}" for number in range(300)]
    records = [answered(name, days_ago=40, score=0.0) for name in names]
    assert len(schedule.due(records, names, NOW)) == schedule.DAILY_CAP
    done = [answered(name, mode="review", score=1.0) for name in names[:12]]
    left = schedule.due(records + done, names, NOW)
    assert len(left) == schedule.DAILY_CAP - 12
    assert not set(left) & set(names[:12])
    plan = schedule.forecast(records + done, names, NOW)
    assert [count for _, count in plan] == [8] + [20] * 6
    assert [day for day, _ in plan] == [NOW.date() + timedelta(days=ahead) for ahead in range(7)]


def test_what_left_the_bank_is_not_asked():
    assert schedule.due([answered("01-gone", days_ago=50)], ["01-other"], NOW) == []


def test_the_most_forgotten_comes_first():
    records = [answered("01-long", days_ago=60, score=0.0), answered("01-short", days_ago=3, score=0.0)]
    assert schedule.due(records, ["01-long", "01-short"], NOW) == ["01-long", "01-short"]


def test_a_negative_cap_is_refused():
    with pytest.raises(ValueError, match="negative, but is -1"):
        schedule.due([], [], NOW, cap=-1)


def test_a_review_asks_what_was_missed(history):
    names = [question.id for question in QUESTIONS[:3]]
    long_ago = datetime.now(UTC) - timedelta(days=30)
    history.merge(answered(name, at=long_ago, day=long_ago.date(), score=0.0) for name in names)
    assert {one.question.id for one in play(session.review(bank(), history))} == set(names)
    assert session.review(bank(), history).total == 0


@given(st.sets(st.integers(0, 40)), st.integers(0, 5))
def test_a_streak_forgives_single_days_only(back, extra):
    today = date(2030, 6, 1)
    days = [today - timedelta(days=one) for one in back]
    count = schedule.streak(days, today)
    assert 0 <= count <= len(back)
    assert schedule.streak([*days, today], today) >= max(1, count)
    if any(one in back and one + 1 in back for one in (0, 1)):
        assert count >= 2


# Ability.


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=30))
def test_a_better_answer_never_lowers_the_estimate(answers):
    assume(not all(known for _, known in answers))
    records = [
        answered(f"01-{i}", difficulty=difficulty, score=float(known))
        for i, (difficulty, known) in enumerate(answers)
    ]
    missed = next(i for i, (_, known) in enumerate(answers) if not known)
    better = [
        record.model_copy(update={"score": 1.0}) if i == missed else record
        for i, record in enumerate(records)
    ]
    assert ability.estimate(better).mean > ability.estimate(records).mean


@pytest.mark.parametrize("truth", [1.5, 3.0, 4.5])
def test_an_ability_is_found_from_simulated_answers(truth):
    rng, within = np.random.default_rng(0), 0
    for _ in range(40):
        records = [
            answered(
                f"01-{i}",
                difficulty=d,
                kind="single",
                score=float(rng.random() < ability.chance(truth, d, "single")),
            )
            for i, d in enumerate(rng.integers(1, 6, 40))
        ]
        found = ability.estimate(records)
        within += abs(found.mean - truth) < 1.96 * found.sd
    assert within >= 35  # of 40; 38 are expected
    assert found.sd < ability.PRIOR_SD / 2


def test_guessing_is_taken_into_account():
    guessed = ability.estimate([answered(kind="single")])
    computed = ability.estimate([answered(kind="numeric")])
    assert ability.PRIOR_MEAN < guessed.mean < computed.mean


# Mock interviews and progress.


def interview(history, known, seed=0, minutes=30.0, clock=lambda: 0.0):
    own = [question for question in QUESTIONS if topic_of(question.id) == "03_pooling"]
    sitting = session.mock(own, history, "pooling", seed=seed, minutes=minutes, clock=clock)
    asked_all = []
    while (asked := sitting.next()) is not None:
        asked_all.append((asked, session.is_follow_up(asked, sitting.records, bank())))
        sitting.answer(asked, parse(asked, right(asked)) if known else ())
    return sitting, asked_all


def test_an_interview_gets_deeper_and_follows_up(history):
    sitting, asked_all = interview(history, known=True)
    difficulties = [asked.question.difficulty for asked, _ in asked_all]
    assert len(asked_all) == session.MOCK_COUNT
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
    sitting, asked_all = interview(history, known=False)
    assert np.mean([asked.question.difficulty for asked, _ in asked_all[-4:]]) <= 2.5
    result = progress.summary(sitting)
    assert "(0%): no level shown yet" in result.verdict
    assert result.gaps
    assert all(place.startswith("notebooks/03_pooling.ipynb, “") for place in result.reread)


def test_an_interview_ends_when_the_time_is_up(history):
    times = iter(range(0, 10_000, 600))  # ten minutes an answer
    _, asked_all = interview(history, known=True, clock=lambda: next(times))
    assert len(asked_all) == 3


def test_progress_of_nothing_and_of_something(history, tmp_path):
    rows = progress.mastery([], bank())
    assert [row.name for row in rows] == list(topics())
    assert sum(row.questions for row in rows) == len(QUESTIONS)
    mean, sd = progress.readiness(rows)
    play(session.quiz(QUESTIONS, history, 40, seed=0))
    records = history.records()
    after = progress.mastery(records, bank())
    better, surer = progress.readiness(after)
    assert better > mean + 0.1
    assert surer < sd
    assert any("guess" in line for line in progress.remarks([], rows))
    progress.draw(after, tmp_path / "progress.png")
    assert (tmp_path / "progress.png").stat().st_size > 10_000
    progress.write_csv(records, tmp_path / "answers.csv")
    lines = (tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 41
    assert lines[0].startswith("topic,uid,at,day,mode,question")
