"""The exercise of chapter 01 on encoding with merges that were learned."""

from itertools import pairwise

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake
from embedlab.study.exercises.tokenizer_merges import replaced

MERGES = {(97, 98): 256, (98, 99): 257, (256, 99): 258, (97, 97): 259, (257, 97): 260, (258, 258): 261}


def _parts(rng: np.random.Generator) -> list[tuple]:
    """List (ids, merges): nothing to merge, overlapping pairs, merges of merges, merges out of order."""
    texts = [
        "",
        "a",
        "ab",
        "abc",
        "aab",
        "aaa",
        "bca",
        "bcabc",
        "abcabc",
        "abab",
        "aaab",
        "xaby",
        "bcbc",
        "aabc",
    ]
    texts += ["".join(rng.choice(list("abc"), size)) for size in (4, 5, 6, 7, 8, 9)]
    reverse = {(98, 99): 256, (97, 98): 257, (97, 256): 258}
    cases = [(list(text.encode()), MERGES) for text in texts]
    return cases + [(list(text.encode()), reverse) for text in ("abc", "ab", "abcab", "babc")]


def _leftmost_first(ids, merges):
    ids, i = list(ids), 0
    while i + 1 < len(ids):
        if (ids[i], ids[i + 1]) in merges:
            ids[i : i + 2] = [merges[ids[i], ids[i + 1]]]
            i = 0
        else:
            i += 1
    return ids


def _last_learned_first(ids, merges):
    ids = list(ids)
    while known := [pair for pair in pairwise(ids) if pair in merges]:
        best = max(known, key=merges.get)
        ids = replaced(ids, best, merges[best])
    return ids


def _one_round(ids, merges):
    known = [pair for pair in pairwise(ids) if pair in merges]
    if not known:
        return list(ids)
    best = min(known, key=merges.get)
    return replaced(list(ids), best, merges[best])


def _longest_match(ids, merges):
    tokens = {i: bytes([i]) for i in range(256)}
    for (a, b), new in merges.items():
        tokens[new] = tokens[a] + tokens[b]
    by_bytes, text, start, found = {token: i for i, token in tokens.items()}, bytes(ids), 0, []
    while start < len(text):
        end = next(end for end in range(len(text), start, -1) if text[start:end] in by_bytes)
        found.append(by_bytes[text[start:end]])
        start = end
    return found


EXERCISES = (
    Exercise(
        name="apply_merges",
        chapter="01_tokenizer",
        task="Encode a part, ids of bytes: merge the pair that was learned first, until none is in merges.",
        reference="embedlab.tokenizer:apply_merges",
        cases=_parts,
        hints=(
            "Of the pairs of neighbours that are in merges, take the one with the smallest new id.",
            "Merge all its occurrences, then look again: the new token may be part of another pair.",
        ),
        mistakes=(
            Mistake(
                "leftmost first",
                "Merges are replayed in the order in which they were learned, not in the order of the text.",
                _leftmost_first,
            ),
            Mistake("last learned first", "The pair that was learned first goes first.", _last_learned_first),
            Mistake("one round", "Go on: a token that was made can be merged again.", _one_round),
            Mistake(
                "longest match",
                "That is WordPiece. BPE does not look for long tokens, it replays merges.",
                _longest_match,
            ),
        ),
        follow_up="How long does this take for one part of a million characters, and how would a heap help?",
    ),
)
