"""The exercise of chapter 07: MaxSim over documents of different lengths."""

import numpy as np

from embedlab.study.exercises import Exercise, Mistake


def _documents(rng: np.random.Generator) -> list[tuple]:
    """List (query, tokens, offsets): one token each, then several; negative products; many documents."""
    cases = [
        ([[1]], [[2]], [0, 1]),
        ([[1], [2]], [[3]], [0, 1]),
        ([[1]], [[3], [2]], [0, 2]),
        ([[1], [-1]], [[3], [2]], [0, 2]),
        ([[1]], [[3], [2]], [0, 1, 2]),
        ([[1]], [[-3], [-2]], [0, 1, 2]),
        ([[1, 0], [0, 1]], [[1, 0], [0, 1], [2, 2]], [0, 2, 3]),
    ]
    for t, lengths, d in [(2, [1, 2], 2), (3, [2, 1, 3], 2), (4, [5, 2, 1], 3), (6, [9, 4, 7, 1], 8)]:
        query, tokens = rng.integers(-3, 4, (t, d)), rng.integers(-3, 4, (sum(lengths), d))
        cases.append((query, tokens, np.concatenate([[0], np.cumsum(lengths)])))
    return [(np.float32(query), np.float32(tokens), np.int64(ends)) for query, tokens, ends in cases]


def _by_document(query, tokens, offsets, score):
    parts = np.split(tokens, offsets[1:-1])
    return np.array([score(query @ part.T) for part in parts], np.float32)


def _mean(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.max(axis=1).mean())


def _wrong_axis(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.max(axis=0).sum())


def _all_pairs(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.sum())


def _single_best(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.max())


def _padded(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: np.maximum(similar, 0).max(axis=1).sum())


EXERCISES = (
    Exercise(
        name="maxsim",
        chapter="07_colbert",
        task="Score documents for one query, float32 (n,). query (t, d) holds the query's token vectors, "
        "tokens (total, d) those of all documents one after the other; document i has the rows from "
        "offsets[i] to offsets[i + 1], at least one.",
        reference="embedlab.maxsim:maxsim",
        cases=_documents,
        hints=(
            "One document first: query @ document.T holds all pairs, a row for each token of the query.",
            "The best of each row, then the sum of these: .max(axis=1).sum().",
            "np.split(tokens, offsets[1:-1]) cuts the documents apart.",
        ),
        mistakes=(
            Mistake(
                "a mean, not a sum", "MaxSim adds the maxima up; it does not divide by their number.", _mean
            ),
            Mistake(
                "the maximum over the query",
                "Each token of the query looks for its best in the document, not the other way round.",
                _wrong_axis,
            ),
            Mistake("no maximum", "Only the best match of each token counts, not all of them.", _all_pairs),
            Mistake("one match only", "Every token of the query adds its own best match.", _single_best),
            Mistake(
                "zeros take part",
                "Where all products are negative, the maximum is negative: padding must not win.",
                _padded,
            ),
        ),
        follow_up="A query of 12 tokens, 1,000 documents of 80, 128 dimensions: how many multiplications?",
    ),
)
