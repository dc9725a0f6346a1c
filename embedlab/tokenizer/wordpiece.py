"""WordPiece as BERT uses it: from text to the ids that the encoder looks up.

Three steps, each a plain function: `normalise` the characters, `pre_tokenize` into words, cut each word into
entries of the vocabulary with `wordpiece` (Devlin et al. 2019; Wu et al. 2016, section 4.1).
"""

import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import ModelError, model_folder, read_json

CHUNK = re.compile(r"[^ \t\n\r]+")  # these four always separate words, so chunks can be tokenized one by one
CACHE_ENTRIES = 500_000


class CharTable(dict):
    """A table for ``str.translate`` that works out each character by a rule, the first time it is met."""

    def __init__(self, rule: Callable[[str], str]):
        self.rule = rule

    def __missing__(self, code: int) -> str:
        self[code] = self.rule(chr(code))
        return self[code]


def _clean(char: str) -> str:
    category = unicodedata.category(char)
    if char in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return " "
    if category in ("Cc", "Cf", "Co", "Cs") or char == "\ufffd":  # control, format, private use, surrogate
        return ""
    code = ord(char)
    chinese = any(low <= code <= high for low, high in CHINESE)  # no spaces between words: one token each
    return f" {char} " if chinese else char


def _fold(char: str) -> str:
    # One by one, not text.lower(): that would write a sigma at a word's end in another way.
    return "" if unicodedata.category(char) == "Mn" else char.lower()


def _punctuation(char: str) -> str:
    # "$", "+" and "~" are no punctuation to Unicode, but to BERT.
    is_one = char in string.punctuation or unicodedata.category(char)[0] == "P"
    return f" {char} " if is_one else char


# The CJK ideographs: the blocks that BERT's own tokenizer lists.
CHINESE = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F))
CHINESE += ((0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))
CLEAN, FOLD, PUNCTUATION = CharTable(_clean), CharTable(_fold), CharTable(_punctuation)


def normalise(text: str, *, lower: bool = True) -> str:
    """Drop control characters, set Chinese characters apart and, by default, drop accents and case.

    Examples
    --------
    >>> normalise("Ünïcödé\\x00 東京")
    'unicode  東  京 '
    """
    text = text.translate(CLEAN)
    # NFD takes "é" apart into "e" and an accent, which is then dropped.
    return unicodedata.normalize("NFD", text).translate(FOLD) if lower else text


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


