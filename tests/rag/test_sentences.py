"""What can be quoted: sentences of wrapped and unwrapped text, items, rows, whole examples."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedlab.benchmark import docsearch
from embedlab.rag import quotable

PIECES = [
    "# Head\n",
    "A cat sleeps. ",
    "\n\n",
    "x : int\n    A number.\n",
    ">>> f(1)\n1\n",
    "```\n",
    "- item\n",
]
pieces = st.one_of(st.sampled_from(PIECES), st.text(max_size=6), st.just("Notes\n-----\n"))
texts = st.lists(pieces, max_size=9).map("".join)


def quotes(text):
    return [text[start:end] for start, end in quotable(text)]


@given(texts)
@example("Notes\n-----\n")
@example(">>> f(1)\n1")
@example("é.\r\n\rX. y")
def test_quotes_are_in_order_apart_and_end_with_words(text):
    end_before = 0
    for start, end in quotable(text):
        assert end_before <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        end_before = end


def test_each_sentence_of_wrapped_lines_is_whole():
    text = "pkg.Class.fill\nFill the gaps of an\narray. Returns a\nnew one.\n\n- One item.\n- Two."
    assert quotes(text) == [
        "pkg.Class.fill",
        "Fill the gaps of an\narray.",
        "Returns a\nnew one.",
        "- One item.",
        "- Two.",
    ]


def test_headings_are_left_out_and_what_stands_below_them_is_not():
    assert quotes("# Snow\n\n## Fresh\n\nIt is white.\n\nNotes\n-----\nIt melts.") == [
        "It is white.",
        "It melts.",
    ]
    assert quotes("# Snow") == []


def test_examples_and_fenced_code_stay_whole():
    example = '>>> print("One. Two.")\nOne. Two.'
    code = "```python\nx = 1  # One. Two.\n\ny = 2\n```"
    assert quotes(f"Use it.\n\n{example}\n\nThen:\n\n{code}\n\nDone.") == [
        "Use it.",
        example,
        "Then:",
        code,
        "Done.",
    ]


def test_rows_of_a_table_are_each_alone():
    assert quotes("| a | b |\n| --- | --- |\n| snow | 0.9 |") == ["| a | b |", "| snow | 0.9 |"]


@pytest.mark.parametrize("text", ["", " \n ", "?!", "# "])
def test_nothing_to_quote(text):
    assert quotes(text) == []


def test_scripts_without_spaces_are_cut_at_their_full_stops():
    assert quotes("東京は首都です。大阪は西です。") == ["東京は首都です。", "大阪は西です。"]


def test_the_first_sentence_of_dropna_is_quoted_alone():
    benchmark = docsearch()
    documents = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    found = quotes(documents["pandas.DataFrame.dropna"])
    assert found[:2] == ["pandas.DataFrame.dropna", "Remove missing values."]
    assert any(one.startswith('>>> df.dropna(how="all")\n') and "Batman" in one for one in found)
