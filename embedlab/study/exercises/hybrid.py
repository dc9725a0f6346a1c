"""Exercises of chapter 09: rarity, the weight of a term, and the words of code."""

import math
import re

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _counts(rng: np.random.Generator) -> list[tuple]:
    """List (documents with the term, documents)."""
    cases = [(1, 1), (0, 1), (1, 2), (1, 10), (5, 10), (9, 10), (10, 10), (0, 100), (3, 1000)]
    drawn = ((int(rng.integers(0, n + 1)), n) for n in (20, 50, 400, 6000, 6000))
    return [*cases, *drawn]


def _texts(rng: np.random.Generator) -> list[tuple]:
    """List texts: words; identifiers of several styles; a mixture."""
    cases = [
        "",
        "cat",
        "The cat",
        "a-b",
        "read_csv",
        "KMeans",
        "useX",
        "sin2",
        "x_1",
        "HTTPServer",
        "l2 norm!",
    ]
    words = ["read_csv", "fit", "LinAlgError", "np.linalg", "k", "GridSearchCV", "log1p", "An", "__init__"]
    return [(text,) for text in cases] + [(" ".join(rng.choice(words, n)),) for n in (2, 3, 5)]


def _postings(rng: np.random.Generator) -> list[tuple]:
    """List (count, length, mean_length, rarity, k1, b): no term; mean length; k1 0, b 0 and 1; then many."""
    cases = [
        (0, 5, 5, 1.0, 1.2, 0.75),
        (0, 5, 5, 1.0, 0.0, 0.75),
        (1, 5, 5, 1.0, 1.2, 0.75),
        (2, 5, 5, 1.0, 1.2, 0.75),
        (1, 10, 5, 1.0, 1.2, 0.75),
        (1, 1, 5, 2.0, 1.2, 0.75),
        (3, 7, 4, 2.0, 0.0, 0.75),
        (1, 10, 5, 1.0, 1.2, 0.0),
        (1, 10, 5, 1.0, 1.2, 1.0),
    ]
    for _ in range(10):
        count = int(rng.integers(1, 9))
        mean = float(rng.integers(5, 60))
        rarity, k1, b = (float(rng.choice(v)) for v in ([0.5, 2, 4], [0.9, 1.2, 2], [0.4, 0.75, 0.9]))
        cases.append((count, count + int(rng.integers(1, 80)), mean, rarity, k1, b))
    return cases


def term_weight(count, length, mean_length, rarity, k1=1.2, b=0.75):
    """Return what one term adds to the BM25 score of one document, in Lucene's form.

    Parameters
    ----------
    count : int
        How often the term stands in the document.
    length, mean_length : float
        Of the document, and of all on average, in terms.
    rarity : float
        The term's idf.
    k1 : float
        How soon more of the same term stops to count.
    b : float, 0 to 1
        How much the document's length counts.

    Examples
    --------
    >>> [round(term_weight(count, 100, 100, rarity=2.0), 2) for count in (1, 2, 10, 1000)]
    [0.91, 1.25, 1.79, 2.0]
    """
    if count == 0:
        return 0.0
    return rarity * count / (count + k1 * (1 - b + b * length / mean_length))


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _robertson(f, n):
    return max(0.0, math.log((n - f + 0.5) / (f + 0.5)))


def _plain(f, n):
    return math.log(n / f) if f else math.log(n)


def _other_base(f, n):
    return math.log2(1 + (n - f + 0.5) / (f + 0.5))


def _turned(f, n):
    return math.log(1 + (f + 0.5) / (n - f + 0.5))


def _words_only(text):
    return re.findall(r"\w+", text.lower())


PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")


def _parts_only(text):
    return [part.lower() for part in PART.findall(text)]


def _at_underscores(text):
    found = []
    for word in re.findall(r"\w+", text.lower()):
        parts = [part for part in word.split("_") if part]
        found += [word, *parts] if len(parts) > 1 else [word]
    return found


def _not_saturated(count, length, mean_length, rarity, k1=1.2, b=0.75):
    return rarity * count / (1 - b + b * length / mean_length)


def _length_ignored(count, length, mean_length, rarity, k1=1.2, b=0.75):
    return term_weight(count, mean_length, mean_length, rarity, k1, b)


def _length_turned(count, length, mean_length, rarity, k1=1.2, b=0.75):
    return term_weight(count, mean_length, length, rarity, k1, b)


