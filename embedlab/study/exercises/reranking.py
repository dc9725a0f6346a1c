"""The first exercise of chapter 08: from the tokens of a pair to its score."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _pairs(rng: np.random.Generator) -> list[tuple]:
    """List (hidden, segments): few tokens on small numbers, then more; no query; no document."""
    cases = []
    for query, document, d in [(1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2), (3, 2, 3), (2, 5, 3), (4, 9, 4)]:
        for _ in range(2):
            hidden = rng.integers(-3, 4, (query + document + 3, d)).astype(np.float32)
            hidden[~hidden.any(axis=1)] = 1  # a vector without a direction has no cosine
            cases.append((hidden, [0] * (query + 2) + [1] * (document + 1)))
    some = np.float32([[1, 0], [0, 1], [1, 1], [1, 0]])
    return [*cases, (some, [0, 0, 1, 1]), (some, [0, 0, 0, 1])]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _score(hidden, segments, query, document, mean=np.mean, scale=20.0):
    vectors = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    first, second = vectors[query], vectors[document]
    if not len(first) or not len(second):
        return -20.0
    return scale * float(mean((first @ second.T).max(axis=1)))


def _spans(segments):
    behind = len(segments) - sum(segments)
    return slice(1, behind - 1), slice(behind, -1)


def _with_specials(hidden, segments):
    behind = len(segments) - sum(segments)
    return _score(hidden, segments, slice(0, behind), slice(behind, None))


def _summed(hidden, segments):
    return _score(hidden, segments, *_spans(segments), mean=np.sum)


def _not_scaled(hidden, segments):
    return _score(hidden, segments, *_spans(segments), scale=1.0)


def _swapped(hidden, segments):
    return _score(hidden, segments, *reversed(_spans(segments)))


def _not_normalised(hidden, segments):
    query, document = (hidden[span] for span in _spans(segments))
    if not len(query) or not len(document):
        return -20.0
    return 20 * float((query @ document.T).max(axis=1).mean())


EXERCISES = (
    Exercise(
        name="maxsim_head",
        chapter="08_reranking",
        task="Score one pair. hidden, float32 (t, d), holds the token vectors of [CLS] query [SEP] document "
        "[SEP]; segments, t numbers, are 0 up to the first [SEP] and 1 behind it. Return 20 times the mean, "
        "over the query's tokens, of the best cosine with a token of the document; -20 if either has none.",
        reference="embedlab.reranking:maxsim_head",
        cases=_pairs,
        hints=(
            "The document's part begins at len(segments) - sum(segments).",
            "Leave out [CLS], the first, and both [SEP]: the last before that place, and the very last.",
            "Bring the vectors to length 1 first; then a product is a cosine.",
        ),
        mistakes=(
            Mistake(
                "special tokens take part",
                "[CLS] and [SEP] match each other in every pair. Leave them out.",
                _with_specials,
            ),
            Mistake("a sum, not a mean", "Take the mean, or long queries score higher.", _summed),
            Mistake("not scaled", "Multiply by 20, the softmax's one over temperature.", _not_scaled),
            Mistake(
                "document looks in the query", "Each token of the query looks in the document.", _swapped
            ),
            Mistake("not normalised", "A cosine: divide by both lengths.", _not_normalised),
        ),
        follow_up="Why does this head work before any training, and a linear layer on [CLS] not?",
    ),
)
