"""The quick encoders give what the plain ones give, and stay quick where those do not."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedlab.benchmark import docsearch
from embedlab.tokenizer import (
    PART,
    BytePairTokenizer,
    Trie,
    WordPieceTokenizer,
    apply_merges,
    apply_merges_heap,
    learn_merges,
    normalise,
    pre_tokenize,
    wordpiece,
)

WORDS = st.dictionaries(st.text("abc", min_size=1, max_size=9), st.integers(1, 5), min_size=1, max_size=8)


@given(WORDS, st.text("abcd", max_size=20))
@example({"aaaa": 1}, "aaaaaaa")
def test_heap_equals_scans(words, text):
    merges = learn_merges(words, 275)
    assert apply_merges_heap(text.encode(), merges) == apply_merges(text.encode(), merges)


def test_heap_equals_scans_on_the_corpus():
    bpe = BytePairTokenizer.train("\n".join(docsearch().documents[:200]), 700)
    for part in set(PART.findall("\n".join(docsearch().documents[200:300]))):
        assert apply_merges_heap(part.encode(), bpe.merges) == bpe.encode(part)


def test_a_heap_is_not_quadratic():
    merges = learn_merges({"ab" * 50: 1}, 262)
    seconds = []
    for n in (2_000, 16_000):
        start = time.perf_counter()
        apply_merges_heap(b"ab" * n, merges)
        seconds.append(time.perf_counter() - start)
    assert seconds[1] < 40 * seconds[0]  # 8 times the length; quadratic would be 64


@pytest.fixture(scope="module")
def vocabulary():
    return WordPieceTokenizer.load().vocabulary


@pytest.fixture(scope="module")
def trie(vocabulary):
    return Trie(vocabulary)


@pytest.mark.slow
def test_trie_equals_wordpiece_on_the_corpus(vocabulary, trie):
    words = {word for text in docsearch().documents[:300] for word in pre_tokenize(normalise(text))}
    for word in words:
        if len(word) <= 100:
            assert trie.wordpiece(word) == wordpiece(word, vocabulary)


PIECES = st.lists(st.text("ab#", min_size=1, max_size=4), max_size=8).map(
    lambda pieces: {piece: i for i, piece in enumerate(pieces)}
)


@given(PIECES, st.text("ab", max_size=9))
@example({"##": 0, "a": 1, "###": 2}, "##a")
def test_trie_equals_wordpiece(pieces, word):
    assert Trie(pieces).wordpiece(word) == wordpiece(word, pieces)
