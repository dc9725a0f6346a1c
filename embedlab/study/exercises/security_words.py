"""Exercises of chapter 21: which words stood in a text, from its vector."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _texts(rng: np.random.Generator) -> list[tuple]:
    """List (vectors, bags, shrinkage): one number, one word in all texts, moved vectors; then drawn ones."""
    square = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    cases = [
        ([[1.0], [3.0]], [[1], [0]], 0.5),
        ([[1.0], [3.0]], [[1], [1]], 0.5),
        (square, [[1], [1], [0], [0]], 0.0),
        (square, [[1, 0], [0, 1], [0, 1], [0, 1]], 0.1),
        ([[3.0, 1], [3, -1], [1, 1], [1, -1]], [[1, 0], [1, 0], [0, 1], [0, 1]], 0.1),
    ]
    for n, d, v in ((5, 2, 2), (8, 2, 3), (10, 3, 3), (12, 3, 4), (20, 4, 5)):
        bags = (rng.random((n, v)) < 0.4).astype(int)
        bags[rng.integers(n, size=v), np.arange(v)] = 1
        vectors = rng.normal(size=(n, d)) + bags @ rng.normal(size=(v, d)) + 1
        cases.append((vectors, bags, float(rng.choice([0.01, 0.1, 1.0]))))
    return [(np.array(vectors), np.array(bags), shrinkage) for vectors, bags, shrinkage in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _fitted(vectors, bags, shrinkage, *, away=None, half=0.5, prior=True, centre=True, moment=False):
    counts = bags.sum(0)
    mean = vectors.mean(0)
    centred = vectors - mean
    spread = vectors if moment else centred
    covariance = spread.T @ spread / len(vectors) + shrinkage * np.eye(vectors.shape[1])
    away = centred.T @ bags / counts if away is None else away
    matrix = np.linalg.solve(covariance, away)
    bias = -half * (away * matrix).sum(0)
    bias = bias + (np.log(counts / len(vectors)) if prior else 0)
    return np.vstack([matrix, bias - (mean @ matrix if centre else 0)])


def _sums(vectors, bags, shrinkage):
    return _fitted(vectors, bags, shrinkage, away=(vectors - vectors.mean(0)).T @ bags)


def _whole(vectors, bags, shrinkage):
    return _fitted(vectors, bags, shrinkage, half=1.0)


def _no_prior(vectors, bags, shrinkage):
    return _fitted(vectors, bags, shrinkage, prior=False)


def _not_moved(vectors, bags, shrinkage):
    return _fitted(vectors, bags, shrinkage, centre=False)


def _moment(vectors, bags, shrinkage):
    return _fitted(vectors, bags, shrinkage, moment=True)


def _against_the_rest(vectors, bags, shrinkage):
    rest = np.maximum(len(bags) - bags.sum(0), 1)
    away = vectors.T @ bags / bags.sum(0) - vectors.T @ (1 - bags) / rest
    return _fitted(vectors, bags, shrinkage, away=away)


def _least_squares(vectors, bags, shrinkage):
    centred = vectors - vectors.mean(0)
    gram = centred.T @ centred / len(vectors) + shrinkage * np.eye(vectors.shape[1])
    matrix = np.linalg.solve(gram, centred.T @ bags / len(vectors))
    return np.vstack([matrix, bags.mean(0) - vectors.mean(0) @ matrix])


EXERCISES = (
    Exercise(
        name="word_discriminants",
        chapter="21_security",
        task="Score words by a vector: linear discriminants. vectors (n, d); bags (n, v) has 1 where a word "
        "stands in a text, each word at least once. m is the mean of all vectors, a the mean of those with "
        "the word minus m, p the share of texts with it; S the covariance of all vectors (divided by n) plus "
        "shrinkage times the identity. Return an array (d + 1, v): above S^-1 a for each word; in the last "
        "row what is added, so that [x, 1] @ result = (x - m) S^-1 a - a S^-1 a / 2 + log p.",
        reference="embedlab.security:word_discriminants",
        cases=_texts,
        hints=(
            "All words share S: one np.linalg.solve for the whole matrix (d, v) of differences.",
            "centred.T @ bags sums the centred vectors of each word's texts. Divide by the number of texts.",
            "The bias has three parts: log p, minus half of (away * matrix).sum(0), minus m @ matrix.",
        ),
        mistakes=(
            Mistake(
                "sums instead of means",
                "centred.T @ bags adds up the texts of a word. A word in many texts so gets large scores.",
                _sums,
            ),
            Mistake(
                "the square without its half",
                "The log of a normal density is minus HALF the squared distance: what is left after the "
                "difference of two of them is a S^-1 a / 2.",
                _whole,
            ),
            Mistake(
                "all words equally probable",
                "Without log p, a word in three texts is guessed as easily as one in three thousand.",
                _no_prior,
            ),
            Mistake(
                "the bias of centred vectors",
                "The result is applied to vectors as they are. What m @ matrix adds belongs into the bias.",
                _not_moved,
            ),
            Mistake(
                "second moments for the covariance",
                "vectors.T @ vectors / n contains the mean's square. Take the mean away first.",
                _moment,
            ),
            Mistake(
                "against the texts without the word",
                "The difference here is to the mean of ALL texts, not to that of the texts without the word.",
                _against_the_rest,
            ),
            Mistake(
                "least squares",
                "Regression of 0 and 1 gives S^-1 a times p: rare words never reach a high score.",
                _least_squares,
            ),
        ),
        follow_up="The attacker has never seen one of your texts. What did he need, and which of it can you "
        "keep from him: the model, public texts of your field, the vectors?",
    ),
)
