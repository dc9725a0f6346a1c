"""The three steps of BERT's tokenizer, each a plain function: characters, words, pieces of words.

`normalise` the characters, `pre_tokenize` into words, cut each word into entries of the vocabulary with
`wordpiece` (Devlin et al. 2019; Wu et al. 2016, section 4.1).
"""

import string
import unicodedata
from collections.abc import Callable


class CharTable(dict):
    """A table for ``str.translate`` that works out each character by a rule, the first time it is met."""

    def __init__(self, rule: Callable[[str], str]):
        self.rule = rule

    def __missing__(self, code: int) -> str:
        self[code] = self.rule(chr(code))
        return self[code]


def clean(char: str) -> str:
    """Drop what has no shape; one kind of space for all."""
    category = unicodedata.category(char)
    if char in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return " "
    if category in ("Cc", "Cf", "Co", "Cs") or char == "\ufffd":  # control, format, private use, surrogate
        return ""
    return char


def set_apart(char: str) -> str:
    """Put spaces around a Chinese character: there are none between words, so each becomes a token."""
    chinese = any(low <= ord(char) <= high for low, high in CHINESE)
    return f" {char} " if chinese else char


def drop_accent(char: str) -> str:
    """Drop a combining mark: what NFD leaves of an accent."""
    return "" if unicodedata.category(char) == "Mn" else char


def set_off(char: str) -> str:
    """Put spaces around a punctuation mark."""
    # "$", "+" and "~" are no punctuation to Unicode, but to BERT.
    is_one = char in string.punctuation or unicodedata.category(char)[0] == "P"
    return f" {char} " if is_one else char


# The CJK ideographs: the blocks that BERT's own tokenizer lists.
CHINESE = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F))
CHINESE += ((0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))
CLEAN, APART, UNACCENT = CharTable(clean), CharTable(set_apart), CharTable(drop_accent)
# One by one, not text.lower(): that would write a sigma at a word's end in another way.
LOWER, PUNCTUATION = CharTable(str.lower), CharTable(set_off)


def normalise(
    text: str, *, lower: bool = True, strip_accents: bool | None = None, chinese: bool = True
) -> str:
    """Drop control characters, set Chinese characters apart, drop accents and case.

    Parameters
    ----------
    text : str
    lower : bool
        Write everything in lower case.
    strip_accents : bool, optional
        Drop accents; by default where ``lower`` is set, as BERT does.
    chinese : bool
        Put spaces around each Chinese character.

    Examples
    --------
    >>> normalise("Ünïcödé\\x00 東京")
    'unicode  東  京 '
    >>> normalise("Ünïcödé 東京", strip_accents=False, chinese=False)
    'ünïcödé 東京'
    """
    text = text.translate(CLEAN)
    if text.isascii():  # the case is all that is left to change
        return text.lower() if lower else text
    if chinese:
        text = text.translate(APART)
    if lower if strip_accents is None else strip_accents:
        # NFD takes "é" apart into "e" and an accent, which is then dropped.
        text = unicodedata.normalize("NFD", text).translate(UNACCENT)
    return text.translate(LOWER) if lower else text


def pre_tokenize(text: str) -> list[str]:
    """Split at white space, and around every punctuation mark.

    Examples
    --------
    >>> pre_tokenize("don't stop: np.zeros")
    ['don', "'", 't', 'stop', ':', 'np', '.', 'zeros']
    """
    return text.translate(PUNCTUATION).split()


def wordpiece(word: str, vocabulary: dict[str, int], *, unknown: str = "[UNK]") -> list[str]:
    """Cut a word into the longest pieces that the vocabulary has, from left to right.

    A piece that goes on inside a word is marked with "##". Where nothing fits, the whole word is unknown; so
    is a word of more than 100 characters.

    Examples
    --------
    >>> wordpiece("embeddings", {"em": 0, "##bed": 1, "##ding": 2, "##dings": 3, "##s": 4})
    ['em', '##bed', '##dings']
    """
    if len(word) > 100:
        return [unknown]
    pieces: list[str] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        for end in range(len(word), start, -1):  # the longest first
            if mark + word[start:end] in vocabulary:
                break
        else:
            return [unknown]
        pieces.append(mark + word[start:end])
        start = end
    return pieces


def checked_text(text: object, name: str) -> str:
    """Return the text; TypeError, with its name and what it is instead, where it is no string."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a string, but is {type(text).__name__}: {text!r:.60}")
    return text