def _b_alone(count, length, mean_length, rarity, k1=1.2, b=0.75):
    return rarity * count / max(count + k1 * b * length / mean_length, 1e-9)


def _textbook(count, length, mean_length, rarity, k1=1.2, b=0.75):
    return (k1 + 1) * term_weight(count, length, mean_length, rarity, k1, b)


def _no_rarity(count, length, mean_length, rarity, k1=1.2, b=0.75):
    return term_weight(count, length, mean_length, 1.0, k1, b)


EXERCISES = (
    Exercise(
        name="idf",
        chapter="09_hybrid",
        task="Weigh a term that f of n documents hold, as Lucene does: the logarithm of 1 + odds, with odds "
        "(n - f + 0.5) / (f + 0.5) that a document does not hold it.",
        reference="embedlab.hybrid:idf",
        cases=_counts,
        hints=(
            "The halves keep both sides of the fraction above 0, even for a term in no or in all documents.",
            "math.log is the natural logarithm; math.log1p(x) is log(1 + x).",
        ),
        mistakes=(
            Mistake(
                "Robertson's idf", "That one lacks the 1 and is cut off at 0. Add 1 to the odds.", _robertson
            ),
            Mistake("the plain idf", "log(n / f) divides by 0 for a new term. Use the odds, plus 1.", _plain),
            Mistake("logarithm to base 2", "Take the natural logarithm.", _other_base),
            Mistake("odds turned over", "Rare terms must weigh more: without the term, by with it.", _turned),
        ),
        follow_up="A term stands in nine of ten documents. What would Robertson's form do to a score?",
    ),
    Exercise(
        name="code_words",
        chapter="09_hybrid",
        task="Cut a text into words, r'\\w+', in small letters; behind each word that is an identifier of "
        "several parts, put its parts. Parts end at underscores, at digits and at capitals: read_csv gives "
        "read_csv, read, csv, and KMeans gives kmeans, k, means.",
        reference="embedlab.hybrid:code_words",
        cases=_texts,
        hints=(
            "Look for parts before you turn to small letters: afterwards the capitals are gone.",
            "A part is a run of capitals before no small letter, a capital with small letters, or digits.",
            "re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+', word) finds the parts of a plain one.",
        ),
        mistakes=(
            Mistake(
                "identifiers stay whole", "Somebody who types 'read csv' wants read_csv, too.", _words_only
            ),
            Mistake(
                "only the parts", "Keep the whole word as well: it is rarer, and so worth more.", _parts_only
            ),
            Mistake(
                "cut at underscores only",
                "KMeans and log1p have parts, too: capitals and digits begin a new one.",
                _at_underscores,
            ),
        ),
        follow_up="The index is now larger. By how much, and does it rank better? Chapter 09 measures both.",
    ),
    Exercise(
        name="term_weight",
        chapter="09_hybrid",
        task="What one term adds to the BM25 score of one document, a float: rarity (the term's idf) times "
        "count / (count + k1 * norm), where norm is 1 at mean_length and a share b of it follows the "
        "document's length; 0 if the term does not occur.",
        reference="embedlab.study.exercises.hybrid:term_weight",
        cases=_postings,
        hints=(
            "count / (count + k1) begins at 0 and comes close to 1: each further time adds less.",
            "A longer document needs more: multiply k1 by 1 - b + b * length / mean_length.",
            "With k1 = 0 and no occurrence it is 0 / 0: return 0.0 if count is 0.",
        ),
        mistakes=(
            Mistake(
                "not saturated",
                "Twice as often is not twice as good: count stands below the line as well, plus k1 * norm.",
                _not_saturated,
            ),
            Mistake(
                "length ignored",
                "A long document holds any term more often. b tells how much of k1 follows the length.",
                _length_ignored,
            ),
            Mistake(
                "length turned over",
                "Longer than the mean has to weigh less: length / mean_length, below the line.",
                _length_turned,
            ),
            Mistake(
                "1 - b left out",
                "b mixes two: 1 - b of the constant 1, and b of length / mean_length.",
                _b_alone,
            ),
            Mistake(
                "times k1 + 1",
                "The textbook's factor k1 + 1 stretches all weights alike and changes no ranking. This form "
                "leaves it out.",
                _textbook,
            ),
            Mistake("without rarity", "A rare term says more than a common one: times rarity.", _no_rarity),
        ),
        follow_up="What is the most that one term can ever add? So what does stuffing a page with it bring?",
    ),
)
