"""The exercises of chapter 01 on WordPiece and padding."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

PIECES = ["a", "b", "ab", "abc", "##a", "##b", "##c", "##ab", "##bc", "##abc", "un", "##able", "##aff"]
VOCABULARY = {piece: i for i, piece in enumerate(PIECES)}


def _words(rng: np.random.Generator) -> list[tuple]:
    """List (word, vocabulary): words that fit, that fit only in part, and that do not fit."""
    words = [
        "a",
        "c",
        "ab",
        "abc",
        "abab",
        "acb",
        "abca",
        "unaffable",
        "unable",
        "ax",
        "xa",
        "abx",
        "",
        "a" * 101,
    ]
    words += [
        "".join(rng.choice(list("abcx"), size, p=[0.35, 0.3, 0.25, 0.1])) for size in (3, 4, 5, 6, 7, 8)
    ]
    return [(word, VOCABULARY) for word in words]


def _cut(word, vocabulary, *, mark="##", keep=False, shortest=False):
    """Cut as WordPiece does, but for what the arguments say: each mistake differs in one of them."""
    pieces, start = [], 0
    while start < len(word) <= 100:
        ends = range(start + 1, len(word) + 1)
        for end in ends if shortest else reversed(ends):
            piece = (mark if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return [*pieces, "[UNK]"] if keep else ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces if len(word) <= 100 else ["[UNK]"]


def _shortest_first(word, vocabulary):
    return _cut(word, vocabulary, shortest=True)


def _without_mark(word, vocabulary):
    return _cut(word, vocabulary, mark="")


def _keeps_the_pieces(word, vocabulary):
    return _cut(word, vocabulary, keep=True)


def _drops_what_does_not_fit(word, vocabulary):
    pieces = _cut(word, vocabulary, keep=True)
    return [piece for piece in pieces if piece != "[UNK]"]


def _sequences(rng: np.random.Generator) -> list[tuple]:
    """List (sequences,), the ids 0 among them: padding has the id 0, but a 0 need not be padding."""
    cases = [[[5]], [[5], [6, 7]], [[5, 6], [7]], [[5], []], [[0], [5, 0]], [[3, 0], [4]], [[], [1, 2]]]
    for n, t in [(2, 3), (3, 4), (4, 5), (3, 6), (5, 3)]:
        cases.append([rng.integers(0, 9, rng.integers(0, t + 1)).tolist() for _ in range(n)])
    return [(case,) for case in cases]


def _fill(sequences, left=False):
    t = max(map(len, sequences))
    ids, mask = np.zeros((len(sequences), t), np.int64), np.zeros((len(sequences), t), np.int64)
    for i, sequence in enumerate(sequences):
        where = slice(t - len(sequence), t) if left else slice(0, len(sequence))
        ids[i, where], mask[i, where] = sequence, 1
    return ids, mask


def _mask_from_ids(sequences):
    ids, _ = _fill(sequences)
    return ids, (ids != 0).astype(np.int64)


def _pad_left(sequences):
    return _fill(sequences, left=True)


def _mask_inverted(sequences):
    ids, mask = _fill(sequences)
    return ids, 1 - mask


def _cut_to_shortest(sequences):
    return _fill([sequence[: min(map(len, sequences))] for sequence in sequences])


EXERCISES = (
    Exercise(
        name="wordpiece",
        chapter="01_tokenizer",
        task="Cut a word into the longest pieces of the vocabulary, left to right; ['[UNK]'] if that fails.",
        reference="embedlab.tokenizer:wordpiece",
        cases=_words,
        hints=(
            "Keep a position in the word. At each position try the longest piece first, then shorter ones.",
            "Every piece but the first is looked up with '##' in front.",
            "Where no piece fits at a position, forget the pieces found so far: return ['[UNK]'].",
        ),
        mistakes=(
            Mistake(
                "shortest first",
                "You take the first piece that fits. Try the longest one first.",
                _shortest_first,
            ),
            Mistake("no mark", "A piece inside a word is in the vocabulary as '##piece'.", _without_mark),
            Mistake(
                "pieces kept",
                "Where the rest of a word does not fit, the whole word is one [UNK], not only the rest.",
                _keeps_the_pieces,
            ),
            Mistake(
                "rest dropped",
                "What does not fit must not vanish: the whole word becomes ['[UNK]'].",
                _drops_what_does_not_fit,
            ),
        ),
        follow_up="Greedy is not optimal: can you think of a vocabulary and a word where longest-first ends "
        "in [UNK], although the word can be spelled?",
    ),
    Exercise(
        name="pad",
        chapter="01_tokenizer",
        task="Fill lists of ids with 0 up to the longest; return int64 arrays (ids, mask), each (n, t).",
        reference="embedlab.tokenizer:pad",
        cases=_sequences,
        hints=(
            "Make two arrays of zeros of shape (n, length of the longest list).",
            "Write each list, and as many ones, at the beginning of its row.",
        ),
        mistakes=(
            Mistake(
                "mask from ids",
                "You take every 0 for padding. The mask has to come from the lengths, not from the values.",
                _mask_from_ids,
            ),
            Mistake(
                "padded on the left", "BERT's positions count from the left: pad on the right.", _pad_left
            ),
            Mistake("mask inverted", "1 stands for a token, 0 for padding.", _mask_inverted),
            Mistake(
                "cut",
                "Nothing may be lost: fill up to the longest, do not cut to the shortest.",
                _cut_to_shortest,
            ),
        ),
        follow_up="A batch holds one text of 256 tokens and 31 of 8. What share of the work is wasted, and "
        "what would you do about it?",
    ),
)
