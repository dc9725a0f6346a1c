"""Exercises of chapter 11: an answer against its reference."""

import string
from collections import Counter

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

ARTICLES = ("a", "an", "the")


def _pairs(rng: np.random.Generator) -> list[tuple]:
    """List (answer, reference): empty, articles only, repeated words, signs, capitals; then drawn ones."""
    cases = [
        ("", ""),
        ("", "x"),
        ("x", ""),
        ("the", ""),
        ("The.", "a"),
        ("snow", "snow"),
        ("snow", "ice"),
        ("Snow", "snow."),
        ("the snow", "snow"),
        ("an ice age", "the ice age"),
        ("U.S.", "US"),
        ("well-known", "wellknown"),
        ("very very cold", "very cold"),
        ("cold", "very very cold"),
        ("in 1969", "in July 1969"),
        ("30 days after delivery", "within 30 days of the delivery"),
        ("no no no", "no yes no"),
    ]
    words = ["the", "snow", "ice", "Ice,", "a", "melts", "melts", "in", "U.S."]
    for n in (3, 4, 5, 6, 8, 8, 12):
        cases.append(
            (" ".join(rng.choice(words, n)), " ".join(rng.choice(words, int(rng.integers(2, n + 1)))))
        )
    return cases


def token_f1(answer, reference):
    """Compare an answer with its reference by their words, as SQuAD does.

    Rajpurkar et al. (2016), section 6.1; what is empty counts as in SQuAD 2.0, Rajpurkar et al. (2018).

    Parameters
    ----------
    answer, reference : str

    Returns
    -------
    float, 0 to 1

    Examples
    --------
    >>> round(token_f1("30 days after delivery", "Within 30 days of the delivery."), 3)
    0.667
    """
    ours, theirs = _tokens(answer), _tokens(reference)
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * _shared(ours, theirs) / (len(ours) + len(theirs))


def _tokens(text, drop=ARTICLES, signs=""):
    """Return the words that count, in small letters; ``signs`` is what punctuation becomes."""
    plain = "".join(signs if c in string.punctuation else c for c in text.lower())
    return [word for word in plain.split() if word not in drop]


def _shared(ours, theirs):
    return sum((Counter(ours) & Counter(theirs)).values())


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _by(shared=_shared, total=lambda ours, theirs: (len(ours) + len(theirs)) / 2, cut=_tokens):
    """Compute what is shared over what it is divided by, in another way."""

    def score(answer, reference):
        ours, theirs = cut(answer), cut(reference)
        if not ours or not theirs:
            return float(ours == theirs)
        return shared(ours, theirs) / total(ours, theirs)

    return score


def _each_time(ours, theirs):
    return sum(word in theirs for word in ours)


def _mean(ours, theirs):
    """Divide by the harmonic mean of the lengths: the mean of precision and recall."""
    return 2 * len(ours) * len(theirs) / (len(ours) + len(theirs))


def _empty_is_wrong(answer, reference):
    return token_f1(answer, reference) if _tokens(answer) else 0.0


EXERCISES = (
    Exercise(
        name="token_f1",
        chapter="11_rag",
        task="Compare an answer with its reference, both str, as SQuAD does. In each, take small letters, "
        "delete every character of string.punctuation, split at white space and drop the words a, an and "
        "the. Return a float: the harmonic mean of precision (shared words by words of the answer) and "
        "recall (shared words by words of the reference), where a word is shared as often as both have it. "
        "0.0 if nothing is shared, or if one of them has no words left; 1.0 if neither has.",
        reference="embedlab.study.exercises.rag_f1:token_f1",
        cases=_pairs,
        hints=(
            "Counter(a) & Counter(b) keeps each word as often as both have it.",
            "2 * precision * recall / (precision + recall) is 2 * shared / (words of both), which divides "
            "by 0 only where neither has words.",
            "Ask for texts without words after you have cleaned them: 'The.' has none.",
        ),
        mistakes=(
            Mistake(
                "sets",
                "'very very cold' has very twice. Count words: Counter(a) & Counter(b).",
                _by(cut=lambda text: sorted(set(_tokens(text)))),
            ),
            Mistake(
                "counted each time",
                "A word that the reference has once is shared once, however often the answer repeats it.",
                _by(_each_time),
            ),
            Mistake(
                "recall only",
                "An answer that holds everything would be perfect: precision counts as well.",
                _by(total=lambda ours, theirs: len(theirs)),
            ),
            Mistake(
                "precision only",
                "A single right word would be perfect: recall counts as well.",
                _by(total=lambda ours, theirs: len(ours)),
            ),
            Mistake(
                "the plain mean",
                "F1 is the harmonic mean of precision and recall, closer to the smaller one.",
                _by(total=_mean),
            ),
            Mistake(
                "articles kept",
                "'the snow' and 'snow' are the same answer: drop a, an and the.",
                _by(cut=lambda text: _tokens(text, drop=())),
            ),
            Mistake(
                "punctuation kept",
                "'snow.' and 'snow' are the same word: delete punctuation.",
                _by(cut=lambda text: [word for word in text.lower().split() if word not in ARTICLES]),
            ),
            Mistake(
                "punctuation turned into spaces",
                "'U.S.' is one word, us. Delete the signs; do not split at them.",
                _by(cut=lambda text: _tokens(text, signs=" ")),
            ),
            Mistake(
                "nothing for nothing is wrong",
                "Where both are empty, division by zero has to be avoided, and the answer is right: an empty "
                "reference means that there is no answer. Return 1.0.",
                _empty_is_wrong,
            ),
        ),
        follow_up="'in 1968' gets 0.5 for the reference 'in 1969'. Which measure would you take for answers "
        "that are numbers, and which for answers of three sentences?",
    ),
)
