"""The exercise of chapter 01 on cutting a text into words."""

import re
import string
import unicodedata

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _texts(rng: np.random.Generator) -> list[tuple]:
    """List (text,): white space, runs of marks, an underscore, marks of ASCII only, marks of Unicode only."""
    texts = [
        "",
        " ",
        "a",
        "a b",
        "a  b",
        " a",
        "a.",
        "a,b",
        "...",
        "a_b",
        "a$b",
        "a+b",
        "~",
        "a\tb\nc",
        "don't",
    ]
    texts += ["a–b", "«a»", "¿a?", "a=1", "x^2", "`a`", "a|b", "<a>", "wer¿", "a…b", "1.5"]
    pieces = ["a", "bc", " ", ".", "_", "$", "–", "«", "=", "7", "é"]
    texts += ["".join(rng.choice(pieces, size)) for size in (2, 3, 4, 5, 6, 7, 8, 9)]
    return [(text,) for text in texts]


def _is_mark(char):
    return char in string.punctuation or unicodedata.category(char)[0] == "P"


def _spaced(text, is_mark):
    return "".join(f" {char} " if is_mark(char) else char for char in text).split()


def _split_at_space_only(text):
    return text.split()


def _unicode_marks_only(text):
    return _spaced(text, lambda char: unicodedata.category(char)[0] == "P")


def _ascii_marks_only(text):
    return _spaced(text, lambda char: char in string.punctuation)


def _runs_of_marks(text):
    runs = re.split(r"(\s+)", "".join("\0" + c + "\0" if _is_mark(c) else c for c in text))
    return [part for run in runs for part in run.replace("\0\0", "").split("\0") if part.strip()]


def _marks_dropped(text):
    return "".join(" " if _is_mark(char) else char for char in text).split()


def _underscore_kept(text):
    return _spaced(text, lambda char: char != "_" and _is_mark(char))


EXERCISES = (
    Exercise(
        name="pre_tokenize",
        chapter="01_tokenizer",
        task="Split a text at white space and around every punctuation mark (ASCII's 32, and Unicode's P).",
        reference="embedlab.tokenizer:pre_tokenize",
        cases=_texts,
        hints=(
            "Put a space before and behind every punctuation mark; then split at white space.",
            "A mark is a character in string.punctuation, or one whose unicodedata.category begins with P.",
        ),
        mistakes=(
            Mistake(
                "white space only",
                "A punctuation mark is a word of its own, also where no space is beside it.",
                _split_at_space_only,
            ),
            Mistake(
                "Unicode's marks only",
                "To Unicode, $ + < = > ^ ` | ~ are symbols, not punctuation; to BERT they are.",
                _unicode_marks_only,
            ),
            Mistake(
                "ASCII's marks only",
                "There is more punctuation than ASCII has: ask unicodedata.category for P.",
                _ascii_marks_only,
            ),
            Mistake(
                "runs kept", "Each mark is a word of its own: three dots are three words.", _runs_of_marks
            ),
            Mistake(
                "marks dropped", "The marks are not separators that vanish: they are words.", _marks_dropped
            ),
            Mistake(
                "underscore kept",
                "An underscore belongs to a word for regular expressions, but not for BERT.",
                _underscore_kept,
            ),
        ),
        follow_up="'np.nan_to_num' becomes seven words. What would a tokenizer made for code keep together, "
        "and what would that do to queries in prose?",
    ),
)
