"""Byte-level BPE: it round-trips, and its merges are those of counting everything anew."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.benchmark import docsearch
from embedlab.tokenizer import PART, BytePairTokenizer, learn_merges, merge

ANY = st.text(st.characters())  # lone surrogates included


@pytest.fixture(scope="module")
def trained():
    return BytePairTokenizer.train("\n".join(docsearch().documents[:500]), vocab_size=800)


@pytest.mark.slow
@given(ANY)
def test_any_string_survives(trained, text):
    assert trained.decode(trained.encode(text)) == text


def test_the_corpus_survives_and_shrinks(trained):
    text = "\n".join(docsearch().documents[500:700])
    ids = trained.encode(text)
    assert trained.decode(ids) == text
    assert len(ids) < 0.5 * len(text.encode())
    assert max(ids) < 800


def by_counting_anew(words, vocab_size):
    ids = {word: list(word.encode("utf-8", "surrogatepass")) for word in words}
    merges = {}
    while len(merges) < vocab_size - 256:
        counts = Counter()
        for word, times in words.items():
            for pair in pairwise(ids[word]):
                counts[pair] += times
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges[best] = 256 + len(merges)
        ids = {word: merge(tokens, best, merges[best]) for word, tokens in ids.items()}
    return merges


WORDS = st.dictionaries(st.text("abc", min_size=1, max_size=8), st.integers(1, 5), max_size=8)


@given(WORDS, st.integers(256, 270))
def test_merges_equal_counting_anew(words, vocab_size):
    assert learn_merges(words, vocab_size) == by_counting_anew(words, vocab_size)


def test_parts_are_gpt2s():
    from tokenizers.pre_tokenizers import ByteLevel

    theirs = ByteLevel(add_prefix_space=False)
    for text in docsearch().documents[:300]:
        assert [part for part, _ in theirs.pre_tokenize_str(text)] == [
            _visible(p) for p in PART.findall(text)
        ]


def _visible(part):
    from tokenizers.pre_tokenizers import ByteLevel

    return "".join(p for p, _ in ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(part))


def test_encoding_equals_the_tokenizers_library_with_our_merges(trained):
    from tokenizers import Tokenizer, models, pre_tokenizers

    symbols = _byte_symbols()
    names = {i: "".join(symbols[byte] for byte in token) for i, token in trained.tokens.items()}
    merges = [(names[left], names[right]) for left, right in trained.merges]
    theirs = Tokenizer(models.BPE({name: i for i, name in names.items()}, merges))
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for text in [*docsearch().documents[600:700], "naïve 東京 \N{SNOWMAN}"]:
        assert trained.encode(text) == theirs.encode(text).ids


def _byte_symbols():
    """Return the printable characters by which the library writes the bytes 0 to 255."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def test_refuses_what_makes_no_sense(trained):
    with pytest.raises(ValueError, match="at least 256, one for each byte, but is 255"):
        BytePairTokenizer.train("abc", 255)
    with pytest.raises(ValueError, match="no token has the id 800"):
        trained.decode([800])
    assert trained.decode([0xE6]) == "\ufffd"  # a third of a Chinese character
    assert BytePairTokenizer.train("", 300).encode("ab") == [97, 98]
