"""WordPiece id for id against Hugging Face's fast tokenizer: DocSearch, random Unicode, odd input."""

import json
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from embedlab.benchmark import docsearch
from embedlab.machine import ModelError, model_folder
from embedlab.tokenizer import WordPieceTokenizer, normalise, pad, pre_tokenize, wordpiece


@pytest.fixture(scope="module")
def ours():
    return WordPieceTokenizer.load()


WHOLE = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
WHOLE.no_padding()


def fast(max_length=None, **rules):
    """Return theirs, set anew each time: reading its file takes long."""
    WHOLE.normalizer = BertNormalizer(**rules)
    if max_length is None:
        WHOLE.no_truncation()
    else:
        WHOLE.enable_truncation(max_length)
    return WHOLE


def differ(characters, settings):
    """Find the characters that the two take differently, alone between letters."""
    text = "".join(f"a{char}b " for char in characters)
    theirs = BertNormalizer(**settings).normalize_str(text)
    mine = normalise(text, **{NAMES[key]: value for key, value in settings.items()})
    if mine == theirs and pre_tokenize(mine) == [part for part, _ in SPLIT.pre_tokenize_str(theirs)]:
        return set()
    if len(characters) == 1:
        return set(characters)
    half = len(characters) // 2
    return differ(characters[:half], settings) | differ(characters[half:], settings)


SPLIT = BertPreTokenizer()
NAMES = {"lowercase": "lower", "strip_accents": "strip_accents", "handle_chinese_chars": "chinese"}


@pytest.mark.slow
def test_characters_differ_only_where_unicode_is_younger_than_the_tables():
    # Surrogates are no text of their own: Rust's strings cannot hold them.
    characters = [char for char in map(chr, range(sys.maxunicode + 1)) if not "\ud800" <= char <= "\udfff"]
    blocks = [characters[i : i + 4096] for i in range(0, len(characters), 4096)]
    found = set().union(*(differ(block, {"lowercase": True}) for block in blocks))
    assert len(found) < 700  # of 1.1 million; 2026: marks, punctuation and letters added since Unicode 8
    assert min(map(ord, found)) > 0x600  # nothing in Latin, Greek, Cyrillic or Hebrew
    assert not any(0x3000 <= ord(char) < 0xA000 for char in found)  # nor in Chinese and Japanese


@pytest.mark.slow
def test_equal_on_the_corpus(ours):
    benchmark = docsearch()
    texts = benchmark.documents[::8] + list(benchmark.queries.values())[::8]
    assert ours.encode_batch(texts) == [encoding.ids for encoding in fast().encode_batch(texts)]
    assert ours.encode_batch(texts, max_length=256) == [e.ids for e in fast(256).encode_batch(texts)]


WORDS = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[sep]", "##ing", "a" * 101, "İ", "ΣΣ"]
SPECIALS = st.sampled_from(WORDS)
CHARACTERS = st.characters(codec="utf-8").filter(lambda char: not differ([char], {"lowercase": True}))
TEXTS = st.lists(st.one_of(st.text(CHARACTERS), SPECIALS, st.text("aé[]#\t \x0b\x85\u3000"))).map("".join)


@given(TEXTS)
@example("\u0301a\u0301 e\u0301[SEP]\x00x")
@example("x\u1680y\u2028z\ufffd\u200bq")
def test_equal_on_random_unicode(ours, text):
    assert ours.encode(text) == fast().encode(text).ids


@given(TEXTS, TEXTS, st.integers(3, 12))
def test_pairs_equal(ours, first, second, max_length):
    ids, segments = ours.encode_pair(first, second)
    expected = fast().encode(first, second)
    assert ids == expected.ids
    assert segments == expected.type_ids
    ids, segments = ours.encode_pair(first, second, max_length=max_length)
    expected = fast(max_length).encode(first, second)
    assert ids == expected.ids
    assert segments == expected.type_ids


@given(TEXTS, st.integers(2, 12))
def test_truncation_equals_and_keeps_the_special_tokens(ours, text, max_length):
    ids = ours.encode(text, max_length=max_length)
    assert ids == fast(max_length).encode(text).ids
    assert ids[0] == ours.cls
    assert ids[-1] == ours.sep


RULES = [
    {"lowercase": lower, "strip_accents": strip, "handle_chinese_chars": chinese}
    for lower in (True, False)
    for strip in (None, True, False)
    for chinese in (True, False)
]


@given(TEXTS, st.sampled_from(RULES))
@example("İstanbul ẞ Å é e\u0301 中文ΑΣ", RULES[4])
def test_every_setting_equals_theirs(ours, text, rules):
    mine = WordPieceTokenizer(ours.vocabulary, **{NAMES[key]: value for key, value in rules.items()})
    assert mine.encode(text) == fast(**rules).encode(text).ids


