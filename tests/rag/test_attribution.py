"""Sentences without a citation: which they are, and what is cited for them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.rag import Passage, attributed, citations, uncited, verified

PASSAGES = [
    Passage("snow.md", "Fresh snow is white and reflects light.", number=1),
    Passage("rust.md", "Iron rusts when it is wet. Rust is red.", number=2),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Fresh snow is white", "Fresh snow is white [1]"),
        ("- Rust is red.\n- Snow is white.", "- Rust is red. [2]\n- Snow is white. [1]"),
        ("Snow [2] is white. Rust is red.", "Snow [2] is white. Rust is red."),
        ("White.", "White. [1]"),
        ("1. Snow is white.", "1. Snow is white. [1]"),
        ("Snow is made of cheese.", "Snow is made of cheese."),
    ],
)
def test_a_sentence_gets_the_passage_that_supports_it_most(text, expected):
    assert attributed(text, PASSAGES) == expected
    assert attributed(text, []) == text


SENTENCES = ["Fresh snow is white.", "Rust is red.", "It is made of cheese.", "Iron rusts\nwhen wet."]


@given(st.lists(st.sampled_from(SENTENCES), max_size=5), st.sampled_from([" ", "\n", "\n\n"]))
def test_what_is_attributed_holds_and_the_rest_is_uncited(found, gap):
    text = gap.join(found)
    cited = attributed(text, PASSAGES)
    assert re.sub(r" \[\d\]", "", cited) == text
    assert all(one.supported for one in verified(citations(cited), PASSAGES))
    assert len(citations(cited)) + len(uncited(cited)) == len(found)
    assert set(uncited(cited)) <= {"It is made of cheese."}


@given(st.text(alphabet="ab. \n[]12", max_size=40))
def test_any_text_is_read(text):
    assert len(attributed(text, PASSAGES)) >= len(text)
    assert all(one.strip() for one in uncited(text))
