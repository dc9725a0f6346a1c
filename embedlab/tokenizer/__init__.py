"""From text to token ids: WordPiece as BERT reads it, and byte-pair encoding."""

from embedlab.tokenizer.bpe import PART, BytePairTokenizer, learn_merges, merge
from embedlab.tokenizer.wordpiece import (
    WordPieceTokenizer,
    checked_text,
    normalise,
    pad,
    pre_tokenize,
    wordpiece,
)

__all__ = [
    "PART",
    "BytePairTokenizer",
    "WordPieceTokenizer",
    "checked_text",
    "learn_merges",
    "merge",
    "normalise",
    "pad",
    "pre_tokenize",
    "wordpiece",
]
