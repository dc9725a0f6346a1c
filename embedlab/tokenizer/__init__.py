"""From text to token ids: WordPiece as BERT reads it, and byte-pair encoding."""

from embedlab.tokenizer.bert import WordPieceTokenizer, pad
from embedlab.tokenizer.bpe import PART, BytePairTokenizer, learn_merges, merge
from embedlab.tokenizer.steps import checked_text, normalise, pre_tokenize, wordpiece

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
