"""A reader with a generator: its prompt, its answers, and when it is stopped or not asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.rag import (
    NOT_FOUND,
    Draft,
    Generative,
    GeneratorError,
    Passage,
    ask,
    prompt,
    refuses,
    without_loop,
)

PASSAGES = [
    Passage("snow.md", "Fresh snow is white and reflects light.", number=1),
    Passage("rust.md", "Iron rusts when it is wet. Rust is red.", number=2),
]


class Fake:
    """Says what it was made with, piece by piece; what is an error is raised."""

    name = "fake"

    def __init__(self, *pieces):
        self.pieces, self.asked, self.closed = pieces, [], False

    def stream(self, messages, most=128):
        self.asked.append((messages, most))
        try:
            for piece in self.pieces:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            self.closed = True


def test_an_answer_is_shown_as_it_comes_and_cited():
    shown, fake = [], Fake(" Fresh snow", " is white.", " Rust is red.", " It costs money.")
    read = Generative(fake, style="plain", most=9, show=shown.append)
    draft = read("What is white?", PASSAGES)
    assert shown == list(fake.pieces)
    assert fake.asked == [(prompt("What is white?", PASSAGES, "plain"), 9)]
    assert draft == Draft("Fresh snow is white. [1] Rust is red. [2] It costs money.")
    assert read.partial == "".join(shown)
    assert fake.closed


def test_what_the_generator_cites_stays_and_is_verified():
    def search(question, k):
        return PASSAGES

    answer = ask(
        "what is white", search, Generative(Fake("Snow is white [1]. Rust is blue [2]. Ice floats."))
    )
    assert answer.text == "Snow is white [1]. Rust is blue [2]. Ice floats."
    assert [(one.number, one.supported) for one in answer.citations] == [(1, True), (2, False)]
    assert answer.uncited == ["Ice floats."]
    assert (answer.found, answer.note) == (True, "")


@pytest.mark.parametrize(
    ("pieces", "note"),
    [
        ((), "said nothing"),
        ((" ", "\n"), "said nothing"),
        (("NOT", " FOUND."), "says that there is no answer"),
    ],
)
def test_no_answer_is_not_found_with_a_note(pieces, note):
    answer = ask("snow?", lambda *_: PASSAGES, Generative(Fake(*pieces)))
    assert (answer.text, answer.found, answer.uncited) == (NOT_FOUND, False, [])
    assert note in answer.note


def test_without_evidence_nothing_is_generated():
    fake = Fake("Snow is white.")
    thin = Generative(fake, evidence=lambda *_: Draft("", 3.0))
    assert thin("why?", PASSAGES) == Draft("", 3.0)
    assert fake.asked == []
    enough = Generative(fake, evidence=lambda *_: Draft("Quoted. [1]", 11.0))
    assert enough("why?", PASSAGES) == Draft("Snow is white. [1]", 11.0)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorError("broke off")])
def test_what_was_said_before_it_was_stopped_is_kept(error):
    fake = Fake("Snow ", "is ", error, "white.")
    read = Generative(fake)
    with pytest.raises(type(error)):
        read("why?", PASSAGES)
    assert read.partial == "Snow is "
    assert fake.closed
    read.generator = Fake("Rust is red.")
    read("why?", PASSAGES)
    assert read.partial == "Rust is red."  # of the last question alone


def test_a_loop_is_stopped_and_trimmed():
    fake = Fake("Snow is white. ", *["It is cold in winter. ", "Rust is red. "] * 50)
    read = Generative(fake)
    draft = read("snow?", PASSAGES)
    assert draft.text == "Snow is white. [1] It is cold in winter. Rust is red. [2]"
    assert "repeated itself" in draft.note
    assert fake.closed
    assert read.partial.count("cold") == 3


def test_a_loop_that_ends_is_trimmed_too():
    draft = Generative(Fake("Snow is white. " * 3))("snow?", PASSAGES)
    assert (draft.text, bool(draft.note)) == ("Snow is white. [1]", True)


RUN = "one two three four five six seven eight"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{RUN} {RUN} {RUN}", RUN),
        (f"{RUN}, {RUN.upper()}; {RUN}!", f"{RUN},"),
        (f"Begin. And {RUN} a {RUN} b {RUN}", f"Begin. And {RUN} a"),
        (f"{RUN} a {RUN} b", None),
        ("very " * 10, "very"),
        ("very " * 9, None),
        ("Yes. Yes. Yes. ", None),
        ("1. A is red.\n1. B is blue.\n1. C is green.\n", None),
        ("Dr. A came. Dr. B came. Dr. C came.", None),
        ("Snow is white. Snow is white. Snow is white, too. ", None),
        ("", None),
    ],
)
def test_what_is_a_loop(text, expected):
    kept = without_loop(text)
    if expected is None:
        assert kept == text
    elif text.startswith("Begin."):
        assert kept == "Begin."  # the sentence that was cut in two goes with it
    else:
        assert kept == expected


words = st.sampled_from(["snow", "is", "white", "rust", "red", "."])


@given(st.lists(words, max_size=60).map(" ".join))
def test_what_is_kept_of_a_loop_is_a_beginning_without_one(text):
    kept = without_loop(text)
    assert text.startswith(kept)
    assert without_loop(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "not found",
        "NOT FOUND.",
        "Not found in the documents.",
        "Answer: not found",
        "The answer is not found in the passages.",
        "The passages do not mention it.",
        "The provided passages don’t say when. They are about snow.",
        "The text above does not give a date [1].",
        "This is not mentioned in the passages.",
        "The colour is not specified in any of the given documents.",
        "There is no information about it in the passages.",
        "No answer.",
        "The passage you provided is not found.",
        "I do not know.",
        "I'm sorry, but I cannot answer from the passages.",
        "I don't know, as the passages are about rust.",
    ],
)
def test_these_are_refusals(text):
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kangaroos are not found in Europe [1].",
        "Snow is white. The passages do not mention why.",
        "The passages do not mention the year, but it was under Napoleon [1].",
        "It was not found until 1922.",
        "The documents were not found until 1922.",
        "There are no trees.",
        "The tomb was found by Carter.",
        "Light does not pass.",
    ],
)
def test_these_are_answers(text):
    assert not refuses(text)


@given(st.text(max_size=60))
def test_any_text_is_a_refusal_or_not(text):
    assert refuses(text) in (True, False)


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="most is 0"):
        Generative(Fake(), most=0)
    with pytest.raises(ValueError, match="no style 'rude'"):
        Generative(Fake(), style="rude")("why?", PASSAGES)
