"""Splitters: whatever the text, chunks cover it, in order, within the limit, the same every time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedlab.chunking import SPLITTERS, Words, chunk, headings_of, semantic
from embedlab.tokenizer import WordPieceTokenizer

TOKENIZER = WordPieceTokenizer.load()
PIECES = ["# Head\n", "## Use\n\n", "A cat sleeps. ", "It's 3.5 p.m.\r\n", "| a | b |\n", "- item\n"]
PIECES += [
    "\n\n",
    ">>> f(1)\n2\n",
    "x : int\n    What it is.\n",
    "Notes\n-----\n",
    "```\n# no\n```\n",
    "x" * 150,
    "\t",
]
PIECES += ["word ", "\N{WOMAN}\u200d\N{GIRL} ", "東京"]
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12))).map("".join)
hows = st.sampled_from(sorted(SPLITTERS))


def cut(text, **options):
    return chunk(text, tokenizer=TOKENIZER, **options)


def shown(text, chunks):
    """Return which characters are in a chunk."""
    seen = np.zeros(len(text), bool)
    for one in chunks:
        seen[one.start : one.end] = True
    return seen


@given(texts, hows, st.integers(8, 60), st.integers(0, 4))
@example("", "fixed", 8, 0)
@example("word", "sections", 8, 4)
@example("a\r\n\r\nb\r\nc", "recursive", 8, 0)
def test_chunks_cover_the_text_in_order_within_the_limit(text, how, size, overlap):
    chunks = cut(text, how=how, size=size, overlap=overlap)
    words = Words(text, TOKENIZER)
    seen = shown(text, chunks)
    assert all(seen[a:b].all() for a, b in zip(words.starts, words.ends, strict=True))
    assert all(0 <= one.tokens <= size for one in chunks)
    ends = [one.end for one in chunks]
    assert ends == sorted(ends)
    assert len(set(ends)) == len(ends)
    for before, after in pairwise(chunks):
        assert before.start < after.start or overlap
        assert 0 <= before.last - after.first <= overlap
    assert chunks == cut(text, how=how, size=size, overlap=overlap)


@given(texts, st.integers(8, 20))
def test_children_lie_in_their_parents_and_parents_cover_the_text(text, size):
    chunks = cut(text, size=size, parent=2 * size)
    assert all(one.parent[0] <= one.start < one.end <= one.parent[1] for one in chunks)
    assert all(Words(text[slice(*one.parent)], TOKENIZER).before[-1] <= 2 * size for one in chunks)


@given(texts, st.integers(8, 40))
def test_semantic_chunks_cover_the_text_too(text, size):
    def embed(sentences):
        found = np.array([[len(one), one.count(" ") + 1] for one in sentences], np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    chunks = cut(text, how=lambda words, size: semantic(words, size, embed), size=size)
    assert all(one.tokens <= size for one in chunks)
    assert shown(text, chunks).sum() >= len("".join(text.split())) - text.count("\x00")


def test_semantic_cuts_where_the_subject_changes():
    text = "Cats sleep. Cats eat. Cats purr. Taxes rise. Taxes fall. Taxes end."

    def embed(sentences):
        found = np.array(
            [[one.count("Cats") + 0.1, one.count("Taxes") + 0.1] for one in sentences], np.float32
        )
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    size = Words(text, TOKENIZER).before[-1] // 2 + 3
    first, second = cut(text, how=lambda words, size: semantic(words, size, embed), size=size)
    assert text[first.start : first.end] == "Cats sleep. Cats eat. Cats purr."
    assert text[second.start : second.end] == "Taxes rise. Taxes fall. Taxes end."


def test_a_section_does_not_share_a_chunk_and_a_heading_stays_with_its_text():
    text = "## A\n\none two\n\n## B\n\nthree four\n\n### C\n\nfive"
    sections = [text[one.start : one.end] for one in cut(text, how="sections", size=40)]
    assert sections == ["## A\n\none two", "## B\n\nthree four", "### C\n\nfive"]
    assert [one.headings for one in cut(text, how="sections", size=40)] == [("A",), ("B",), ("B", "C")]
    assert len(cut(text, how="recursive", size=40)) == 1
    long = "## A\n\n" + "one two three. " * 8
    assert all(text_ != "## A" for text_ in (long[one.start : one.end] for one in cut(long, size=8)))


def test_rows_of_a_table_are_not_torn():
    table = "| Surface | Albedo |\n| --- | --- |\n" + "\n".join(
        f"| thing {i} | {i / 10} |" for i in range(12)
    )
    for one in cut(table, how="recursive", size=26):
        assert table[one.start : one.end].startswith("|")
        assert table[one.start : one.end].endswith("|")
    torn = [table[one.start : one.end] for one in cut(table, how="fixed", size=26)]
    assert not all(one.endswith("|") for one in torn)  # what a blind cut does


def test_an_example_stays_with_its_output_and_a_parameter_with_its_description():
    text = "Examples\n--------\n" + "".join(f">>> f({i})\nresult number {i}\n" for i in range(6))
    assert [one.headings for one in cut(text, how="docstrings", size=24)] == [("Examples",)] * len(
        cut(text, how="docstrings", size=24)
    )
    for one in cut(text, how="docstrings", size=24):
        piece = text[one.start : one.end]
        assert piece.count(">>>") == piece.count("result")
    text = "Parameters\n----------\n" + "".join(
        f"x{i} : int\n    The {i}th of the numbers.\n" for i in range(6)
    )
    for one in cut(text, how="docstrings", size=30):
        assert text[one.start : one.end].count(" : ") == text[one.start : one.end].count("The")


def test_a_hundred_thousand_characters_are_cut_in_a_moment():
    text = "A sentence with some words in it. " * 3000
    assert len(cut(text, how="sections", size=128)) > 150


def test_many_fences_and_a_long_line_do_not_take_the_square_of_their_number():
    fenced = "# A\n\n```\n# no\n```\n\n" * 5000
    assert [title for *_, title in headings_of(fenced)] == ["A"] * 5000
    line = "東京は日本の首都です。" * 6000  # sentences of 11 characters, for sentencex in two parts
    ends = {one.end for one in cut(line, how="sentences", size=128)}
    assert sum(end % 11 != 0 for end in ends) <= 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"how": "magic"}, "magic"),
        ({"size": 10, "overlap": 8}, "8"),
        ({"overlap": -1}, "-1"),
        ({"size": 3}, "-1"),
        ({"size": 64, "parent": 32}, "32"),
    ],
)
def test_what_does_not_fit_is_named(options, named):
    with pytest.raises(ValueError, match=named):
        cut("text", **options)


def test_what_is_no_text_is_named():
    with pytest.raises(TypeError, match="NoneType"):
        cut(None)
