"""Exercises of chapter 10: a splitter that goes from coarse separators to fine ones."""

import re

import numpy as np

from embedlab.study.exercises.chunking import pack
from embedlab.study.exercises.exercise import Exercise, Mistake

SEPARATORS = ("\n\n", "\n", ". ", " ")


def _texts(rng: np.random.Generator) -> list[tuple]:
    """List (text, size), some with separators: the edges, one separator at a time, then drawn texts."""
    cases = [
        ("", 2),
        ("a", 2),
        ("a b", 2),
        ("a b c", 2),
        ("a b c", 2, ()),
        ("a b c\nd", 2, ("\n",)),
        ("a b; c; d e f; g", 2, ("; ", " ")),
        ("a\n\nb\n\nc", 2),
        ("a b\n\nc d", 2),
        ("a b c\n\nd", 2),
        ("a\n\nb c d\n\ne", 2),
        ("a b. c. d", 2),
        ("a b\nc\nd. e f", 3),
        ("a b\n\nc\nd e", 2),
    ]
    for paragraphs in (1, 2, 2, 3, 3, 4):
        text = "\n\n".join(
            "\n".join(
                ". ".join(" ".join(rng.choice(list("abcdef"), rng.integers(1, 6))) for _ in range(sentences))
                for sentences in rng.integers(1, 4, rng.integers(1, 3))
            )
            for _ in range(paragraphs)
        )
        cases += [(text, size) for size in (3, 6, 10)]
    return cases


def split_recursive(text, size, separators=SEPARATORS):
    r"""Cut a text at its coarsest separator, and only what is too large at a finer one.

    Parameters
    ----------
    text : str
    size : int
        Words of a piece, at most.
    separators : tuple of str
        The coarsest first.

    Returns
    -------
    list of str
        Joined, they are the text.

    Examples
    --------
    >>> split_recursive("One two.\n\nThree. Four five six. Seven", size=3)
    ['One two.\n\n', 'Three. ', 'Four five six. ', 'Seven']
    """
    if len(text.split()) <= size or not separators:
        return [text] if text else []
    pieces = re.split(rf"(?<={re.escape(separators[0])})(?=\S)", text)
    groups = pack([len(piece.split()) for piece in pieces], size)
    return [part for i, j in groups for part in split_recursive("".join(pieces[i:j]), size, separators[1:])]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _cut(text, separator):
    return re.split(rf"(?<={re.escape(separator)})(?=\S)", text)


def _cut_at_all(text, separator):
    pieces = [piece + separator for piece in text.split(separator)]
    return [*pieces[:-1], pieces[-1].removesuffix(separator)]


def _words(pieces):
    return [len(piece.split()) for piece in pieces]


def _packed(pieces, size):
    return ["".join(pieces[i:j]) for i, j in pack(_words(pieces), size)]


def _recursive(cut=_cut, join=_packed):
    """Split in another way: ``cut(text, separator)`` into pieces, then ``join(pieces, size)``."""

    def split(text, size, separators=SEPARATORS):
        if len(text.split()) <= size or not separators:
            return [text] if text else []
        found = join(cut(text, separators[0]), size)
        return [part for piece in found for part in split(piece, size, separators[1:])]

    return split


def _joined_over(pieces, size):
    found = [""]
    for piece in pieces:
        found += [""] if len(found[-1].split()) >= size else []
        found[-1] += piece
    return found


def _separator_lost(text, size, separators=SEPARATORS):
    if len(text.split()) <= size or not separators:
        return [text] if text else []
    first, *finer = separators
    pieces = text.split(first)
    groups = [first.join(pieces[i:j]) for i, j in pack(_words(pieces), size)]
    return [part for group in groups for part in _separator_lost(group, size, finer)]


def _first_again(text, size, separators=SEPARATORS):
    return split_recursive(text, size, separators[:1])


def _all_at_once(text, size, separators=SEPARATORS):
    pieces = [text] if text else []
    for separator in separators:
        pieces = [part for piece in pieces for part in _cut(piece, separator)]
    return _packed(pieces, size)


def _joined_again(text, size, separators=SEPARATORS):
    if len(text.split()) <= size or not separators:
        return [text] if text else []
    pieces = _cut(text, separators[0])
    return _packed([part for piece in pieces for part in _joined_again(piece, size, separators[1:])], size)


EXERCISES = (
    Exercise(
        name="split_recursive",
        chapter="10_chunking",
        task="Cut a text (str) into a list of non-empty str that joined are the text again. Arguments: "
        "text, size (int), and separators, a tuple of str, by default ('\\n\\n', '\\n', '. ', ' '). A text "
        "of at most size words, text.split(), stays whole. Otherwise cut behind the first separator "
        "wherever a character that is no white space follows it; from the left, a piece joins those before "
        "it while they have at most size words together (a piece that is larger stands alone); and what is "
        "still too large is cut in the same way, by itself, with the separators that are left. With none "
        "left it stays as it is. An empty text gives [].",
        reference="embedlab.study.exercises.chunking_at_separators:split_recursive",
        cases=_texts,
        hints=(
            "re.split(r'(?<=\\n\\n)(?=\\S)', text) cuts behind a separator and loses nothing. For any other, "
            "put re.escape(separator) in its place.",
            "Joining is pack, with the number of words of each piece as its cost.",
            "Call the function itself for each group, with separators[1:]: one that fits comes back whole.",
        ),
        mistakes=(
            Mistake(
                "separators lost",
                "''.join of the result has to be the text: keep each separator at the end of its piece, or "
                "places in the chunk are no places in the text.",
                _separator_lost,
            ),
            Mistake(
                "not joined",
                "Neighbours that fit together belong together: pack them before you go on.",
                _recursive(join=lambda pieces, size: pieces),
            ),
            Mistake(
                "pieces of white space",
                "A large paragraph and the blank line behind it: cutting that line off makes a chunk "
                "without words, with a vector like any other. Cut only where a word follows.",
                _recursive(cut=_cut_at_all),
            ),
            Mistake(
                "the first separator again",
                "A piece between two separators has none of them inside: cutting it by the same one again "
                "changes nothing. Pass on separators[1:].",
                _first_again,
            ),
            Mistake(
                "joined over the limit",
                "A piece joins only if both together have at most size words.",
                _recursive(join=_joined_over),
            ),
            Mistake(
                "all separators at once",
                "Then a sentence joins half of the next paragraph. Use a finer separator only inside a "
                "piece that is too large.",
                _all_at_once,
            ),
            Mistake(
                "joined again after the finer cut",
                "Join pieces of one separator before you cut finer, not after: what was cut out of a large "
                "piece stays apart from its neighbours.",
                _joined_again,
            ),
        ),
        follow_up="The text is Python code, a table, or Thai, which has no spaces. Which separators would "
        "you take?",
    ),
)
