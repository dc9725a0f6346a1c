"""What a model makes of a question: messages go in, whatever comes out is read."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedlab.rag import (
    decompose,
    decompose_messages,
    first_line,
    hyde,
    hyde_messages,
    listed,
    standalone,
    standalone_messages,
    sub_questions,
    variants,
    variants_messages,
    with_history,
)

HISTORY = [("Why is snow white?", "It scatters light.")]
LINES = [
    "1. Why is snow white?",
    "- what? ",
    "2) what",
    "* ",
    "",
    "Sure:",
    "Question: ",
    "**3. Ice**",
    "3.",
    "Q:",
]
replies = st.one_of(
    st.text(), st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=9))).map("\n".join)
)


class Says:
    """A generator that says what it is told to, a character at a time, and keeps what it was asked."""

    name = "parrot"

    def __init__(self, text):
        self.text, self.asked = text, []

    def stream(self, messages, most=128):
        self.asked.append((messages, most))
        yield from self.text


@given(replies, st.text(max_size=9))
@example("1. a\n1. a\n2. A!", "")
@example("1. **Question:**", "?")
def test_items_have_words_and_come_once(text, question):
    found = listed(text, question)
    assert all(item == item.strip() and any(map(str.isalnum, item)) for item in found if item.isascii())
    assert all(found)
    assert len({item.lower() for item in found}) == len(found)
    assert question.strip() not in found
    assert all("\n" not in item for item in found)


@given(st.lists(st.from_regex(r"[A-Z][a-z]{1,6} [a-z]{1,6}\?", fullmatch=True), unique_by=str.lower))
def test_items_keep_their_order_and_their_words(items):
    for form in ("{1}", "{0}. {1}", "{0}) {1}", "- {1}", "* **{1}**", '{0}. "{1}"', "Question {0}: {1}"):
        text = "\n".join(form.format(i, item) for i, item in enumerate(items, start=1))
        assert listed(text) == items
        assert listed(f"Sure! Here is what I found:\n\n{text}\n") == items


@given(replies)
def test_any_reply_gives_something_to_search(text):
    said = Says(text)
    assert hyde("Why is snow white?", said).strip()
    parts = decompose("Why is snow white?", said)
    assert 1 <= len(parts) <= 4
    assert all(part.strip() for part in parts)
    assert standalone(HISTORY, "And ice?", said).strip()
    assert len(variants("Why is snow white?", said, n=2)) <= 2


def test_where_nothing_is_said_the_rules_stand_in():
    silent = Says(" \n")
    assert hyde("Why is snow white?", silent) == "Why is snow white?"
    assert variants("Why is snow white?", silent) == []
    assert decompose("Why is snow white?", silent) == ["Why is snow white?"]
    assert standalone(HISTORY, "And ice?", silent) == with_history(HISTORY, "And ice?")


def test_a_model_is_asked_with_the_public_messages():
    said = Says("1. Why is ice blue?")
    hyde("Why?", said)
    variants("Why?", said, n=2)
    decompose("Why?", said)
    standalone(HISTORY, "Why?", said, most=9)
    messages, limits = zip(*said.asked, strict=True)
    assert messages == (
        hyde_messages("Why?"),
        variants_messages("Why?", 2),
        decompose_messages("Why?"),
        standalone_messages(HISTORY, "Why?"),
    )
    assert limits == (128, 128, 128, 9)
    for one in messages:
        roles = [message["role"] for message in one]
        assert roles[0] == "system"
        assert roles[1:] == ["user", "assistant"] * (len(roles) // 2 - 1) + ["user"]
        assert "Why?" in one[-1]["content"]


def test_without_a_history_nobody_is_asked():
    said = Says("Rewritten.")
    assert (standalone([], "Why?", said), said.asked) == ("Why?", [])


def test_items_on_one_line_are_items_and_decimals_are_not():
    assert listed("1. Who was Ada? 2. When was she born?") == ["Who was Ada?", "When was she born?"]
    assert listed("1.5 metres?\n2.5 metres?") == ["1.5 metres?", "2.5 metres?"]


def test_the_first_line_is_bare():
    assert first_line("\n  \nStandalone question: **Why is ice blue?**\nBecause.") == "Why is ice blue?"
    assert first_line("?!\n") == ""


def test_parts_that_a_model_made_up_are_left_out():
    question = "Is a bee longer than an ant?"
    assert sub_questions("1. How long is the Nile?\n2. How long is a BEE?", question) == [
        "How long is a BEE?"
    ]
    assert sub_questions("1. How long is the Nile?", question) == [question]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: hyde("?!", Says("x")), r"the question '\?!' has no words"),
        (lambda: variants("why", Says("x"), n=0), "at least 1 wording has to be asked for, but n is 0"),
        (lambda: decompose_messages(""), "the question '' has no words"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
