"""The attack on words: discriminants against scikit-learn's, bags, cutoffs, what is trained on."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from embedlab.benchmark import docsearch
from embedlab.security import (
    WordDecoder,
    attacked_by_length,
    bag_matrix,
    content_words,
    pieces,
    public_texts,
    word_discriminants,
    word_scores,
)
from embedlab.security.bag_of_words import best_cutoff
from embedlab.security.public_corpus import SHARED, phrases


@given(st.integers(0, 10_000))
def test_the_direction_is_that_of_scikit_learns_discriminant(seed):
    """Of two classes, the direction is the same for the covariance of all and that within the classes."""
    rng = np.random.default_rng(seed)
    bag = (rng.random(60) < 0.3).astype(int)
    bag[:2] = 0, 1
    vectors = rng.normal(size=(60, 4)) + bag[:, None] * rng.normal(size=4)
    ours = word_discriminants(vectors, bag[:, None], shrinkage=0)[:-1, 0]
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(vectors, bag).coef_[0]
    assert ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) == pytest.approx(1, abs=1e-6)


@given(st.integers(0, 10_000))
def test_a_score_is_the_log_ratio_of_two_normal_densities(seed):
    rng = np.random.default_rng(seed)
    vectors, bags = rng.normal(size=(30, 3)), np.zeros((30, 1))
    bags[: rng.integers(1, 30)] = 1
    result = word_discriminants(vectors, bags, shrinkage=0.1)
    mean, own = vectors.mean(0), vectors[bags[:, 0] > 0].mean(0)
    covariance = np.cov(vectors.T, bias=True) + 0.1 * np.eye(3)
    point = rng.normal(size=3)
    ratio = multivariate_normal(own, covariance).logpdf(point) - multivariate_normal(mean, covariance).logpdf(
        point
    )
    assert point @ result[:-1, 0] + result[-1, 0] == pytest.approx(ratio + np.log(bags.mean()), abs=1e-9)


def test_sparse_and_dense_bags_give_the_same():
    rng = np.random.default_rng(0)
    texts = [{f"w{i}" for i in rng.integers(0, 9, 3)} for _ in range(40)]
    vocabulary = sorted(set().union(*texts))
    bags = bag_matrix(texts, vocabulary)
    vectors = rng.normal(size=(40, 5))
    assert np.allclose(word_discriminants(vectors, bags), word_discriminants(vectors, bags.toarray()))


@pytest.mark.parametrize(
    ("bags", "shrinkage", "message"),
    [
        ([[1]], 0.1, "2 vectors need as many bags, but got 1"),
        ([[1, 0], [1, 0]], 0.1, "word 1 stands in no text"),
        ([[1], [1]], -1, "must not be negative, but is -1"),
    ],
)
def test_what_cannot_be_fitted_is_refused(bags, shrinkage, message):
    with pytest.raises(ValueError, match=message):
        word_discriminants(np.eye(2), np.array(bags), shrinkage)


def test_a_decoder_reads_words_that_decide_the_vector():
    """Each of 20 words adds its own direction: nearly all are read. From other texts' vectors, hardly any."""
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(20, 40))
    sets = [rng.choice(20, 3, replace=False) for _ in range(600)]
    texts = [" ".join(f"word{'abcdefghijklmnopqrst'[i]}" for i in one) for one in sets]
    vectors = np.array([directions[one].sum(0) for one in sets], np.float32)
    decoder = WordDecoder.fit(vectors[100:], texts[100:])
    true = [content_words(text) for text in texts[:100]]
    assert word_scores(decoder.guesses(vectors[:100]), true)["f1"].mean() > 0.95
    assert word_scores(decoder.guesses(np.roll(vectors[:100], 1, axis=0)), true)["f1"].mean() < 0.4
    assert set(decoder.best(vectors[:1], 3)[0]) == true[0]


@given(st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=2, max_size=6), st.integers(0, 99))
def test_the_cutoff_is_the_best_of_all(bags, seed):
    vocabulary = list("abcde")  # f cannot be guessed
    scores = np.random.default_rng(seed).normal(size=(len(bags), 5))

    def f1(cutoff):
        guessed = [{w for w, s in zip(vocabulary, row, strict=True) if s > cutoff} for row in scores]
        shared = sum(len(a & b) for a, b in zip(guessed, bags, strict=True))
        return 2 * shared / (sum(map(len, guessed)) + sum(map(len, bags)))

    cutoff = best_cutoff(scores, bags, vocabulary)
    assert f1(cutoff - 1e-9) == pytest.approx(max(f1(one - 1e-9) for one in scores.ravel()))


def test_scores_of_words_refuse_texts_without_words():
    with pytest.raises(ValueError, match="text 1 has no words"):
        word_scores([{"a"}, {"b"}], [{"a"}, set()])
    assert word_scores([set()], [{"a"}])["precision"][0] == 0


@given(st.lists(st.text("ab ", min_size=1), max_size=4), st.integers(0, 99))
def test_pieces_follow_each_other(paragraphs, seed):
    made = pieces(paragraphs, random.Random(seed), [2, 3])
    assert all(len(one.split()) in (2, 3) for one in made)
    joined = [" ".join(one.split()) for one in paragraphs]
    assert all(any(piece in one for one in joined) for piece in made)


def test_nothing_that_is_attacked_was_trained_on():
    attacked = [text for texts in attacked_by_length().values() for text in texts]
    attacked += docsearch().split("test")[1]
    secret = set().union(*(phrases(text) for text in attacked))
    public = public_texts()
    assert len(public) > 50_000
    assert all(secret.isdisjoint(phrases(text)) for text in public)
    assert SHARED == 6
