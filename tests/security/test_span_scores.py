"""Spans: marks, joining, matching, scores; against scipy's assignment and scikit-learn's scores."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import precision_recall_fscore_support

from embedlab.security import Sentence, Span, labelled_sentences, leaked, matched, unmarked
from embedlab.security.span_scores import counts, ratios, score_table
from embedlab.security.spans import KINDS, joined, overlap, resolved

SPANS = st.lists(
    st.builds(
        lambda start, size, kind, score: Span(start, start + size, kind, score / 4),
        st.integers(0, 20),
        st.integers(1, 8),
        st.sampled_from(KINDS[:2]),
        st.integers(0, 4),
    ),
    max_size=6,
)
TRUTHS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1)


def places(spans):
    return {i for one in spans for i in range(one.start, one.end)}


def apart(spans):
    return all(a.end <= b.start for a, b in itertools.pairwise(spans))


@given(SPANS)
def test_joined_covers_all_and_nothing_else(spans):
    whole = joined(spans)
    assert places(whole) == places(spans)
    assert apart(whole)
    assert joined(whole) == whole


@given(SPANS)
def test_resolved_keeps_spans_as_they_are(spans):
    kept = resolved(spans)
    assert set(kept) <= set(spans)
    assert apart(kept)
    for one in spans:  # whoever was dropped met somebody at least as sure
        assert any(one == other or (overlap(one, other) > 0 and other.score >= one.score) for other in kept)


@given(SPANS, SPANS)
def test_matching_is_the_best_there_is(labels, found):
    """Greedy, and yet no assignment matches more: spans of one side do not overlap."""
    labels, found = resolved(labels), resolved(found)
    hits, extra, missed = matched(labels, found)
    fits = np.array([[a.kind == b.kind and overlap(a, b) >= 0.5 for b in found] for a in labels], float)
    fits = fits.reshape(len(labels), len(found))
    best = fits[linear_sum_assignment(-fits)].sum() if fits.size else 0
    assert hits == best
    assert (hits + missed, hits + extra) == (len(labels), len(found))


@given(TRUTHS.filter(lambda rows: any(a and b for a, b in rows)))
def test_ratios_are_those_of_scikit_learn(rows):
    truth, said = np.array(rows).T
    summed = np.array([(truth & said).sum(), (~truth & said).sum(), (truth & ~said).sum()])
    theirs = precision_recall_fscore_support(truth, said, average="binary")[:3]
    assert np.allclose(ratios(summed), theirs)


def test_a_table_counts_sentences_as_they_come():
    one = Sentence("Ana and Bo", (Span(0, 3, "PERSON"), Span(8, 10, "PERSON")), "hr", "dev")
    found = [[Span(0, 3, "PERSON")], [Span(0, 3, "EMAIL"), Span(8, 10, "PERSON")]]
    scores = score_table(counts([one, one], found))
    assert scores["PERSON"].precision[0] == 1
    assert scores["PERSON"].recall == (0.5, 0.5, 0.5)  # each sentence misses one of two: no draw changes that
    assert scores["all"].precision[0] == pytest.approx(2 / 3)
    assert scores["PERSON"].labels == 4
    assert np.isnan(scores["CARD"].recall[0])


def test_an_interval_over_sentences_is_wider_than_one_over_names():
    """Ten names in one sentence are one draw."""
    names = tuple(Span(3 * i, 3 * i + 2, "PERSON") for i in range(10))
    crowd, alone = Sentence("x" * 40, names, "hr", "dev"), Sentence("x" * 40, names[:1], "hr", "dev")
    found = [list(names), *[[] for _ in range(10)]]
    low, high = score_table(counts([crowd, *[alone] * 10], found))["PERSON"].recall[1:]
    assert high - low > 0.6


@pytest.mark.parametrize(
    "marked", ["[[PERSON|]]", "[[NOBODY|Ana]]", "[[PERSON|Ana", "a]] b", "[[PERSON|[[IP|a]]]]"]
)
def test_a_wrong_mark_is_named(marked):
    with pytest.raises(ValueError, match="mark"):
        unmarked(marked)


def test_splits_share_no_sentence_and_are_halves():
    dev, test = labelled_sentences("dev"), labelled_sentences("test")
    assert not {one.text for one in dev} & {one.text for one in test}
    assert abs(len(dev) - len(test)) <= 6
    with pytest.raises(ValueError, match="train"):
        labelled_sentences("train")


@given(SPANS)
def test_what_is_covered_does_not_leak(spans):
    one = Sentence("abcdefghij" * 3, tuple(resolved(spans)), "hr", "dev")
    assert leaked(one, joined(spans)) == []
    assert len(leaked(one, [])) == len(one.spans)
