"""Another correct way of writing each exercise of chunking."""

import itertools

import numpy as np

from embedlab.chunking import chunk_id, fresh


def sliding(tokens, size, overlap):
    if not tokens:
        return []
    starts = range(0, max(tokens - overlap, 1), size - overlap)
    return [(first, min(first + size, tokens)) for first in starts]


def pack(costs, size):
    before, groups = np.cumsum([0, *costs]), []
    while (i := groups[-1][1] if groups else 0) < len(costs):
        j = int(np.searchsorted(before, before[i] + size, side="right")) - 1
        groups.append((i, max(j, i + 1)))
    return groups


def split_recursive(text, size, separators=("\n\n", "\n", ". ", " ")):
    found = [text]
    for separator in separators:
        finer = []
        for piece in found:
            if len(piece.split()) <= size:
                finer.append(piece)
                continue
            joined, place = "", 0
            ends = [i for i in range(1, len(piece)) if piece[:i].endswith(separator) and piece[i].strip()]
            for end in [*ends, len(piece)]:
                if joined and len((joined + piece[place:end]).split()) > size:
                    finer.append(joined)
                    joined = ""
                joined += piece[place:end]
                place = end
            finer.append(joined)
        found = finer
    return [piece for piece in found if piece]


def heading_path(lines):
    paths = []
    for i in range(len(lines)):
        path, lowest = [], 7
        for line in reversed(lines[: i + 1]):
            marks, space, title = line.partition(" ")
            if space and 0 < len(marks) < lowest and set(marks) == {"#"}:
                path.insert(0, title.strip())
                lowest = len(marks)
        paths.append(tuple(path))
    return paths


def pool_span(hidden, first, last):
    total = np.zeros(hidden.shape[1], np.float32)
    for row in hidden[1:][first:last]:
        total += row
    return total / np.sqrt(total @ total)


def best_passage(scores, documents):
    return dict(sorted(zip(documents, scores, strict=True)))


def span_recall(read, answer):
    left = sum(b - a for a, b in fresh(*answer, read))
    return 1 - left / (answer[1] - answer[0])


def within_budget(costs, budget):
    return sum(spent <= budget for spent in itertools.accumulate(costs))


def stable_ids(document, texts):
    return [chunk_id(document, text, texts[:i].count(text)) for i, text in enumerate(texts)]
