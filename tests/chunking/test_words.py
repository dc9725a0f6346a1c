"""Words: the tokens of a text are those of its words, one after the other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.chunking import Words
from embedlab.tokenizer import WordPieceTokenizer

TOKENIZER = WordPieceTokenizer.load()
ODD = [
    "",
    " ",
    "\r\n",
    "a\x00b",
    "e\u0301a",
    "a≠b",
    "5€",
    "東京 tower",
    "한국어",
    "\N{WOMAN}\u200d\N{GIRL} ok",
]
ODD += ["\ud83d", "don't", "a_b", "ﬁn"]


def ids_of(text):
    return TOKENIZER.encode(text)[1:-1]


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_have_the_tokens_of_their_words(text):
    assert Words(text, TOKENIZER).ids == ids_of(text)


@given(st.text(max_size=80))
def test_tokens_of_the_words_are_those_of_the_text(text):
    words = Words(text, TOKENIZER)
    assert words.ids == ids_of(text)
    assert words.before[-1] == len(words.ids)


@given(st.text(alphabet=st.characters(exclude_categories=["Z", "C"]), max_size=300), st.integers(4, 40))
def test_no_word_is_longer_than_it_may_be_and_none_is_lost(text, longest):
    words = Words(text, TOKENIZER, longest=longest)
    assert all(b - a <= longest for a, b in pairwise(words.before))
    shown = "".join(text[a:b] for a, b in zip(words.starts, words.ends, strict=True))
    assert shown == "".join(text.split())


def test_a_text_without_a_gap_is_cut_and_not_one_unknown_word():
    assert len(ids_of("x" * 100_000)) == 1  # what BERT makes of it
    words = Words("x" * 100_000, TOKENIZER)
    assert len(words) == 1000
    assert words.before[-1] > 1000


def test_a_size_without_room_for_a_character_is_named():
    with pytest.raises(ValueError, match="3 tokens"):
        Words("text", TOKENIZER, longest=3)
