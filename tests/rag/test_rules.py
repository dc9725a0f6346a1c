"""Rewriting by rules: comparisons in two, and what a follow-up leaves out."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.chunking import passages
from embedlab.rag import decompose_by_rule, follow_ups, leans_on_history, with_history, with_keywords

WORDS = [
    "Did",
    "is",
    "the",
    "Nile",
    "Rhine",
    "longer",
    "than",
    "or",
    "and",
    "before",
    ",",
    "both",
    "was",
    "?",
]
questions = st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join))
histories = st.lists(st.tuples(questions, questions), max_size=3)


@given(questions)
def test_parts_have_words_and_come_once(question):
    parts = decompose_by_rule(question)
    assert 1 <= len(parts) <= 2
    assert len(set(parts)) == len(parts)
    assert parts == [question] or all(part.strip("? ") for part in parts)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Which is longer, the Nile or the Rhine?",
            ["Which is longer, the Nile?", "Which is longer, the Rhine?"],
        ),
        ("Who died first: Mozart or Haydn?", ["Who died first, Mozart?", "Who died first, Haydn?"]),
        (
            "Between the Nile and the Rhine, which is longer?",
            ["Which is longer, the Nile?", "Which is longer, the Rhine?"],
        ),
        ("Is a bee heavier than an ant?", ["Is a bee heavier?", "Is an ant heavier?"]),
        ("Did Mozart die before Haydn?", ["When did Mozart die?", "When did Haydn die?"]),
        ("Was Bach dead after Haydn was born?", ["When was Bach dead?", "When was Haydn born?"]),
        ("Was Bach alive when Haydn was born?", ["When was Bach alive?", "When was Haydn born?"]),
        ("Does it rain on Aruba or on Malta?", ["Does it rain on Aruba?", "Does it rain on Malta?"]),
        ("Were Bach and Haydn both Germans?", ["Were Bach Germans?", "Were Haydn Germans?"]),
        ("Did Vincent van Gogh or Paul Gauguin die first?", ["Did Vincent van Gogh die first?"]),
    ],
)
def test_comparisons_are_split(question, parts):
    assert decompose_by_rule(question)[: len(parts)] == parts
    assert len(decompose_by_rule(question)) == 2


@pytest.mark.parametrize(
    "question",
    [
        "Why is snow white?",
        "What is the capital of the state in which Juneau lies?",
        "",
        "or",
        "How old is it?",
    ],
)
def test_what_is_no_comparison_stays_whole(question):
    assert decompose_by_rule(question) == [question]


@pytest.mark.parametrize(
    "text", ["A and " * 5000, "Is a b than " * 5000, "between a and b, " * 5000, "A " * 9999]
)
def test_a_long_text_takes_no_long_time(text):
    begin = time.perf_counter()
    assert decompose_by_rule(text) == [text]
    assert time.perf_counter() - begin < 1


@given(histories, questions)
def test_a_follow_up_stands_last_and_whole(history, follow_up):
    for way in (with_history, with_keywords):
        assert way(history, follow_up).endswith(follow_up)
        assert way([], follow_up) == follow_up


def test_the_telling_words_of_the_last_turn_come_once():
    history = [("Who was Babbage?", "A mathematician."), ("Where was Ada born?", "Ada was born in London.")]
    assert with_keywords(history, "Was she rich?") == "Ada born London Was she rich?"
    assert with_keywords(history, "Was Ada rich?") == "born London Was Ada rich?"


@pytest.mark.parametrize(
    ("turn", "leans"),
    [
        ("Why there?", True),
        ("And in Barrow?", True),
        ("Which animals are on it?", True),
        ("When did that change?", True),
        ("Why?", True),
        ("", True),
        ("Are there birds that sing?", False),
        ("How long is the smallest ray-finned fish?", False),
    ],
)
def test_a_turn_that_says_too_little_leans_on_the_history(turn, leans):
    assert leans_on_history(turn) is leans


@given(st.text())
def test_any_turn_leans_or_does_not(turn):
    assert leans_on_history(turn) in (True, False)


@pytest.mark.slow
def test_the_figures_that_are_named():
    written = [one.text for one in passages().of("dev", "written")]
    assert (sum(map(leans_on_history, written)), len(written)) == (10, 49)
    assert all(decompose_by_rule(one) == [one] for one in written)
    asked = [one for one in follow_ups() if one.split == "dev"]
    assert all(leans_on_history(one.follow_up) == one.needs_history for one in asked)
