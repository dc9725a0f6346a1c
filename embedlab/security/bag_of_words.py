"""Which words stood in a text, read from its vector by one matrix: the first attack, trained in a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from embedlab.benchmark import seeded_sample
from embedlab.security.public_corpus import words_of

Floats = NDArray[np.float32]


def content_words(text: str) -> set[str]:
    """Return the words of a text that say something: without numbers, single letters and stop words.

    Examples
    --------
    >>> sorted(content_words("Ana has had the flu since 3 May"))
    ['ana', 'flu']
    """
    return {w for w in words_of(text) if len(w) > 1 and not w.isdigit() and w not in ENGLISH_STOP_WORDS}


def word_discriminants(
    vectors: Floats, bags: NDArray | csr_array, shrinkage: float = 1e-4
) -> NDArray[np.float64]:
    """Fit one linear score for each word, in closed form: the log odds that the word stood in the text.

    The bag-of-words attack of Song and Raghunathan 2020 (section 3.2), with Fisher's linear discriminant in
    the place of their networks. Vectors of texts with the word are taken to be normal around their mean, all
    others around the mean of all, with one covariance S. With d the difference of the two means and p the
    share of texts with the word, the score is ``(v - mean) S^-1 d - d S^-1 d / 2 + log p``.

    Parameters
    ----------
    vectors : float array (n, d)
    bags : array or sparse array (n, v)
        1 where the word stands in the text, else 0; each word in at least one text.
    shrinkage : float
        Added to the diagonal of S, the covariance of all vectors (divided by n).

    Returns
    -------
    float64 array (d + 1, v)
        ``[vector, 1] @ result`` scores the words; the last row is the bias.

    Raises
    ------
    ValueError
        If ``shrinkage`` is negative, there are not as many bags as vectors, or a word is in no text.

    Examples
    --------
    >>> vectors = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> bags = np.array([[1], [1], [0], [0]])  # the word decides the first number
    >>> word_discriminants(vectors, bags, shrinkage=0).round(2) + 0  # 1, 0, and log(1/2) - 1/2
    array([[ 1.  ],
           [ 0.  ],
           [-1.19]])
    """
    vectors = np.asarray(vectors, np.float64)
    if shrinkage < 0:
        raise ValueError(f"shrinkage must not be negative, but is {shrinkage}")
    if len(vectors) != bags.shape[0]:
        raise ValueError(f"{len(vectors)} vectors need as many bags, but got {bags.shape[0]}")
    counts = np.asarray(bags.sum(0), np.float64).ravel()
    if not counts.all():
        raise ValueError(f"word {int(counts.argmin())} stands in no text: leave it out")
    mean = vectors.mean(0)
    centred = vectors - mean
    covariance = centred.T @ centred / len(vectors) + shrinkage * np.eye(vectors.shape[1])
    away = np.asarray(bags.T @ centred).T / counts  # (d, v): mean with the word, minus the mean of all
    matrix = np.linalg.solve(covariance, away)
    bias = np.log(counts / len(vectors)) - (away * matrix).sum(0) / 2 - mean @ matrix
    return np.vstack([matrix, bias])


class WordDecoder:
    """Guesses the content words of texts from their vectors.

    Make one with `fit`.

    Attributes
    ----------
    vocabulary : list of v str
    matrix : float32 array (d + 1, v)
    cutoff : float
        A word is guessed if it scores above: chosen on texts that were kept apart in training.
    """

    def __init__(self, vocabulary: Sequence[str], matrix: Floats, cutoff: float):
        self.vocabulary, self.matrix, self.cutoff = list(vocabulary), matrix, cutoff

    @classmethod
    def fit(
        cls, vectors: Floats, texts: Sequence[str], *, least: int = 5, shrinkage: float = 1e-4
    ) -> WordDecoder:
        """Fit on texts and their vectors (n, d).

        Parameters
        ----------
        least : int
            Words in fewer texts cannot be guessed.
        shrinkage : float
            Of `word_discriminants`.
        """
        bags = [content_words(text) for text in texts]
        apart = set(seeded_sample(range(len(bags)), min(len(bags) // 5, 1500), seed=5))
        fitted = [i for i in range(len(bags)) if i not in apart]
        counts = Counter(word for i in fitted for word in bags[i])
        vocabulary = sorted(word for word, n in counts.items() if n >= least)
        own = bag_matrix([bags[i] for i in fitted], vocabulary)
        matrix = word_discriminants(vectors[fitted], own, shrinkage)
        made = cls(vocabulary, matrix.astype(np.float32), 0.0)
        judged = sorted(apart)
        made.cutoff = best_cutoff(made.scores(vectors[judged]), [bags[i] for i in judged], vocabulary)
        return made

    def scores(self, vectors: Floats) -> Floats:
        """Score all words for vectors (n, d): (n, v)."""
        return np.asarray(vectors, np.float32) @ self.matrix[:-1] + self.matrix[-1]

    def guesses(self, vectors: Floats) -> list[set[str]]:
        """Guess the words of each text: those above the cutoff."""
        return [
            {self.vocabulary[i] for i in np.flatnonzero(row > self.cutoff)} for row in self.scores(vectors)
        ]

    def best(self, vectors: Floats, n: int) -> list[list[str]]:
        """Guess n words of each text, the surest first."""
        order = np.argsort(-self.scores(vectors), axis=1)[:, :n]
        return [[self.vocabulary[i] for i in row] for row in order]


def bag_matrix(bags: Iterable[set[str]], vocabulary: Sequence[str]) -> csr_array:
    """Return a sparse matrix (n, v) with 1 where a text has the word.

    Examples
    --------
    >>> bag_matrix([{"b"}, {"a", "z"}], ["a", "b"]).toarray()
    array([[0., 1.],
           [1., 0.]], dtype=float32)
    """
    place = {word: i for i, word in enumerate(vocabulary)}
    rows = [sorted(place[word] for word in bag if word in place) for bag in bags]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([i for row in rows for i in row], np.int32)
    return csr_array((np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), len(place)))


def best_cutoff(scores: Floats, bags: Sequence[set[str]], vocabulary: Sequence[str]) -> float:
    """Return the cutoff with the largest F1 over all texts' words; those not in the vocabulary are missed."""
    right = bag_matrix(bags, vocabulary).toarray().ravel().astype(bool)
    flat = scores.ravel()
    order = np.argsort(-flat)[: 20 * len(bags)]
    found = np.cumsum(right[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + sum(map(len, bags)))
    return float(flat[order[int(f1.argmax())]])


def word_scores(guessed: Sequence[set[str]], true: Sequence[set[str]]) -> dict[str, NDArray[np.float64]]:
    """Return precision, recall and F1 of each text's guessed words: {name: (n,)}.

    Without a guess precision is 0; a text without words is no case and raises.

    Raises
    ------
    ValueError
        If the lengths differ, or a text has no words.

    Examples
    --------
    >>> {name: float(one[0]) for name, one in word_scores([{"ana", "cold"}], [{"ana", "flu"}]).items()}
    {'precision': 0.5, 'recall': 0.5, 'f1': 0.5}
    """
    if len(guessed) != len(true):
        raise ValueError(f"{len(guessed)} guesses for {len(true)} texts")
    if not all(true):
        raise ValueError(f"text {[bool(one) for one in true].index(False)} has no words to guess")
    shared = np.array([len(g & t) for g, t in zip(guessed, true, strict=True)], float)
    said, real = (np.array([len(one) for one in sets], float) for sets in (guessed, true))
    return {
        "precision": shared / np.maximum(said, 1),
        "recall": shared / real,
        "f1": 2 * shared / (said + real),
    }
