"""Exercises of chapter 11: whether the passage that is cited says so."""

import re

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

ENDS = re.compile(r"(?<=[.!?])\s+")  # where a text is cut into sentences
MARKS = re.compile(r"((?:\[\d+\])+)[.!?]$")
SNOW = "Fresh snow is white and reflects sunlight."
ICE = "Ice floats on water, as it is lighter."
TEN = "one two three four five six seven eight nine ten"  # words, of which 7 are just enough


def _answers(rng: np.random.Generator) -> list[tuple]:
    """List (text, passages): empty, no citation, numbers that do not exist, exactly 70 %; drawn ones."""
    both = [SNOW, ICE]
    cases = [
        ("", [SNOW]),
        ("Snow is white.", [SNOW]),
        ("Snow is white [1].", []),
        ("[1].", [SNOW]),
        ("Snow is white [1].", [SNOW]),
        ("Snow is warm [1].", [SNOW]),
        ("Snow is white [0].", [SNOW]),
        ("Snow is white [2].", [SNOW]),
        ("Ice floats [2].", both),
        ("Ice floats [1].", both),
        ("Snow is white [1][2].", both),
        ("Ice floats [1][2].", both),
        ("Snow is white [1]. Ice floats [2].", both),
        ("Snow is white! Ice floats [2].", both),
        ("SNOW is White [1].", both),
        ("A drift is 3.5 m [1].", ["A drift is 3.5 m high."]),
        (f"{TEN} [1].", [" ".join(TEN.split()[:7])]),
        (f"{TEN} [1].", ["1 " + " ".join(TEN.split()[3:])]),  # the number of the mark is there, too
        (f"{TEN} [1].", [" ".join(TEN.split()[:6])]),
        ("Ice [1]. Ice [2]. Ice [3].", [SNOW, ICE, "ice ice"]),
        ("Snow snow snow falls [1].", ["snow"]),
    ]
    pool = ["snow", "Ice", "water", "melts", "is", "white", "cold", "in", "spring"]
    for n in (2, 2, 3, 3, 4):
        passages = [" ".join(rng.choice(pool, 6)) + "." for _ in range(n)]
        sentences = []
        for number in rng.permutation(n + 2).tolist():
            words = passages[max(number - 1, 0) % n].strip(".").split()[: int(rng.integers(2, 6))]
            other = f"[{int(rng.integers(1, n + 1))}]" if rng.random() < 0.4 else ""
            sentences.append(f"{' '.join([*words, *rng.choice(pool, 1)])} [{number}]{other}.")
        cases.append((" ".join(sentences), passages))
    return cases


def cited(text, passages):
    """Hold each citation of an answer against the passage that it names.

    Parameters
    ----------
    text : str
        Sentences; one may end with marks, such as ``[1]`` or ``[1][3]``, in front of its full stop.
    passages : list of str
        Numbered from 1.

    Returns
    -------
    list of (int, bool)
        The number, and whether the passage has at least 70 % of the sentence's words.

    Examples
    --------
    >>> cited("Snow is white [1]. It is warm [1][2].", ["Fresh snow is white."])
    [(1, True), (1, False), (2, False)]
    """
    return _judged(text, passages, _enough)


def _words(text):
    return set(re.findall(r"\w+", text.lower()))


def _claims(text):
    """Yield (sentence without its marks, numbers) of each sentence that cites."""
    for sentence in ENDS.split(text):
        if marks := MARKS.search(sentence):
            yield sentence[: marks.start()], [int(number) for number in re.findall(r"\d+", marks[1])]


def _enough(claim, passage):
    words = _words(claim)
    return bool(words) and 10 * len(words & _words(passage)) >= 7 * len(words)  # whole numbers: no rounding


def _judged(text, passages, judge, claims=_claims):
    """Judge every citation; what names no passage is not supported."""
    named = dict(enumerate(passages, start=1))
    return [
        (number, number in named and judge(claim, named[number]))
        for claim, numbers in claims(text)
        for number in numbers
    ]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _zero_based(text, passages):
    shifted = [*passages[1:], ""]
    return _judged(text, shifted, _enough)


def _from_the_end(text, passages):
    last = passages[-1:] or [""]
    return [
        (number, _enough(claim, [*last, *passages][number]) if number <= len(passages) else False)
        for claim, numbers in _claims(text)
        for number in numbers
    ]


