"""Viterbi finds the best of all segmentations, and the one that the library finds."""

import math
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from embedlab.tokenizer import byte_pieces, viterbi
from embedlab.tokenizer.unigram import PENALTY

SCORES = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.floats(-9, -1), min_size=1, max_size=9)


def all_ways(text):
    for n in range(len(text)):
        for cuts in combinations(range(1, len(text)), n):
            yield [text[a:b] for a, b in zip((0, *cuts), (*cuts, len(text)), strict=True)]


def value(pieces, scores):
    unknown = min(scores.values()) - PENALTY
    return sum(scores.get(piece, unknown if len(piece) == 1 else -math.inf) for piece in pieces)


@given(SCORES, st.text("abc", max_size=7))
def test_no_other_way_is_better(scores, text):
    found = viterbi(text, scores)
    assert "".join(found) == text
    best = max((value(way, scores) for way in all_ways(text)), default=0)
    assert value(found, scores) == pytest.approx(best)


@given(SCORES, st.text("abcx", min_size=1, max_size=9))
def test_equals_the_library(scores, text):
    values = [value(way, scores) for way in all_ways(text)]
    ranked = sorted(values, reverse=True)
    assume(len(ranked) == 1 or ranked[0] - ranked[1] > 1e-6)  # ties may go either way
    theirs = Tokenizer(models.Unigram([("<unk>", -100.0), *scores.items()], unk_id=0))
    mine = viterbi(text, {"<unk>": -100.0} | scores)
    assume(all(len(piece) == 1 or piece in scores for piece in mine))
    known = [piece if piece in scores else None for piece in mine]
    if None not in known:
        assert theirs.encode(text).tokens == known


def test_empty_text_and_no_pieces():
    assert viterbi("", {"a": -1.0}) == []
    assert viterbi("ab", {}) == ["a", "b"]


def test_bytes_are_spelled_as_sentencepiece_spells_them():
    pieces = [(f"<0x{byte:02X}>", 0.0) for byte in range(256)]
    theirs = Tokenizer(models.Unigram([("<unk>", 0.0), *pieces], unk_id=0, byte_fallback=True))
    assert theirs.encode("🙂").tokens == byte_pieces("🙂")
