"""From text to token ids: WordPiece as BERT reads it, byte-pair encoding, and Unigram."""

from embedlab.tokenizer.bert import WordPieceTokenizer, pad
from embedlab.tokenizer.bpe import PART, BytePairTokenizer, apply_merges, learn_merges, merge
from embedlab.tokenizer.fast import Trie, apply_merges_heap
from embedlab.tokenizer.gpt import GPT_ENCODINGS, gpt_encoding
from embedlab.tokenizer.rules import first_merges
from embedlab.tokenizer.steps import (
    checked_text,
    clean,
    drop_accent,
    normalise,
    pre_tokenize,
    set_apart,
    set_off,
    wordpiece,
)
from embedlab.tokenizer.unigram import byte_pieces, viterbi

__all__ = [
    "GPT_ENCODINGS",
    "PART",
    "BytePairTokenizer",
    "Trie",
    "WordPieceTokenizer",
    "apply_merges",
    "apply_merges_heap",
    "byte_pieces",
    "checked_text",
    "clean",
    "drop_accent",
    "first_merges",
    "gpt_encoding",
    "learn_merges",
    "merge",
    "normalise",
    "pad",
    "pre_tokenize",
    "set_apart",
    "set_off",
    "viterbi",
    "wordpiece",
]
