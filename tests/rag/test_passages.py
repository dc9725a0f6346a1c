"""Passages for a reader: unlike each other, within the budget, in the order that was asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.chunking import Words
from embedlab.rag import Passage, alike, diverse, mmr, within_budget
from embedlab.tokenizer import WordPieceTokenizer

TOKENIZER = WordPieceTokenizer.load()
SENTENCES = ["Snow is white. ", "A cat sleeps on the mat. ", "# Head\n\n", "word " * 30, "ünïcode. ", "\n"]
texts = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6).map("".join)


def tokens(text):
    return len(Words(text, TOKENIZER).ids)


@given(st.lists(texts, max_size=6), st.integers(30, 300), st.sampled_from(["best", "sides"]))
def test_the_budget_holds_and_nothing_is_lost_silently(contents, budget, order):
    found = [Passage(f"f{i}.md", text) for i, text in enumerate(contents)]
    shown, left_out = within_budget(found, budget, order=order, tokenizer=TOKENIZER)
    assert sum(tokens(passage.shown) for passage in shown) <= budget
    assert sorted(one.source for one in shown + left_out) == [one.source for one in found]
    for passage in shown:
        whole = found[passage.number - 1].text
        assert (passage.text == whole) != passage.cut
        assert whole.startswith(passage.text)
        assert passage.text
    assert [one.number for one in left_out] == sorted(one.number for one in left_out)
    if found:
        assert 1 in {one.number for one in shown}


def test_a_long_passage_is_cut_at_a_sentence_and_the_first_if_need_be_at_a_word():
    [only], _ = within_budget([Passage("a", "Snow is white. It melts in spring. " * 9)], 40)
    assert only.cut
    assert only.text.endswith(("white.", "spring."))
    [only], left_out = within_budget([Passage("a", "word " * 99), Passage("b", "Cat.")], 20)[0:2]
    assert (only.cut, only.text.endswith("word"), [one.source for one in left_out]) == (True, True, ["b"])
    shown, left_out = within_budget([Passage("a", "Snow."), Passage("b", "word " * 99)], 20)
    assert ([one.source for one in shown], [one.source for one in left_out]) == (["a"], ["b"])


def test_sides_puts_the_worst_in_the_middle():
    found = [Passage(name, "Text.") for name in "abcde"]
    shown, _ = within_budget(found, 200, order="sides")
    assert "".join(one.source for one in shown) == "acedb"
    assert [one.number for one in shown] == [1, 3, 5, 4, 2]


@given(st.integers(0, 7), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_mmr_is_a_ranking_of_distinct_passages(n, k, seed):
    rng = np.random.default_rng(seed)
    relevance, similar = rng.random(n), rng.random((n, n))
    chosen = mmr(relevance, similar, k)
    assert len(chosen) == len(set(chosen)) == min(n, k)
    if n:
        assert not chosen or chosen[0] == int(relevance.argmax())
        assert mmr(relevance, similar, k, weight=1) == np.argsort(-relevance, kind="stable")[:k].tolist()


def test_mmr_passes_over_a_copy():
    found = [Passage("a", "Drop rows.", score=3), Passage("copy", "drop rows", score=2.9)]
    found.append(Passage("b", "Fill gaps.", score=1))
    assert [one.source for one in diverse(found, 2, weight=0.5)] == ["a", "b"]
    assert [one.source for one in diverse(found, 2, weight=1)] == ["a", "copy"]
    assert diverse([], 3) == []


@given(st.lists(texts, max_size=4))
def test_likeness_is_symmetric_and_a_text_is_like_itself(contents):
    similar = alike(contents)
    assert np.array_equal(similar, similar.T)
    for row, text in enumerate(contents):
        assert similar[row, row] == pytest.approx(1 if any(map(str.isalnum, text)) else 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: within_budget([Passage("a", "x")], 3), "budget of 3 tokens holds no passage: at least 16"),
        (lambda: within_budget([Passage("a" * 99 + " b" * 40, "x")], 20), "no room for a word of 'aaa"),
        (lambda: within_budget([], 99, order="worst"), "no order 'worst'; choose from best, sides"),
        (lambda: mmr(np.ones(2), np.ones((2, 2)), 1, weight=1.5), "between 0 and 1, but is 1.5"),
        (lambda: mmr(np.ones(2), np.ones((3, 3)), 1), r"2 relevances, but similarities of shape \(3, 3\)"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_without_scores_the_rank_counts():
    texts = {"a": "Snow is white.", "b": "Snow is white and cold.", "c": "Tax law."}
    found = [Passage(source, text) for source, text in texts.items()]
    assert [one.source for one in diverse(found, 2)] == ["a", "b"]
    assert [one.source for one in diverse(found, 2, weight=0.2)] == ["a", "c"]
