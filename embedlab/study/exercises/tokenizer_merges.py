"""The exercises of chapter 01 on byte pair encoding: one merge, and learning them."""

from collections import Counter
from itertools import pairwise

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _id_lists(rng: np.random.Generator) -> list[tuple]:
    """List (ids, pair, new): no pair, one, several, overlapping ones, at either end."""
    lists = [[], [1], [1, 2], [2, 1], [1, 1], [1, 1, 1], [1, 2, 1, 2], [3, 1, 2], [1, 2, 3], [1, 1, 1, 1, 1]]
    lists += [rng.integers(1, 4, size).tolist() for size in (4, 5, 6, 7, 8, 9)]
    return [(ids, pair, 9) for ids in lists for pair in ((1, 2), (1, 1))]


def _walk(ids, new, matches, step=lambda i: 2):
    """Merge from left to right: where ``matches(i)``, put the new id and go on by ``step(i)``."""
    merged, i = [], 0
    while i < len(ids):
        found = i + 1 < len(ids) and matches(i)
        merged.append(new if found else ids[i])
        i += step(i) if found else 1
    return merged


def replaced(ids, pair, new):
    """Do what `merge` does."""
    return _walk(ids, new, lambda i: (ids[i], ids[i + 1]) == pair)


def _merge_overlapping(ids, pair, new):
    def matches(i):
        return tuple(ids[i : i + 2]) == pair

    return _walk(ids, new, matches, step=lambda i: 1 if matches(i + 1) else 2)


def _merge_without_the_last(ids, pair, new):
    merged = replaced(ids, pair, new)
    return merged if tuple(ids[-2:]) == pair and merged[-1] == new else merged[:-1]


def _merge_the_first_only(ids, pair, new):
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return [*ids[:i], new, *ids[i + 2 :]]
    return list(ids)


def _either_order(ids, pair, new):
    return _walk(ids, new, lambda i: (ids[i], ids[i + 1]) in (pair, pair[::-1]))


def _word_counts(rng: np.random.Generator) -> list[tuple]:
    """List (words, vocab_size): no words, ties, runs of one letter, more merges wanted than there are."""
    cases = [({}, 257), ({"a": 3}, 258), ({"ab": 1}, 257), ({"ab": 2, "cb": 3}, 257), ({"aaa": 1}, 258)]
    cases += [({"aab": 3, "ab": 2}, 258), ({"ab": 1, "ba": 1}, 257), ({"ab": 5}, 300), ({"ab": 1}, 256)]
    cases += [({"abc": 2, "bc": 2}, 258), ({"é": 2, "a": 9}, 257), ({"abab": 1, "ba": 1}, 258)]
    cases += [({"abcabc": 1, "xx": 3}, 259), ({"ba": 2, "ab": 2}, 258)]
    for size in (2, 3, 4, 4, 5, 5):
        words = {
            "".join(rng.choice(list("abc"), rng.integers(1, 6))): int(rng.integers(1, 6)) for _ in range(size)
        }
        cases.append((words, 256 + size))
    return cases


def _learn(words, vocab_size, *, weigh=True, first=min, once=False, letters=False, begin=256, tie=None):
    """Learn as BPE does, but for what the arguments say: each mistake differs in one of them."""
    tie = tie or (lambda pair: pair)
    texts = {word: list(map(ord, word)) if letters else list(word.encode()) for word in words}
    merges = {}
    counts = Counter()
    while len(merges) < vocab_size - 256:
        if not (once and merges):
            counts = Counter()
            for word, ids in texts.items():
                for pair in pairwise(ids):
                    counts[pair] += words[word] if weigh else 1
        left = [pair for pair in counts if pair not in merges]
        if not left:
            break
        best = first(left, key=lambda pair: (-counts[pair], tie(pair)))
        new = merges[best] = begin + len(merges)
        if not once:
            texts = {word: replaced(ids, best, new) for word, ids in texts.items()}
    return merges


def _without_weights(words, vocab_size):
    return _learn(words, vocab_size, weigh=False)


def _rarest_first(words, vocab_size):
    return _learn(words, vocab_size, first=max)


def _counted_once(words, vocab_size):
    return _learn(words, vocab_size, once=True)


def _from_zero(words, vocab_size):
    return _learn(words, vocab_size, begin=0)


def _larger_pair_first(words, vocab_size):
    return _learn(words, vocab_size, tie=lambda pair: tuple(-i for i in pair))


EXERCISES = (
    Exercise(
        name="merge",
        chapter="01_tokenizer",
        task="Replace every occurrence of a pair of ids by a new id, from left to right, in a new list.",
        reference="embedlab.tokenizer:merge",
        cases=_id_lists,
        hints=(
            "Walk through the list with an index, and look at two neighbours at a time.",
            "After a match go on by two, otherwise by one; the last id may have no neighbour.",
        ),
        mistakes=(
            Mistake(
                "overlap",
                "In [1, 1, 1] the pair (1, 1) occurs once: an id that was merged is used up.",
                _merge_overlapping,
            ),
            Mistake(
                "last id lost",
                "The last id has no right neighbour, but has to be kept.",
                _merge_without_the_last,
            ),
            Mistake(
                "first only",
                "Go on after the first match: every occurrence is merged.",
                _merge_the_first_only,
            ),
            Mistake("either order", "The pair (1, 2) is not the pair (2, 1): order matters.", _either_order),
        ),
        follow_up="How would you find the most frequent pair without counting all pairs after each merge?",
    ),
    Exercise(
        name="learn_merges",
        chapter="01_tokenizer",
        task="Learn {pair: new id} up to vocab_size ids, from 256: again and again the most frequent pair.",
        reference="embedlab.tokenizer:learn_merges",
        cases=_word_counts,
        hints=(
            "Turn each word into a list of its UTF-8 bytes. Count the pairs, each as often as its word.",
            "Take the pair with the largest count, of equal ones the smaller; its id is 256 + len(merges).",
            "Merge it in every word with `merge`, then count anew. Stop where there are no pairs left.",
        ),
        mistakes=(
            Mistake(
                "words not weighed",
                "A pair counts as often as its word occurs in the text, not once for each different word.",
                _without_weights,
            ),
            Mistake("rarest first", "The most frequent pair is merged first.", _rarest_first),
            Mistake(
                "counted once",
                "After each merge the pairs are others: count again, with the new token in place.",
                _counted_once,
            ),
            Mistake("ids from 0", "0 to 255 are the bytes: the first new token is 256.", _from_zero),
            Mistake(
                "ties",
                "Of equally frequent pairs the smaller one goes first, so that everybody learns the same.",
                _larger_pair_first,
            ),
        ),
        follow_up="Counting all pairs after each merge is O(text * merges). What changes after one merge, "
        "and which two tables would you keep up to date?",
    ),
)
