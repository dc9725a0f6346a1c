"""The exercise of chapter 01 on the most probable segmentation."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

SCORES = {"a": -5.0, "b": -5.5, "c": -6.0, "ab": -7.0, "bc": -6.5, "abc": -13.0, "ca": -12.5, "cab": -11.0}


def _to_cut(rng: np.random.Generator) -> list[tuple]:
    """List (text, scores): where the longest piece is not the best, and characters that no piece has."""
    texts = ["", "a", "ab", "abc", "bc", "ca", "cab", "x", "ax", "xab", "abab", "bcab", "cabc", "abcab", "xx"]
    texts += ["".join(rng.choice(list("abcx"), size, p=[0.3, 0.3, 0.3, 0.1])) for size in (4, 5, 6, 7, 8)]
    return [(text, SCORES) for text in texts]


def _unigram_greedy(text, scores):
    pieces, start = [], 0
    while start < len(text):
        end = next((end for end in range(len(text), start, -1) if text[start:end] in scores), start + 1)
        pieces.append(text[start:end])
        start = end
    return pieces


def _best_next_piece(text, scores):
    pieces, start = [], 0
    while start < len(text):
        known = [text[start:end] for end in range(start + 1, len(text) + 1) if text[start:end] in scores]
        pieces.append(max(known, key=scores.get, default=text[start]))
        start += len(pieces[-1])
    return pieces


def _best_path(text, scores, value):
    ways = {0: (0.0, [])}
    for end in range(1, len(text) + 1):
        known = [
            (start, text[start:end]) for start in range(end) if text[start:end] in scores or end - start == 1
        ]
        found = [(ways[s][0] + value(scores.get(p, -23.0)), [*ways[s][1], p]) for s, p in known]
        ways[end] = max(found, key=lambda way: way[0])
    return ways[len(text)][1]


def _fewest_pieces(text, scores):
    return _best_path(text, scores, lambda score: -1.0 if score > -23 else -9.0)


def _least_probable(text, scores):
    return _best_path(text, scores, lambda score: -score)


EXERCISES = (
    Exercise(
        name="viterbi",
        chapter="01_tokenizer",
        task="Cut a text into pieces with the largest sum of scores; an unknown character has min - 10.",
        reference="embedlab.tokenizer:viterbi",
        cases=_to_cut,
        hints=(
            "Keep best[end]: the largest sum for the first `end` characters; best[0] is 0.",
            "best[end] is the maximum over start of best[start] + score(text[start:end]).",
            "Remember for each end where its last piece begins, then walk back from the end of the text.",
        ),
        mistakes=(
            Mistake(
                "longest match",
                "That is WordPiece: the longest piece need not be part of the most probable segmentation.",
                _unigram_greedy,
            ),
            Mistake(
                "best next piece",
                "The best piece now can leave a bad rest: compare whole segmentations.",
                _best_next_piece,
            ),
            Mistake(
                "fewest pieces",
                "It is the sum of the scores that counts, not how many pieces.",
                _fewest_pieces,
            ),
            Mistake(
                "least probable", "Scores are logarithms of probabilities: larger is better.", _least_probable
            ),
        ),
        follow_up="Unigram can also sample a segmentation by its probability (subword regularisation). What "
        "would that be good for in training?",
    ),
)
