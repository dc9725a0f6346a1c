"""The exercises of chapter 08: from the tokens of a pair to its score, and the cascade."""

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


def _rankings(rng: np.random.Generator) -> list[tuple]:
    """List (ids, scores, depth): depth 0, beyond the end, and between; equal scores; a good one behind."""
    cases = [
        ([4], [1], 1),
        ([4, 7], [1, 2], 0),
        ([4, 7], [1, 2], 1),
        ([4, 7], [1, 2], 2),
        ([4, 7], [1, 2], 9),
        ([7, 4], [1, 1], 2),
        ([5, 3, 8], [1, 2, 9], 2),
        ([5, 3, 8], [2, 2, 1], 3),
        ([], [], 3),
    ]
    for n, depth in [(3, 2), (4, 2), (4, 3), (5, 3), (6, 4), (8, 5), (10, 4), (20, 10)]:
        cases.append((rng.permutation(2 * n)[:n].tolist(), rng.integers(-3, 4, n).tolist(), depth))
    return [
        (ids, {i: float(score) for i, score in zip(ids, scores, strict=True)}, depth)
        for ids, scores, depth in cases
    ]


def rerank_top(ids, scores, depth):
    """Order the first ``depth`` ids by score, the largest first; the others stay behind, in their order.

    Parameters
    ----------
    ids : list of int
        The first stage's ranking.
    scores : dict of int to float
        The second stage's score of each id.
    depth : int
        How many the second stage looks at.

    Examples
    --------
    >>> rerank_top([5, 3, 8], {5: 0.1, 3: 0.7, 8: 0.9}, depth=2)
    [3, 5, 8]
    """
    return sorted(ids[:depth], key=lambda i: -scores[i]) + ids[depth:]


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


def _all_reranked(ids, scores, depth):
    return sorted(ids, key=lambda i: -scores[i])


def _cut_off(ids, scores, depth):
    return rerank_top(ids, scores, depth)[:depth]


def _worst_first(ids, scores, depth):
    return sorted(ids[:depth], key=lambda i: scores[i]) + ids[depth:]


def _equals_reversed(ids, scores, depth):
    return sorted(ids[:depth], key=lambda i: scores[i])[::-1] + ids[depth:]


def _rest_sorted(ids, scores, depth):
    return _all_reranked(ids[:depth], scores, depth) + _all_reranked(ids[depth:], scores, depth)


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
    Exercise(
        name="rerank_top",
        chapter="08_reranking",
        task="The second stage of a cascade: order the first depth of ids, a list with the best first, by "
        "scores, a dict of id to float, the largest first. Equal ones keep their order; all others stay "
        "behind these, in their order. Return a new list.",
        reference="embedlab.study.exercises.reranking:rerank_top",
        cases=_rankings,
        hints=(
            "Two slices: ids[:depth] is looked at, ids[depth:] is not.",
            "sorted is stable: equal ones stay in their order.",
            "Sort by minus the score: key=lambda i: -scores[i].",
        ),
        mistakes=(
            Mistake(
                "all reranked",
                "Each score costs a run of the model. Only the first depth are looked at; what stands behind "
                "them cannot come up.",
                _all_reranked,
            ),
            Mistake(
                "the rest is lost",
                "The others are still results: put them behind, or recall at 100 drops.",
                _cut_off,
            ),
            Mistake("worst first", "A larger score is better.", _worst_first),
            Mistake(
                "ties reversed",
                "Reversing a sorted list reverses ties, too. The first stage had an order for them.",
                _equals_reversed,
            ),
            Mistake(
                "the rest sorted, too",
                "The second stage has not looked at the others: they keep the first stage's order.",
                _rest_sorted,
            ),
        ),
        follow_up="Depth is 20. Which of recall@10, recall@20 and recall@100 can this stage not change?",
    ),
)