def _any_passage(text, passages):
    return [
        (number, any(_enough(claim, one) for one in passages))
        for claim, numbers in _claims(text)
        for number in numbers
    ]


def _jaccard(claim, passage):
    ours, theirs = _words(claim), _words(passage)
    return 10 * len(ours & theirs) >= 7 * max(len(ours | theirs), 1)


def _of_the_passage(claim, passage):
    ours, theirs = _words(claim), _words(passage)
    return bool(ours) and 10 * len(ours & theirs) >= 7 * len(theirs)


def _more_than(claim, passage):
    words = _words(claim)
    return 10 * len(words & _words(passage)) > 7 * len(words)


def _as_written(claim, passage):
    words = set(re.findall(r"\w+", claim))
    return bool(words) and 10 * len(words & set(re.findall(r"\w+", passage))) >= 7 * len(words)


def _repeats_counted(claim, passage):
    words = re.findall(r"\w+", claim.lower())
    return bool(words) and 10 * sum(word in _words(passage) for word in words) >= 7 * len(words)


def _first_mark(text):
    return [(claim, numbers[:1]) for claim, numbers in _claims(text)]


def _marks_counted(text):
    return [(f"{claim} {' '.join(map(str, numbers))}", numbers) for claim, numbers in _claims(text)]


def _missing_left_out(text, passages):
    return [one for one in cited(text, passages) if 1 <= one[0] <= len(passages)]


def _by(judge=_enough, claims=_claims):
    return lambda text, passages: _judged(text, passages, judge, claims)


EXERCISES = (
    Exercise(
        name="cited",
        chapter="11_rag",
        task="Which citations of an answer hold? text is a str; a sentence ends behind each '.', '!' or '?' "
        "that white space or the end of the text follows. It cites if it ends with marks right before that "
        "sign, as in 'Ice floats [2].' or 'Ice floats [1][2].'; there are no other brackets. passages is a "
        "list of str, numbered from 1. Return a list of tuples (number, supported), an int and a bool, one "
        "for each mark, in order: whether passage number holds at least 70 % of the sentence's words. Words "
        "are the set of what r'\\w+' finds in small letters, in the sentence without its marks. A number "
        "without a passage, 0 too, and a sentence without words give False; no citations give [].",
        reference="embedlab.study.exercises.rag_citing:cited",
        cases=_answers,
        hints=(
            "re.split(r'(?<=[.!?])\\s+', text) cuts sentences and leaves 3.5 whole.",
            "re.search(r'((?:\\[\\d+\\])+)[.!?]$', sentence) finds the marks; the claim stands before them.",
            "For sets of words, len(claim & passage) / len(claim) is the share. Which numbers have no "
            "passage?",
        ),
        mistakes=(
            Mistake("counted from 0", "[1] is the first passage: passages[number - 1].", _zero_based),
            Mistake(
                "0 taken from the end",
                "passages[0 - 1] is the last passage in Python. [0] names none: ask whether the number is "
                "from 1 to len(passages).",
                _from_the_end,
            ),
            Mistake(
                "any passage",
                "A reader follows the number. If another passage says so, the citation is wrong all the "
                "same.",
                _any_passage,
            ),
            Mistake(
                "words of both (Jaccard)",
                "A passage says more than one sentence of an answer. Divide by the words of the sentence "
                "only.",
                _by(_jaccard),
            ),
            Mistake(
                "share of the passage",
                "Divide by the words of the sentence: all of it has to be borne out, not all of the passage "
                "used.",
                _by(_of_the_passage),
            ),
            Mistake(
                "the first mark only",
                "[1][2] are two citations, and each has to hold by itself.",
                _by(claims=_first_mark),
            ),
            Mistake(
                "missing passages left out",
                "An invented number is the worst citation of all: report it, as False.",
                _missing_left_out,
            ),
            Mistake("more than 70 %", "Exactly 70 % is enough.", _by(_more_than)),
            Mistake(
                "capitals kept", "Ice and ice are one word: text.lower() on both sides.", _by(_as_written)
            ),
            Mistake("repeated words counted", "Each word counts once: compare sets.", _by(_repeats_counted)),
            Mistake(
                "marks counted as words",
                "The number in the mark is no word of the sentence: cut the marks off first.",
                _by(claims=_marks_counted),
            ),
        ),
        follow_up="'The dog bit the man [1].' passes, and the passage says that the man bit the dog. What "
        "would you check with, and what does it cost for each answer?",
    ),
)
