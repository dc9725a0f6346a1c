"""Another correct way of writing each exercise of tokenizer."""

import collections
import functools
import itertools
import string
import unicodedata

import numpy as np


def wordpiece(word, vocabulary, mark=""):
    if len(word) > 100:
        return ["[UNK]"]
    if not word:
        return []
    sizes = [size for size in range(len(word), 0, -1) if mark + word[:size] in vocabulary]
    rest = wordpiece(word[sizes[0] :], vocabulary, "##") if sizes else ["[UNK]"]
    return ["[UNK]"] if rest == ["[UNK]"] else [mark + word[: sizes[0]], *rest]


def merge(ids, pair, new):
    merged, fresh = [], False  # fresh: the last id of merged may begin a pair
    for i in ids:
        if fresh and (merged[-1], i) == tuple(pair):
            merged[-1], fresh = new, False
        else:
            merged.append(i)
            fresh = True
    return merged


def pad(sequences):
    columns = list(itertools.zip_longest(*sequences))  # None where a list has ended
    table = np.array(columns, dtype=object).reshape(len(columns), len(sequences)).T
    mask = np.array([[value is not None for value in row] for row in table])
    mask = mask.reshape(table.shape).astype(np.int64)
    return np.where(mask == 1, table, 0).astype(np.int64), mask


def pre_tokenize(text):
    words, word = [], ""
    for char in text + " ":
        mark = char in string.punctuation or unicodedata.category(char).startswith("P")
        if mark or char.isspace():
            words += [part for part in (word, char) if part.strip()]
            word = ""
        else:
            word += char
    return words


def learn_merges(words, vocab_size):
    texts = {word: list(word.encode("utf-8")) for word in words}
    merges = {}
    for new in range(256, vocab_size):
        counts = collections.Counter()
        for word, ids in texts.items():
            for pair in itertools.pairwise(ids):
                counts[pair] += words[word]
        if not counts:
            break
        best, _ = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[0]
        merges[best] = new
        texts = {word: merge(ids, best, new) for word, ids in texts.items()}
    return merges


def apply_merges(ids, merges):
    for pair, new in sorted(merges.items(), key=lambda item: item[1]):  # one pass for each merge, in order
        ids = merge(ids, pair, new)
    return list(ids)


def viterbi(text, scores):
    unknown = min(scores.values()) - 10

    @functools.cache
    def best(start):
        if start == len(text):
            return 0.0, ()
        found = []
        for end in range(start + 1, len(text) + 1):
            piece = text[start:end]
            if piece in scores or len(piece) == 1:
                rest, pieces = best(end)
                found.append((scores.get(piece, unknown) + rest, (piece, *pieces)))
        return max(found, key=lambda way: way[0])

    return list(best(0)[1])
