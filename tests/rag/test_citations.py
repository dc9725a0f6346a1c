"""Citations: found where they stand, and held against their passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.rag import Citation, Passage, candidates, citations, support, verified

PASSAGES = [
    Passage("snow.md", "Fresh snow reflects\nmost of the light.", number=1),
    Passage("cat.md", "The cat sleeps.", number=2),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("No citation.", []),
        ("Snow is white [1].", [(1, "Snow is white.")]),
        ("Snow is white. [1]", [(1, "Snow is white.")]),
        ("It rains. Snow is white. [2] Ice floats.", [(2, "Snow is white.")]),
        ("Snow is white [1][3].", [(1, "Snow is white."), (3, "Snow is white.")]),
        ("Snow is white. [1] [12]", [(1, "Snow is white."), (12, "Snow is white.")]),
        ("Snow is white [1]\nIce floats [2]", [(1, "Snow is white"), (2, "Ice floats")]),
        ("An array([1]) or x[2], as in [1]_ and [abc].", []),
        ("[1] begins.", [(1, "")]),
    ],
)
def test_citations_of_a_text(text, expected):
    assert [(one.number, one.claim) for one in citations(text)] == expected


def test_what_is_cited_is_held_against_its_passage():
    cited = citations("Fresh snow reflects light [1]. Snow reflects heat [1]. The cat sleeps [1][2][7].")
    found = verified(cited, PASSAGES)
    assert [(one.number, one.supported) for one in found] == [
        (1, True),
        (1, False),
        (1, False),
        (2, True),
        (7, False),
    ]
    assert found[1].support == pytest.approx(2 / 3)
    assert not verified(cited, PASSAGES, least=1.0)[1].supported
    assert verified(cited, PASSAGES, least=0.6)[1].supported


def test_a_quote_has_to_be_one():
    quotes = [Citation(1, "snow reflects most"), Citation(1, "snow reflects all"), Citation(1, " ")]
    assert [one.supported for one in verified(quotes, PASSAGES, verbatim=True)] == [True, False, False]


def test_words_alone_do_not_tell_who_bit_whom():
    assert support("The man bit the dog.", "The dog bit the man.") == 1.0
    assert support("?!", "The dog.") == 0.0
    assert support("It was", "It was.") == 1.0  # nothing but common words: these then


@given(st.text(max_size=60), st.text(max_size=60))
def test_support_is_a_share(claim, passage):
    assert 0 <= support(claim, passage) <= 1
    assert support(claim, passage, verbatim=True) in (0, 1)


@given(st.lists(st.text(max_size=30) | st.sampled_from(["A cat sleeps. ", "\n\n", "# H\n"])).map("".join))
def test_whatever_can_be_quoted_is_supported(text):
    passage = Passage("x", text, number=1)
    quotes = [Citation(1, quote) for _, quote in candidates([passage])]
    assert all(one.supported for one in verified(quotes, [passage], verbatim=True))


@given(st.text(alphabet="ab[]1 2._\n", max_size=40))
def test_any_text_is_read(text):
    assert all(one.number >= 0 for one in citations(text))
