"""How questions are asked, answers read, and scores given."""

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sittings import QUESTIONS, right

from embedlab.study.bank import Choice, Numeric, Ordering, ask, key_text, parse, score

any_question = st.sampled_from(QUESTIONS)


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