class WordPieceTokenizer:
    """The tokenizer of a BERT model.

    Parameters
    ----------
    vocabulary : dict
        Token to id; has the special tokens [PAD], [UNK], [CLS], [SEP] and [MASK].
    lower : bool
        Whether the model was trained on lower-cased text without accents.

    Examples
    --------
    >>> tokenizer = WordPieceTokenizer.load()
    >>> tokenizer.tokenize("Embeddings!")
    ['em', '##bed', '##ding', '##s', '!']
    >>> tokenizer.encode("Embeddings!")
    [101, 7861, 8270, 4667, 2015, 999, 102]
    >>> tokenizer.decode([101, 7861, 8270, 4667, 2015, 999, 102])
    '[CLS] embeddings ! [SEP]'
    """

    SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

    def __init__(self, vocabulary: dict[str, int], *, lower: bool = True):
        missing = [token for token in self.SPECIAL if token not in vocabulary]
        if missing:
            raise ModelError(f"the vocabulary lacks {', '.join(missing)}")
        self.vocabulary, self.lower = vocabulary, lower
        self.tokens = {i: token for token, i in vocabulary.items()}
        self.pad, self.unk, self.cls, self.sep, self.mask = (vocabulary[token] for token in self.SPECIAL)
        self._special = re.compile("|".join(map(re.escape, self.SPECIAL)))
        self._ids: dict[str, list[int]] = {}  # words and chunks seen, with their ids

    @classmethod
    def load(cls, model: str | Path | None = None) -> "WordPieceTokenizer":
        """Load the vocabulary of a model (see `model_folder` for what may be given).

        Raises
        ------
        ModelError
            If the folder has no ``vocab.txt``, or the file is no vocabulary of BERT's.
        """
        folder = model_folder(model)
        try:
            lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder}: vocab.txt cannot be read: {error}") from error
        lines = lines[:-1] if lines[-1] == "" else lines
        config = read_json(folder / "tokenizer_config.json", default={})
        return cls({line: i for i, line in enumerate(lines)}, lower=config.get("do_lower_case", True))

    def tokenize(self, text: str) -> list[str]:
        """Cut a text into tokens, without adding special ones."""
        return [self.tokens[i] for i in self._text_ids(checked_text(text, "text"), None)]

    def encode(self, text: str, *, max_length: int | None = None) -> list[int]:
        """Turn a text into ids, between [CLS] and [SEP].

        Parameters
        ----------
        text : str
        max_length : int, optional
            Cut the text such that it has at most so many ids, the two special ones included.

        Raises
        ------
        TypeError
            If the text is no string.
        ValueError
            If ``max_length`` leaves no place for [CLS] and [SEP].
        """
        return self.encode_batch([text], max_length=max_length)[0]

    def encode_batch(self, texts: Sequence[str], *, max_length: int | None = None) -> list[list[int]]:
        """Turn each text into ids, see `encode`; the lists have different lengths, see `pad`."""
        room = _room(max_length, 2)
        return [
            [self.cls, *self._text_ids(checked_text(text, f"texts[{i}]"), room), self.sep]
            for i, text in enumerate(texts)
        ]

    def encode_pair(
        self, first: str, second: str, *, max_length: int | None = None
    ) -> tuple[list[int], list[int]]:
        """Turn two texts into one sequence, ``[CLS] first [SEP] second [SEP]``.

        Where the pair is too long, the longer one is cut until both are equally long, then both.

        Returns
        -------
        ids, segments : lists of int of one length
            A segment is 0 for the first text and 1 for the second.

        Examples
        --------
        >>> WordPieceTokenizer.load().encode_pair("hello", "world")
        ([101, 7592, 102, 2088, 102], [0, 0, 0, 1, 1])
        """
        room = _room(max_length, 3)
        a, b = (self._text_ids(checked_text(text, "text"), None) for text in (first, second))
        if room is not None and len(a) + len(b) > room:
            shorter = min(len(a), len(b), room // 2)
            a, b = (
                (a[:shorter], b[: room - shorter]) if len(a) <= len(b) else (a[: room - shorter], b[:shorter])
            )
        ids = [self.cls, *a, self.sep, *b, self.sep]
        return ids, [0] * (len(a) + 2) + [1] * (len(b) + 1)

    def decode(self, ids: Sequence[int]) -> str:
        """Join tokens to text again; case, accents and spacing of the original are lost.

        Raises
        ------
        ValueError
            If an id is not in the vocabulary.
        """
        unknown = [i for i in ids if i not in self.tokens]
        if unknown:
            raise ValueError(f"no token has the id {unknown[0]}; there are {len(self.tokens)}")
        return " ".join(self.tokens[i] for i in ids).replace(" ##", "")

    def _text_ids(self, text: str, room: int | None) -> list[int]:
        """Return the ids of a text, ``room`` at most; what lies beyond is not even looked at."""
        ids: list[int] = []
        for match in CHUNK.finditer(text):
            chunk = match[0]
            ids += self._ids.get(chunk) or self._chunk_ids(chunk)
            if room is not None and len(ids) >= room:
                return ids[:room]
        return ids

    def _chunk_ids(self, chunk: str) -> list[int]:
        if len(self._ids) > CACHE_ENTRIES:
            self._ids.clear()
        ids: list[int] = []
        start = 0
        for special in self._special.finditer(chunk):  # a "[SEP]" in the text is taken for what it says
            ids += [*self._plain_ids(chunk[start : special.start()]), self.vocabulary[special[0]]]
            start = special.end()
        ids += self._plain_ids(chunk[start:])
        self._ids[chunk] = ids
        return ids

    def _plain_ids(self, text: str) -> list[int]:
        words = pre_tokenize(normalise(text, lower=self.lower))
        return [self.vocabulary[piece] for word in words for piece in wordpiece(word, self.vocabulary)]


def pad(sequences: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Fill sequences of ids up to the length of the longest.

    Returns
    -------
    ids : int64 array (n, t)
    mask : int64 array (n, t), 1 at a token and 0 at padding

    Examples
    --------
    >>> pad([[101, 7592, 102], [101, 102]])
    (array([[ 101, 7592,  102],
           [ 101,  102,    0]]), array([[1, 1, 1],
           [1, 1, 0]]))
    """
    ids = np.full((len(sequences), max(map(len, sequences), default=0)), pad_id, np.int64)
    mask = np.zeros_like(ids)
    for i, sequence in enumerate(sequences):
        ids[i, : len(sequence)], mask[i, : len(sequence)] = sequence, 1
    return ids, mask


def _room(max_length: int | None, special: int) -> int | None:
    if max_length is None:
        return None
    if max_length < special:
        raise ValueError(f"max_length must leave place for {special} special tokens, but is {max_length}")
    return max_length - special


def checked_text(text: object, name: str) -> str:
    """Return the text; TypeError, with its name and what it is instead, where it is no string."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a string, but is {type(text).__name__}: {text!r:.60}")
    return text
