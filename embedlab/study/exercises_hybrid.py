"""The exercises of chapter 09: rarity, and the words of code."""

import math
import re

import numpy as np

from embedlab.study.exercises import Exercise, Mistake


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


EXERCISES = (
    Exercise(
        name="idf",
        chapter="09_hybrid",
        task="Weigh a term that f of n documents hold, as Lucene does: the logarithm of 1 + odds, with odds "
        "(n - f + 0.5) / (f + 0.5) that a document does not hold it.",
        reference="embedlab.bm25:idf",
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
        reference="embedlab.bm25:code_words",
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
)