def test_settings_have_fingerprints_of_their_own(ours):
    words = dict(ours.vocabulary)
    others = [WordPieceTokenizer(words, **{NAMES[k]: v for k, v in rules.items()}) for rules in RULES]
    assert others[0].fingerprint == ours.fingerprint  # strip_accents None: as lower says
    assert len({other.fingerprint for other in others}) == 8
    words["hello"], words["world"] = words["world"], words["hello"]
    assert WordPieceTokenizer(words).fingerprint != ours.fingerprint


def test_no_more_is_read_than_kept(ours):
    long = "unheardof" + " ".join(f"word{i}" for i in range(10_000))
    small = WordPieceTokenizer(ours.vocabulary)
    ids, _ = small.encode_pair("short", long, max_length=60)
    assert len(ids) == 60
    assert len(small._ids) <= 60  # chunks that were looked at
    # Theirs keeps what it cuts off, all combinations of it: shorter texts will do.
    words = " ".join(f"word{i}" for i in range(60))
    for pair in ((words, "a " + words), ("a " + words, words), (words, "short"), (words, words)):
        for length in (60, 61):
            assert small.encode_pair(*pair, max_length=length)[0] == fast(length).encode(*pair).ids


@given(TEXTS)
@example("[SEP] x[MASK]y")
def test_special_tokens_are_text_where_asked_for(ours, text):
    guarded = WordPieceTokenizer.load(split_special_tokens=True)
    theirs = fast()
    theirs.encode_special_tokens = True
    try:
        assert guarded.encode(text) == theirs.encode(text).ids
    finally:
        theirs.encode_special_tokens = False
    inside = set(guarded.encode(text)[1:-1])
    assert not inside & {guarded.cls, guarded.sep, guarded.mask, guarded.pad}


def test_a_guarded_tokenizer_has_a_fingerprint_of_its_own(ours):
    guarded = WordPieceTokenizer.load(split_special_tokens=True)
    assert guarded.fingerprint != ours.fingerprint
    assert guarded.tokenize("a [SEP] b") == ["a", "[", "sep", "]", "b"]


def test_steps_may_be_brought_along(ours):
    ids = ours.encode("don't stop")
    other = ours.with_steps(pre_tokenize=str.split, wordpiece=lambda word, vocabulary: [word])
    assert other.tokenize("stop it") == ["stop", "it"]
    with pytest.raises(KeyError, match="don't"):
        other.encode("don't stop")
    assert ours.encode("don't stop") == ids  # the old one is as it was
    assert ours.with_steps().encode("don't stop") == ids


def test_a_cased_model_keeps_case(tmp_path):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "Hello", "hello", "é"]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}))
    assert WordPieceTokenizer.load(tmp_path).tokenize("Hello é") == ["Hello", "é"]


def test_refuses_bad_vocabularies(tmp_path):
    with pytest.raises(ModelError, match=r"vocab.txt cannot be read"):
        WordPieceTokenizer.load(tmp_path)
    with pytest.raises(ModelError, match=r"lacks \[UNK\], \[CLS\]"):
        WordPieceTokenizer({"[PAD]": 0})


@pytest.mark.parametrize("text", [None, 7, b"bytes", ["list"]])
def test_refuses_what_is_no_string(ours, text):
    with pytest.raises(TypeError, match=f"is {type(text).__name__}"):
        ours.encode_batch(["fine", text])
    with pytest.raises(TypeError, match=f"is {type(text).__name__}"):
        ours.tokenize(text)


def test_refuses_lengths_without_room_and_unknown_ids(ours):
    with pytest.raises(ValueError, match="place for 2 special tokens, but is 1"):
        ours.encode("a", max_length=1)
    with pytest.raises(ValueError, match="place for 3 special tokens, but is 2"):
        ours.encode_pair("a", "b", max_length=2)
    with pytest.raises(ValueError, match="no token has the id 99999"):
        ours.decode([99999])


def test_empty_and_half_characters(ours):
    assert ours.encode("") == ours.encode(" \n\x00") == ours.encode("\ud800") == [101, 102]
    assert ours.encode_batch([]) == []
    assert wordpiece("", {"a": 0}) == []


def test_the_cache_of_words_stays_bounded(ours, monkeypatch):
    monkeypatch.setattr("embedlab.tokenizer.bert.CACHE_ENTRIES", 10)
    small = WordPieceTokenizer(ours.vocabulary)
    texts = [f"word{i}" for i in range(50)]
    assert small.encode_batch(texts) == ours.encode_batch(texts)
    assert len(small._ids) <= 11


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=4))
def test_pad_keeps_every_token_and_marks_it(sequences):
    ids, mask = pad(sequences, pad_id=7)
    assert ids.shape == mask.shape == (len(sequences), max(map(len, sequences), default=0))
    assert mask.sum() == sum(map(len, sequences))
    for sequence, row, marks in zip(sequences, ids, mask, strict=True):
        assert row[marks == 1].tolist() == sequence
        assert (row[marks == 0] == 7).all()
    assert ids.dtype == mask.dtype == np.int64
