"""BERT's tokenizer: from text to the ids that the encoder looks up, and padding."""

import copy
import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import ModelError, model_folder
from embedlab.tokenizer.files import SPECIAL, read_tokenizer
from embedlab.tokenizer.steps import checked_text, normalise, pre_tokenize, wordpiece

CHUNK = re.compile(r"[^ \t\n\r]+")  # these four always separate words, so chunks can be tokenized one by one
CACHE_ENTRIES = 500_000


class WordPieceTokenizer:
    """The tokenizer of a BERT model.

    Parameters
    ----------
    vocabulary : dict
        Token to id; has the special tokens [PAD], [UNK], [CLS], [SEP] and [MASK].
    lower : bool
        Whether the model was trained on lower-cased text.
    strip_accents : bool, optional
        Whether it was trained on text without accents; by default where ``lower`` is set.
    chinese : bool
        Whether each Chinese character is a word.
    split_special_tokens : bool
        Read "[SEP]" in a text as the five characters that it is, not as the marker. By default it becomes the
        marker's id, as in the `tokenizers` library: set this for text that comes from strangers.

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

    def __init__(
        self,
        vocabulary: dict[str, int],
        *,
        lower: bool = True,
        strip_accents: bool | None = None,
        chinese: bool = True,
        split_special_tokens: bool = False,
    ):
        missing = [token for token in SPECIAL.values() if token not in vocabulary]
        if missing:
            raise ModelError(f"the vocabulary lacks {', '.join(missing)}")
        self.vocabulary, self.lower = vocabulary, lower
        self.strip_accents, self.chinese = lower if strip_accents is None else strip_accents, chinese
        self.pad, self.unk, self.cls, self.sep, self.mask = (vocabulary[token] for token in SPECIAL.values())
        self.split_special_tokens = split_special_tokens
        self._special = re.compile("|".join(map(re.escape, SPECIAL.values())))
        self._steps = pre_tokenize, wordpiece
        self._ids: dict[str, list[int]] = {}  # words and chunks seen, with their ids

    @classmethod
    def load(
        cls, model: str | Path | None = None, *, lower: bool = False, split_special_tokens: bool = False
    ) -> "WordPieceTokenizer":
        """Load the vocabulary and the rules of a model (see `model_folder` for what may be given).

        Parameters
        ----------
        model : None, path or hub id
        lower : bool
            Lower-case also where the folder's tokenizer does not; its accents are treated as before.
        split_special_tokens : bool
            See the class.

        Raises
        ------
        ModelError
            If the folder has neither ``tokenizer.json`` nor ``vocab.txt``, or holds another tokenizer than
            BERT's.
        """
        vocabulary, rules = read_tokenizer(model_folder(model))
        tokenizer = cls(vocabulary, **rules, split_special_tokens=split_special_tokens)
        tokenizer.lower = tokenizer.lower or lower
        return tokenizer

    @cached_property
    def tokens(self) -> dict[int, str]:
        """Id to token."""
        return {i: token for token, i in self.vocabulary.items()}

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that the ids depend on: the vocabulary and the rules."""
        ids = np.fromiter(self.vocabulary.values(), np.int64, len(self.vocabulary))
        digest = hashlib.sha256("\n".join(self.vocabulary).encode("utf-8", "surrogatepass"))
        digest.update(ids.tobytes() + bytes(map(bool, (self.lower, self.strip_accents, self.chinese))))
        if self.split_special_tokens:  # by default the hash is what it was before there was a choice
            digest.update(b"split")
        return digest.hexdigest()

    def with_steps(
        self,
        *,
        pre_tokenize: Callable[[str], list[str]] = pre_tokenize,
        wordpiece: Callable[[str, dict[str, int]], list[str]] = wordpiece,
    ) -> "WordPieceTokenizer":
        """Return the same tokenizer with other functions in place of `pre_tokenize` and `wordpiece`."""
        other = copy.copy(self)
        other._steps, other._ids = (pre_tokenize, wordpiece), {}
        return other

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
        first, second = checked_text(first, "first"), checked_text(second, "second")
        a, b = (self._text_ids(text, room) for text in (first, second))
        if room and room % 2 and len(a) == len(b) == room:  # the longer one keeps the odd token: look at all
            a, b = (self._text_ids(text, None) for text in (first, second))
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
        found = () if self.split_special_tokens else self._special.finditer(chunk)
        for special in found:  # a "[SEP]" in the text is taken for what it says
            ids += [*self._plain_ids(chunk[start : special.start()]), self.vocabulary[special[0]]]
            start = special.end()
        ids += self._plain_ids(chunk[start:])
        self._ids[chunk] = ids
        return ids

    def _plain_ids(self, text: str) -> list[int]:
        text = normalise(text, lower=self.lower, strip_accents=self.strip_accents, chinese=self.chinese)
        words, pieces = self._steps
        return [self.vocabulary[piece] for word in words(text) for piece in pieces(word, self.vocabulary)]


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
