"""Another correct way of writing each exercise of tokenizer."""

import itertools

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
