"""Words: ASCII as ever, other scripts whole, and any part of a run without spaces found."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.benchmark import docsearch
from embedlab.hybrid import ANALYZERS, BM25Index, code_words
from embedlab.hybrid.analyzers import ASCII_WORD, INVISIBLE, WORD

words, stemmed = ANALYZERS["words"], ANALYZERS["stemmed"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("read_csv", ["read_csv", "read", "csv"]),
        ("HTTPServer2", ["httpserver2", "http", "server", "2"]),
        ("Müller café naïve", ["müller", "café", "naïve"]),
        ("naïveBayes ÉcoleNormale", ["naïvebayes", "naïve", "bayes", "écolenormale", "école", "normale"]),
        ("Cafe\u0301Noir", ["cafénoir", "café", "noir"]),
        ("x\u0304Bar", ["x\u0304bar", "x\u0304", "bar"]),  # no letter is x with a bar: the mark stays on it
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("سَلَام", ["سَلَام"]),
        ("Größe12 МоскваРека", ["größe12", "größe", "12", "москварека", "москва", "река"]),
        ("ﬁt x² data\u00adbase", ["fit", "x2", "x", "2", "database"]),
        ("東京大", ["東", "京", "大", "東京", "京大"]),
        ("read_csvの表", ["read_csv", "read", "csv", "の", "表", "の表"]),
        ("ﾃｽﾄ", ["テ", "ス", "ト", "テス", "スト"]),
        ("서울", ["서", "울", "서울"]),
        ("ที่", ["ที่"]),  # one letter with two marks
    ],
)
def test_code_words(text, expected):
    assert code_words(text) == expected


def test_the_other_analyzers():
    assert stemmed("Replacing values") == ["replac", "valu"]
    assert words("Größe 12 naïveBayes") == ["größe", "12", "naïvebayes"]


@given(st.text(st.characters(max_codepoint=127)))
def test_the_quick_way_for_ascii_finds_the_same(text):
    assert ASCII_WORD.findall(text) == [match[0] for match in WORD.finditer(text)]


@given(st.text(st.sampled_from("aB_1 \n\r.é\u0301\u00adﬁ東の"), max_size=20))
def test_a_text_gives_the_words_of_its_lines_and_they_those_of_the_whole(text):
    one_line = INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    found = [(match[0], match["run"]) for match in WORD.finditer(one_line)]
    cut = [words(word) if run else [word.lower()] for word, run in found]
    assert words(text) == [term for terms in cut for term in terms]


@given(st.text(max_size=20))
def test_composed_and_decomposed_text_give_the_same(text):
    forms = {form: unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    assert code_words(forms["NFC"]) == code_words(forms["NFD"])
    for term in code_words(text):
        assert term
        assert not term.isspace()


def test_ascii_words_of_docsearch_are_cut_as_ever():
    part = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
    pieces = [piece for text in docsearch().sample(300, seed=0).documents for piece in text.split()]
    ascii_pieces = [piece for piece in pieces if piece.isascii()]
    assert len(ascii_pieces) > 0.99 * len(pieces) > 10_000
    expected = []
    for word in re.findall(r"\w+", " ".join(ascii_pieces)):
        parts = part.findall(word)
        expected += [word.lower(), *(p.lower() for p in parts if len(parts) > 1)]
    assert code_words(" ".join(ascii_pieces)) == expected


@pytest.mark.parametrize("analyzer", ["words", "code", "stemmed"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("café", 0),
        ("cafe\u0301", 0),
        ("東京", 1),
        ("京大", 1),
        ("学", 1),
        ("Müller", 2),
        ("ü", -1),
        ("हिन्दी", 3),
        ("न", -1),
    ],
)
def test_what_is_found(analyzer, query, expected):
    index = BM25Index(analyzer=analyzer)
    index.add(["cafe\u0301 noir", "東京大学", "E. Müller", "हिन्दी भाषा"])
    assert index.search([query], 1)[1].tolist() == [[expected]]
