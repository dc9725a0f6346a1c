"""Answers by their words and by verdicts: against SQuAD's script, RAGAS' formula and scikit-learn.

SQuAD's script was `transformers.data.metrics.squad_metrics`, which transformers 5.23 has no longer: what that
of 4.57.1 says stands here as figures.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from embedlab.chunking import passages
from embedlab.rag import answer_words, context_precision, context_recall, exact, faithfulness, has, token_f1

PIECES = ["the", "An", "cat", "Cat's", "3.5", "35", "é", "“x”", "...", "—"]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=8).map(" ".join)
verdicts = st.lists(st.booleans(), max_size=12)

SQUAD = [  # answer, reference, compute_f1, compute_exact
    ("The Eiffel Tower!", "eiffel tower", 1, True),
    ("within 30 days of delivery", "30 days after delivery", 2 / 3, False),
    ("cat cat dog", "cat", 0.5, False),
    ("3.5 kg", "35 kg", 1, True),
    ("U.S.", "us", 1, True),
    ("a-the b", "athe b", 1, True),
    ("“cat”", "cat", 0, False),
    ("İstanbul", "istanbul", 0, False),
    ("the", "A", 1, True),
    ("the", "cat", 0, False),
    ("", "cat", 0, False),
]


@pytest.mark.parametrize(("answer", "reference", "f1", "same"), SQUAD)
def test_words_are_compared_as_squad_does(answer, reference, f1, same):
    assert token_f1(answer, reference) == pytest.approx(f1)
    assert exact(answer, reference) is same


@pytest.mark.parametrize(
    ("split", "words", "f1", "share"), [("dev", 22, 0.250326, 0.816), ("test", 20, 0.301144, 0.790)]
)
def test_spans_that_answer_the_courses_questions_get_what_squad_gives(split, words, f1, share):
    found = passages()
    queries = found.of(split, "written")
    spans = [found.articles[query.article].text[query.start : query.end] for query in queries]
    pairs = [(span, query.answer) for span, query in zip(spans, queries, strict=True)]
    assert np.median([len(span.split()) for span in spans]) == words
    assert np.mean([token_f1(*pair) for pair in pairs]) == pytest.approx(f1, abs=5e-7)
    assert np.mean([has(*pair) for pair in pairs]) == pytest.approx(share, abs=5e-4)
    assert not any(exact(*pair) for pair in pairs)


@given(texts, texts)
def test_f1_is_the_harmonic_mean_of_both_recalls(a, b):
    recall, precision, f1 = has(a, b), has(b, a), token_f1(a, b)
    assert f1 == token_f1(b, a)
    assert 0 <= f1 <= 1
    assert token_f1(a, a) == has(a, a) == exact(a, a) == 1
    if answer_words(a) and answer_words(b) and recall:
        assert f1 == pytest.approx(2 * recall * precision / (recall + precision))
    assert not exact(a, b) or f1 == 1


@given(texts, texts, texts)
def test_more_words_never_take_recall_away(answer, more, reference):
    assume(answer_words(reference))
    assert has(f"{answer} {more}", reference) >= has(answer, reference)


def test_only_a_refusal_answers_what_should_be_refused():
    assert [measure(answer, "") for measure in (token_f1, has) for answer in ("", "In 1889.")] == [1, 0, 1, 0]


@given(verdicts)
def test_context_precision_is_what_ragas_computes(useful):
    by_ragas = sum(sum(useful[: i + 1]) / (i + 1) * one for i, one in enumerate(useful))
    by_ragas /= sum(useful) + 1e-10  # which it adds, so as never to divide by 0
    assert context_precision(useful) == pytest.approx(by_ragas, abs=1e-9)
    if any(useful):
        ranks = -np.arange(len(useful))
        assert context_precision(useful) == pytest.approx(average_precision_score(useful, ranks))


@given(verdicts, st.integers(0, 9))
def test_context_precision_does_not_see_what_comes_last_or_was_missed(useful, more):
    assume(any(useful))
    assert context_precision(useful + [False] * more) == context_precision(useful)


@given(verdicts)
def test_shares_of_statements(supported):
    for share in (context_recall, faithfulness):
        if supported:
            assert share(supported) == share(np.array(supported)) == pytest.approx(np.mean(supported))
        else:
            assert math.isnan(share(supported))


@pytest.mark.parametrize("measure", [context_precision, context_recall, faithfulness])
@pytest.mark.parametrize("bad", ["yes", 0.5, None, float("nan")])
def test_a_verdict_is_yes_or_no(measure, bad):
    with pytest.raises(ValueError, match=r"\[1\] must be True or False, but is " + repr(bad)):
        measure([True, bad])


@pytest.mark.parametrize("measure", [token_f1, exact, has])
def test_an_answer_is_a_string(measure):
    with pytest.raises(TypeError, match="an answer must be a string, but is NoneType"):
        measure(None, "cat")
