"""A text, its words with their places, and what each costs in tokens.

Chunks are cut between words, and measured in tokens. BERT's tokenizer never makes a token of two words, so
the tokens of a text are those of its words, one after the other: counted once, any stretch of the text is
measured by a subtraction.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

from embedlab.tokenizer import WordPieceTokenizer, clean, set_apart, set_off

LONGEST_WORD = 100  # characters: of a longer word, WordPiece makes a single [UNK]
Span = tuple[int, int]  # of words: from the first to behind the last


@dataclass(frozen=True)
class Chunk:
    """A piece of a text: where it is, what it costs, and what it is part of.

    Attributes
    ----------
    start, end : int
        Characters: the chunk is ``text[start:end]``.
    first, last : int
        Tokens of the whole text, from the first to behind the last; ``[CLS]`` and ``[SEP]`` not counted.
    headings : tuple of str
        The headings above it, the widest first.
    parent : (int, int), optional
        Characters of the larger piece to hand to a reader in its place.
    """

    start: int
    end: int
    first: int
    last: int
    headings: tuple[str, ...] = ()
    parent: tuple[int, int] | None = None

    @property
    def tokens(self) -> int:
        """What it costs to read."""
        return self.last - self.first


class Words:
    """The words of a text, with characters and tokens.

    A word here is what the tokenizer's first step makes: a run of letters and digits, or one punctuation
    mark. What WordPiece would make a single ``[UNK]`` of (more than a hundred characters without a gap), or
    what has more tokens than a chunk may have, is cut into several.

    Parameters
    ----------
    text : str
    tokenizer : WordPieceTokenizer
    longest : int
        Tokens that a word may have at most; at least 4.

    Examples
    --------
    >>> words = Words("Albedo, unquantized", WordPieceTokenizer.load())
    >>> [words.text[start:end] for start, end in zip(words.starts, words.ends)]
    ['Albedo', ',', 'unquantized']
    >>> words.before  # tokens before each word, and behind the last
    [0, 2, 3, 7]
    """

    def __init__(self, text: str, tokenizer: WordPieceTokenizer, *, longest: int = 510):
        if longest < 4:
            raise ValueError(f"chunks of {longest} tokens are too small: a size of at least 4 is needed")
        self.text, self.tokenizer = text, tokenizer
        self.levels: list[list[int]] = []  # where it may be cut, once `cuts.levels` has been asked
        pieces = [piece for word in _word_pattern(text).finditer(text) for piece in _cut(text, *word.span())]
        ids = _ids(text, pieces, tokenizer)
        if any(len(one) > longest for one in ids):
            # A character has at most four tokens: what Unicode's decomposition can make of it.
            step = max(1, longest // 4)
            pieces = [
                part
                for piece, one in zip(pieces, ids, strict=True)
                for part in (_cut(text, *piece, step) if len(one) > longest else [piece])
            ]
            ids = _ids(text, pieces, tokenizer)
        self.starts = [start for start, _ in pieces]
        self.ends = [end for _, end in pieces]
        self.before = [0, *accumulate(map(len, ids))]
        self.ids = [token for one in ids for token in one]
        self.longest = max(map(len, ids), default=0)  # tokens of one word

    def __len__(self) -> int:
        return len(self.starts)

    def within(self, longest: int) -> Words:
        """Return the words of the same text with none of more tokens than that."""
        return self if self.longest <= longest else Words(self.text, self.tokenizer, longest=longest)

    def at(self, character: int) -> int:
        """Return the number of the first word that starts there or later."""
        return bisect_left(self.starts, character)

    def tokens(self, span: Span) -> int:
        """Return what a span of words costs."""
        return self.before[span[1]] - self.before[span[0]]

    def reach(self, first: int, size: int) -> int:
        """Return how far a chunk of so many tokens goes from a word: behind its last word, at least one."""
        return max(bisect_right(self.before, self.before[first] + size) - 1, first + 1)

    def back(self, last: int, size: int) -> int:
        """Return where so many tokens before a place begin."""
        return bisect_left(self.before, self.before[last] - size)

    def characters(self, span: Span) -> tuple[int, int]:
        """Return where a span begins and ends in the text."""
        return self.starts[span[0]], self.ends[span[1] - 1]


def _word_pattern(text: str) -> re.Pattern:
    """Match words as BERT's tokenizer splits them: made from the characters that the text has."""
    kinds = {char: _kind(char) for char in set(text)}
    alone = "".join(re.escape(char) for char, kind in kinds.items() if kind == "alone")
    space = "".join(re.escape(char) for char, kind in kinds.items() if kind == "space")
    if not alone + space:
        return re.compile(r"(?s).+")
    return re.compile(f"[{alone}]|[^{alone}{space}]+" if alone else f"[^{space}]+")


def _kind(char: str) -> str:
    if clean(char) == " ":
        return "space"
    alone = clean(char) and (set_off(char) != char or set_apart(char) != char)
    return "alone" if alone else "part"


def _cut(text: str, start: int, end: int, step: int = LONGEST_WORD) -> list[Span]:
    return [(i, min(i + step, end)) for i in range(start, end, step)]


def _ids(text: str, pieces: list[Span], tokenizer: WordPieceTokenizer) -> list[list[int]]:
    words = list({text[start:end] for start, end in pieces})
    ids = {word: found[1:-1] for word, found in zip(words, tokenizer.encode_batch(words), strict=True)}
    return [ids[text[start:end]] for start, end in pieces]
